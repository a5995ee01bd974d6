"""What a sync would do, without doing any of it: nothing is written but the repository's cache."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import frozen

from stoker.core.differences import MAX_FILE_BYTES, Differences, Reading, TooLarge, compare
from stoker.entrypoints.engine.calm import calm
from stoker.entrypoints.engine.fetching import fetch
from stoker.entrypoints.engine.planner import Planner, Prepared
from stoker.entrypoints.engine.progress import Stage, Step

if TYPE_CHECKING:
    from stoker.adapters.fs.handles import DataDirectory
    from stoker.core.agent import Assignment
    from stoker.core.paths import RelPath
    from stoker.core.refs import CommitId
    from stoker.entrypoints.engine.doers import Doers


def preview(doers: Doers, assignment: Assignment, commit: CommitId) -> Prepared:
    """The plan for `commit`; raises `StokerError`."""
    place = doers.place
    remote = place.remote_for(assignment)
    fetch(place.repository, remote, commit, assignment.ref, place.progress)
    place.progress(Step(Stage.PLAN))
    with calm():
        return doers.prepare(assignment, commit)


def differences(planner: Planner, prepared: Prepared) -> Differences:
    """What the plan changes, as people think of it."""
    contents = _Contents(planner, prepared)
    return compare(prepared.plan, contents.before, contents.after, kept=prepared.kept)


@frozen
class _Contents:
    planner: Planner
    prepared: Prepared

    def before(self, path: RelPath) -> Reading:
        """What is on the disk."""
        return read_whole(self.planner.data, path)

    def after(self, path: RelPath) -> Reading:
        """What the plan writes."""
        entry = self.prepared.desired.entries[path]
        if path in self.prepared.desired.origins:
            return self.planner.rendered(self.prepared.target, path)
        size = self.planner.repository.size(entry.digest)
        if size > MAX_FILE_BYTES:
            return TooLarge(size)
        return self.planner.repository.read(entry.digest)


def read_whole(data: DataDirectory, path: RelPath) -> Reading:
    """The bytes of a file in the data directory, if it is one and not too large to look at."""
    with suppress(OSError):
        folder = data.folder(path.parent)
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        handle = os.open(path.name, flags, dir_fd=folder)
        with os.fdopen(handle, "rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
            if len(content) > MAX_FILE_BYTES:
                return TooLarge(os.fstat(handle).st_size)
            return content
    return None
