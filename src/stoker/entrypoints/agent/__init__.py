"""`stoker-agent`: what the image runs beside a gateway.

In a pod, the environment says everything, as the webhook has written it. With a file (`--config`)
it is the agent of `stoker agent`, which needs no cluster, without the command line's libraries.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stoker import __version__
from stoker.core import names
from stoker.core.errors import StokerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_REFUSED = 1
_MISUSED = 2


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run until the process is told to end; its exit code."""
    given = _parser().parse_args(arguments)
    path = given.config or environ.get("STOKER_CONFIG", "")
    if not path and names.ENV_CR_NAME not in environ:
        return _told(
            "nothing says what to do; name a file by --config or STOKER_CONFIG, or in a pod set"
            f" the variables that the webhook sets, {names.ENV_CR_NAME} among them",
            _MISUSED,
        )
    try:
        return _from_file(Path(path)) if path else _in_pod(environ)
    except StokerError as error:
        return _told(str(error), _REFUSED)


# Each of them brings along what the other does not need.


def _from_file(path: Path) -> int:
    from stoker.entrypoints.standalone import run  # noqa: PLC0415

    return run(path)


def _in_pod(environ: Mapping[str, str]) -> int:
    from stoker.entrypoints.agent.running import run  # noqa: PLC0415

    return run(environ)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stoker-agent", description="Keep one Ignition gateway in step with Git."
    )
    parser.add_argument("--version", action="version", version=f"stoker-agent {__version__}")
    parser.add_argument(
        "--config", metavar="FILE", help="the agent's configuration, YAML (STOKER_CONFIG)"
    )
    return parser


def _told(what: str, code: int) -> int:
    sys.stderr.write(f"stoker-agent: error: {what}\n")
    return code
