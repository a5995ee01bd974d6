r"""gjson's patterns for keys and strings: `*` is any text, `?` any character, `\` escapes.

A pattern becomes one regular expression in which every star takes as little as it can and never
gives back: for a pattern of stars the first fit of each piece is always good enough, so that no
pattern makes the time explode. (gjson itself tries everything and gives up after a while.)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from stoker.core.fieldpatch.bytetext import to_runes

_TOKEN: Final = re.compile(r"\\.?|.", re.DOTALL)
_NEVER: Final = "(?!)"


def matches(data: str, pattern: str) -> bool:
    """Whether the whole of `data` matches; both are byte text, compared by Go's characters."""
    return _compiled(to_runes(pattern)).fullmatch(to_runes(data)) is not None


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    pieces = [""]
    for token in _TOKEN.findall(pattern):
        match token:
            case "*":
                pieces.append("")
            case "?":
                pieces[-1] += "."
            case "\\":  # the last character: itself behind a star, and elsewhere nothing
                pieces[-1] += r"\\" if len(pieces) > 1 else _NEVER
            case _:
                pieces[-1] += re.escape(token[-1])
    if len(pieces) == 1:
        return re.compile(pieces[0], re.DOTALL)
    first, *middle, last = pieces
    inner = "".join(f"(?>.*?{piece})" for piece in middle if piece)
    return re.compile(f"{first}{inner}.*{last}", re.DOTALL)
