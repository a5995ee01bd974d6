"""Patterns made ready for many paths: `CompiledGlob` for one, `Compiled` for what a set shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from stoker.core.globs.automaton import NO_ROW, Automaton
from stoker.core.globs.doublestar import MAX_PATTERN, glob_match, malformed, too_complex
from stoker.core.globs.parts import Test
from stoker.core.globs.rows import rows_of
from stoker.core.globs.spans import span_of
from stoker.core.globs.syntax import is_well_formed, readable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stoker.core.globs.parts import Row


@frozen(eq=False)
class Compiled:
    """One automaton for the patterns that can be taken apart, expressions for a few, the rest."""

    patterns: tuple[str, ...]
    walked: tuple[str, ...]
    """The patterns that can only be walked."""

    _automaton: Automaton
    _spans: tuple[Test, ...]

    @classmethod
    def of(cls, patterns: Iterable[str], *, trees: bool = False) -> Compiled:
        """`trees` as of `rows_of`."""
        rows: list[Row] = []
        spans: list[Test] = []
        walked: list[str] = []
        patterns = tuple(patterns)
        for pattern in patterns:
            if (some := rows_of(pattern, trees=trees)) is not None:
                rows += some
            elif (span := span_of(pattern)) is not None:
                spans.append(span)
            else:
                walked.append(pattern)
        automaton = Automaton([(0, row) for row in rows], readable)
        return cls(patterns, tuple(walked), automaton, tuple(spans))

    def answer(self, path: str) -> bool | None:
        """Whether a pattern that is not `walked` matches; None where all have to be walked."""
        directory, slash, name = path.rpartition("/")
        # Nothing compiled knows of a path that ends in `/`; `/a` is not the `a` below the root.
        if not name or (slash and not directory):
            return None
        automaton = self._automaton
        if automaton.answer(automaton.below(directory), name) != NO_ROW:
            return True
        return bool(self._spans) and self._spans_match(readable(path))

    def _spans_match(self, path: str) -> bool:
        return any(span(path) for span in self._spans)

    def has_tree(self, directory: str) -> bool:
        """Whether the automaton knows that every path below the directory matches."""
        path = "" if directory == "." else directory.removesuffix("/")
        return self._automaton.below(path).tree != NO_ROW


@frozen
class CompiledGlob:
    """One well-formed pattern; equal when the patterns are. See `compile_glob`."""

    pattern: str
    _compiled: Compiled = field(eq=False, repr=False)

    def matches(self, path: str) -> bool:
        """As `glob_match`, which raises GlobError only for a pattern that branches too much."""
        answer = None if self._compiled.walked else self._compiled.answer(path)
        return glob_match(self.pattern, path) if answer is None else answer


def compile_glob(pattern: str) -> CompiledGlob:
    """The pattern, ready for many paths; raises GlobError if it is malformed anywhere."""
    if len(pattern) > MAX_PATTERN:
        raise too_complex(pattern)
    if not is_well_formed(pattern):
        raise malformed(pattern)
    return CompiledGlob(pattern, Compiled.of([pattern]))
