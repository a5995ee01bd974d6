"""A cluster that is there already: the one that `KUBECONFIG` points at.

It is looked at and used, and nothing else: what this tool did not start it does not stop.
"""

from __future__ import annotations

import os
import shlex
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cluster.problems import Problem
from cluster.running import run

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOAD: Final = "STOKER_LOAD_COMMAND"
_HOST: Final = "STOKER_TEST_HOST_ADDRESS"


def kubeconfig(environment: Mapping[str, str]) -> Path | None:
    """The file that `KUBECONFIG` names; None when it names none."""
    named = environment.get("KUBECONFIG")
    if not named:
        return None
    if os.pathsep in named:
        raise Problem(
            "KUBECONFIG names several files; make one of them with "
            "`kubectl config view --flatten --raw` and name that"
        )
    file = Path(named).expanduser().absolute()
    if not file.is_file():
        raise Problem(f"KUBECONFIG names {file}, which is not there; unset it or correct it")
    return file


def check(file: Path, kubectl: Path) -> None:
    """A `Problem` when the cluster does not answer: nothing else is used in its place."""
    asked = ["--request-timeout=10s", "get", "--raw", "/readyz"]
    try:
        run([kubectl, "--kubeconfig", file, *asked], timeout=60)
    except Problem as problem:
        raise Problem(
            f"KUBECONFIG names {file}, whose cluster does not answer; "
            f"unset KUBECONFIG for a cluster of the tests' own\n{problem}"
        ) from None


def load_words(archive: Path, environment: Mapping[str, str]) -> list[str]:
    """The user's command that loads an archive into the user's cluster."""
    command = shlex.split(environment.get(_LOAD, ""))
    if not command:
        raise Problem(
            f"cannot load {archive.name} into a cluster that was not started here; push the images "
            "to a registry that it pulls from and name them with STOKER_TEST_IMAGES…, or name a "
            f"command in {_LOAD} that gets the archive's path as its argument"
        )
    return [*command, str(archive)]


def host_address(file: Path, kubectl: Path, environment: Mapping[str, str]) -> str:
    """The address of ours that packets to the cluster come from, unless the user knows better."""
    named = environment.get(_HOST)
    if named:
        return named
    path = "jsonpath={.clusters[0].cluster.server}"
    server = urlsplit(
        run([kubectl, "--kubeconfig", file, "config", "view", "--minify", "-o", path])
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        try:
            channel.connect((server.hostname or "", server.port or 443))  # sends nothing
        except OSError as error:
            raise Problem(
                f"which of our addresses do pods reach? {error}; name it in {_HOST}"
            ) from None
        return str(channel.getsockname()[0])
