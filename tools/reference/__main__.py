"""Write the reference pages below docs/reference, or say which of them are stale.

Each page is made from what it tells about: the definition of GatewaySync, the values of the chart,
the metrics, the names in `core.names`. So none can be forgotten and none can be wrong about a type
or a default. `python tools/reference` writes them, `--check` compares and ends with 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tools.generated import keep  # noqa: E402 - only now can it be found
from tools.reference.pages import pages  # noqa: E402 - as above


def main() -> int:
    """Do what the command line says; the exit code."""
    made = {ROOT / "docs" / "reference" / name: text for name, text in pages().items()}
    return keep("python tools/reference", __doc__, made)


if __name__ == "__main__":
    sys.exit(main())
