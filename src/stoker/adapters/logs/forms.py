"""The two forms of a line: JSON for machines, and one for people who start the program by hand.

Neither lets a value forge a line or colour a terminal.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stoker.adapters.logs.redacting import Plain

_FIRST: Final = ("time", "level", "logger", "message")
_SECONDS: Final = slice(len("2026-01-31T"), len("2026-01-31T12:00:00.000"))


def as_json(event: Mapping[str, Plain]) -> str:
    """The fields in their order; what is not ASCII is escaped, so that it fits any encoding."""
    return json.dumps(event, separators=(",", ":"))


def for_people(event: Mapping[str, Plain]) -> str:
    """`12:00:00.000 info    controller: what happened  field=value`."""
    time, level, logger, message = (str(event.get(name, "")) for name in _FIRST)
    trace = str(event.get("traceback", ""))
    rest = [
        f"{_printable(name)}={_valued(value)}"
        for name, value in event.items()
        if name not in (*_FIRST, "traceback")
    ]
    head = f"{time[_SECONDS]} {level:<7} {_printable(logger)}: {_printable(message)}"
    indented = "".join(f"\n    {_printable(line)}" for line in trace.splitlines())
    return "  ".join([head, *rest]) + indented


def _valued(value: Plain) -> str:
    if isinstance(value, str) and value.isprintable() and value and " " not in value:
        return value.encode(errors="backslashreplace").decode()
    return json.dumps(value)


def _printable(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)[1:-1]
