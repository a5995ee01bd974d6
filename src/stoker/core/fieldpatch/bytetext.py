"""Byte text: the UTF-8 bytes of a text, one character for each byte.

sjson counts bytes, compares bytes and never asks whether they are valid UTF-8. In byte text every
index, length and order is that of the bytes, and yet regular expressions and slices run at the
speed of strings. Text enters and leaves the package through the two functions here; a lone
surrogate `U+DC80` to `U+DCFF` stands for a byte that is not UTF-8, as everywhere in the core.
"""

from __future__ import annotations

import re
from typing import Final

_NOT_UTF8: Final = re.compile(r"[\udc80-\udcff]")


def to_bytes(text: str) -> str:
    """The byte text of `text`; `UnicodeEncodeError` for a surrogate that stands for no byte."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def to_text(data: str) -> str:
    """The text whose byte text is `data`."""
    if data.isascii():
        return data
    return data.encode("latin-1").decode("utf-8", "surrogateescape")


def to_runes(data: str) -> str:
    """The characters of `data` as Go decodes them: U+FFFD for each byte that is not UTF-8."""
    if data.isascii():
        return data
    return _NOT_UTF8.sub("\ufffd", to_text(data))
