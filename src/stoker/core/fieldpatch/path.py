r"""Patch paths, as sjson splits them.

A path is a chain of parts between dots. `\` keeps the next character from meaning anything, `:`
before a part makes it a key even where an index would fit, `-1` appends to an array. A path with
an unescaped `|`, `#`, `@`, `*` or `?` anywhere is not split at all: it is a query for gjson.

A part keeps the text that it was written as, because that text, not the key, is what gjson looks
up, and because a path prints back to what it was parsed from.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from stoker.core.errors import PatchError
from stoker.core.fieldpatch.bytetext import to_bytes, to_text
from stoker.core.fieldpatch.lexical import reach
from stoker.core.fieldpatch.numbers import parse_index
from stoker.core.fieldpatch.refusals import at, bad_path, over_limit
from stoker.core.fieldpatch.syntax import MAX_DEPTH

MAX_PATH_LENGTH: Final = 65_536
"""The bytes of a path."""

APPEND: Final = "-1"

_PART: Final = re.compile(r"(?:[^.\\|#@*?]++|\\.)*+\\?", re.DOTALL)
_DIGITS: Final = re.compile("[0-9]+")
_INDEX: Final = re.compile("[0-9]*")
_ESCAPE: Final = re.compile(r"\\(.?)", re.DOTALL)


@frozen
class PathPart:
    """One part of a plain path: `written` (in byte text) with its escapes, without the colon."""

    written: str
    forced: bool = False

    @property
    def key(self) -> str:
        """The key that this part names, in byte text."""
        return _ESCAPE.sub(r"\1", self.written)

    @property
    def index(self) -> int | None:
        """The index that this part names where an array is met; an empty part is the index 0."""
        key = self.key
        if self.forced or not _INDEX.fullmatch(key):
            return None
        return parse_index(key)

    @property
    def literal_index(self) -> int | None:
        """The item that this part finds in an array: no escapes here, and no empty part."""
        return parse_index(self.written) if _DIGITS.fullmatch(self.written) else None

    @property
    def is_odd(self) -> bool:
        """Whether gjson may take this part for a constant or a selector, and not for a key."""
        return len(self.written) > 1 and self.written[0] in "![{"

    @property
    def appends(self) -> bool:
        """Whether this part appends to an array."""
        return not self.forced and self.key == APPEND

    def __str__(self) -> str:
        """The part as it was written."""
        return f":{to_text(self.written)}" if self.forced else to_text(self.written)


@frozen
class PlainPath:
    """A path of keys and indexes."""

    parts: tuple[PathPart, ...]

    def __str__(self) -> str:
        """The path as it was written."""
        return ".".join(map(str, self.parts))


@frozen
class QueryPath:
    """A path that gjson has to answer; `query` is byte text."""

    query: str

    def __str__(self) -> str:
        """The path as it was written."""
        return to_text(self.query)


PatchPath = PlainPath | QueryPath


def parse_path(path: str) -> PatchPath:
    """Split a patch path, or raise `PatchError` for one that is empty, too long or no text."""
    try:
        return _split(to_bytes(path))
    except UnicodeEncodeError:
        error = bad_path("the path is not valid text", cure="write it in UTF-8")
    except PatchError as refused:
        error = refused
    raise at(path, error)


def _split(data: str) -> PatchPath:
    if not data:
        raise bad_path("the path is empty", cure="name the field to set")
    if len(data) > MAX_PATH_LENGTH:
        raise over_limit(f"the path is longer than {MAX_PATH_LENGTH} bytes")
    parts: list[PathPart] = []
    start = 0
    while start <= len(data):
        forced = data.startswith(":", start)
        end = reach(_PART, data, start + forced, len(data))
        if end < len(data) and data[end] != ".":
            return QueryPath(data)
        parts.append(PathPart(data[start + forced : end], forced))
        start = end + 1
    if len(parts) > MAX_DEPTH:
        raise over_limit(f"the path has more than {MAX_DEPTH} parts")
    return PlainPath(tuple(parts))
