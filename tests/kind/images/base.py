"""A base image of Debian packages, for machines that reach no registry of images.

It is the smallest Debian that has what the Dockerfile would otherwise install, from the sources of
this machine. What the machine itself has in them (mirrors, its name, its resolver) is taken out
again. The archive is made anew when the packages or the sources change, and not when Debian
publishes updates: these come with the next cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster.problems import Problem
from cluster.running import run

from images import archives, machine
from images.inputs import Inputs

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES: Final = (
    *("ca-certificates", "git", "libnss-wrapper", "openssh-client", "python3", "python3-venv"),
    "util-linux",
)
_UNWANTED: Final = ("man", "info", "locale", "lintian", "doc")
_OF_THE_MACHINE: Final = (
    *("etc/apt/sources.list", "etc/apt/sources.list.d/*", "etc/hostname", "etc/resolv.conf"),
    "etc/apt/apt.conf.d/99mmdebstrap",
)


@dataclass(frozen=True)
class Base:
    """The base image."""

    @cached_property
    def tag(self) -> str:
        return f"localhost/stoker-base:{self._key}"

    def archive(self) -> Path:
        """The root file system as one tar, made if it is not there."""
        return archives.kept("base", self._key, self._make)

    @cached_property
    def _key(self) -> str:
        sources = machine.debian_sources().read_text()
        return Inputs({}).key(*self._argv(Path("target")), sources)

    def _argv(self, target: Path) -> Sequence[str]:
        leave_out = (f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in _UNWANTED)
        remove = " ".join(f'"$1"/{path}' for path in _OF_THE_MACHINE)
        return (
            *("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=tar"),
            f"--include={','.join(PACKAGES)}",
            *leave_out,
            "--dpkgopt=path-include=/usr/share/doc/*/copyright",
            # Otherwise apt's index of all packages that exist stays, 80 MB.
            *('--aptopt=Dir::Cache::pkgcache ""', '--aptopt=Dir::Cache::srcpkgcache ""'),
            *(f"--customize-hook=rm -rf {remove}", "--skip=output/dev"),
            *(machine.codename(), str(target)),
        )

    def _make(self, draft: Path) -> None:
        try:
            run([*self._argv(draft), str(machine.debian_sources())])
        except Problem as problem:
            raise Problem(f"no base image can be made of Debian packages: {problem}") from None
