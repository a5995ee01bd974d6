"""Images by buildah, in a store of its own below the cache.

Steps run in a chroot on the host's network: that needs root and nothing else, no service, no
namespace that a container may not make. Layers are cached, so only what changed is built again.
The times of all files are set to one constant, and a build from the same inputs gives the same
image, bit by bit.

buildah mounts what it builds. In a mount namespace of its own none of that outlives it, however it
ends. Layers pile up, and a build that was killed leaves its containers. Both are taken away at the
start of a build when nobody else builds: the containers always, the layers when they are many.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster.running import run, succeeds

from images import archives, machine
from images.base import Base
from images.engines import Order, run_build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

TIMESTAMP: Final = "315532800"
"""The Dockerfile's SOURCE_DATE_EPOCH."""
_MOST_LAYERS: Final = 300


@dataclass(frozen=True)
class Buildah:
    """buildah as root; the base is given, or made of Debian packages."""

    given: str | None
    store: Path
    made: Base = field(default_factory=Base)
    identity: str = "buildah"

    @classmethod
    def ready(cls, given: str | None) -> Self:
        """With its programs installed; raises `Problem` where that cannot be."""
        machine.need({"buildah": "buildah"} | ({} if given else {"mmdebstrap": "mmdebstrap"}))
        return cls(given, archives.root() / "buildah")

    @cached_property
    def base(self) -> str:
        return self.given or self.made.tag

    @property
    def makes_base(self) -> bool:
        return self.given is None

    def know(self, tag: str, archive: Path) -> None:
        with self._in_use():
            if not self._has(tag):
                self._run("pull", "--quiet", f"docker-archive:{archive}")

    def build(self, order: Order) -> None:
        with self._in_use():
            if self.makes_base and not self._has(self.base):
                self._take_in(self.base, self.made.archive())
            pull = "--pull-never" if self.makes_base else "--pull=false"
            options = ("--isolation", "chroot", "--layers", pull, "--timestamp", TIMESTAMP)
            run_build([*self._argv, "bud", "--quiet", *options], order)

    def save(self, tag: str, archive: Path) -> None:
        with self._in_use():
            self._run("push", "--quiet", tag, f"docker-archive:{archive}:{tag}")

    def _take_in(self, tag: str, archive: Path) -> None:
        container = self._run("from", "scratch").strip()
        try:
            self._run("add", "--quiet", container, str(archive), "/")
            self._run("commit", "--quiet", "--timestamp", TIMESTAMP, container, tag)
        finally:
            self._run("rm", container)

    def _has(self, tag: str) -> bool:
        return succeeds([*self._argv, "inspect", "--type", "image", tag])

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        self.store.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.store / "in-use", os.O_RDWR | os.O_CREAT)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._tidy()
            except BlockingIOError:
                pass
            fcntl.flock(handle, fcntl.LOCK_SH)
            yield
        finally:
            os.close(handle)

    def _tidy(self) -> None:
        if not (self.store / "root").exists():
            return
        self._run("rm", "--all")
        layers = self.store / "root/overlay"
        if layers.is_dir() and sum(1 for _ in layers.iterdir()) > _MOST_LAYERS:
            self._run("rmi", "--all", "--force")

    @property
    def _argv(self) -> list[str]:
        return [
            *("unshare", "--mount", "buildah"),
            *("--root", str(self.store / "root"), "--runroot", str(self.store / "runroot")),
            *("--storage-driver", "overlay"),
        ]

    def _run(self, *words: str) -> str:
        return run([*self._argv, *words])
