"""Fuzz the stored documents: manifest, journal, report, changes, and Go agents' reports.

The first byte chooses a decoder. Only `DecodeError` leaves it, and what it read reads back the
same after it was written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from stoker.adapters.codec.journal import (
    decode_journal,
    decode_sides,
    encode_journal,
    encode_sides,
)
from stoker.adapters.codec.manifest import (
    decode_index,
    decode_shard,
    encode_index,
    from_line,
    raw_rows,
    to_line,
    to_row,
)
from stoker.adapters.codec.report import (
    decode_changes,
    decode_legacy,
    decode_report,
    encode_changes,
    encode_report,
)
from stoker.adapters.codec.sealed import seal
from stoker.core.errors import DecodeError
from stoker.core.paths import RelPath


def one_input(data: bytes) -> None:
    """Decode one input; when it is read, encode it and decode it again."""
    choice, rest = (data[:1] or b"\0")[0], data[1:]
    try:
        _TARGETS[choice % len(_TARGETS)](rest)
    except DecodeError as error:
        str(error)


def _document(data: bytes) -> bytes:
    # A fuzzer does not find the checksum; half of what it tries bears the right one.
    return b"".join(seal(data[1:].split(b"\n"))) if data[:1] > b"\x7f" else data


def _row(data: bytes) -> None:
    row = from_line(data)
    assert from_line(to_line(row)) == row


def _shard(data: bytes) -> None:
    for raw in raw_rows(decode_shard(_document(data))):
        RelPath(raw[0])
        to_row(raw)


def _index(data: bytes) -> None:
    index = decode_index(_document(data))
    assert decode_index(encode_index(index)) == index


def _journal(data: bytes) -> None:
    record = decode_journal(_document(data).splitlines(keepends=True))
    assert decode_journal(b"".join(encode_journal(record)).splitlines(keepends=True)) == record


def _sides(data: bytes) -> None:
    sides = decode_sides(_document(data).splitlines(keepends=True))
    assert decode_sides(b"".join(encode_sides(sides)).splitlines(keepends=True)) == sides


def _report(data: bytes) -> None:
    report = decode_report(data, pod_name="p")
    assert decode_report(encode_report(report), pod_name="p") == report


def _changes(data: bytes) -> None:
    changes = decode_changes(data)
    assert decode_changes(encode_changes(changes)) == changes


def _legacy(data: bytes) -> None:
    decode_legacy({"gw": data.decode("utf-8", "replace")}, namespace="n")


_TARGETS: Final[tuple[Callable[[bytes], None], ...]] = (
    _row,
    _shard,
    _index,
    _journal,
    _sides,
    _report,
    _changes,
    _legacy,
)
