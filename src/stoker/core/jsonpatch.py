"""JSON Patch (RFC 6902): the difference of two JSON values, and its application.

The admission webhook answers with what it changed, not with a whole pod. `diff` walks both values
side by side and emits one operation where they part: `add` and `remove` for members of objects
and for items of lists, `replace` for everything else. Equal subtrees give nothing. Of two lists
the common start and the common end stay; what lies between is compared item by item, so that an
item put in front is one `add`.

Equality is JSON's own: `1` and `1.0` are one number, `true` is none. No value is ever changed:
`apply` copies the containers that a pointer leads through, and shares the rest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

from attrs import frozen

from stoker.core.errors import PatchError

if TYPE_CHECKING:
    from collections.abc import Iterable

JSON = None | bool | int | float | str | list[Any] | dict[str, Any]

MAX_DEPTH: Final = 100
"""How deep two values are compared; Kubernetes objects stay far above that."""

_END: Final = "-"
_INDEX: Final = re.compile("0|[1-9][0-9]{0,17}")
_POINTER: Final = re.compile("(?:/(?:[^~/]|~[01])*)*")


@frozen
class Operation:
    """One step of a patch; `path` is a JSON pointer (RFC 6901), `remove` has no value."""

    op: Literal["add", "remove", "replace"]
    path: str
    value: JSON = None

    def as_json(self) -> dict[str, JSON]:
        """The operation as the object that RFC 6902 describes."""
        if self.op == "remove":
            return {"op": self.op, "path": self.path}
        return {"op": self.op, "path": self.path, "value": self.value}


def diff(before: JSON, after: JSON) -> tuple[Operation, ...]:
    """The operations that turn `before` into `after`; none for equal values."""
    found: list[Operation] = []
    _compare(before, after, "", found)
    return tuple(found)


def apply(document: JSON, operations: Iterable[Operation]) -> JSON:
    """The document after the operations, in their order; `PatchError` where one does not fit."""
    for operation in operations:
        document = _applied(document, operation)
    return document


def _compare(before: JSON, after: JSON, path: str, found: list[Operation], depth: int = 0) -> None:
    if before is after:  # most of a pod is shared with what was made of it
        return
    if depth > MAX_DEPTH:
        raise PatchError(
            f"the values nest deeper than {MAX_DEPTH} levels",
            where=path,
            cure="make the object flatter",
            kind="limit",
        )
    if isinstance(before, dict) and isinstance(after, dict):
        gone = [key for key in before if key not in after]
        found += [Operation("remove", _below(path, key)) for key in gone]
        for key, value in after.items():
            if key in before:
                _compare(before[key], value, _below(path, key), found, depth + 1)
            else:
                found.append(Operation("add", _below(path, key), value))
    elif isinstance(before, list) and isinstance(after, list):
        _compare_lists(before, after, path, found, depth + 1)
    elif not _equal(before, after):
        found.append(Operation("replace", path, after))


def _compare_lists(
    before: list[Any], after: list[Any], path: str, found: list[Operation], depth: int
) -> None:
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    for place, (left, right) in enumerate(zip(old, new, strict=False), start):
        _compare(left, right, f"{path}/{place}", found, depth)
    kept = start + min(len(old), len(new))
    found += [Operation("remove", f"{path}/{kept}")] * (len(old) - len(new))
    for place, value in enumerate(new[len(old) :], kept):
        found.append(Operation("add", f"{path}/{place}", value))


def _common(left: list[Any], right: list[Any]) -> int:
    """How many items both lists start with."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((place for place, (a, b) in pairs if not _equal(a, b)), min(len(left), len(right)))


def _equal(left: JSON, right: JSON) -> bool:
    """Whether two values are the same JSON, however deep they nest."""
    pending = [(left, right)]
    while pending:
        a, b = pending.pop()
        if a is b:
            continue
        if isinstance(a, dict) and isinstance(b, dict):
            if a.keys() != b.keys():
                return False
            pending += [(value, b[key]) for key, value in a.items()]
        elif isinstance(a, list) and isinstance(b, list):
            if len(a) != len(b):
                return False
            pending += zip(a, b, strict=True)
        elif isinstance(a, bool) is not isinstance(b, bool) or a != b:
            return False
    return True


def _below(path: str, key: str) -> str:
    """The pointer to a member of the object that `path` points to."""
    return f"{path}/{key.replace('~', '~0').replace('/', '~1')}"


def _applied(document: JSON, operation: Operation) -> JSON:
    path = operation.path
    if _POINTER.fullmatch(path) is None:
        raise _misfit(path, "is not a JSON pointer")
    *way, last = [name.replace("~1", "/").replace("~0", "~") for name in path.split("/")]
    if not way:
        if operation.op == "remove":
            raise _misfit(path, "points to the whole document, which cannot be removed")
        return operation.value
    result: JSON = _copied(document, path)
    holder: Any = result
    for name in way[1:]:
        key = _existing(holder, name, path)
        holder[key] = _copied(holder[key], path)
        holder = holder[key]
    _change(holder, last, operation)
    return result


def _change(holder: Any, name: str, operation: Operation) -> None:  # noqa: ANN401 - see _copied
    if operation.op != "add":
        key = _existing(holder, name, operation.path)
        if operation.op == "remove":
            del holder[key]
        else:
            holder[key] = operation.value
    elif isinstance(holder, dict):
        holder[name] = operation.value
    elif name in {_END, str(len(holder))}:
        holder.append(operation.value)
    else:
        holder.insert(_existing(holder, name, operation.path), operation.value)


def _copied(value: JSON, path: str) -> Any:  # noqa: ANN401 - a list or a dict, indexed by _existing
    """A copy of a container, of itself alone."""
    if isinstance(value, dict | list):
        return value.copy()
    raise _misfit(path, "leads through a value that holds nothing")


def _existing(holder: Any, name: str, path: str) -> Any:  # noqa: ANN401 - an int or a str
    """The key or the index that `name` means, which must be there."""
    if isinstance(holder, dict):
        if name in holder:
            return name
    elif _INDEX.fullmatch(name) and int(name) < len(holder):
        return int(name)
    raise _misfit(path, "points to nothing")


def _misfit(path: str, what: str) -> PatchError:
    return PatchError(
        f"the pointer {what}",
        where=path,
        cure="apply the patch to the document that it was made for",
        kind="bad_path",
    )
