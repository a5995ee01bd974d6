"""Cuts a template into tokens.

Outside of actions everything up to the next `{{` is one text token, trimmed where an action asks
for it. Inside, a single pattern finds the next token; what a pattern cannot say (names beyond
ASCII, what may follow a name or a number, trimming) is checked behind it. The first thing that is
no token becomes an error token, which ends the list: the parser reports it if it gets there.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

from stoker.core.template.characters import decode, encode, is_name

if TYPE_CHECKING:
    from collections.abc import Callable


class Kind(Enum):
    """What a token is."""

    ERROR = auto()
    LIMIT = auto()
    TEXT = auto()
    LEFT_DELIMITER = auto()
    RIGHT_DELIMITER = auto()
    SPACE = auto()
    PIPE = auto()
    LEFT_PAREN = auto()
    RIGHT_PAREN = auto()
    DECLARE = auto()
    ASSIGN = auto()
    PUNCTUATION = auto()
    STRING = auto()
    CHARACTER = auto()
    NUMBER = auto()
    COMPLEX = auto()
    BOOL = auto()
    NIL = auto()
    DOT = auto()
    FIELD = auto()
    VARIABLE = auto()
    IDENTIFIER = auto()
    KEYWORD = auto()
    END = auto()


class Token(NamedTuple):
    """A piece of the source, where it starts, and its text (of an error: the reason)."""

    kind: Kind
    at: int
    text: bytes


_KEYWORDS = frozenset(b"block break continue define else end if range template with".split())
_WORDS = {
    b"true": Kind.BOOL,
    b"false": Kind.BOOL,
    b"nil": Kind.NIL,
    **dict.fromkeys(_KEYWORDS, Kind.KEYWORD),
}
_NUMBER = (
    rb"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?"
    rb"|0[oO][0-7_]*(?:\.[0-7_]*)?"
    rb"|0[bB][01_]*(?:\.[01_]*)?"
    rb"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)
_TOKEN = re.compile(
    rb"""(?P<close>[ \t\r\n]-}}|}})
  | (?P<space>[ \t\r\n]+)
  | (?P<name>(?:\.(?![0-9]|\Z)|\$)[A-Za-z0-9_\x80-\xff]*|[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)
  | (?P<number>(?=[0-9+.-])"""
    + _NUMBER
    + rb""")
  | (?P<string>"(?:[^"\\\n]++|\\[^\n])*+"|`[^`]*`)
  | (?P<character>'(?:[^'\\\n]++|\\[^\n])*+')
  | (?P<pipe>\|) | (?P<paren>[()]) | (?P<declare>:=) | (?P<assign>=)
  | (?P<punctuation>[!#%&*,/;<>?@\[\]^{}~\\])""",
    re.VERBOSE | re.DOTALL,
)
_NUMERAL = re.compile(_NUMBER)
_AFTER_NAME = re.compile(rb"[ \t\r\n.,|:)(]|}}|\Z")
_CLOSING = re.compile(rb"(?:[ \t\r\n]-)?}}")
_LEFT_TRIM = re.compile(rb"-[ \t\r\n]")
_BLANKS = b" \t\r\n"
_BLANK_BYTES = frozenset((b" ", b"\t", b"\r", b"\n"))
_SIGNS = frozenset((b"+", b"-"))
_SIMPLE = {
    "string": Kind.STRING,
    "character": Kind.CHARACTER,
    "pipe": Kind.PIPE,
    "declare": Kind.DECLARE,
    "assign": Kind.ASSIGN,
    "punctuation": Kind.PUNCTUATION,
}
_NAMES = {b".": Kind.FIELD, b"$": Kind.VARIABLE}
_UNFINISHED = {
    b"": b"the action is not closed: `}}` is missing",
    b'"': b"the quoted string is not closed on its line",
    b"`": b"the raw string is not closed",
    b"'": b"the character constant is not closed on its line",
    b":": b"a `:` must be followed by `=`",
}


def tokenize(source: bytes, limit: int) -> list[Token]:
    """All tokens; the last is `END`, or an `ERROR` or `LIMIT` that says why there is none."""
    lexer = _Lexer(source, limit)
    try:
        lexer.run()
    except _TooMany:
        reason = f"the template has more than {limit} words"
        lexer.tokens.append(Token(Kind.LIMIT, lexer.at, reason.encode()))
    return lexer.tokens


class _TooMany(Exception):
    """There are more tokens than there may be."""


class _Lexer:
    def __init__(self, source: bytes, limit: int) -> None:
        self.source = source
        self.limit = limit
        self.at = 0
        self.depth = 0
        self.tokens: list[Token] = []
        self.pending: list[bytes] = []
        self.pending_at = 0

    def emit(self, kind: Kind, at: int, text: bytes) -> None:
        if self.pending and kind is not Kind.TEXT:
            whole, self.pending = b"".join(self.pending), []
            self.emit(Kind.TEXT, self.pending_at, whole)
        if len(self.tokens) >= self.limit:
            self.at = at
            raise _TooMany
        self.tokens.append(Token(kind, at, text))

    def run(self) -> None:
        source = self.source
        while (start := source.find(b"{{", self.at)) >= 0:
            self.text(start)
            opens_comment = source.startswith(b"/*", self.at)
            if not (self.comment() if opens_comment else self.action(start)):
                return
        self.keep(source[self.at :])
        self.emit(Kind.END, len(source), b"")

    def fail(self, at: int, reason: bytes) -> bool:
        self.emit(Kind.ERROR, at, reason)
        return False

    def text(self, start: int) -> None:
        """The text up to the `{{` at `start`; goes on behind the delimiter and its trim marker."""
        trims = _LEFT_TRIM.match(self.source, start + 2) is not None
        text = self.source[self.at : start]
        if trims:
            text = text.rstrip(_BLANKS)
        self.keep(text)
        self.at = start + (4 if trims else 2)

    def keep(self, text: bytes) -> None:
        """Holds text back until an action follows: comments do not split it."""
        if text and not self.pending:
            self.pending_at = self.at
        if text:
            self.pending.append(text)

    def comment(self) -> bool:
        end = self.source.find(b"*/", self.at + 2)
        if end < 0:
            return self.fail(self.at, b"the comment is not closed")
        closing = _CLOSING.match(self.source, end + 2)
        if closing is None:
            return self.fail(self.at, b"a comment must end right before the `}}` of its action")
        self.close(closing)
        return True

    def close(self, closing: re.Match[bytes]) -> None:
        self.at = closing.end()
        if closing.end() - closing.start() > len(b"}}"):
            while self.source[self.at : self.at + 1] in _BLANK_BYTES:
                self.at += 1

    def action(self, start: int) -> bool:
        """The tokens of one action, its delimiters included; False after an error."""
        self.emit(Kind.LEFT_DELIMITER, start, b"{{")
        self.depth = 0
        while (found := _TOKEN.match(self.source, self.at)) is not None:
            group = found.lastgroup or ""
            if group == "close":
                if self.depth:
                    return self.fail(self.at, b"a `(` is not closed")
                self.close(found)
                self.emit(Kind.RIGHT_DELIMITER, found.end() - 2, b"}}")
                return True
            kind = _SIMPLE.get(group)
            if kind is not None:
                self.take(kind, found.end())
            elif not _SCANNERS[group](self, found):
                return False
        return self.stuck()

    def take(self, kind: Kind, end: int) -> bool:
        self.emit(kind, self.at, self.source[self.at : end])
        self.at = end
        return True

    def stuck(self) -> bool:
        """Says why nothing matches here."""
        first = self.source[self.at : self.at + 1]
        reason = _UNFINISHED.get(first) or _unknown(self.rune(self.at))
        return self.fail(self.at, reason)

    def space(self, found: re.Match[bytes]) -> bool:
        # The last blank belongs to a trim marker that may follow.
        return self.take(Kind.SPACE, found.end() - self.source.startswith(b"-}}", found.end()))

    def paren(self, found: re.Match[bytes]) -> bool:
        opens = found.group() == b"("
        self.depth += 1 if opens else -1
        if self.depth < 0:
            return self.fail(self.at, b"a `)` has no `(`")
        return self.take(Kind.LEFT_PAREN if opens else Kind.RIGHT_PAREN, found.end())

    def name(self, found: re.Match[bytes]) -> bool:
        """A word, field or variable: up to the first character that no name can hold."""
        text = found.group()
        kind = _NAMES.get(text[:1], Kind.IDENTIFIER)
        if not text.isascii():
            skip = 0 if kind is Kind.IDENTIFIER else 1
            text = text[:skip] + _leading_name(text[skip:])
            if not text:
                return self.stuck()
        end = self.at + len(text)
        if _AFTER_NAME.match(self.source, end) is None:
            return self.fail(self.at, _unknown(self.rune(end)) + b" after a name")
        if kind is Kind.IDENTIFIER:
            kind = _WORDS.get(text, kind)
        return self.take(Kind.DOT if text == b"." else kind, end)

    def number(self, found: re.Match[bytes]) -> bool:
        kind, end = Kind.NUMBER, found.end()
        good = not self.is_name_at(end)
        if good and self.source[end : end + 1] in _SIGNS:
            second = _NUMERAL.match(self.source, end)
            end = second.end() if second else end
            kind, good = Kind.COMPLEX, self.source[end - 1] == ord("i") and not self.is_name_at(end)
        if not good:
            shown = decode(self.source[self.at : end]) + self.rune(end)
            return self.fail(self.at, f"malformed number {shown!a}".encode())
        return self.take(kind, end)

    def rune(self, at: int) -> str:
        return decode(self.source[at : at + 4])[:1]

    def is_name_at(self, at: int) -> bool:
        rune = self.rune(at)
        return rune != "" and is_name(ord(rune))


def _leading_name(text: bytes) -> bytes:
    runes = decode(text)
    length = next((i for i, rune in enumerate(runes) if not is_name(ord(rune))), len(runes))
    return encode(runes[:length])


def _unknown(rune: str) -> bytes:
    return f"unexpected character {rune!a}".encode()


_SCANNERS: Final[dict[str, Callable[[_Lexer, re.Match[bytes]], bool]]] = {
    "space": _Lexer.space,
    "paren": _Lexer.paren,
    "name": _Lexer.name,
    "number": _Lexer.number,
}
