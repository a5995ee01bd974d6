"""Pictures of the dashboards: their own panels with a Prometheus' own data, drawn as Grafana would.

    python tools/dashboard_pictures URL --set namespace=plant --set name=line-a --minutes 10

They are for the documentation, and no Grafana is needed to make them. What is read is the JSON that
the chart has, so a picture shows each panel where it is, asked what it asks.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tools.dashboard_pictures.asking import Asking, Range  # noqa: E402 - as above
from tools.dashboard_pictures.picture import picture  # noqa: E402 - only now can it be found

FOLDER: Final = ROOT / "charts" / "stoker-operator" / "files" / "dashboards"
VALUES: Final = {"namespace": ".*", "gateway": ".*"}


def draw(url: str, over: Range, values: dict[str, str], to: Path) -> list[Path]:
    """Both of them, below `to`."""
    made = []
    for path in sorted(FOLDER.glob("*.json")):
        dashboard: dict[str, Any] = json.loads(path.read_text())
        own = {**VALUES, **values}
        if path.stem == "fleet":
            own["namespace"] = VALUES["namespace"]
        own["__rate_interval"] = f"{max(15, int(over.step * 4))}s"
        to.mkdir(parents=True, exist_ok=True)
        made.append(to / f"dashboard-{path.stem}.svg")
        made[-1].write_text(picture(dashboard, Asking(url, over, own), own))
    return made


def main() -> int:
    """Do what the command line says; the exit code."""
    parser = argparse.ArgumentParser(prog="python tools/dashboard_pictures", description=__doc__)
    parser.add_argument("url", help="of a Prometheus, such as http://127.0.0.1:9090")
    parser.add_argument("--set", action="append", default=[], metavar="VARIABLE=VALUE")
    parser.add_argument("--minutes", type=float, default=10.0, help="how far back to look")
    parser.add_argument("--at", type=float, default=None, help="up to when, in seconds; else now")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "pictures")
    given = parser.parse_args()
    end = time.time() if given.at is None else given.at
    values = dict(one.split("=", 1) for one in given.set)
    for path in draw(given.url, Range(end - given.minutes * 60, end), values, given.to):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
