"""Fuzz field patches: any bytes as a document, a path and a value.

`PatchError` is the only exception, what comes out is JSON, and the path prints back.
By hand: `python tests/fuzz/fuzz_fieldpatch.py -max_len=4096`.
"""

from __future__ import annotations

import sys

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


def main() -> None:
    """Run until a crash, or as long as the arguments say."""
    import atheris  # type: ignore[import-untyped]  # noqa: PLC0415 - no types; for fuzzing only

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
