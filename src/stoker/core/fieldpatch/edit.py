"""sjson's `Set`: put a value at a path and leave the other bytes alone.

A plain path is followed part by part as long as it leads somewhere (`places`). Where it ends, the
value there is replaced; where it leads nowhere, the rest of it is built (`creation`). A query path
is answered by gjson, and the value is put wherever the answer lies, or nowhere.

Edits leave JSON, but for two things that are checked: what lies inside a string, and what gjson
only believes to lie in the document.
"""

from __future__ import annotations

from typing import assert_never

from stoker.core.fieldpatch.creation import created
from stoker.core.fieldpatch.gjson.meter import Meter, check_query
from stoker.core.fieldpatch.gjson.query import Query
from stoker.core.fieldpatch.gjson.result import Slice, members
from stoker.core.fieldpatch.path import PatchPath, PathPart, PlainPath, QueryPath
from stoker.core.fieldpatch.places import end_of, follow
from stoker.core.fieldpatch.refusals import broken, over_limit
from stoker.core.fieldpatch.syntax import MAX_DEPTH, is_json


def set_raw(text: str, path: PatchPath, raw: str) -> str:
    """The JSON `text` with the JSON `raw` at `path`; both are byte text."""
    match path:
        case PlainPath(parts):
            return _set_plain(text, parts, raw)
        case QueryPath(query):
            return _set_query(text, query, raw)
        case _:
            assert_never(path)


def _set_plain(text: str, parts: tuple[PathPart, ...], raw: str) -> str:
    place, missing = follow(text, parts)
    start, end = place.start, end_of(text, place)
    if missing:
        raw_here = created(text[start:end], missing, raw)
        if len(missing) == len(parts):  # the root: sjson drops the blanks around it
            start, end = 0, len(text)
    else:
        raw_here = raw
    result = f"{text[:start]}{raw_here}{text[end:]}"
    if not place.sound and not is_json(result):
        raise broken("the path leads into a string that looks like an array")
    if len(parts) + raw.count("[") + raw.count("{") > MAX_DEPTH and not is_json(result):
        raise over_limit(f"the result would nest deeper than {MAX_DEPTH} levels")
    return result


def _set_query(text: str, query: str, raw: str) -> str:
    check_query(query)
    meter = Meter()
    found = Query(meter).ask(Slice.of(text), query)
    result = text
    if found.exists and found.index:
        result = _replaced(result, [(found.index, len(found.raw))], raw, meter)
    if found.indexes:
        lengths = [len(value.raw) for _, value in members(found)]
        if len(lengths) != len(found.indexes):
            return text
        spans = sorted(zip(found.indexes, lengths, strict=True), key=lambda span: -span[0])
        result = _replaced(result, spans, raw, meter)
    if result is not text and not is_json(result):
        raise broken("the query finds something that has no place of its own in the document")
    return result


def _replaced(text: str, spans: list[tuple[int, int]], raw: str, meter: Meter) -> str:
    """The text with `raw` for each span (start and length), the last span first.

    Spans that overlap are no places of values; sjson cuts into what it has just written.
    """
    tail: list[str] = []
    limit = len(text)
    for start, length in spans:
        stop = start + length
        if stop > limit:
            written = "".join(reversed(tail))
            meter.pay(len(written))
            if start > limit or stop - limit > len(written):
                raise broken("the query finds something outside of the document")
            tail = [written[stop - limit :]]
        else:
            tail.append(text[stop:limit])
        tail.append(raw)
        limit = start
    tail.append(text[:limit])
    return "".join(reversed(tail))
