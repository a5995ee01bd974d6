"""`Getting`: a commit is had from its server, and what that took is told."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import define

from stoker.core.errors import StokerError
from stoker.core.refs import CommitId
from stoker.entrypoints.engine.fetching import fetch
from stoker.entrypoints.engine.observations import Fetched, Operation, Result
from stoker.entrypoints.engine.workplace import Workplace

if TYPE_CHECKING:
    from stoker.core.agent import Assignment


@define
class Getting:
    """How commits come into the repository of a workplace."""

    place: Workplace
    is_open: bool = False

    def open(self) -> None:
        """Have the repository open, whether or not anything was fetched into it; `GitError`."""
        if not self.is_open:
            self.place.repository.prepare()
            self.is_open = True

    def have(self, assignment: Assignment, commit: CommitId) -> None:
        """Have `commit` in the repository; raises `StokerError`."""
        place = self.place
        remote = place.remote_for(assignment)
        operation = self._operation(commit)
        began, result = time.monotonic(), Result.ERROR
        try:
            fetch(place.repository, remote, commit, assignment.ref, place.progress)
            result = Result.SUCCESS
        finally:
            if operation is not None:
                place.observe(Fetched(operation, result, time.monotonic() - began))

    def _operation(self, commit: CommitId) -> Operation | None:
        """How much of the commit is missing; None where nothing is."""
        place = self.place
        with suppress(StokerError):
            self.open()
            if place.repository.has(commit):
                return None
            last = place.store.head().commit
            if last and place.repository.has(CommitId(last)):
                return Operation.FETCH
        return Operation.CLONE
