"""`stoker-agent`: what the image runs beside a gateway.

It is the agent of `stoker agent` without the command line's libraries: what it is told is in one
file.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stoker import __version__
from stoker.core.errors import StokerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_REFUSED = 1
_MISUSED = 2


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run until the process is told to end; its exit code."""
    given = _parser().parse_args(arguments)
    path = given.config or environ.get("STOKER_CONFIG", "")
    if not path:
        return _told("no configuration is given; name it by --config or STOKER_CONFIG", _MISUSED)
    from stoker.entrypoints.standalone import run  # noqa: PLC0415 - help and version are quick

    try:
        return run(Path(path))
    except StokerError as error:
        return _told(str(error), _REFUSED)


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
