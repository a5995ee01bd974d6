"""`IgnoreFile`: the files of the repository that are not for any gateway, as its authors say.

The rules are those of `.gitignore`: the last line that matches decides, `!` takes back what a line
above said, and below an ignored directory nothing is taken back. A line that can never match
anything, as git reads it, is a problem to show and says nothing about any path.
"""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

from stoker.core.errors import Problem
from stoker.core.globs.automaton import MAX_REMEMBERED, NO_ROW, Automaton
from stoker.core.globs.gitignore import LineError, Rule, pattern_of, rule_of
from stoker.core.globs.syntax import octets

MAX_LINES: Final = 1_000
"""How many lines may say something; the others are left out, which is one problem."""

MAX_CHARACTERS: Final = 32_768
"""How long these lines may be together."""

_BYTE_ORDER_MARK: Final = "\ufeff"
_ROOT: Final = frozenset({"", "."})


@frozen
class IgnoreFile:
    """What a file of ignore rules says; without rules it ignores nothing."""

    lines: tuple[str, ...] = ()
    """The lines that say something, in their order; two files are equal when these are."""

    problems: tuple[Problem, ...] = field(default=(), eq=False)
    """The lines that were left out, and why."""

    _rules: tuple[Rule, ...] = field(default=(), eq=False, repr=False)
    _files: Automaton = field(init=False, eq=False, repr=False)
    _directories: Automaton = field(init=False, eq=False, repr=False)
    _pruned: dict[str, bool] = field(init=False, eq=False, repr=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        rows = [(number, row) for number, rule in enumerate(self._rules) for row in rule.rows]
        for_files = [
            (number, row) for number, row in rows if not self._rules[number].only_directories
        ]
        object.__setattr__(self, "_directories", Automaton(rows, octets))
        object.__setattr__(self, "_files", Automaton(for_files, octets))

    @classmethod
    def parse(cls, text: str) -> IgnoreFile:
        """Read the text of a file; what cannot be used is among the `problems`."""
        lines: list[str] = []
        rules: list[Rule] = []
        problems: list[Problem] = []
        left = MAX_CHARACTERS
        for number, line in enumerate(text.removeprefix(_BYTE_ORDER_MARK).split("\n"), start=1):
            pattern = pattern_of(line)
            if not pattern:
                continue
            left -= len(pattern)
            if left < 0 or len(lines) + len(problems) == MAX_LINES:
                problems.append(_too_much(number))
                break
            try:
                rules.append(rule_of(pattern))
                lines.append(line)
            except LineError as error:
                problems.append(_unusable(number, error))
        return cls(tuple(lines), tuple(problems), tuple(rules))

    def ignores(self, path: str, *, is_directory: bool) -> bool:
        """Whether `path` is ignored, by itself or because a directory above it is."""
        directory, _, name = path.rpartition("/")
        if directory and self.prunes(directory):
            return True
        if name in _ROOT:
            return False
        automaton = self._directories if is_directory else self._files
        return self._says_so(automaton.answer(automaton.below(directory), name))

    def prunes(self, directory: str) -> bool:
        """Whether the directory is ignored, and with it everything below; the root never is."""
        known = self._pruned.get(directory)
        if known is None:
            known = self._prunes(directory)
            if len(self._pruned) >= MAX_REMEMBERED:
                self._pruned.clear()
            self._pruned[directory] = known
        return known

    def _prunes(self, directory: str) -> bool:
        if directory in _ROOT:
            return False
        state = self._directories.below("")
        for name in directory.split("/"):
            if self._says_so(self._directories.answer(state, name)):
                return True
            state = self._directories.entered(state, name)
        return False

    def _says_so(self, number: int) -> bool:
        return number != NO_ROW and not self._rules[number].negated


def _unusable(number: int, error: LineError) -> Problem:
    return Problem(
        f"line {number}",
        f"the line matches nothing: {error}",
        "correct the line, or put '#' before it",
    )


def _too_much(number: int) -> Problem:
    return Problem(
        f"line {number}",
        f"this line and all below are left out: there are more than {MAX_LINES} rules, "
        f"or more than {MAX_CHARACTERS} bytes of them",
        "ignore directories rather than single files",
    )
