"""What changed between two documents, exactly: as a list of changes that can be carried out.

A path goes from the root to the place of a change. A step into an array knows the element's
position on both sides and the name by which people know it. `carry_out` applies the changes to the
old document; the result is the new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from stoker.core.errors import DecodeError
from stoker.core.exactjson import Json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@frozen
class Key:
    """Into the member of an object."""

    name: str


@frozen
class Element:
    """Into the element of an array; a position is None on the side where it is not."""

    before: int | None
    after: int | None
    label: str = ""


Step = Key | Element
Path = tuple[Step, ...]


@frozen
class Added:
    """A member or an element that was not there."""

    path: Path
    value: Json


@frozen
class Removed:
    """A member or an element that is not there any more."""

    path: Path
    value: Json


@frozen
class Replaced:
    """One value for another."""

    path: Path
    before: Json
    after: Json


@frozen
class Reordered:
    """An array whose remaining elements stand in another order: old and new position of each."""

    path: Path
    pairs: tuple[tuple[int, int], ...]


Change = Added | Removed | Replaced | Reordered


def inverse(change: Change) -> Change:
    """The change that takes this one back."""
    path = tuple(_turned(step) for step in change.path)
    match change:
        case Added(value=value):
            return Removed(path, value)
        case Removed(value=value):
            return Added(path, value)
        case Replaced(before=before, after=after):
            return Replaced(path, after, before)
        case _:
            pairs = change.pairs
            return Reordered(path, tuple(sorted((there, here) for here, there in pairs)))


def _turned(step: Step) -> Step:
    return step if isinstance(step, Key) else Element(step.after, step.before, step.label)


def carry_out(document: Json, changes: Iterable[Change]) -> Json:
    """`document` with `changes`; they have to come from a comparison of it."""
    return _changed(document, [(change.path, change) for change in changes])


_Rest = tuple[Path, Change]


def _changed(value: Json, changes: Sequence[_Rest]) -> Json:
    for rest, change in changes:
        if not rest and isinstance(change, Replaced):
            return change.after
    if isinstance(value, dict):
        return _changed_object(value, changes)
    return _changed_array(value, changes) if isinstance(value, list) else value


def _changed_object(value: dict[str, Json], changes: Sequence[_Rest]) -> Json:
    result = dict(value)
    deeper: dict[str, list[_Rest]] = {}
    for path, change in changes:
        match path, change:
            case (Key(name),), Added(value=new):
                result[name] = new
            case (Key(name),), Removed():
                del result[name]
            case (Key(name), *rest), _:
                deeper.setdefault(name, []).append((tuple(rest), change))
            case _:
                raise _misplaced()
    for name, inner in deeper.items():
        result[name] = _changed(result[name], inner)
    return result


def _changed_array(value: list[Json], changes: Sequence[_Rest]) -> Json:
    removed: set[int] = set()
    added: dict[int, Json] = {}
    deeper: dict[int, list[_Rest]] = {}
    order: Sequence[int] = range(len(value))
    for path, change in changes:
        match path, change:
            case (), Reordered(pairs=pairs):
                order = [here for here, _ in sorted(pairs, key=lambda pair: pair[1])]
            case (Element(after=int(there)),), Added(value=new):
                added[there] = new
            case (Element(before=int(here)),), Removed():
                removed.add(here)
            case (Element(before=int(here)), *rest), _:
                deeper.setdefault(here, []).append((tuple(rest), change))
            case _:
                raise _misplaced()
    result = [
        _changed(value[here], deeper[here]) if here in deeper else value[here]
        for here in order
        if here not in removed
    ]
    for there in sorted(added):
        result.insert(there, added[there])
    return result


def _misplaced() -> DecodeError:
    return DecodeError("the change belongs to another document", cure="compare the two again")
