"""Documents whose differences are shown value by value; what is none is compared as text."""

from __future__ import annotations

from stoker.core.differences.limits import MAX_DEPTH
from stoker.core.errors import DecodeError
from stoker.core.exactjson import Json, read_exactly


def read_document(text: str) -> Json:
    """The document that `text` holds, or `DecodeError`."""
    try:
        return read_exactly(text, MAX_DEPTH)
    except ValueError as error:
        raise DecodeError(f"not valid JSON: {error}", cure="correct the file") from None
