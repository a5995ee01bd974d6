"""Whether a text is JSON, as Go's `json.Valid` sees it, in one pass and without recursion.

The work is done by one regular expression for each kind of container: it takes as many members
as it can while they are flat (scalars, and containers of scalars), so that Python steps only into
containers that hold containers. Possessive repeats make each step linear, and a text is looked at
a bounded number of times. Nothing is built: no number is converted, no string is decoded.

The texts here are byte text: a byte above 0x7f is allowed in a string, whatever it is.
"""

from __future__ import annotations

import re
from typing import Final

from stoker.core.fieldpatch.lexical import reach

MAX_DEPTH: Final = 10_000
"""How deep containers may nest: Go refuses more, and so do we."""

_WS: Final = r"[ \t\n\r]*+"
_PLAIN: Final = r'[^"\\\x00-\x1f]*+'
_STRING: Final = rf'"{_PLAIN}(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{{4}}){_PLAIN})*+"'
_NUMBER: Final = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_SCALAR: Final = rf"(?:{_STRING}|{_NUMBER}|true|false|null)"
_KEY: Final = rf"{_STRING}{_WS}:{_WS}"


def _flat(opening: str, key: str, closing: str) -> str:
    member = rf"{key}{_SCALAR}{_WS}"
    return rf"{opening}{_WS}(?:{member}(?:,{_WS}{member})*+)?{closing}"


_ARRAY: Final = _flat(r"\[", "", r"\]")
_OBJECT: Final = _flat(r"\{", _KEY, r"\}")
_FLAT: Final = f"(?:{_SCALAR}|{_ARRAY}|{_OBJECT})"


def _run(key: str) -> str:
    return rf"(?:{_WS}{key}{_FLAT}{_WS},)*+"


def _members(key: str, closing: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Members up to the end of their container, or up to a container in them that is not flat.

    One pattern for what follows the opening bracket, one for what follows such a container.
    """
    first = rf"{_run(key)}{_WS}{key}(?:{_FLAT}{_WS}{closing}|(?P<open>[\[{{]))"
    return re.compile(first), re.compile(rf"{_WS}(?:{closing}|,{first})")


def _sound(key: str) -> re.Pattern[str]:
    return re.compile(rf"{_WS}(?:,{_WS})?{_run(key)}{_WS}")


_WHOLE: Final = re.compile(rf"{_WS}(?:{_FLAT}{_WS}\Z|(?P<open>[\[{{]))")
_MEMBERS: Final = {"[": _members("", r"\]"), "{": _members(_KEY, r"\}")}
_SOUND: Final = {"[": _sound(""), "{": _sound(_KEY)}
_BLANK: Final = re.compile(_WS)


def fault(text: str) -> str | None:
    """What keeps the text from being JSON, with the line; None if it is JSON."""
    end = len(text)
    if (start := _WHOLE.match(text)) is None:
        return _not_json(text, reach(_BLANK, text, 0, end))
    opened = [start["open"]] if start["open"] else []
    at = start.end()
    closed = False
    while opened:
        kind = opened[-1]
        if (run := _MEMBERS[kind][closed].match(text, at)) is None:
            return _not_json(text, reach(_SOUND[kind], text, at, end))
        at = run.end()
        closed = run["open"] is None
        if closed:
            opened.pop()
        elif len(opened) == MAX_DEPTH - 1:  # a container that is not flat holds one more
            return f"nests deeper than {MAX_DEPTH} levels"
        else:
            opened.append(run["open"])
    at = reach(_BLANK, text, at, end)
    return None if at == end else _not_json(text, at)


def _not_json(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    return f"is not valid JSON (line {line})"


def is_json(text: str) -> bool:
    """Whether the text is JSON that nests no deeper than `MAX_DEPTH`."""
    return fault(text) is None
