"""`stoker-controller`: what the image runs once in a cluster.

The image has the command so that charts and tests can name it. What it decides is `core.reconcile`;
what drives that in a cluster is not part of this version, and the command says so instead of
pretending to watch anything.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from stoker import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNAVAILABLE = 69
"""`EX_UNAVAILABLE` of sysexits."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Say the version, or that there is nothing to run yet."""
    parser = argparse.ArgumentParser(
        prog="stoker-controller", description="Watch GatewaySync resources and gateway pods."
    )
    parser.add_argument("--version", action="version", version=f"stoker-controller {__version__}")
    parser.parse_args(arguments)
    sys.stderr.write(
        f"stoker-controller: error: version {__version__} has no controller yet; "
        "stoker-agent --config FILE works without one\n"
    )
    return _UNAVAILABLE
