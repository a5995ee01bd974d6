"""Documents of lines with a seal: how everything below `.stoker/` is kept.

A document is one JSON value a line, and a last line that holds the version of its form, the number
of lines and a checksum. A document that lost power in the middle of being written, or that somebody
edited, does not fit its seal and is a `DecodeError`: it is read as a whole or not at all, without
parsing what nobody asks for.

A caller goes on without a document that does not fit. That is safe: what no manifest claims is
never deleted as ours.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from stoker.core.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

VERSION: Final = 1
CURE: Final = "remove it: the next sync takes stock anew"

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_CHUNK: Final = 1 << 16
_SEAL: Final = re.compile(rb'\{"version":(\d{1,9}),"lines":(\d{1,9}),"checksum":(\d{1,10})\}\n?')


def seal(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The document of these lines, in pieces of a size that is good to write."""
    number = checksum = waiting = 0
    piece: list[bytes] = []
    for line in lines:
        piece += (line, b"\n")
        waiting += len(line)
        number += 1
        if waiting >= _CHUNK:
            text = b"".join(piece)
            checksum = crc32(text, checksum)
            yield text
            piece, waiting = [], 0
    text = b"".join(piece)
    checksum = crc32(text, checksum)
    yield text + b'{"version":%d,"lines":%d,"checksum":%d}\n' % (VERSION, number, checksum)


def unseal(data: bytes, what: str) -> list[bytes]:
    """The lines of a whole document; raises `DecodeError`."""
    end = data.rfind(b"\n", 0, -1) + 1
    body = data[:end]
    lines = body.split(b"\n")
    lines.pop()
    _check(data[end:], what, len(lines), crc32(body))
    return lines


def unseal_each(document: Iterable[bytes], what: str) -> Iterator[bytes]:
    """The lines of a document that is too long to hold, given line by line.

    Raises `DecodeError` at the end at the latest; until then nothing that was given is certain.
    """
    number = checksum = 0
    held = b""
    for line in document:
        if held:
            checksum = crc32(held, checksum)
            number += 1
            yield held.removesuffix(b"\n")
        held = line
    _check(held, what, number, checksum)


def _check(last: bytes, what: str, lines: int, checksum: int) -> None:
    found = _SEAL.fullmatch(last)
    if found is None:
        raise DecodeError(f"the {what} has no seal at its end", cure=CURE)
    version, told, told_checksum = map(int, found.groups())
    if version != VERSION:
        raise DecodeError(f"the {what} has version {version}, not {VERSION}", cure=CURE)
    if (told, told_checksum) != (lines, checksum):
        raise DecodeError(f"the {what} does not fit its seal: it was cut or changed", cure=CURE)


def dumped(value: object) -> bytes:
    """A JSON value as one line."""
    return _JSON.encode(value).encode()


def loaded(line: bytes, what: str) -> Any:  # noqa: ANN401 - JSON of any type
    """The JSON value of a line; raises `DecodeError`."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"a line of the {what} is not JSON: {error}", cure=CURE) from error


def unfit(where: object = "") -> DecodeError:
    """The error for a record that does not have its form."""
    place = where if isinstance(where, str) else ""
    return DecodeError(
        "what is recorded of this path does not have its form", where=place, cure=CURE
    )
