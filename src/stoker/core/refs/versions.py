"""Semantic versions (semver.org, 2.0.0) as values that compare by precedence.

A version's precedence is a tuple: the three numbers, whether it is a release, and the rank of its
prerelease labels, where numbers stand below words and a longer list above its own beginning.
Build metadata has no part in precedence.

Written here because a tag is text from outside: length and numbers are bounded, and a hundred
thousand tags must parse and compare without a stall.
"""

from __future__ import annotations

import re
from typing import Final, Self

from attrs import field, frozen

MAX_VERSION: Final = 256
"""How many characters a version may have; a longer text is none."""

MAX_NUMBER: Final = 2**64 - 1
"""The largest number in front of the labels; what other tools hold in a machine word."""

_NUMBER: Final = r"(0|[1-9][0-9]*)"
_LABEL: Final = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_BUILD: Final = r"[0-9A-Za-z-]+"
_VERSION: Final = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
    rf"(?:-({_LABEL}(?:\.{_LABEL})*))?(?:\+({_BUILD}(?:\.{_BUILD})*))?"
)

Rank = tuple[tuple[bool, int, str], ...]


def rank_of(labels: str) -> Rank:
    """How labels that dots separate compare: numbers by value, below words by their letters."""
    return tuple(
        (False, int(label), "") if label.isdigit() else (True, 0, label)
        for label in labels.split(".")
        if label
    )


@frozen(order=False)
class Version:
    """A version; `<` and its like compare precedence, `==` compares everything."""

    numbers: tuple[int, int, int]
    prerelease: str = ""
    build: str = ""
    precedence: tuple[tuple[int, int, int], bool, Rank] = field(init=False, eq=False, repr=False)

    @precedence.default
    def _precedence(self) -> tuple[tuple[int, int, int], bool, Rank]:
        return (self.numbers, not self.prerelease, rank_of(self.prerelease))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The version that `text` is, complete and without a leading `v`; else None."""
        match = _VERSION.fullmatch(text) if len(text) <= MAX_VERSION else None
        if match is None:
            return None
        numbers = (int(match[1]), int(match[2]), int(match[3]))
        if max(numbers) > MAX_NUMBER:
            return None
        return cls(numbers, match[4] or "", match[5] or "")

    @classmethod
    def of_tag(cls, tag: str) -> Self | None:
        """The version that a tag names, with or without a leading `v`."""
        # Git has no ref that ends with '.lock', whatever a server says.
        return None if tag.endswith(".lock") else cls.parse(tag.removeprefix("v"))
