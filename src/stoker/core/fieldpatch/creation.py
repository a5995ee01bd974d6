"""What sjson builds where a path leads nowhere.

A missing parent becomes an array for an index or `-1`, else an object. A scalar on the way is
replaced. In an object the new member goes before the last brace. An array keeps its text when the
value is appended; for an index at or past its end it is written anew without blanks and padded
with nulls, of which a patch may have only so many.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stoker.core.fieldpatch.bytetext import to_text
from stoker.core.fieldpatch.lexical import STRING_PATTERN, squash_end, stringify
from stoker.core.fieldpatch.numbers import wrapped
from stoker.core.fieldpatch.refusals import bad_path, over_limit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stoker.core.fieldpatch.path import PathPart

MAX_PADDING: Final = 10_000
"""How many nulls one patch may pad arrays with: ample for a list, and harmless for a disk."""

_BLANKS: Final = "".join(map(chr, range(33)))
_WORD_OR_NUMBER: Final = r"[ntf][a-z]*+|[\-0-9][^\x00-\x20,\]}]*+"
_ITEM: Final = re.compile(
    rf'[^"{{}}\[\]ntf\-0-9]*+(?P<item>{STRING_PATTERN}|{_WORD_OR_NUMBER}|(?P<open>["{{\[]))',
    re.DOTALL,
)


def created(holder: str, parts: Sequence[PathPart], raw: str) -> str:
    """`holder`, a value that lacks `parts[0]`, written anew with `raw` at the end of `parts`."""
    first = parts[0]
    body = holder.strip(_BLANKS)
    if not body.startswith(("{", "[")):
        body = "{}" if first.index is None else "[]"
    inside = body[1:].lstrip(_BLANKS)
    comma = "," if inside and inside[0] not in "]}" else ""
    if body[0] == "{":
        built = _built(parts, raw, 0)
        return f"{body[: max(body.rfind('}'), 0)]}{comma}{stringify(first.key)}:{built}}}"
    if first.appends:
        return f"{body.removesuffix(']')}{comma}{_built(parts, raw, 0)}]"
    if first.index is None:
        raise bad_path(
            f"the array has no item {to_text(first.key)!r}",
            cure="name an item by its index, or append one by -1",
        )
    raws = list(_items(body))
    missing = max(wrapped(first.index - len(raws)), 0)
    built = _built(parts, raw, missing)
    return f"[{','.join([*raws, *['null'] * missing, built])}]"


def _items(array: str) -> Iterator[str]:
    """The items of an array as they are written, without the blanks around them."""
    at = 1
    while item := _ITEM.match(array, at):
        start = item.start("item")
        at = squash_end(array, start, len(array)) if item["open"] else item.end()
        yield array[start:at]


def _built(parts: Sequence[PathPart], raw: str, padding: int) -> str:
    """`raw` inside the containers that the parts behind the first one need."""
    opening: list[str] = []
    closing: list[str] = []
    padding += sum(max(part.index or 0, 0) for part in parts[1:])
    if padding > MAX_PADDING:
        raise over_limit(f"the patch would pad arrays with more than {MAX_PADDING} nulls")
    for part in parts[1:]:
        if part.index is not None or part.appends:
            opening.append("[" + "null," * (part.index or 0))
            closing.append("]")
        else:
            opening.append("{" + stringify(part.key) + ":")
            closing.append("}")
    return f"{''.join(opening)}{raw}{''.join(reversed(closing))}"
