"""What people want to know of a file that is no text: its kind, its size, an image's extent."""

from __future__ import annotations

import struct
from typing import Final

from attrs import frozen


@frozen
class Shape:
    """A file that is not shown; an extent of 0 is not known."""

    kind: str
    size: int
    width: int = 0
    height: int = 0


_PNG: Final = b"\x89PNG\r\n\x1a\n"
_KINDS: Final = (
    (_PNG, "PNG image"),
    (b"GIF8", "GIF image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"BM", "BMP image"),
    (b"\x00\x00\x01\x00", "icon"),
    (b"%PDF", "PDF document"),
    (b"PK\x03\x04", "ZIP archive"),
    (b"\x1f\x8b", "compressed data"),
    (b"wOFF", "font"),
    (b"wOF2", "font"),
    (b"\x00\x01\x00\x00", "font"),
    (b"OTTO", "font"),
    (b"\xac\xed\x00\x05", "serialized Java object"),
    (b"\xfe\xed\xfe\xed", "Java keystore"),
    (b"SQLite format 3\x00", "SQLite database"),
)
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SEGMENTS: Final = 1000
_BYTE: Final = 0xFF


def shape_of(content: bytes) -> Shape:
    """The kind and size of these bytes."""
    kind = next((kind for start, kind in _KINDS if content.startswith(start)), "binary")
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        kind = "WebP image"
    width, height = _extent(kind, content)
    return Shape(kind, len(content), width, height)


def _extent(kind: str, content: bytes) -> tuple[int, int]:
    try:
        match kind:
            case "PNG image":
                width, height = struct.unpack_from(">II", content, 16)
            case "GIF image":
                width, height = struct.unpack_from("<HH", content, 6)
            case "JPEG image":
                return _jpeg_extent(content)
            case _:
                return 0, 0
    except struct.error:
        return 0, 0
    return width, height


def _jpeg_extent(content: bytes) -> tuple[int, int]:
    at = 2
    for _ in range(_JPEG_SEGMENTS):
        marker, kind, length = struct.unpack_from(">BBH", content, at)
        if marker != _BYTE:
            break
        if kind in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", content, at + 5)
            return width, height
        at += 2 + length
    return 0, 0
