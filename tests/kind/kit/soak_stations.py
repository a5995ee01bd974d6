"""The gateways of a soak: an agent, a fake gateway, a data directory, and files of strangers in it.

What a `Station` is for whoever watches and strikes; `kit.soak_local` has those on this machine,
`kit.soak_pods` those in pods.
"""

from __future__ import annotations

import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from kit.eventually import eventually
from kit.soak_pen import CORE, PROJECT
from stoker.adapters.kube.errors import ApiFailed
from support.synced_gateway import contents

if TYPE_CHECKING:
    from kit.agents import Agent
    from kit.soak_pen import Files, Pen
    from kit.works import Works

Found = TypeVar("Found")

SWITCHES: Final[Mapping[str, Any]] = {
    # What is loaded was asked for by an agent, and no start is harmed by a sync that it met.
    "scan_every": 0,
    "wiping_faults": False,
    "restart_seconds": 2.0,
}
PATIENCE: Final = 90.0
"""Seconds in which an API server that is away has to be back."""
_STRANGERS: Final[Mapping[str, tuple[bytes, int]]] = {
    "projects/theirs/project.json": (b'{"title": "Theirs", "enabled": true}', 0o640),
    "projects/theirs/com.inductiveautomation.perspective/views/A/view.json": (b"{}", 0o600),
    "projects/loose.txt": (b"nobody's", 0o644),
    "config/local/device.json": (b'{"port": "COM1"}', 0o600),
    "config/resources/other/config-mode.json": (b'{"title": "other"}', 0o644),
    "db/config.idb": (bytes(range(256)) * 64, 0o600),
    "jar-cache/driver.jar": (b"PK\x03\x04", 0o444),
    "user-lib/pylib/theirs.py": (b"print()\n", 0o755),
    "metricsdb/.hidden": (b"", 0o640),
}
_LINK: Final = ("certs/current", "../db")
_AMONG_OURS: Final = f"{PROJECT}/theirs.txt"


class Station(ABC):
    """One gateway of a GatewaySync."""

    user = os.geteuid()
    """Whose process it is."""

    def __init__(self, works: Works, pen: Pen, name: str, *, shares: bool) -> None:
        """With `shares` a stranger's file stands in a folder that is ours."""
        self.works = works
        self.pen = pen
        self.name = name
        self.shares = shares
        self.restores = False
        """Whether it puts right what somebody writes into its files."""
        self.strangers: Files = {}
        self.edited: set[bytes] = set()
        """What somebody has written into files that are ours."""
        self.deaths = 0
        """How often the agent was killed in this pod."""
        self.born = datetime.min.replace(tzinfo=UTC)
        """When its volumes were made, if a pod that is made anew has new ones; they are yet to be
        made as long as that is the end of time."""

    @property
    @abstractmethod
    def data(self) -> Path:
        """The data directory."""

    @property
    @abstractmethod
    def repo(self) -> Path:
        """The folder of the repository."""

    @property
    @abstractmethod
    def agent(self) -> Agent:
        """What speaks for the agent."""

    @abstractmethod
    def pids(self) -> list[int]:
        """The agent's processes, the first of them first; none while it does not run."""

    @abstractmethod
    def loaded(self) -> Mapping[str, str]:
        """The digests of what its gateway has loaded; raises `OSError` while it does not run."""

    @abstractmethod
    def gateway_tells(self) -> str:
        """How its gateway is."""

    @abstractmethod
    def revive(self) -> None:
        """Start the agent again, where nobody else does."""

    @abstractmethod
    def replace(self) -> None:
        """Delete the pod, and make another one of its name."""

    def plant(self) -> None:
        """Put strangers' files there, and remember how they are."""
        files = dict(_STRANGERS)
        if self.shares:
            files[_AMONG_OURS] = (b"beside yours", 0o600)
        draft = self.data / "draft-of-strangers"
        for path, (content, mode) in files.items():
            _folders(self.data / path, self.user)
            draft.write_bytes(content)
            draft.chmod(mode)
            # A gateway that sees files which it may not write is at an end.
            os.chown(draft, self.user, self.user)
            draft.rename(self.data / path)
        _folders(self.data / _LINK[0], self.user)
        (self.data / _LINK[0]).symlink_to(_LINK[1])
        self.strangers = {path: one for path, one in self.files().items() if not self.ours(path)}

    def files(self) -> Files:
        """All files of the data directory, but Stoker's notes and the gateway's caches."""
        found = contents(self.data)
        return {path: one for path, one in found.items() if ".resources" not in path.split("/")}

    def ours(self, path: str) -> bool:
        """Whether a path is below what is mapped, and no stranger's."""
        return path.startswith((f"{PROJECT}/", f"{CORE}/")) and path != _AMONG_OURS

    def kill(self) -> bool:
        """End all of the agent's processes without a warning; whether there were any."""
        pids = self.pids()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.deaths += bool(pids)
        return bool(pids)

    def row(self) -> Mapping[str, Any]:
        """What the CR says of it; nothing while nobody answers."""
        try:
            return self.works.gateways().get(self.name, {})
        except (ApiFailed, KeyError):
            return {}


def patiently(what: Callable[[], Found]) -> Found:
    """Do something that needs the API server, which may be away for a while."""
    return eventually(what, what="the API server has taken it", within=PATIENCE)


def _folders(path: Path, user: int) -> None:
    """Make the folders above a path, as their owner would."""
    missing = [one for one in path.parents if not one.exists()]
    for one in reversed(missing):
        one.mkdir()
        os.chown(one, user, user)
