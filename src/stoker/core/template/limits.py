"""What a template may cost, and how code deep in the engine says that it went wrong.

Every limit is a number of its own, so that an operator can tell which one a template has hit. The
defaults leave a hundred times more room than configuration files need.
"""

from __future__ import annotations

from attrs import frozen

DEPTH_OF_GO = 100_000
"""How deep templates may call each other in Go; reaching it is an ordinary failure there."""


@frozen(kw_only=True)
class Limits:
    """Upper bounds of one parse and one rendering."""

    steps: int = 3_000_000
    """Instructions executed: bounds time."""

    depth: int = DEPTH_OF_GO
    """Templates that call each other."""

    output: int = 16 * 2**20
    """Bytes of the result, and of any single value on the way to it."""

    work: int = 64 * 2**20
    """Bytes that functions read and write, all together."""

    words: int = 200_000
    """Words (names, numbers, signs, stretches of text) of the source: bounds what parsing costs."""


@frozen
class Failure(Exception):
    """A failure below the place that knows the position; never leaves the engine."""

    message: str
    kind: str = "exec"
    cure: str = ""


def too_long(limit: int) -> Failure:
    """The failure of a text that outgrows `Limits.output`."""
    return Failure(f"the text grows beyond {limit} bytes", "limit")
