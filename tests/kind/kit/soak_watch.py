"""What must hold at every moment of a soak, looked at again and again while it goes on.

- A gateway that the CR calls `Synced` at a commit holds, in each file, what that commit or a later
  one brings, and has loaded nothing older. So nobody is told of a state that is not there.
- Whatever a stranger had in a data directory is there as it was.
- A process that answers its liveness probe says that it lives.

A pod that was made anew begins with empty volumes. Until a controller has seen it, the CR's row is
about the one before; as controllers are stopped and killed meanwhile, that lasts until another one
leads.

A look reads the CR first and the disk afterwards, and only then asks which commits there are; what
a commit has brought in between is later, and no contradiction.
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from kit.soak_pen import Version
from stoker.adapters.clock import utc_now

if TYPE_CHECKING:
    from kit.local_controller import LocalController
    from kit.soak_pen import Files
    from kit.soak_stations import Station

_PAUSE: Final = 0.15
_GRACE: Final = 1.0
"""Seconds after which a commit that an agent had at once is in its author's notes too."""
_UNSEEN: Final = timedelta(seconds=30)
"""How long a row may be about the pod before: a new leader has to have seen everything by then."""
_FAILURES: Final = 3
"""After so many in a row a kubelet ends a container; it waits longer in between."""


@dataclass
class Watch:
    """Somebody who looks; `wrong` is what must not have been."""

    stations: Sequence[Station]
    controllers: Sequence[LocalController]
    chance: random.Random
    wrong: list[str] = field(default_factory=list)
    looks: int = 0
    """How often a gateway that was called `Synced` was looked at."""
    probes: int = 0
    """How often a probe was answered."""

    def go_on(self, over: threading.Event) -> None:
        """Look until it is over; a look that fails is wrong, and not the last one."""
        while not over.wait(_PAUSE):
            try:
                self.look(self.chance.choice(self.stations))
                self.probe()
            except Exception as error:  # noqa: BLE001 - it is told to the test
                self.wrong.append(f"a look failed: {error!r}")

    def look(self, station: Station) -> None:
        """One look at one gateway."""
        row = station.row()
        try:
            data, files = station.data, station.files()
        except OSError:  # a pod is just being made anew, or a file went while it was read
            return
        self._strangers(station, files)
        if row.get("syncStatus") != "Synced" or data != station.data:
            return
        if _is_unseen(station, row):
            return
        commit = str(row.get("syncedCommit"))
        found = {path: one for path, one in files.items() if station.ours(path)}
        if older := self._older(station, commit, found):
            self.wrong.append(f"{station.name} is Synced at {commit}: {older[:5]}")
        self._loaded(station, commit)
        self.looks += 1

    def _strangers(self, station: Station, files: Files) -> None:
        for path, one in dict(station.strangers).items():
            if files.get(path) != one and station.strangers.get(path) == one:
                self.wrong.append(f"{station.name}: a stranger's {path} is {files.get(path)}")

    def _older(self, station: Station, commit: str, found: Files) -> list[str]:
        def differ(versions: Sequence[Version]) -> list[str]:
            if not versions:
                return [f"nobody has pushed {commit}"]
            allowed = [version.on(station.name) for version in versions]
            return [
                path
                for path in {*found, *allowed[0]}
                if (one := found.get(path)) not in [each.get(path) for each in allowed]
                and not (one and one[0] in station.edited)
            ]

        return _twice(lambda: differ(station.pen.since(commit)))

    def _loaded(self, station: Station, commit: str) -> None:
        try:
            loaded = station.loaded()
        except OSError:
            return
        ours = {path: digest for path, digest in loaded.items() if station.ours(path)}
        edited = {hashlib.sha256(one).hexdigest() for one in station.edited}

        def differ() -> list[str]:
            allowed = [version.digests(station.name) for version in station.pen.since(commit)]
            return [
                path
                for path, digest in ours.items()
                if digest not in [each.get(path) for each in allowed] and digest not in edited
            ]

        if older := _twice(differ):
            self.wrong.append(f"{station.name} is Synced at {commit} and has loaded {older[:5]}")

    def probe(self) -> None:
        """Ask who may be asked whether it lives, as a kubelet does."""
        asked: Sequence[tuple[str, Callable[[], int]]] = [
            *((one.name, lambda one=one: one.agent.probe("/healthz")) for one in self.stations),
            *((one.name, lambda one=one: _status(one)) for one in self.controllers),
        ]
        name, ask = self.chance.choice(asked)
        self.probes += 1
        bad: list[int] = []
        while len(bad) < _FAILURES:
            bad.append(ask())
            if bad[-1] in (0, 200):
                return
            time.sleep(_GRACE)
        self.wrong.append(f"{name} answers its liveness probe with {bad}")


def _is_unseen(station: Station, row: Mapping[str, Any]) -> bool:
    """Whether the row is about an earlier pod of that name, and may be for now."""
    synced = row.get("lastSyncTime", "")
    is_older = bool(synced) and datetime.fromisoformat(synced) <= station.born
    return is_older and utc_now() - station.born < _UNSEEN


def _status(controller: LocalController) -> int:
    try:
        return controller.probe("/healthz").status
    except OSError:
        return 0


def _twice(look: Callable[[], list[str]]) -> list[str]:
    """What is wrong, also a moment later."""
    if not look():
        return []
    time.sleep(_GRACE)
    return look()
