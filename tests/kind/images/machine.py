"""What this machine's own settings add to a build: package sources, certificates, proxies.

A machine behind mirrors has them in pip's configuration, in apt's sources and in its certificates.
Steps of a build that install something get them as secrets, which is to say as files that exist
for that step: none of it comes into an image.
"""

from __future__ import annotations

import ast
import configparser
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster.problems import Problem
from cluster.running import run

if TYPE_CHECKING:
    from collections.abc import Mapping

_PIP: Final = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "retries")
"""What pip needs to reach a mirror; no path on this machine is among it."""
_BUNDLE_IN_BUILD: Final = "/run/secrets/ca.crt"


def need(programs: Mapping[str, str]) -> None:
    """See that programs are there, each with its Debian package; installs where that can be."""
    missing = [package for program, package in programs.items() if shutil.which(program) is None]
    if not missing:
        return
    told = f"missing to build images: {', '.join(missing)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Problem(f"{told}; on Debian: sudo apt-get install {' '.join(missing)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run(["apt-get", "update", "--quiet"], env=quiet)
        run(["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", *missing],
            env=quiet)  # fmt: skip
    except Problem as problem:
        raise Problem(f"{told}, and they cannot be installed: {problem}") from None


def secrets(folder: Path, *, with_sources: bool) -> dict[str, Path]:
    """The files that a build gets, written below `folder`; by the names that Dockerfiles use."""
    found: dict[str, Path] = {}
    settings = _pip_settings()
    bundle = settings.pop("cert", None) or os.environ.get("SSL_CERT_FILE")
    if bundle and Path(bundle).is_file():
        found["ca.crt"] = Path(bundle)
        settings["cert"] = _BUNDLE_IN_BUILD
    if settings:
        found["pip.conf"] = _write_pip(folder / "pip.conf", settings)
    if with_sources:
        sources = debian_sources()
        found["apt.sources" if sources.suffix == ".sources" else "apt.list"] = sources
    return found


def debian_sources() -> Path:
    """The file that says where this machine has its Debian packages from."""
    for name in ("sources.list.d/debian.sources", "sources.list"):
        path = Path("/etc/apt") / name
        if path.is_file() and path.stat().st_size:
            return path
    raise Problem(
        "no base image can be made: there is neither /etc/apt/sources.list.d/debian.sources nor "
        "/etc/apt/sources.list; give one with BASE_IMAGE=…"
    )


def codename() -> str:
    """The name of this machine's Debian release."""
    for line in Path("/etc/os-release").read_text().splitlines():
        name, _, text = line.partition("=")
        if name == "VERSION_CODENAME":
            return text.strip('"')
    raise Problem("/etc/os-release names no release; give a base image with BASE_IMAGE=…")


def _pip_settings() -> dict[str, str]:
    """What pip would use here, by its own account: of its files first, then of its variables."""
    pip = shutil.which("pip3") or shutil.which("pip")
    text = run([pip, "config", "list"]) if pip else ""
    found: dict[str, str] = {}
    for line in sorted(text.splitlines(), key=lambda one: one.startswith(":env:")):
        name, equals, value = line.partition("=")
        key = name.rpartition(".")[2].removeprefix("default-")
        if equals and key in (*_PIP, "cert"):
            found[key] = str(ast.literal_eval(value))
    return found


def _write_pip(path: Path, settings: Mapping[str, str]) -> Path:
    parser = configparser.ConfigParser(interpolation=None)
    parser["global"] = settings
    path.touch(mode=0o600)  # an address may hold a password
    with path.open("w") as file:
        parser.write(file)
    return path
