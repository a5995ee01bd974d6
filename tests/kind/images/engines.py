"""Who builds images on this machine.

A Docker engine, if one answers. Otherwise buildah, which needs no service; it needs root, and the
base image is made of Debian packages, so that no registry of images has to be reachable.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cluster.problems import Problem
from cluster.running import run, succeeds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Order:
    """One image to be built."""

    context: Path
    dockerfile: str
    """Relative to the context."""
    tag: str
    arguments: tuple[str, ...] = ()
    """`NAME=VALUE`, as the Dockerfile's ARGs take them."""
    secrets: Mapping[str, Path] | None = None
    """Files that single steps of the build see and that no image holds."""


class Engine(Protocol):
    """What builds images."""

    @property
    def identity(self) -> str:
        """What it is called where a build is explained."""

    @property
    def base(self) -> str:
        """The base image, as a build names it; it is not made or pulled by asking."""

    @property
    def makes_base(self) -> bool:
        """Whether the base image is made here, from this machine's own Debian sources."""

    def know(self, tag: str, archive: Path) -> None:
        """See that the image in the archive can be built on."""

    def build(self, order: Order) -> None:
        """Build the image; raises `Problem`."""

    def save(self, tag: str, archive: Path) -> None:
        """Write what was built, as `docker save` does."""


def choose() -> Engine:
    """The one that works here; raises `Problem` if there is none."""
    # Here, since both of them need `Order`.
    from images.buildah import Buildah  # noqa: PLC0415
    from images.docker import Docker  # noqa: PLC0415

    given = os.environ.get("BASE_IMAGE") or None
    if succeeds(["docker", "version", "--format", "{{.Server.Version}}"]):
        return Docker(given)
    if os.geteuid() != 0:
        raise Problem(
            "no image can be built: no Docker engine answers, and buildah needs root here; "
            "start Docker or run this as root on Debian"
        )
    return Buildah.ready(given)


def run_build(argv: list[str], order: Order, env: Mapping[str, str] | None = None) -> None:
    """Run a build whose command line is that of `docker build`, as both have it."""
    for argument in order.arguments:
        argv += ["--build-arg", argument]
    for name, path in (order.secrets or {}).items():
        argv += ["--secret", f"id={name},src={path}"]
    argv += ["--file", str(order.context / order.dockerfile), "--tag", order.tag]
    run([*argv, str(order.context)], env=env)
