"""The data directory of a fake gateway, read and written for its model."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from stoker.core.ignition import Dialect, ScanKind
from stoker.testing.gateway import writing
from stoker.testing.gateway.loaded import Reading
from stoker.testing.gateway.loading import COLLECTIONS, PROJECTS, Loading
from stoker.testing.gateway.resources import Unreadable, repaired
from stoker.testing.gateway.settings import Release
from stoker.testing.gateway.tree import survey

if TYPE_CHECKING:
    from pathlib import Path

    from stoker.testing.gateway.loaded import Loaded
    from stoker.testing.gateway.settings import Settings
    from stoker.testing.gateway.tree import File

_TOPS: Final = {ScanKind.PROJECTS: PROJECTS, ScanKind.CONFIG: "config"}
_HOMES: Final = {ScanKind.PROJECTS: PROJECTS, ScanKind.CONFIG: COLLECTIONS}


class Disk:
    """One data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._watched: dict[str, bool] = {}

    def read(self, kind: ScanKind, before: Loaded, settings: Settings, calendar_ms: int) -> Reading:
        """Read one half of the files, and write what the gateway writes on such an occasion."""
        found = survey(self.data, (_TOPS[kind],), settings)
        loading = Loading(settings, self._content)
        load = loading.projects if kind is ScanKind.PROJECTS else loading.config
        loaded = load(found.root, before)
        fault = ""
        if settings.unwritable_faults and found.unwritable:
            fault = f"it may not write {found.unwritable[0]}"
        else:
            self._write_back(kind, loading, loaded, settings, calendar_ms)
        return Reading(loaded, tuple(loading.failures), fault)

    def _content(self, file: File) -> bytes:
        if file.problem:
            raise Unreadable(file.path, file.problem)
        try:
            return (self.data / file.path).read_bytes()
        except OSError as error:
            raise Unreadable(file.path, error.strerror or str(error)) from error

    def _write_back(
        self, kind: ScanKind, loading: Loading, loaded: Loaded, settings: Settings, calendar_ms: int
    ) -> None:
        dialect = Dialect.V81 if settings.release is Release.V81 else Dialect.V83
        stamp = timestamp(calendar_ms)
        repairs = (repaired(one, self._content, stamp, dialect) for one in loading.stale)
        writing.repair(self.data, tuple(one for one in repairs if one is not None))
        if settings.fills_cache:
            resources = {
                max(one.files.values()): one for one in loaded.resources(kind) if one.files
            }
            writing.fill_cache(self.data, _HOMES[kind], resources)

    def watch(self, settings: Settings) -> None:
        """Note which folders there are, for `vanished`."""
        self._watched = self._folders(settings)

    def vanished(self, settings: Settings) -> str:
        """A folder that was removed or emptied since `watch`; empty if there is none."""
        now = self._folders(settings)
        gone = [path for path in self._watched if path not in now]
        emptied = [path for path, full in self._watched.items() if full and not now.get(path)]
        return next(iter((*gone, *emptied)), "")

    def _folders(self, settings: Settings) -> dict[str, bool]:
        return survey(self.data, tuple(_TOPS.values()), settings).folders()


def timestamp(calendar_ms: int) -> str:
    """A moment as a gateway writes it into a `resource.json`."""
    moment = dt.datetime.fromtimestamp(calendar_ms // 1000, dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
