"""One list of exclude patterns from several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_BLANKS: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Unicode calls White_Space; Python's own idea of a blank also has U+001C to U+001F."""


def merge_excludes(patterns: Iterable[str]) -> tuple[str, ...]:
    """The patterns without blanks around them; empty ones and repetitions are left out."""
    stripped = (pattern.strip(_BLANKS) for pattern in patterns)
    return tuple(dict.fromkeys(pattern for pattern in stripped if pattern))
