"""Fuzz the stored documents: manifest, journal, report, changes, and Go agents' reports.

The first byte chooses a decoder. Only `DecodeError` leaves it, and what it read reads back the
same after it was written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from stoker.adapters.codec.manifest import (
    decode_journal,
    decode_manifest,
    encode_journal,
    encode_manifest,
)
from stoker.adapters.codec.report import (
    decode_changes,
    decode_legacy,
    decode_report,
    encode_changes,
    encode_report,
)
from stoker.core.errors import DecodeError


def one_input(data: bytes) -> None:
    """Decode one input; when it is read, encode it and decode it again."""
    choice, rest = (data[:1] or b"\0")[0], data[1:]
    try:
        _TARGETS[choice % len(_TARGETS)](rest)
    except DecodeError as error:
        str(error)


def _manifest(data: bytes) -> None:
    manifest = decode_manifest(data)
    assert decode_manifest(encode_manifest(manifest)) == manifest


def _journal(data: bytes) -> None:
    journal = decode_journal(data)
    assert decode_journal(encode_journal(journal)) == journal


def _report(data: bytes) -> None:
    report = decode_report(data, pod_name="p")
    assert decode_report(encode_report(report), pod_name="p") == report


def _changes(data: bytes) -> None:
    changes = decode_changes(data)
    assert decode_changes(encode_changes(changes)) == changes


def _legacy(data: bytes) -> None:
    decode_legacy({"gw": data.decode("utf-8", "replace")}, namespace="n")


_TARGETS: Final[tuple[Callable[[bytes], None], ...]] = (
    _manifest,
    _journal,
    _report,
    _changes,
    _legacy,
)
