"""Where the parts of a plain path lead in a document.

A part is looked up by a short walk over text that is known to be JSON. sjson looks up every part
by asking gjson, though, and gjson has its own ideas of a few: `!true` and `[a,b]` are no keys to
it, and it looks for brackets even inside a string. Such a part takes the long way through `Query`.
What it finds inside a string is no JSON: that place is not sound.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.fieldpatch.gjson.meter import Meter, check_query
from stoker.core.fieldpatch.gjson.query import Query
from stoker.core.fieldpatch.gjson.result import Slice
from stoker.core.fieldpatch.lexical import STRING, STRING_PATTERN, bracket_end, reach, unescape

if TYPE_CHECKING:
    from stoker.core.fieldpatch.path import PathPart

_WHITESPACE: Final = " \t\n\r"
_BLANKS: Final = re.compile(f"[{_WHITESPACE}]*+")
_FLAT: Final = (
    rf'(?:{STRING_PATTERN}|[^"{{}}\[\],\s]++|[\[{{](?:[^"{{}}\[\]]++|{STRING_PATTERN})*+[\]}}])'
)
_VALUE: Final = rf"(?P<value>{_FLAT}|(?P<open>[\[{{]))"
_MEMBER: Final = re.compile(rf"[\s,]*+(?P<key>{STRING_PATTERN})\s*+:\s*+{_VALUE}", re.DOTALL)
_ITEM: Final = re.compile(rf"[\s,]*+{_VALUE}", re.DOTALL)
_SCALAR: Final = re.compile(r"[^\s,\]}]++")


@frozen
class Place:
    """Where a value starts, and where it ends if that is known; `sound`: it is JSON there."""

    start: int
    end: int | None = None
    sound: bool = True


def follow(text: str, parts: tuple[PathPart, ...]) -> tuple[Place, tuple[PathPart, ...]]:
    """The last place in JSON `text` that the path leads to, and the parts that lead nowhere."""
    meter = Meter()
    place = Place(reach(_BLANKS, text, 0, len(text)), len(text.rstrip(_WHITESPACE)))
    for done, part in enumerate(parts):
        child = _child(text, place, part, meter)
        if child is None:
            return place, parts[done:]
        place = child
    return place, ()


def end_of(text: str, place: Place) -> int:
    """Where the value at a place ends."""
    if place.end is not None:
        return place.end
    match text[place.start]:
        case '"':
            return reach(STRING, text, place.start, len(text))
        case "{" | "[":
            return bracket_end(text, place.start, len(text))
        case _:
            return reach(_SCALAR, text, place.start, len(text))


def _child(text: str, place: Place, part: PathPart, meter: Meter) -> Place | None:
    """The value that a part names in the value at a place."""
    if not place.sound or part.is_odd:
        return _asked(text, place, part, meter)
    match text[place.start]:
        case "{":
            return _member(text, place.start + 1, part.key)
        case "[":
            return _item(text, place.start + 1, part.literal_index)
        case '"':
            return _asked(text, place, part, meter)
        case _:
            return None


def _asked(text: str, place: Place, part: PathPart, meter: Meter) -> Place | None:
    """What gjson takes the part to name."""
    check_query(part.written)
    view = Slice(text, place.start, end_of(text, place))
    found = Query(meter).ask(view, part.written)
    start = place.start + found.index
    sound = place.sound and text[place.start] != '"'
    return Place(start, start + len(found.raw), sound) if found.index else None


def _member(text: str, at: int, key: str) -> Place | None:
    while member := _MEMBER.match(text, at):
        name = member["key"][1:-1]
        start = member.start("value")
        if (unescape(name) if "\\" in name else name) == key:
            return Place(start)
        at = bracket_end(text, start, len(text)) if member["open"] else member.end()
    return None


def _item(text: str, at: int, index: int | None) -> Place | None:
    while index is not None and (item := _ITEM.match(text, at)):
        start = item.start("value")
        if index == 0:
            return Place(start)
        at = bracket_end(text, start, len(text)) if item["open"] else item.end()
        index -= 1
    return None
