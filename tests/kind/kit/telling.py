"""What processes tell in metrics, and what an expression of PromQL asks for.

The families are read off the code, as the reference page is, so a metric that nobody tells any more
is found in alerts and dashboards. Expressions are not parsed but read: a word that begins like one
of ours is a series, and names before `=`, `!=`, `=~` and `!~` in the braces behind it are labels.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]

_SERIES: Final = re.compile(
    r"\b(stoker_\w+|process_\w+|python_info|up|ALERTS)\b(?:\{([^}]*)\})?(?!\s*\()"
)
_BY_NAME: Final = re.compile(r"\{__name__=~\"([^\"]+)\",?([^}]*)\}")
_LABEL: Final = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_OF_TARGETS: Final = frozenset({"job", "instance", "namespace", "pod", "container", "endpoint"})
"""Labels that discovery gives to everything."""
_OF_AGENTS: Final = frozenset({"name", "gateway"})
"""Labels that the PodMonitor gives to agents."""


@cache
def families_of() -> dict[str, frozenset[str]]:
    """The labels of each series that some process tells, by its name."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    from tools.reference import metrics  # noqa: PLC0415 - only now on the path

    found: dict[str, frozenset[str]] = {}
    for told in metrics.everything():
        of_agent = told.name.startswith(("stoker_agent_", "process_"))
        labels = {*told.labels, *_OF_TARGETS, *(_OF_AGENTS if of_agent else ())}
        for name in metrics.series_of(told):
            more = {"le"} if name.endswith("_bucket") else set()
            found[name] = found.get(name, frozenset()) | labels | more
    return found


def selectors(expression: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Each series that an expression asks for, with the labels by which it picks."""
    for pattern, rest in _BY_NAME.findall(expression):
        names = [name for name in families_of() if re.fullmatch(pattern, name)]
        assert names, f"nobody tells {pattern}"
        for name in names:
            yield name, frozenset(_LABEL.findall(rest))
    for name, braces in _SERIES.findall(_BY_NAME.sub("", expression)):
        yield name, frozenset(_LABEL.findall(re.sub(r'"[^"]*"', '""', braces)))
