"""Images by a Docker engine; the base image is pulled by it as for everybody else."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster.running import run, succeeds

from images.engines import Order, run_build
from images.inputs import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Docker:
    """`docker build` and `docker save`."""

    given: str | None = None
    """The base image, if not the Dockerfile's own."""
    identity: str = "docker"
    makes_base: bool = False

    @property
    def base(self) -> str:
        if self.given:
            return self.given
        (found,) = re.findall(
            r"^ARG BASE_IMAGE=(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
        )
        return str(found)

    def know(self, tag: str, archive: Path) -> None:
        if not succeeds(["docker", "image", "inspect", tag]):
            run(["docker", "load", "--quiet", "--input", archive])

    def build(self, order: Order) -> None:
        argv = ["docker", "build", "--quiet"]
        for name in _PROXIES:
            if name in os.environ:
                argv += ["--build-arg", name]
        run_build(argv, order, env={"DOCKER_BUILDKIT": "1"})

    def save(self, tag: str, archive: Path) -> None:
        run(["docker", "save", "--output", archive, tag])
