"""One name of a pattern, compiled, and rows of them.

A part is what stands between two slashes: pieces with a `*` between each two. A `*` takes the
fewest characters with which the next piece fits, and never comes back to it: so does the reference
library, and so do the atomic groups below. The work for a name grows with its length times that of
the part, never faster.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

Test = Callable[[str], object]
"""Answers with something true for a name that fits."""

STAR: Final = None
"""The token for any number of characters; every other token is a regular expression for one."""

ANY_CHARACTER: Final = "[^/]"


@frozen(eq=False)
class Part:
    """What one name of a path must look like."""

    literal: str | None
    """The name itself, where there is nothing to match."""

    fits: Test
    """Whether a name fits."""

    fits_with_more: Test
    """Whether a name fits with something left for a `*` at the end of the part.

    At the end of a path the reference library looks no further than the path's last character:
    `a*/**` does not match `a`, though `a/**` does and `a*/**` matches `ab`.
    """


@frozen(eq=False)
class Step:
    """A name that fits, after any number of others if it is `deep`."""

    part: Part
    deep: bool


@frozen(eq=False)
class Row:
    """The names that a path must have, from the root downwards."""

    steps: tuple[Step, ...]

    leaf: Test | None
    """What the last name of a path must pass at the last step; None if no path ends there."""

    tree: bool = False
    """Whether everything below the last step matches; without steps, whether everything does."""


def literal_part(name: str) -> Part:
    """The part for exactly this name."""
    return Part(name, name.__eq__, name.__eq__)


def part(tokens: Iterable[str | None]) -> Part:
    """The part for a row of tokens."""
    start, last = chained(tokens)
    match last:
        case None:
            fits = with_more = test(start)
        case "":
            fits, with_more = test(f"{start}{ANY_CHARACTER}*"), test(f"{start}{ANY_CHARACTER}+")
        case _:
            fits = with_more = test(f"{start}{ANY_CHARACTER}*?{last}")
    return Part(None, fits, with_more)


def chained(tokens: Iterable[str | None]) -> tuple[str, str | None]:
    """The expression for the tokens before the last star, and the one for those after it.

    Without a star there is only the first.
    """
    pieces = [""]
    for token in tokens:
        if token is STAR:
            pieces.append("")
        else:
            pieces[-1] += token
    first, *others = pieces
    if not others:
        return first, None
    *middle, last = others
    return first + "".join(f"(?>{ANY_CHARACTER}*?{piece})" for piece in middle if piece), last


def character_class(ranges: Iterable[tuple[str, str]], *, negated: bool) -> str:
    """The token for one character in (or, `negated`, outside) any of the ranges."""
    members = "".join(f"\\U{ord(low):08x}-\\U{ord(high):08x}" for low, high in ranges)
    return f"[{'^' if negated else ''}{members}]"


def test(expression: str) -> Test:
    """Whether an expression matches the whole of a text."""
    return re.compile(expression, re.DOTALL).fullmatch
