"""Patterns taken apart at their slashes, where that gives the same answers as walking them.

A pattern whose classes do not match `/` says something about each name of a path by itself: it is
a row of parts, with `**` for any number of names in between. A group stands for several rows. What
such rows match is what the reference library matches, for every path that does not end in `/`,
provided that the pattern avoids the library's odd corners. `rows_of` looks for each of them and
answers None when it meets one; then the pattern has to be walked. They come from three facts:

* When the path ends, the rest of the pattern must be empty or one of a few texts (`/**`, `*` …),
  compared as text: one more star, or a group that is not opened yet, makes a difference.
* An alternative always counts as the start of a name, whatever stands before its group.
* A star looks at what follows it in the text, where a group may not be opened yet.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from stoker.core.globs.parts import Row, Step
from stoker.core.globs.syntax import brace_groups
from stoker.core.globs.tokens import OddError, can_be_compiled, names_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stoker.core.globs.tokens import Name

MAX_ROWS: Final = 64
"""How many rows the alternatives of one pattern may make; beyond that it is walked."""


def rows_of(pattern: str, *, trees: bool = False) -> tuple[Row, ...] | None:
    """The rows that match what `pattern` matches, or None if it has to be walked.

    With `trees` a pattern that ends in `/` also matches everything below what it names.
    """
    if not can_be_compiled(pattern):
        return None
    try:
        wordings = _wordings(pattern)
        is_tree = trees and pattern.endswith("/")
        rows = tuple(_row(text, opening, is_tree=is_tree) for text, opening in wordings)
    except OddError:
        return None
    return tuple(row for row in rows if row.leaf or row.tree)


def _wordings(pattern: str) -> list[tuple[str, int]]:
    """The pattern without groups in all its wordings, each with the place of its last group."""
    done: list[tuple[str, int]] = []
    pending = [(pattern, 0)]
    while pending:
        text, opening = pending.pop()
        groups = brace_groups(text)
        if not groups:
            done.append((text, opening))
        else:
            at = min(groups)
            pending += [(wording, at) for wording in _alternatives(text, groups[at])]
        if len(done) + len(pending) > MAX_ROWS:
            raise OddError
    return done


def _alternatives(text: str, group: tuple[int, ...]) -> Iterator[str]:
    at, *_, close = group
    before, after = text[:at], text[close + 1 :]
    for start, end in pairwise(group):
        rest = text[start + 1 : end] + after
        # What the star before the group sees, and what counts as the start of a name.
        if before.endswith("**") or (before.endswith("*") and rest.startswith("*")):
            raise OddError
        if rest.startswith("**") and before and not before.endswith("/"):
            raise OddError
        yield before + rest


def _row(text: str, opening: int, *, is_tree: bool) -> Row:
    *body, last = names_of(text)
    if last.is_deep:
        return _tree_row(body, opening)
    if not last.source:
        return _directory_row(body, opening, is_tree=is_tree)
    above = _without_deep_end(body)
    if last.source == "*" and len(above) < len(body):
        return Row(_steps(above), None, tree=True)
    if opening > last.start + len(last.source.rstrip("*")):
        raise OddError
    steps = _steps([*body, last])
    return Row(steps, steps[-1].part.fits)


def _tree_row(body: Sequence[Name], opening: int) -> Row:
    """The row of `body/**`, which matches `body` too, but see `body/**/**`."""
    above = _without_deep_end(body)
    if body and len(above) == len(body):
        return _row_with_root(body, opening, tree=True)
    return Row(_steps(above), None, tree=True)


def _directory_row(body: Sequence[Name], opening: int, *, is_tree: bool) -> Row:
    """The row of `body/`, which matches no path that ends without `/`, but see `body/**/`."""
    above = _without_deep_end(body)
    if body and len(above) == len(body):
        return Row(_steps(body), None, tree=is_tree)
    # Once `**/` stands below a directory that fits, the library does not look for a later one.
    is_unique = is_tree or not any(name.is_deep for name in above)
    if above and len(above) == len(body) - 1 and is_unique:
        return _row_with_root(above, opening, tree=is_tree)
    raise OddError


def _row_with_root(names: Sequence[Name], opening: int, *, tree: bool) -> Row:
    if opening > names[-1].end:
        raise OddError
    steps = _steps(names)
    return Row(steps, steps[-1].part.fits_with_more, tree=tree)


def _without_deep_end(names: Sequence[Name]) -> Sequence[Name]:
    end = len(names)
    while end and names[end - 1].is_deep:
        end -= 1
    return names[:end]


def _steps(names: Sequence[Name]) -> tuple[Step, ...]:
    """The steps for names of which the last is not `**`."""
    deep = False
    steps = []
    for name in names:
        if not name.is_deep:
            steps.append(Step(name.part(), deep))
        deep = name.is_deep
    return tuple(steps)
