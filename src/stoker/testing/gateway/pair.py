"""A redundant pair: a master and a backup, each with its own data directory.

What the master loads of its projects, of `core` and of the deployment mode's collection is copied
to the backup, which loads it: what somebody wrote there on the backup alone is gone then. Of
`external` and `local` each gateway has its own. After `fail_over` the backup is the active one.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Self

from stoker.core.ignition import ScanKind
from stoker.core.ignition.ownership import GATEWAY_CACHE
from stoker.testing.gateway import writing
from stoker.testing.gateway.errors import FakeGatewayError, cannot
from stoker.testing.gateway.fake import FakeGateway
from stoker.testing.gateway.loading import COLLECTIONS, PROJECTS
from stoker.testing.gateway.settings import Role, Settings

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from stoker.testing.gateway.loaded import LoadReport

_CORE: Final = f"{COLLECTIONS}/core"


class RedundantPair:
    """Two gateways; a context manager that starts and stops both."""

    def __init__(self, master: Path, backup: Path, settings: Settings | None = None) -> None:
        settings = settings or Settings()
        name = settings.name
        self.master = FakeGateway(master, settings.but(role=Role.MASTER, name=f"{name}-master"))
        second = settings.but(role=Role.BACKUP, name=f"{name}-backup", port=0)
        try:
            self.backup = FakeGateway(backup, second)
        except FakeGatewayError:
            self.master.stop()
            raise
        self.backup.lead(leads=False)
        self.master.on_load(self._replicate)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start the backup, then the master, which tells it what it has."""
        self._stack.enter_context(self.backup)
        self._stack.enter_context(self.master)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stack.close()

    def fail_over(self) -> None:
        """The master is gone; the backup is the active one."""
        self.master.stop()
        self.backup.lead(leads=True)

    def _replicate(self, report: LoadReport) -> None:
        mode = self.master.settings.deployment_mode
        collections = (_CORE, *((f"{COLLECTIONS}/{mode}",) if mode else ()))
        homes = (PROJECTS,) if report.kind is ScanKind.PROJECTS else collections
        mirrored = [mirror(self.master.data, self.backup.data, home) for home in homes]
        if any(mirrored):
            self.backup.scan(report.kind)


def mirror(source: Path, target: Path, home: str) -> bool:
    """Make `home` of one data directory what it is in another; whether anything changed."""
    try:
        wanted, found = _files(source / home), _files(target / home)
        for name in found - wanted:
            (target / home / name).unlink()
        _remove_empty_folders(target / home)
        changed = [name for name in sorted(wanted) if _copied(source, target, f"{home}/{name}")]
    except OSError as error:
        raise cannot("replicate", home, error) from error
    return bool(changed or found - wanted)


def _copied(source: Path, target: Path, path: str) -> bool:
    content, place = (source / path).read_bytes(), target / path
    if place.is_file() and place.read_bytes() == content:
        return False
    writing.write(target, path, content)
    return True


def _remove_empty_folders(home: Path) -> None:
    folders = (place for place in home.rglob("*") if place.is_dir())
    for folder in sorted(folders, reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def _files(home: Path) -> set[str]:
    return {
        place.relative_to(home).as_posix()
        for place in home.rglob("*")
        if place.is_file() and GATEWAY_CACHE not in place.relative_to(home).parts
    }
