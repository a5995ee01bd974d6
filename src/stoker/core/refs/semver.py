"""Ranges of semantic versions, and the highest tag in one.

The syntax is that of Masterminds/semver, which Flux, Helm and Argo CD use:

- comparators `= != > < >= => <= =<`, `~`/`~>` (same minor) and `^` (same leftmost part that is
  not zero); none means `=`
- a space or a comma between comparators means "and", `||` means "or"
- `1.2 - 1.4` means `>=1.2 <=1.4`; a missing part, `x`, `X` or `*` stands for any number
- a prerelease is in a range only if one of the comparators that it must satisfy together names a
  prerelease itself; build metadata never matters to a range

A range is parsed into alternatives of comparators. A comparator knows how many parts of its
version were given, and each operator is a comparison of that many parts. Two deviations, where
Masterminds contradicts its documentation: an operator before a lone `*` means any version (not
0.0.0), and `!=1.2.x` excludes the prereleases of 1.2 too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Self

from attrs import frozen

from stoker.core.errors import RefError
from stoker.core.refs.names import RefName
from stoker.core.refs.versions import Rank, Version, rank_of

if TYPE_CHECKING:
    from stoker.core.refs.advertisement import Advertisement
    from stoker.core.refs.names import CommitId

MAX_RANGE: Final = 512
"""How many characters a range may have."""

MAX_ALTERNATIVES: Final = 32
"""How many parts `||` may separate."""

_NUMBERS: Final = 3
_TAGS: Final = "refs/tags/"

_SPACE: Final = r"[ \t\n\f\r]"
_NUMBER: Final = r"(?:[0-9]+|[xX*])"
_LABELS: Final = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION: Final = (
    rf"v?(?P<major>{_NUMBER})(?:\.(?P<minor>{_NUMBER}))?(?:\.(?P<patch>{_NUMBER}))?"
    rf"(?:-(?P<pre>{_LABELS}))?(?:\+{_LABELS})?"
)
_COMPARATOR: Final = re.compile(
    rf"(?P<op>!=|>=|=>|<=|=<|~>|[=<>~^]|){_SPACE}*{_VERSION}(?=[ \t\n\f\r,]|$)"
)
_HYPHEN: Final = re.compile(rf"{_SPACE}+-{_SPACE}+(?=[v0-9xX*])")
_AND: Final = re.compile(rf"{_SPACE}*,{_SPACE}*|{_SPACE}+")
_SYNONYMS: Final = {"": "=", "=>": ">=", "=<": "<=", "~>": "~"}


@frozen
class Comparator:
    """One operator with its version, of which the first `given` numbers were written."""

    operator: str
    version: Version
    given: int

    def accepts(self, version: Version) -> bool:
        """Whether `version` satisfies this comparator, prerelease or not."""
        match self.operator:
            case "<":
                return version.precedence < self.version.precedence
            case ">=":
                return version.precedence >= self.version.precedence
            case ">":
                return self._order(version) > 0
            case "<=":
                return self._order(version) <= 0
            case "!=":
                return self._order(version) != 0
            case _:
                return version.precedence >= self.version.precedence and self._agrees(version)

    def _order(self, version: Version) -> int:
        """Compare as far as numbers were given: no 1.2.7 is above 1.2."""
        if self.given == _NUMBERS:
            ours, theirs = self.version.precedence, version.precedence
            return (theirs > ours) - (theirs < ours)
        wanted, found = self.version.numbers[: self.given], version.numbers[: self.given]
        return (found > wanted) - (found < wanted)

    def _agrees(self, version: Version) -> bool:
        """Whether the part that `=`, `~` or `^` fixes is the same."""
        if self.operator == "=" and self.given == _NUMBERS:
            return version.precedence == self.version.precedence
        fixed = self._fixed()
        return version.numbers[:fixed] == self.version.numbers[:fixed]

    def _fixed(self) -> int:
        """How many numbers must stay as they are."""
        numbers = self.version.numbers
        if self.operator == "^":
            leftmost = next((i for i, number in enumerate(numbers, start=1) if number), _NUMBERS)
            return min(leftmost, self.given)
        # Masterminds reads ~0.0.0 as "anything", and ranges in the wild rely on it.
        return 0 if self.given == _NUMBERS and not any(numbers) else min(self.given, 2)


@frozen
class SemverRange:
    """A range: alternatives, each of comparators that must all accept a version."""

    text: str
    alternatives: tuple[tuple[Comparator, ...], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a range, or raise `RefError`."""
        if len(text) > MAX_RANGE:
            raise _refusal(text, f"is longer than {MAX_RANGE} characters")
        parts = text.split("||")
        if len(parts) > MAX_ALTERNATIVES:
            raise _refusal(text, f"has more than {MAX_ALTERNATIVES} alternatives")
        return cls(text, tuple(_alternative(text, part) for part in parts))

    def __str__(self) -> str:
        """The range as it was written."""
        return self.text

    def matches(self, tag: str) -> bool:
        """Whether the short tag name `tag` is a version within this range."""
        version = Version.of_tag(tag)
        return version is not None and self.contains(version)

    def contains(self, version: Version) -> bool:
        """Whether `version` lies within this range."""
        return any(_satisfies(version, comparators) for comparators in self.alternatives)


def resolve_semver(advertised: Advertisement, wanted: SemverRange) -> tuple[RefName, CommitId]:
    """The tag of the highest version within `wanted` and its commit, or `RefError`.

    Of tags with the same precedence, that with the higher build metadata wins, then the name
    that sorts last: which one is of no importance, that it is always the same one is.
    """
    versions = 0
    best: tuple[object, Rank, str] | None = None
    for name in advertised.names():
        tag = name.removeprefix(_TAGS)
        if tag == name or (version := Version.of_tag(tag)) is None:
            continue
        versions += 1
        if wanted.contains(version):
            rank = (version.precedence, rank_of(version.build), tag)
            best = rank if best is None else max(best, rank)
    if best is None:
        raise RefError(
            f"none of the {versions} version tags of the repository lies within the range",
            where=wanted.text,
            cure="push a tag such as v1.2.3, or widen spec.git.semver",
        )
    tag = RefName(best[2])
    return tag, advertised.refs.get(f"{_TAGS}{tag}^{{}}") or advertised.refs[_TAGS + tag]


def _satisfies(version: Version, comparators: tuple[Comparator, ...]) -> bool:
    if version.prerelease and not any(one.version.prerelease for one in comparators):
        return False
    return all(one.accepts(version) for one in comparators)


def _alternative(text: str, part: str) -> tuple[Comparator, ...]:
    found: list[Comparator] = []
    rest = part.strip(" \t\n\f\r")
    while True:
        match = _COMPARATOR.match(rest)
        if match is None:
            raise _refusal(text, f"is not understood at '{rest}'" if rest else "has an empty part")
        rest = rest[match.end() :]
        hyphen = _HYPHEN.match(rest)
        if hyphen is None:
            found.append(_comparator(text, match, match["op"]))
        else:
            upper = _COMPARATOR.match(rest, hyphen.end())
            if upper is None or match["op"]:
                raise _refusal(text, "has a '-' that is not between two versions")
            found += (_comparator(text, match, ">="), _comparator(text, upper, "<="))
            rest = rest[upper.end() :]
        if not rest:
            return tuple(found)
        rest = _AND.sub("", rest, count=1)


def _comparator(text: str, match: re.Match[str], operator: str) -> Comparator:
    numbers: list[int] = []
    for part in (match["major"], match["minor"], match["patch"]):
        if part is None or part in "xX*":
            break
        numbers.append(int(part))
    given = len(numbers)
    padded = ".".join(map(str, [*numbers, 0, 0, 0][:_NUMBERS]))
    version = Version.parse(f"{padded}-{match['pre']}" if match["pre"] else padded)
    if version is None:
        raise _refusal(text, f"has an illegal version: '{match.group()}'")
    return Comparator(_SYNONYMS.get(operator, operator), version, given)


def _refusal(text: str, why: str) -> RefError:
    shown = text if len(text) <= MAX_RANGE else f"{text[:80]}…"
    return RefError(
        f"the version range {why}", where=shown, cure="write a range such as '>=1.2.0 <2.0.0'"
    )
