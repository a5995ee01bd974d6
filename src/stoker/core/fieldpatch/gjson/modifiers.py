"""gjson's modifiers: each makes a new text of a text.

They matter less than they seem to: what they make lies nowhere in the document, so that nothing
is set there. But a query may compare what they make, and some hand on the text as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stoker.core.fieldpatch.gjson.comparison import is_truth
from stoker.core.fieldpatch.gjson.meter import MAX_QUERY_DEPTH
from stoker.core.fieldpatch.gjson.pretty import pretty
from stoker.core.fieldpatch.gjson.result import NOTHING, Kind, Result, Slice, members, parse
from stoker.core.fieldpatch.lexical import quote
from stoker.core.fieldpatch.refusals import over_limit
from stoker.core.fieldpatch.syntax import is_json

if TYPE_CHECKING:
    from stoker.core.fieldpatch.gjson.search import Ask

_BLANKS: Final = "".join(map(chr, range(33)))
_SPACES: Final = " \t\n\v\f\r"
_STRING_OR_BLANKS: Final = re.compile(r'("(?:[^"\\]++|\\.)*+\\?"?)|[\x00-\x20]++', re.DOTALL)


def modified(view: Slice, name: str, argument: str, ask: Ask) -> Slice:
    """What the modifier of this name makes of a text."""
    match name:
        case "this":
            return view
        case "valid" | "fromstr" if not is_json(str(view)):
            return NOTHING
        case "valid":
            return view
        case "fromstr":
            return parse(view).says()
        case "tostr" | "ugly" | "pretty" | "dig":
            return Slice.of(_rewritten(view, name, argument, ask))
        case _:
            return _reshaped(view, name, argument)


def _rewritten(view: Slice, name: str, argument: str, ask: Ask) -> str:
    """What the modifiers make that take any text."""
    match name:
        case "tostr":
            return quote(str(view))
        case "ugly":
            return _STRING_OR_BLANKS.sub(r"\1", str(view))
        case "pretty":
            return pretty(str(view), argument)
        case _:
            return _array(_dug(view, argument, ask))


def _reshaped(view: Slice, name: str, argument: str) -> Slice:
    """What the modifiers make that take containers apart."""
    whole = parse(view)
    match name, whole.opens_with:
        case "keys", opening:
            return Slice.of(_keys(whole, named=opening == "{"))
        case "values", "{" | "":
            return Slice.of(_array(_raws(whole)))
        case "reverse" | "flatten" | "join", "[":
            return Slice.of(_rearranged(whole, name, argument))
        case "reverse", "{":
            pairs = [f"{key.raw}:{value.raw}" for key, value in members(whole)]
            return Slice.of(_object(pairs[::-1]))
        case "group", opening:
            return Slice.of(_grouped(whole)) if opening == "{" else NOTHING
        case _:
            return view


def _rearranged(array: Result, name: str, argument: str) -> str:
    match name:
        case "reverse":
            return _array(_raws(array)[::-1])
        case "flatten":
            return _flattened(array, deep=_option(argument, "deep"))
        case _:
            return _joined(array, preserve=_option(argument, "preserve"))


def _keys(whole: Result, *, named: bool) -> str:
    return _array([str(key.raw) if named else "null" for key, _ in members(whole)])


def _raws(whole: Result) -> list[str]:
    return [str(value.raw) for _, value in members(whole)]


def _array(raws: list[str]) -> str:
    return f"[{','.join(raws)}]"


def _object(pairs: list[str]) -> str:
    return f"{{{','.join(pairs)}}}"


def _option(argument: str, name: str) -> bool:
    """The last option of this name in the argument of a modifier."""
    given = [
        is_truth(value)
        for key, value in members(parse(Slice.of(argument)))
        if str(key.meaning) == name
    ]
    return bool(given) and given[-1]


def _unwrapped(raw: str) -> str:
    raw = raw.strip(_BLANKS)
    return raw[1:-1] if len(raw) > 1 and raw[0] in "[{" else raw


def _flattened(array: Result, *, deep: bool, depth: int = 0) -> str:
    if depth == MAX_QUERY_DEPTH:
        raise over_limit(f"the query flattens more than {MAX_QUERY_DEPTH} levels")
    raws: list[str] = []
    for _, value in members(array):
        raw = str(value.raw)
        if value.opens_with == "[":
            raw = _flattened(value, deep=True, depth=depth + 1) if deep else raw
            raw = _unwrapped(raw)
        raw = raw.strip(_SPACES)
        if raw:
            raws.append(raw)
    return _array(raws)


def _joined(array: Result, *, preserve: bool) -> str:
    objects = [value for _, value in members(array) if value.opens_with == "{"]
    if preserve:
        return _object([_unwrapped(str(value.raw)) for value in objects])
    names: dict[str, str] = {}
    values: dict[str, str] = {}
    for whole in objects:
        for key, value in members(whole):
            name = str(key.meaning)
            names.setdefault(name, str(key.raw))
            values[name] = str(value.raw)
    return _object([f"{raw}:{values[name]}" for name, raw in names.items()])


def _grouped(whole: Result) -> str:
    groups: list[list[str]] = []
    for key, value in members(whole):
        if value.opens_with != "[":
            continue
        for place, (_, item) in enumerate(members(value)):
            if place == len(groups):
                groups.append([])
            groups[place].append(f"{key.raw}:{item.raw}")
    return _array([_object(pairs) for pairs in groups])


def _dug(view: Slice, path: str, ask: Ask) -> list[str]:
    """What `path` finds in a value and in everything inside it, outermost first."""
    raws: list[str] = []
    pending = [parse(view)]
    while pending:
        value = pending.pop()
        answer = ask(value.raw, path)
        if answer.exists:
            raws.append(str(answer.raw))
        if value.kind is Kind.CONTAINER:
            pending.extend([inner for _, inner in members(value)][::-1])
    return raws
