"""`glob_match`: one pattern, one path, and the answer that the reference library gives.

A pattern that is too long, or for which the walk takes too many steps, is an error of its own:
there the library would not come back within a reasonable time either.
"""

from __future__ import annotations

import enum
from typing import Final

from stoker.core.errors import GlobError
from stoker.core.globs.syntax import joined, readable
from stoker.core.globs.walk import MalformedError, TooComplexError, Walk

MAX_PATTERN: Final = 20_000
"""The longest pattern that is looked at, in characters."""


class Verdict(enum.Enum):
    """How a match ends."""

    MATCH = enum.auto()
    MISS = enum.auto()
    MALFORMED = enum.auto()
    TOO_COMPLEX = enum.auto()


def glob_match(pattern: str, path: str) -> bool:
    """Whether `path` matches `pattern`; raises GlobError where that cannot be said."""
    match judge(pattern, path):
        case Verdict.MALFORMED:
            raise malformed(pattern)
        case Verdict.TOO_COMPLEX:
            raise too_complex(pattern)
        case verdict:
            return verdict is Verdict.MATCH


def judge(pattern: str, *paths: str) -> Verdict:
    """How matching each of `paths` in turn ends, up to the first match; never raises.

    Together they take no more steps than a single path may.
    """
    if len(pattern) > MAX_PATTERN:
        return Verdict.TOO_COMPLEX
    text = joined(pattern)
    verdict = Verdict.MISS
    steps = 0
    for path in paths:
        walk = Walk(text, readable(path), steps)
        try:
            if walk.matches():
                return Verdict.MATCH
        except MalformedError:
            verdict = Verdict.MALFORMED
        except TooComplexError:
            return Verdict.TOO_COMPLEX
        steps = walk.steps
    return verdict


def malformed(pattern: str) -> GlobError:
    """The error for a pattern that does not follow the syntax."""
    return GlobError(
        "the glob pattern is malformed",
        where=pattern,
        cure="close every '[' and '{', and put a '\\' before one that is meant literally",
    )


def too_complex(pattern: str) -> GlobError:
    """The error for a pattern that is too long, or branches too much, to be matched."""
    return GlobError(
        "the glob pattern takes too many steps to match",
        where=pattern,
        cure="write it shorter, with fewer alternatives and wildcards",
    )
