"""Run a program in an image as a strict cluster would, where there is none.

With a Docker engine, by it. Otherwise as root in namespaces of its own: the image's files, which
cannot be written, a fresh /proc and /tmp, no capability, and a user that nobody has heard of. The
network is the machine's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from cluster.problems import Problem
from cluster.running import run, succeeds

from images.contents import Contents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from images.building import Image

UNKNOWN_USER: Final = 2003
"""The uid of Ignition's chart, which stands in no /etc/passwd of ours."""
_PATIENCE: Final = 5.0
"""Seconds that a program has to end."""
_INSIDE: Final = Path(__file__).with_name("trial_inside.py")


@dataclass(frozen=True)
class Trial:
    """How to start programs in an image."""

    image: Image
    environment: Mapping[str, str]
    root: Path | None
    """The image's files; None: Docker has them."""
    user: int = UNKNOWN_USER
    folders: tuple[tuple[Path, str], ...] = ()
    """Folders of this machine that can be written, and where the program finds them."""

    @classmethod
    def of(cls, image: Image, scratch: Path) -> Self:
        """Made ready; `scratch` is an empty folder."""
        contents = Contents(image.archive)
        pairs = (text.partition("=") for text in contents.configuration["Env"])
        environment = {name: text for name, _, text in pairs}
        if succeeds(["docker", "version", "--format", "{{.Server.Version}}"]):
            run(["docker", "load", "--quiet", "--input", image.archive])
            return cls(image, environment, None)
        if os.geteuid() != 0:
            raise Problem(
                "an image cannot be tried: no Docker engine answers, and this is not root"
            )
        root = scratch / "root"
        root.mkdir()
        contents.unpack(root)
        return cls(image, environment, root)

    def but(self, user: int, *folders: tuple[Path, str]) -> Self:
        """The same image for another user, with these folders."""
        return replace(self, user=user, folders=folders)

    @contextmanager
    def start(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """A running program, with pipes for what it prints; it is ended with the `with`."""
        process = subprocess.Popen(  # noqa: S603 - an argument list of the tests' own
            [*self.argv(), *words],
            env=dict(self.environment) if self.root else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield process
            finally:
                _end(process)

    def run(self, *words: str, patience: float = 60) -> subprocess.CompletedProcess[str]:
        """What the program printed, and its status."""
        with self.start(*words) as process:
            output, told = process.communicate(timeout=patience)
        return subprocess.CompletedProcess(words, process.returncode, output, told)

    def argv(self) -> Sequence[str]:
        """What comes before the program's own words."""
        binds = [f"{here}:{there}" for here, there in self.folders]
        if self.root is None:
            return (
                *("docker", "run", "--rm", "--init", "--read-only", "--tmpfs", "/tmp"),  # noqa: S108 - the container's own
                *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "host"),
                *("--user", f"{self.user}:{self.user}"),
                *(word for bind in binds for word in ("--volume", bind)),
                *("--entrypoint", "/usr/bin/env", self.image.tag),
            )
        return (
            *("/usr/bin/unshare", "--mount", "--pid", "--ipc", "--fork", "--kill-child"),
            *(os.path.realpath(sys.executable), "-I", str(_INSIDE)),
            *(str(self.root), str(self.user), ",".join(binds)),
        )


def _end(process: subprocess.Popen[str]) -> None:
    """Tell the program to end, and see that it does; `unshare` itself does not listen."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    with suppress(OSError):
        for told in children.read_text().split() or [str(process.pid)]:
            os.kill(int(told), signal.SIGTERM)
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
