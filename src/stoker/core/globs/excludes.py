"""`Excludes`: the files that a profile leaves alone, as one matcher for all its patterns.

A path is excluded if any pattern matches it. A pattern that ends in `/` names directories and
excludes what lies below them; the path of a directory is written with a `/` at its end, so that
`**/.git/` does not exclude a file `.git`. A malformed pattern is no error here: it excludes what
it matches before matching gets to where it is malformed, and is listed for whoever validates.

Nearly every pattern can be taken apart into rows (`rows`), which one automaton matches together.
The others are walked for each path (`doublestar`), and so are paths that end in `/`. Where a walk
would take too many steps the path counts as excluded: what cannot be decided is left alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from stoker.core.globs.compiled import Compiled
from stoker.core.globs.doublestar import MAX_PATTERN, Verdict, judge
from stoker.core.globs.merging import merge_excludes
from stoker.core.globs.syntax import is_well_formed

if TYPE_CHECKING:
    from collections.abc import Iterable

_SLASH: Final = re.compile("/")


@frozen
class Excludes:
    """Patterns of paths to leave alone; equal when their patterns are."""

    patterns: tuple[str, ...] = field(default=(), converter=merge_excludes)
    malformed: tuple[str, ...] = field(init=False, eq=False, repr=False)
    """The patterns with something unclosed in them, or too long to be looked at."""

    _compiled: Compiled = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        known = [pattern for pattern in self.patterns if len(pattern) <= MAX_PATTERN]
        well_formed = {pattern for pattern in known if is_well_formed(pattern)}
        malformed = tuple(pattern for pattern in self.patterns if pattern not in well_formed)
        object.__setattr__(self, "malformed", malformed)
        object.__setattr__(self, "_compiled", Compiled.of(known, trees=True))

    def matches(self, path: str) -> bool:
        """Whether the file `path` is excluded; a directory's path ends in `/`."""
        compiled = self._compiled
        answer = compiled.answer(path)
        if answer is None:
            return _any_excludes(compiled.patterns, path)
        if answer or not compiled.walked:
            return answer
        return _any_excludes(compiled.walked, path)

    def skips_directory(self, path: str) -> bool:
        """Whether every path below the directory is excluded for sure; the root is `.`."""
        return self._compiled.has_tree(path)

    def union(self, other: Excludes) -> Excludes:
        """What either of them excludes."""
        return self.adding(other.patterns)

    def adding(self, patterns: Iterable[str]) -> Excludes:
        """These patterns and more."""
        return Excludes((*self.patterns, *patterns))


def _any_excludes(patterns: Iterable[str], path: str) -> bool:
    """Whether one of the patterns excludes `path`, found by walking."""
    directories = [path[: slash.end()] for slash in _SLASH.finditer(path)]
    for pattern in patterns:
        paths = [path, *directories] if pattern.endswith("/") else [path]
        if judge(pattern, *paths) in {Verdict.MATCH, Verdict.TOO_COMPLEX}:
            return True
    return False
