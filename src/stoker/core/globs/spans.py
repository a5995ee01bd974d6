"""Patterns with a class that matches `/`, as one regular expression for the whole path.

Such a pattern cannot be taken apart at its slashes, but the walk of the reference library can be
written down: every `*` and every `**/` takes as little as it can and is given up once the next one
is reached, which is what an atomic group does. The answers are the library's for every path that
does not end in `/`; the odd corners are the same as those of `rows`, and a group is one too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.core.globs.parts import ANY_CHARACTER, chained, test
from stoker.core.globs.syntax import brace_groups
from stoker.core.globs.tokens import OddError, can_be_compiled, names_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stoker.core.globs.parts import Test
    from stoker.core.globs.tokens import Name

_DIRECTORIES: Final = f"(?:{ANY_CHARACTER}*+/)*?"
_BELOW: Final = "/.*"


def span_of(pattern: str) -> Test | None:
    """What tells the paths that `pattern` matches, or None if it has to be walked."""
    if not can_be_compiled(pattern) or brace_groups(pattern):
        return None
    try:
        names = names_of(pattern)
    except OddError:
        return None
    if not names[-1].source:
        return None
    if names[-1].is_deep:
        *blocks, last = _blocks(names[:-1])
        return test(_together([*map(_directories, blocks), _tree(last)]))
    *blocks, last = _blocks(names)
    return test(_together([*map(_directories, blocks), _path(last)]))


def _blocks(names: Sequence[Name]) -> list[list[Name]]:
    """The names between one `**` and the next."""
    blocks: list[list[Name]] = [[]]
    for name in names:
        if name.is_deep:
            blocks.append([])
        else:
            blocks[-1].append(name)
    return blocks


def _together(blocks: Sequence[str]) -> str:
    """Each block but the first after as few directories as it can."""
    *most, last = (f"{_DIRECTORIES if place else ''}{block}" for place, block in enumerate(blocks))
    return "".join(f"(?>{block})" for block in most) + last


def _directories(names: Sequence[Name]) -> str:
    start, last = chained(token for name in names for token in (*name.tokens(), "/"))
    return start if last is None else f"{start}{ANY_CHARACTER}*?{last}"


def _path(names: Sequence[Name]) -> str:
    start, last = chained(_tokens(names))
    return start if last is None else f"{start}{ANY_CHARACTER}*?{last}"


def _tree(names: Sequence[Name]) -> str:
    """The expression for `names/**`, which matches `names` too if there are any."""
    start, last = chained(_tokens(names))
    if not names:
        return ".+"
    match last:
        case None:
            return f"{start}(?:{_BELOW})?"
        case "":
            return f"{start}(?:{ANY_CHARACTER}*{_BELOW}|{ANY_CHARACTER}+)"
        case _:
            return f"{start}{ANY_CHARACTER}*?{last}(?:{_BELOW})?"


def _tokens(names: Sequence[Name]) -> list[str | None]:
    """The tokens of names with a slash between each two."""
    return [token for name in names for token in ("/", *name.tokens())][1:]
