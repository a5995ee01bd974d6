"""One line of an ignore file, as git reads it.

Git compares bytes: `?` is one byte, and so is a member of a class. Here each byte is a character.
A line without a `/` before its last character is about names at any depth, any other one about
paths from the root. A line that git accepts and that can never match anything is a LineError.
"""

from __future__ import annotations

import enum
import re
import string
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.globs.parts import (
    ANY_CHARACTER,
    STAR,
    Part,
    Row,
    Step,
    character_class,
    literal_part,
    part,
)
from stoker.core.globs.syntax import octets

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINE: Final = 500
"""The longest line that is read, in bytes."""

MAX_SPELLINGS: Final = 16
"""How many rows one line may make; all but the strangest make one."""

_CONTROLS: Final = "".join(map(chr, range(32))) + "\x7f"
_NAMED_CLASSES: Final = {
    "alnum": string.ascii_letters + string.digits,
    "alpha": string.ascii_letters,
    "blank": " \t",
    "cntrl": _CONTROLS,
    "digit": string.digits,
    "graph": string.ascii_letters + string.digits + string.punctuation,
    "lower": string.ascii_lowercase,
    "print": string.ascii_letters + string.digits + string.punctuation + " ",
    "punct": string.punctuation,
    "space": " \t\n\r",
    "upper": string.ascii_uppercase,
    "xdigit": string.hexdigits,
}
_NOTHING: Final = "(?!)"
_NAMED_CLASS: Final = re.compile(r"\[:([^\]]*):\]")
_MEMBER: Final = re.compile(r"\\?+(.)", re.DOTALL)
_RANGE: Final = re.compile(r"-[^\]]")
_TOKEN: Final = re.compile(r"\\.|\*+|[^\\]", re.DOTALL)
_LITERAL_START: Final = re.compile(r"[^*?\[\\]*[^*?\[\\/](?=\*\*)")
_DEEP: Final = re.compile(r"\*\*+(?P<slash>\\?/|\Z)")


class LineError(Exception):
    """A line that matches nothing; the text says why."""


@frozen(eq=False)
class Rule:
    """What a line says about the paths that match it."""

    rows: tuple[Row, ...]
    negated: bool
    only_directories: bool


class _Sign(enum.Enum):
    SLASH = enum.auto()
    STARS = enum.auto()
    CHARACTER = enum.auto()
    ONE_OF = enum.auto()
    """Any character that the regular expression matches."""


_Token = tuple[_Sign, str]


@frozen(eq=False)
class _Name:
    """What stands between two slashes, and the slash at its end as it is written."""

    tokens: tuple[_Token, ...]
    slash: str = ""

    @property
    def is_deep(self) -> bool:
        """Whether this is `**`, for any number of names."""
        (sign, text), *others = self.tokens
        return sign is _Sign.STARS and len(text) > 1 and not others

    def part(self) -> Part:
        if all(sign is _Sign.CHARACTER for sign, _ in self.tokens):
            return literal_part("".join(text for _, text in self.tokens))
        return part(_part_token(sign, text) for sign, text in self.tokens)


def _part_token(sign: _Sign, text: str) -> str | None:
    match sign:
        case _Sign.STARS:
            return STAR
        case _Sign.ONE_OF:
            return text
        case _:
            return re.escape(text)


_ANY_NAME: Final = part([STAR])


def pattern_of(line: str) -> str:
    """The bytes of the pattern on a line, as characters; empty for a blank line or a comment."""
    if line.startswith("#"):
        return ""
    text = octets(line.removesuffix("\r").partition("\0")[0])
    end = len(text.rstrip(" "))
    backslashes = end - len(text[:end].rstrip("\\"))
    # After an odd number of backslashes the first space is escaped.
    return text[: end + backslashes % 2]


def rule_of(text: str) -> Rule:
    """The rule that a pattern makes; raises LineError."""
    if len(text) > MAX_LINE:
        raise LineError(f"it is longer than {MAX_LINE} bytes")
    pattern = text.removeprefix("!")
    path = pattern.removesuffix("/")
    anchored = "/" in path
    spellings = _spellings(path.removeprefix("/")) if anchored else [path]
    return Rule(_rows(spellings, anchored=anchored), pattern != text, path != pattern)


def _rows(spellings: list[str], *, anchored: bool) -> tuple[Row, ...]:
    """The rows of the spellings that can match something; LineError if there is none."""
    rows: list[Row] = []
    reason = LineError("")
    for spelling in spellings:
        try:
            rows.append(_row(spelling, anchored=anchored))
        except LineError as error:
            reason = error
    if not rows:
        raise reason
    return tuple(rows)


def _spellings(text: str) -> list[str]:
    r"""The texts that together say what git reads in `text`.

    Git compares the start of a path up to the first special character as it is, and takes the rest
    for a pattern of its own. So the `**` of `ab**/c` counts as a name: it matches `abc` and
    `abx/y/c`.
    """
    literal = _LITERAL_START.match(text)
    if literal is None:
        return [text]
    start, rest = literal[0], text[literal.end() :]
    spellings: list[str] = []
    while deep := _DEEP.match(rest):
        if len(spellings) == MAX_SPELLINGS:
            raise LineError("too many '**/' follow each other")
        rest = rest[deep.end() :]
        if not deep["slash"]:
            return [*spellings, f"{start}*", f"{start}*/**"]
        spellings.append(f"{start}*/**/{rest}")
        if deep["slash"] != "/":
            return spellings
    return [*spellings, start + rest]


def _row(text: str, *, anchored: bool) -> Row:
    """The row of one spelling, or LineError; without an anchor it is about one name anywhere."""
    steps: list[Step] = []
    deep = not anchored
    for name in _names(text):
        if anchored and name.is_deep:
            deep = True
            # Only a plain slash goes away when `**` stands for no name.
            if name.slash != "/":
                steps.append(Step(_ANY_NAME, deep))
                deep = False
        else:
            steps.append(Step(name.part(), deep))
            deep = False
    return Row(tuple(steps), steps[-1].part.fits)


def _names(text: str) -> list[_Name]:
    names: list[_Name] = []
    tokens: list[_Token] = []
    for sign, value in _tokens(text):
        if sign is _Sign.SLASH:
            names.append(_Name(tuple(tokens), value))
            tokens.clear()
        else:
            tokens.append((sign, value))
    names.append(_Name(tuple(tokens)))
    if not all(name.tokens for name in names):
        raise LineError("a name in it is empty")
    return names


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        if text[at] == "[":
            expression, at = _class(text, at + 1)
            yield _Sign.ONE_OF, expression
            continue
        token = _TOKEN.match(text, at)
        if token is None:
            raise LineError("it ends in a backslash")
        at = token.end()
        yield _token(token[0])


def _token(source: str) -> _Token:
    if source in {"/", "\\/"}:
        return _Sign.SLASH, source
    if source == "?":
        return _Sign.ONE_OF, ANY_CHARACTER
    if source.startswith("*"):
        return _Sign.STARS, source
    return _Sign.CHARACTER, source.removeprefix("\\")


def _class(text: str, at: int) -> tuple[str, int]:
    """The expression for a class whose text begins at `at`, and where its text ends."""
    negated = text.startswith(("!", "^"), at)
    at += negated
    first = at
    members: set[int] = set()
    previous = 0
    while at == first or not text.startswith("]", at):
        if named := _NAMED_CLASS.match(text, at):
            if named[1] not in _NAMED_CLASSES:
                raise LineError(f"there is no class of characters '[:{named[1]}:]'")
            members.update(map(ord, _NAMED_CLASSES[named[1]]))
            previous, at = 0, named.end()
            continue
        is_range = previous and _RANGE.match(text, at)
        at += bool(is_range)
        member = _MEMBER.match(text, at)
        if member is None:
            raise LineError("a '[' in it is not closed")
        code = ord(member[1])
        members.update(range(previous, code + 1) if is_range else (code,))
        previous, at = 0 if is_range else code, member.end()
    return _expression(members, negated=negated), at + 1


def _expression(members: set[int], *, negated: bool) -> str:
    matched = (set(range(256)) - members if negated else members) - {ord("/")}
    firsts = sorted(code for code in matched if code - 1 not in matched)
    lasts = sorted(code for code in matched if code + 1 not in matched)
    ranges = zip(map(chr, firsts), map(chr, lasts), strict=True)
    return character_class(ranges, negated=False) if matched else _NOTHING
