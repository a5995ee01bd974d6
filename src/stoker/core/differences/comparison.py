"""Two documents, compared: `compare_documents`.

Objects are compared member by member; the order of members means nothing. Elements of an array are
matched by what people know them by (`name`, `id`, `meta.name` …) where every element has such an
identity and none has it twice; then a move is a change of order. Else what is equal stays in
order, and between equal neighbours elements of the same kind are taken for the same one. So an
inserted element is one addition, not a change of all that follow.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from stoker.core.differences.alignment import (
    Pair,
    align,
    common_prefix,
    common_suffix,
    longest_rising,
)
from stoker.core.differences.changes import (
    Added,
    Change,
    Element,
    Key,
    Path,
    Removed,
    Reordered,
    Replaced,
)
from stoker.core.differences.limits import MAX_LABEL
from stoker.core.exactjson import Json, Number

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDENTITIES: Final = (
    ("name",),
    ("meta", "name"),
    ("id",),
    ("uuid",),
    ("path",),
    ("key",),
    ("field",),
)
"""Members by which an element of an array is known, the best first."""

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True)


def compare_documents(before: Json, after: Json) -> tuple[Change, ...]:
    """What changed, in the order of the old document; nothing for equal documents."""
    return tuple(_compared((), before, after))


def _compared(path: Path, before: Json, after: Json) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _objects(path, before, after)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _arrays(path, before, after)
    elif before != after:
        yield Replaced(path, before, after)


def _objects(path: Path, before: dict[str, Json], after: dict[str, Json]) -> Iterator[Change]:
    for name, old in before.items():
        if name not in after:
            yield Removed((*path, Key(name)), old)
        elif old != after[name]:
            yield from _compared((*path, Key(name)), old, after[name])
    for name, new in after.items():
        if name not in before:
            yield Added((*path, Key(name)), new)


def _arrays(path: Path, before: list[Json], after: list[Json]) -> Iterator[Change]:
    pairs = _matched(before, after)
    if len(longest_rising(pairs)) != len(pairs):
        yield Reordered(path, tuple(pairs))
    partner = dict(pairs)
    met = set(partner.values())
    found: list[tuple[int, int, Iterator[Change]]] = []
    for here, old in enumerate(before):
        there = partner.get(here)
        if there is None:
            gone = Removed((*path, Element(here, None, label_of(old))), old)
            found.append((here, 0, iter((gone,))))
        elif old != after[there]:
            label = label_of(after[there]) or label_of(old)
            step = Element(here, there, label)
            found.append((there, 2, _compared((*path, step), old, after[there])))
    for there, new in enumerate(after):
        if there not in met:
            come = Added((*path, Element(None, there, label_of(new))), new)
            found.append((there, 1, iter((come,))))
    for _, _, changes in sorted(found, key=lambda each: each[:2]):
        yield from changes


def _matched(before: list[Json], after: list[Json]) -> list[Pair]:
    """Which element has become which, by rising old position."""
    head = common_prefix(before, after)
    tail = common_suffix(before, after, head)
    stop, end = len(before) - tail, len(after) - tail
    old, new = before[head:stop], after[head:end]
    inner = _by_identity(old, new) if old and new else []
    if inner is None:
        inner = _by_likeness(old, new)
    return [
        *((at, at) for at in range(head)),
        *((head + here, head + there) for here, there in inner),
        *((stop + at, end + at) for at in range(tail)),
    ]


def _by_identity(before: list[Json], after: list[Json]) -> list[Pair] | None:
    for member in _IDENTITIES:
        old, new = _identities(before, member), _identities(after, member)
        if old is not None and new is not None:
            return [(here, new[name]) for name, here in old.items() if name in new]
    return None


def _identities(elements: list[Json], member: tuple[str, ...]) -> dict[str, int] | None:
    """The position of each identity; None where one is missing or there twice."""
    found: dict[str, int] = {}
    for at, element in enumerate(elements):
        name = _member(element, member)
        if name is None or name in found:
            return None
        found[name] = at
    return found


def _member(element: Json, member: tuple[str, ...]) -> str | None:
    value = element
    for name in member:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    if isinstance(value, Number):
        return value.text
    return value if isinstance(value, str) else None


def label_of(element: Json) -> str:
    """The name by which people know an element of an array; empty if it has none."""
    if not isinstance(element, dict):
        return ""
    names = (_member(element, member) for member in _IDENTITIES)
    name = next((name for name in names if name), "")
    return name if len(name) <= MAX_LABEL else f"{name[: MAX_LABEL - 1]}…"


def _by_likeness(before: list[Json], after: list[Json]) -> list[Pair]:
    pairs = align([_print_of(each) for each in before], [_print_of(each) for each in after])
    found: list[Pair] = []
    at, to = 0, 0
    for here, there in [*pairs, (len(before), len(after))]:
        old, new = before[at:here], after[to:there]
        alike = align([_kind(each) for each in old], [_kind(each) for each in new])
        found += [(at + left, to + right) for left, right in alike]
        if here < len(before):
            found.append((here, there))
        at, to = here + 1, there + 1
    return found


def _print_of(element: Json) -> str:
    # Some unlike elements look the same here. No harm: partners are compared all the same.
    if isinstance(element, str):
        return element
    return element.text if isinstance(element, Number) else _ENCODER.encode(element)


def _kind(element: Json) -> str:
    """What two elements must have in common to be taken for one that changed."""
    match element:
        case dict():
            names = (_member(element, member) for member in (*_IDENTITIES, ("type",)))
            return "object\0" + next((name for name in names if name), "")
        case list():
            return "array"
        case _:
            return "value"
