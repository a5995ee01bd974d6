"""The folder of an instance, and the record that says what there is to clean up.

`STATE/NAME/instance.json` is written before anything else exists, so that `down` knows what to look
for whenever `up` was killed. The folder is locked while an instance is brought up or down. It
belongs to one user and no other may read it: it holds the keys of the cluster.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

_RECORD: Final = "instance.json"
# Process 1 of the node puts folders of its own over these: a state folder below would be hidden.
_HIDDEN: Final = (Path("/run"), Path("/var/lib"), Path("/var/log"))
# A socket's path has at most 107 bytes; this leaves room for the longest below the folder.
_LONGEST: Final = 70


def default_root() -> Path:
    """Where instances of this user live unless told otherwise."""
    return Path(tempfile.gettempdir()) / f"stoker-nodes-{os.getuid()}"


def check_root(root: Path) -> Path:
    """The state folder, whole and resolved; a `Problem` where a node cannot live."""
    root = root.expanduser().resolve()
    for hidden in _HIDDEN:
        if root.is_relative_to(hidden):
            raise Problem(f"{root} cannot hold a node: the node hides {hidden}; name another place")
    if len(os.fsencode(root)) > _LONGEST:
        raise Problem(f"{root} is too long for sockets below it: at most {_LONGEST} characters")
    if root.exists() and root.stat().st_uid != os.getuid():
        raise Problem(f"{root} belongs to somebody else; name another place with --state")
    return root


def boot_id() -> str:
    """Another one after each start of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def began(pid: int) -> str:
    """When a process began, in ticks since boot; empty when there is none.

    Together with its number this names a process for good, as numbers are used again.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


@dataclass(frozen=True, slots=True)
class Watched:
    """A process, by its number and when it began."""

    pid: int
    began: str

    @staticmethod
    def of(pid: int) -> Watched:
        """The process that has this number now."""
        start = began(pid)
        if not start:
            raise Problem(f"there is no process {pid} whose lifetime could be shared")
        return Watched(pid, start)

    @property
    def lives(self) -> bool:
        """Whether it is still the same process."""
        return began(self.pid) == self.began


@dataclass(frozen=True, slots=True)
class Record:
    """What `up` is about to make."""

    mode: str
    name: str
    boot: str
    node_prefix: str = ""
    service_prefix: str = ""
    lifetime: Watched | None = None


class Gone(Problem):
    """Somebody else has ended the instance."""


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one instance."""

    folder: Path

    @property
    def name(self) -> str:
        """The instance."""
        return self.folder.name

    @property
    def kubeconfig(self) -> Path:
        """For everybody who talks to the cluster."""
        return self.folder / "kubeconfig"

    @property
    def logs(self) -> Path:
        """One file for each daemon."""
        return self.folder / "log"

    @property
    def keys(self) -> Path:
        """Certificates and keys."""
        return self.folder / "keys"

    @property
    def containerd(self) -> Path:
        """Its socket."""
        return self.folder / "containerd.sock"

    def write(self, record: Record) -> None:
        """Write the record, whole or not at all."""
        draft = self.folder / f".{_RECORD}"
        draft.write_text(json.dumps(asdict(record)))
        draft.rename(self.folder / _RECORD)

    def read(self) -> Record | None:
        """The record; None when `up` was killed before it wrote one."""
        try:
            found = json.loads((self.folder / _RECORD).read_text())
        except FileNotFoundError:
            return None
        lifetime = found.pop("lifetime")
        return Record(**found, lifetime=Watched(**lifetime) if lifetime else None)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else brings this instance up or down meanwhile."""
        try:
            handle = os.open(self.folder, os.O_RDONLY)
        except FileNotFoundError:
            raise Gone(f"there is no instance {self.name} in {self.folder.parent}") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            # Whoever had the lock may have ended the instance, and the name been taken again.
            if not self.folder.exists() or not os.path.samestat(
                os.fstat(handle), self.folder.stat()
            ):
                raise Gone(f"{self.name} was ended meanwhile")
            yield
        finally:
            os.close(handle)


def places(root: Path) -> list[Place]:
    """Every instance of a state folder, in the order of their names."""
    if not root.is_dir():
        return []
    return [Place(each) for each in sorted(root.iterdir()) if each.is_dir()]


def make(root: Path, name: str) -> Place:
    """A folder for a new instance; a `Problem` when the name is taken."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = Place(root / name)
    try:
        place.folder.mkdir(mode=0o700)
    except FileExistsError:
        raise Problem(
            f"{name} is there already ({place.folder}); `down --name {name}` ends it"
        ) from None
    return place
