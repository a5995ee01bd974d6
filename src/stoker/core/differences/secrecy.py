"""What looks like a secret, and is compared but never shown.

A value is withheld when the name of its member, or of a member above it, looks like that of a
secret; when it is the value of an element that bears such a name (`{"name": "apiKey", "value":
…}`); and inside text, when it is a literal behind such a name, the password of a URL, or a line
of a private key. Switches (`true`, `false`, `null`) say nothing and are shown.

The names are guessed generously: a reviewer loses little by one value too few.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from stoker.core.differences.changes import Key
from stoker.core.exactjson import Json, Number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stoker.core.differences.changes import Path

WITHHELD: Final = "(not shown)"
"""What stands in the place of a secret."""

_WORDS: Final = (
    r"pass[-_ ]?word|passwd|pass[-_ ]?phrase|pwd|secret|token|credential|(?:api|access|private|"
    r"signing|encryption|encrypted|account|shared|master|license|activation)[-_ ]?key|"
    r"cipher[-_ ]?text|encoded|keystore|hmac|bearer|authorization|connection[-_ ]?string"
)
_NAME: Final = re.compile(_WORDS, re.IGNORECASE)
LOOKED_AT: Final = 20_000
"""Characters of a text in which secrets are looked for; nothing behind them is shown."""

_VALUE_MEMBERS: Final = frozenset({"value", "defaultvalue", "default", "text", "data", "content"})

# A name may go on after the telling word, as in `tokenValue`; every repetition has an end.
_NAMED: Final = rf"""(?:{_WORDS})[\w.-]{{0,60}}\\?["']?\]?"""
_ASSIGNED: Final = re.compile(
    rf"""(?P<name>{_NAMED}\s{{0,8}}(?:=>|[:=,])\s{{0,8}})"""
    r"""[urb]{0,2}(?:\\?"(?:[^"\\]|\\.)*(?:"|\Z)|'(?:[^'\\]|\\.)*(?:'|\Z))""",
    re.IGNORECASE,
)
_PLAIN_VALUE: Final = r"""[^\s"'(){}\[\],;&<>]+(?![^\s"')}\],;&<>])"""
_SET: Final = re.compile(rf"(?P<name>{_NAMED}\s{{0,8}}[:=]\s{{0,8}}){_PLAIN_VALUE}", re.IGNORECASE)
_SET_TIGHTLY: Final = re.compile(rf"(?P<name>{_NAMED}=){_PLAIN_VALUE}", re.IGNORECASE)
_MARKED_UP: Final = re.compile(
    rf"(?P<name><[\w.:-]{{0,60}}(?:{_WORDS})[^<>]{{0,200}}>)[^<]+", re.IGNORECASE
)
_URL: Final = re.compile(r"(?P<name>://[^\s/:@]{0,200}:)[^\s/@]{1,200}(?=@)")
_SCHEME: Final = re.compile(
    r"(?P<name>\b(?:bearer|basic)\s{1,8})[A-Za-z0-9+/._~-]{8,}=*", re.IGNORECASE
)
_BEGIN_KEY: Final = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_END_KEY: Final = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY-----")
_KEY: Final = re.compile(
    r"(-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----).*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)


@lru_cache(maxsize=4096)
def names_a_secret(name: str) -> bool:
    """Whether what bears this name looks like a secret."""
    return _NAME.search(name) is not None


def secret_part(path: Path) -> Path:
    """The beginning of `path` that leads to a secret; empty if it leads to none.

    What lies below a secret belongs to it: names of members, and of elements, may be the secret.
    """
    labelled = False
    for at, step in enumerate(path):
        match step:
            case Key(name):
                if names_a_secret(name) or (labelled and name.lower() in _VALUE_MEMBERS):
                    return path[: at + 1]
            case _:
                labelled = names_a_secret(step.label)
    return ()


def glimpse(value: Json, limit: int) -> str:
    """The beginning of `value` as compact JSON without secrets; no more of it is looked at."""
    shown = ""
    for piece in _pieces(value, hide=False):
        shown += piece
        if len(shown) > limit:
            return f"{shown[: limit - 1]}…"
    return shown


def _pieces(value: Json, *, hide: bool) -> Iterator[str]:
    match value:
        case str():
            yield _quoted(WITHHELD if hide else veiled_text(value[:LOOKED_AT]))
        case Number(number):
            yield WITHHELD if hide else number
        case None | bool():
            yield {None: "null", True: "true", False: "false"}[value]
        case list():
            yield "["
            for at, inner in enumerate(value):
                yield "," if at else ""
                yield from _pieces(inner, hide=hide)
            yield "]"
        case _:
            named = any(map(names_a_secret, _names(value)))
            yield "{"
            for at, (name, inner) in enumerate(value.items()):
                yield f"{',' if at else ''}{_quoted(name[:LOOKED_AT])}:"
                telling = names_a_secret(name[:LOOKED_AT])
                secret = hide or telling or (named and name.lower() in _VALUE_MEMBERS)
                yield from _pieces(inner, hide=secret)
            yield "}"


def _names(value: dict[str, Json]) -> Iterator[str]:
    for member in ("name", "id", "key", "field"):
        name = value.get(member)
        if isinstance(name, str):
            yield name[:LOOKED_AT]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def veiled_text(text: str, *, code: bool = False) -> str:
    """`text` with the secrets in it replaced; in code, what is assigned is no secret by itself."""
    if _BEGIN_KEY.search(text):
        text = _KEY.sub(rf"\1{WITHHELD}\2", text)
    if "@" in text:
        text = _URL.sub(rf"\g<name>{WITHHELD}", text)
    text = _SCHEME.sub(rf"\g<name>{WITHHELD}", text)
    if _NAME.search(text):
        text = _ASSIGNED.sub(rf'\g<name>"{WITHHELD}"', text)
        text = _MARKED_UP.sub(rf"\g<name>{WITHHELD}", text)
        text = (_SET_TIGHTLY if code else _SET).sub(rf"\g<name>{WITHHELD}", text)
    return text


def speaks_of_secrets(text: str) -> bool:
    """Whether any name in `text` looks like that of a secret."""
    return _NAME.search(text) is not None


def key_lines(lines: Sequence[str]) -> frozenset[int]:
    """Which lines are the inside of a private key."""
    found = set[int]()
    inside = False
    for at, line in enumerate(lines):
        if "PRIVATE KEY-----" in line:
            inside = _BEGIN_KEY.search(line) is not None and _END_KEY.search(line) is None
        elif inside:
            found.add(at)
    return frozenset(found)
