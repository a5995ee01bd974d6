"""Texts that thousands of objects say, kept once.

Each document that comes in brings its own copy of every text: the same commit, ref, label and name
a thousand times. What is kept of a document for long is kept by its `shared` texts. Long ones are
messages and patterns, and are hardly ever said twice.
"""

from __future__ import annotations

import sys
from typing import Final

LONGEST: Final = 64
"""Characters of a text that is likely to be said again."""


def shared(text: str) -> str:
    """An equal text, the same object for all who say it for now."""
    return sys.intern(text) if len(text) <= LONGEST and type(text) is str else text
