"""The signs and names of a pattern without groups, where each sign always reads the same."""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from stoker.core.globs.parts import ANY_CHARACTER, STAR, Part, character_class, literal_part, part
from stoker.core.globs.syntax import is_plain

MAX_LENGTH: Final = 1_000
"""The longest pattern that is compiled, in characters; a longer one is walked."""

_LAST_RUNE: Final = "\U0010ffff"
_SURROGATES: Final = re.compile(r"[\ud800-\udfff]")
_SIGNS: Final = re.compile(
    r"(?P<star>\*+)|(?P<any>\?)|\[(?P<not>[!^]?+)(?P<class>(?:\\.|[^\\\]])++)\]|\\?(?P<literal>.)",
    re.DOTALL,
)
_MEMBERS: Final = re.compile(r"(\\.|[^\\])(?:-(\\.|[^\\\]]))?", re.DOTALL)


class OddError(Exception):
    """The pattern has to be walked."""


@frozen(eq=False)
class Name:
    """What stands between two slashes of a pattern."""

    source: str
    start: int
    signs: tuple[re.Match[str], ...]

    @property
    def is_deep(self) -> bool:
        """Whether this is `**`, for any number of names."""
        return self.source == "**"

    @property
    def end(self) -> int:
        """Where in the pattern the slash behind it stands."""
        return self.start + len(self.source)

    def tokens(self) -> list[str | None]:
        """The name as expressions for one character each, and stars."""
        return [_token(sign) for sign in self.signs]

    def part(self) -> Part:
        """What a name of a path must look like; raises OddError if a class matches `/`."""
        if all(sign["literal"] for sign in self.signs):
            return literal_part("".join(sign["literal"] for sign in self.signs))
        if any(sign["class"] and _matches_slash(sign) for sign in self.signs):
            raise OddError
        return part(self.tokens())


def can_be_compiled(pattern: str) -> bool:
    """Whether the signs of `pattern` always read the same, and there are not too many of them."""
    if len(pattern) > MAX_LENGTH or not is_plain(pattern):
        return False
    # The last rune begins no range, and halves of runes may become whole ones.
    return _LAST_RUNE not in pattern and not _SURROGATES.search(pattern)


def names_of(text: str) -> list[Name]:
    """What stands between the slashes of a pattern without groups; raises OddError.

    Odd are an escaped slash, three stars, and a name that is empty or ends in two stars, unless it
    is the last one or `**`.
    """
    names: list[Name] = []
    signs: list[re.Match[str]] = []
    start = 0
    for sign in _SIGNS.finditer(text):
        if sign["literal"] != "/":
            signs.append(sign)
            continue
        if sign.group() != "/":
            raise OddError
        names.append(Name(text[start : sign.start()], start, tuple(signs)))
        signs.clear()
        start = sign.end()
    if "***" in text or any(_is_odd(name) for name in names):
        raise OddError
    return [*names, Name(text[start:], start, tuple(signs))]


def _is_odd(name: Name) -> bool:
    return not name.source or (name.source.endswith("**") and not name.is_deep)


def _token(sign: re.Match[str]) -> str | None:
    match sign.lastgroup:
        case "star":
            return STAR
        case "any":
            return ANY_CHARACTER
        case "literal":
            return re.escape(sign["literal"])
        case _:
            return character_class(_ranges(sign), negated=bool(sign["not"]))


def _ranges(sign: re.Match[str]) -> list[tuple[str, str]]:
    # The first of a range is a member even where the range runs backwards.
    members = _MEMBERS.findall(sign["class"])
    return [(low[-1], max(low[-1], high[-1:])) for low, high in members]


def _matches_slash(sign: re.Match[str]) -> bool:
    return any(low <= "/" <= high for low, high in _ranges(sign)) != bool(sign["not"])
