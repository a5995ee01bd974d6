"""Write the chart's dashboards, or say which of them are stale.

They are described here because a few hundred lines can be read and reviewed, and thousands of lines
of JSON cannot. `python tools/dashboards` writes them, `--check` compares and ends with 1.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tools.dashboards.fleet import fleet  # noqa: E402 - only now can it be found
from tools.dashboards.gatewaysync import gatewaysync  # noqa: E402 - as above
from tools.generated import keep  # noqa: E402 - as above

FOLDER: Final = ROOT / "charts" / "stoker-operator" / "files" / "dashboards"


def main() -> int:
    """Do what the command line says; the exit code."""
    made = {"fleet.json": fleet(), "gatewaysync.json": gatewaysync()}
    texts = {FOLDER / name: json.dumps(one, indent=2) + "\n" for name, one in made.items()}
    return keep("python tools/dashboards", __doc__, texts)


if __name__ == "__main__":
    sys.exit(main())
