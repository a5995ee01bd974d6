"""The walk: a pattern and a path, matched step by step as the reference library matches them.

A `*` remembers where it stands and takes one more character when what follows fails; a `**/`
remembers where it stands and takes one more directory. Only the last one of each is remembered, so
the walk is greedy, which shows where a class matches `/`. A malformed piece is an error only when
the walk arrives there, or when what is left of the pattern after a failure is malformed; so the
order of evaluation is part of the meaning.

Alternatives are textual: at a group the walk stops, and starts again there in the text with the
group replaced by its first alternative, then by the next one. The choices that are still open are
a list, not recursion. Two choices that lead to the same place with the same memory are walked
once; what is left of exponential growth ends at `MAX_STEPS`.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import define, frozen

from stoker.core.globs.syntax import is_plain, is_well_formed, rune_at
from stoker.core.globs.wording import Wording, Written

MAX_STEPS: Final = 1_000_000
"""How many characters, retries and (counted tenfold) alternatives a walk takes: about a second."""

_NONE: Final = -1
_LAST_RUNE: Final = "\U0010ffff"

# What is left of a pattern when the path ends, and matches nothing: `a/**` matches `a`.
_EMPTY_RESTS: Final = frozenset({"", "*", "**", "/**", "**/", "/**/"})
_LONGEST_EMPTY_REST: Final = 4
_CHARACTERS_A_STEP: Final = 1_000
_CHECKED_A_STEP: Final = 50
_STEPS_A_CHOICE: Final = 10
_REST_OF_CLASS: Final = re.compile(r"(?:\\.|[^\\\]])*+\]", re.DOTALL)


class MalformedError(Exception):
    """The walk came to a malformed piece of the pattern."""


class TooComplexError(Exception):
    """The walk took more than MAX_STEPS."""


@frozen(eq=False)
class _Memory:
    """Where a walk stands, and where it may go back to."""

    at: int = 0
    here: int = 0
    star: int = _NONE
    star_here: int = _NONE
    deep: int = _NONE
    deep_here: int = _NONE


@define(eq=False)
class _Choice:
    """A group whose alternatives from `upcoming` on have not been walked yet."""

    wording: Wording
    memory: _Memory
    group: tuple[int, ...]
    upcoming: int = 0


class Walk:
    """One match. `at` is a place in the pattern's text, `here` a place in the path."""

    def __init__(self, pattern: str, path: str, steps: int) -> None:
        self.path = path
        self.plain = is_plain(pattern)
        self.steps = steps
        self.choices: list[_Choice] = []
        self.walked: set[tuple[object, ...]] = set()
        self._stand(Written(pattern).wording(), _Memory())

    def matches(self) -> bool:
        """Walk one choice of alternatives after the other until one matches."""
        while not self._walk():
            if not self._next_alternative():
                return False
        return True

    def _stand(self, wording: Wording, memory: _Memory) -> None:
        self.wording, self.text = wording, wording.text
        self.at, self.here = memory.at, memory.here
        self.star, self.star_here = memory.star, memory.star_here
        self.deep, self.deep_here = memory.deep, memory.deep_here
        # At an alternative too, whatever stands before the group.
        self.segment_starts = True

    def _walk(self) -> bool:
        """Walk on until the path or the pattern ends, or a group opens; whether they match."""
        path, end = self.path, len(self.path)
        while self.here < end:
            self._spend(1)
            if self.at < len(self.text):
                sign = self.text[self.at]
                if sign == "{":
                    return self._open_group()
                if self._takes(sign, path[self.here]):
                    continue
            if not self._retry():
                return self._miss()
        return self._rest_is_empty()

    def _spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise TooComplexError

    def _retry(self) -> bool:
        """Let the last `*` take one more character, or else the last `**/` one more directory."""
        if self.star != _NONE and self.path[self.star_here] != "/":
            self.star_here += 1
            self.at, self.here = self.star, self.star_here
            self.segment_starts = False
            return True
        slash = _NONE if self.deep == _NONE else self.path.find("/", self.deep_here)
        if slash == _NONE:
            return False
        self.deep_here = slash + 1
        self.at, self.here = self.deep, self.deep_here
        self.star = _NONE
        self.segment_starts = True
        return True

    def _miss(self) -> bool:
        """A failure for good: what was not reached must be well formed all the same."""
        if not self.plain:
            self._spend((len(self.text) - self.at) // _CHECKED_A_STEP)
            if not is_well_formed(self.text[self.at :]):
                raise MalformedError
        return False

    def _rest_is_empty(self) -> bool:
        """At the end of the path: whether the rest of the pattern matches nothing at all."""
        text, at = self.text, self.at
        if len(text) - at <= _LONGEST_EMPTY_REST and text[at:] in _EMPTY_RESTS:
            return True
        return self._open_group() if text[at] == "{" else self._miss()

    # Groups.

    def _open_group(self) -> bool:
        """Note the alternatives of the group that opens here; nothing is matched by that."""
        group = self.wording.group(self.at)
        if group is None:
            raise MalformedError
        memory = _Memory(self.at, self.here, self.star, self.star_here, self.deep, self.deep_here)
        self.choices.append(_Choice(self.wording, memory, group))
        return False

    def _next_alternative(self) -> bool:
        """Stand at the latest open choice, in the text of its next alternative."""
        while self.choices:
            choice = self.choices[-1]
            at, group, alternative = choice.memory.at, choice.group, choice.upcoming
            choice.upcoming += 1
            if choice.upcoming == len(group) - 1:
                self.choices.pop()
            self._spend(_STEPS_A_CHOICE + len(choice.wording.text) // _CHARACTERS_A_STEP)
            self._stand(choice.wording.reworded(at, group, alternative), choice.memory)
            if self._is_new():
                return True
        return False

    def _is_new(self) -> bool:
        """Whether no walk went on from here with the same text and memory before.

        Of the text before this place only what a retry would read again makes a difference.
        """
        back = min(place for place in (self.at, self.star, self.deep) if place != _NONE)
        state = (
            self.wording.rest_identity(self.at),
            self.text[back : self.at],
            self.here,
            (self.star - back, self.star_here) if self.star != _NONE else None,
            self.deep_here if self.deep != _NONE else None,
        )
        if state in self.walked:
            return False
        self.walked.add(state)
        return True

    # What one sign of the pattern says about a character of the path, and the step that follows.

    def _takes(self, sign: str, char: str) -> bool:
        match sign:
            case "*":
                return self._star()
            case "?":
                return self._any(char)
            case "[":
                return self._class(char)
            case "\\":
                return self._escaped(char)
            case _:
                return self._literal(char)

    def _literal(self, char: str) -> bool:
        text, at = self.text, self.at
        if text[at] == char:
            self.at, self.here = at + 1, self.here + 1
            self.segment_starts = char == "/"
            return True
        rune, width = rune_at(text, at)
        if rune == char:
            self.at, self.here = at + width, self.here + 1
            self.segment_starts = False
            return True
        if text.startswith("\\", max(at - 1, 0)):
            self.at = at - 1
        return False

    def _escaped(self, char: str) -> bool:
        self.at += 1
        if self.at == len(self.text):
            raise MalformedError
        return self._literal(char)

    def _any(self, char: str) -> bool:
        self.segment_starts = False
        if char == "/":
            return False
        self.at, self.here = self.at + 1, self.here + 1
        return True

    def _star(self) -> bool:
        self.at += 1
        if self.text.startswith("*", self.at):
            self.at += 1
            if self.segment_starts and self._deep():
                return True
        self.segment_starts = False
        self.star, self.star_here = self.at, self.here
        return True

    def _deep(self) -> bool:
        """Whether `**` is a whole segment; the last one takes all that is left of the path."""
        if self.at == len(self.text):
            self.here = len(self.path)
            return True
        if self.text[self.at] != "/":
            return False
        self.at += 1
        self.deep, self.deep_here = self.at, self.here
        self.star = _NONE
        return True

    def _class(self, char: str) -> bool:
        text = self.text
        self.segment_starts = False
        self.at += 1
        negated = text.startswith(("!", "^"), self.at)
        self.at += negated
        if self._class_ends(self.at):
            raise MalformedError
        if self._class_holds(char) == negated:
            if self.at >= len(text):
                raise MalformedError
            return False
        close = _REST_OF_CLASS.match(text, self.at)
        if close is None:
            raise MalformedError
        self.at, self.here = close.end(), self.here + 1
        return True

    def _class_ends(self, at: int) -> bool:
        return self.text[at : at + 1] in {"", "]"}

    def _class_holds(self, char: str) -> bool:
        """Read a class up to the member that holds `char`, or else up to its end."""
        low = _LAST_RUNE
        while not self._class_ends(self.at):
            self._spend(1)
            if low < _LAST_RUNE and self.text[self.at] == "-" and not self._class_ends(self.at + 1):
                self.at += 1
                high = self._member()
                if low <= char <= high:
                    return True
                low = _LAST_RUNE
            else:
                low = self._member()
                if low == char:
                    return True
        return False

    def _member(self) -> str:
        self.at += self.text[self.at] == "\\"
        rune, width = rune_at(self.text, self.at)
        self.at += width
        return rune
