"""Fuzz field patches: any bytes as a document, a path and a value.

`PatchError` is the only exception, what comes out is JSON, and the path prints back.
"""

from __future__ import annotations

from stoker.core.errors import PatchError
from stoker.core.fieldpatch import parse_path, set_field
from stoker.core.fieldpatch.bytetext import to_bytes
from stoker.core.fieldpatch.syntax import is_json

SEPARATOR = b"\x00"


def one_input(data: bytes) -> None:
    """Patch the document before the first NUL at the path before the second."""
    document, _, rest = data.partition(SEPARATOR)
    path, _, value = rest.partition(SEPARATOR)
    texts = [part.decode("utf-8", "surrogateescape") for part in (document, path, value)]
    try:
        after = set_field(*texts)
    except PatchError:
        return
    assert is_json(to_bytes(after))
    assert str(parse_path(texts[1])) == texts[1]
