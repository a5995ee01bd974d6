"""What was found: printed line by line as it comes, and kept for a file of JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

BUILD: Final = Path(__file__).resolve().parents[3] / "build"
_WIDTH: Final = 64


@dataclass
class Results:
    """The findings of one size."""

    title: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    def row(self, what: str, value: float, unit: str, goal: str = "") -> None:
        """One figure."""
        self.rows.append({"what": what, "value": round(value, 3), "unit": unit, "goal": goal})
        aim = f"   (goal: {goal})" if goal else ""
        _print(f"  {what:<{_WIDTH}}{_figure(value):>10} {unit}{aim}")

    def table(self, what: str, values: Mapping[str, float], unit: str) -> None:
        """Several figures of one kind, such as the CPU of each process."""
        there = {name: value for name, value in values.items() if value >= 0.005}
        self.rows.append({"what": what, "values": there, "unit": unit})
        listed = ", ".join(f"{name} {_figure(value)}" for name, value in there.items())
        _print(f"    {what}, {unit}: {listed}")


def write(found: list[Results], name: str = "scale") -> Path:
    """All of it as JSON in `build`."""
    BUILD.mkdir(exist_ok=True)
    file = BUILD / f"{name}.json"
    document = [{"title": one.title, "rows": one.rows} for one in found]
    file.write_text(json.dumps(document, indent=1) + "\n")
    return file


def heading(text: str) -> None:
    """Of what follows."""
    _print(text)


def say(text: str) -> None:
    """What is being done, for whoever waits."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _figure(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.1f}"


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
