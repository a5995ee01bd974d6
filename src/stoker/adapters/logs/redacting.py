"""What must not stand in a log, found in values of any kind and replaced by `***`.

Two things are looked for in every text: values that somebody has named by `hide`, in the forms in
which they travel (as they are, quoted for URLs, escaped, in base64 at any alignment), and texts
that look like a credential whoever they belong to (users of addresses, `Authorization`, tokens of
known shapes, private keys). All places are marked in the text as it was and then replaced at once,
so that secrets that overlap or hold one another leave no piece behind.

Hidden values are found by their first six characters, so a line costs the same whether ten are
known or thousands. The oldest are forgotten when there are too many; who uses a secret again hides
it again.

A value of any other kind becomes text here. What comes out is made of the types of JSON alone, so
nothing that is done to it afterwards can bring a secret back.
"""

from __future__ import annotations

import base64
import json
import math
import re
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final, TypeAlias
from urllib.parse import quote, quote_plus

from attrs import define, field

from stoker.core.errors import StokerError

HIDDEN: Final = "***"
"""What stands in place of a secret."""
SHORTEST: Final = 6
"""How many characters a value has at least that is hidden; shorter ones are parts of many words."""
MOST: Final = 4_096
"""How many values are hidden at a time."""
MOST_CHARACTERS: Final = 8 << 20
"""How many characters all their forms have together."""
DEEPEST: Final = 8
"""How far values are looked into; what is deeper is left out."""
_LARGEST: Final = 1 << 64

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"

# An escaped line end is no letter of what follows it.
_START: Final = r"(?:(?<![\w-])|(?<=\\[nrt]))"
_HEADER: Final = (
    r"(?i:authorization|(?:private|job|gitlab|api)-token)[\"']?\s{0,9}[:=]\s{0,9}[\"']?"
)
_KEY: Final = "[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_SHAPES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        # The user of an address, up to the last `@` before the path; a password may hold a slash,
        # as long as it does not read like a port.
        r"(?<=://)(?P<user>[^\s/?#\"'<>]{1,4096})@",
        r"(?<=://)(?P<secret>[^\s/@:]{0,256}:(?!\d{1,5}(?:[/?#\s]|$))\S{1,1024})@",
        _HEADER + r"(?P<secret>(?:(?i:basic|bearer|token|negotiate)\s+)?[^\s\"',;]+)",
        # A word behind `basic` is a secret if it does not look like a word.
        r"(?i:\b(?:basic|bearer))\s+(?P<secret>(?=[\w.~+/-]*(?:\d|[a-z][A-Z]|=))[\w.~+/=-]{8,})",
        r"(?P<secret>gh[opsur]_[\w.-]{20,}|github_pat_\w{20,})",
        _START + r"(?P<secret>gl(?:pat|ptt|dt|rt|cbt)-[\w.-]{16,}|ATBB\w{16,}|ATCTT[\w=-]{16,})",
        _START + r"(?P<secret>eyJ[\w-]{5,}\.[\w-]{2,}\.[\w-]*)",
        rf"(?s)(?P<secret>-----BEGIN {_KEY}.*?(?:-----END {_KEY}|\Z))",
    )
)
_NAMES: Final = re.compile(
    r"(?:.*_)?(?:authorization|cookie|password|passphrase|token|api_?key|private_?key|client_secret)"
)
"""Fields whose whole value is a secret, whatever it looks like."""


@define
class Redactor:
    """The values to hide, and how to take them out; any thread may use it."""

    _forms: OrderedDict[str, tuple[str, ...]] = field(factory=OrderedDict)
    _owners: Counter[str] = field(factory=Counter)
    _index: dict[str, tuple[str, ...]] = field(factory=dict)
    _characters: int = 0
    _writing: threading.Lock = field(factory=threading.Lock)

    def hide(self, secret: str) -> None:
        """Let this value never be seen."""
        value = secret.strip()
        if len(value) < SHORTEST:
            return
        with self._writing:
            if value in self._forms:
                self._forms.move_to_end(value)
                return
            forms = tuple(_forms(value))
            self._forms[value] = forms
            for form in forms:
                self._learn(form)
            while len(self._forms) > MOST or (
                len(self._forms) > 1 and self._characters > MOST_CHARACTERS
            ):
                for form in self._forms.popitem(last=False)[1]:
                    self._forget(form)

    def plain(self, value: object, depth: int = DEEPEST) -> Plain:
        """`value` without secrets, in the types of JSON."""
        match value:
            case None | bool():
                return value
            case Mapping() | list() | tuple() | set() | frozenset() if depth == 0:
                return "…"
            case Mapping():
                return self.fields(value, depth - 1)
            case list() | tuple() | set() | frozenset():
                return [self.plain(one, depth - 1) for one in value]
            case int() | float() if not isinstance(value, Enum):
                return self._number(value)
            case _:
                return self.text(_shown(value))

    def fields(self, values: Mapping[Any, object], depth: int = DEEPEST) -> dict[str, Plain]:
        """The same of names and values; a value whose name says that it is a secret is one."""
        return dict(self._field(key, one, depth) for key, one in values.items())

    def text(self, text: str) -> str:
        """`text` without secrets."""
        spans = sorted((*self._known(text), *_shaped(text)))
        if not spans:
            return text
        pieces, done = [], 0
        for start, end in spans:
            if start >= done:
                pieces += [text[done:start], HIDDEN]
            done = max(done, end)
        return "".join((*pieces, text[done:]))

    def _field(self, key: object, value: object, depth: int) -> tuple[str, Plain]:
        name = _shown(key)
        is_secret = _NAMES.fullmatch(name.lower().replace("-", "_")) and value not in (None, "")
        return self.text(name), HIDDEN if is_secret else self.plain(value, depth)

    def _number(self, value: float) -> Plain:
        shown = _shown(value)
        told = self.text(shown)
        is_legal = abs(value) < _LARGEST if isinstance(value, int) else math.isfinite(value)
        return value if told == shown and is_legal else told

    def _known(self, text: str) -> Iterator[tuple[int, int]]:
        index = self._index
        if not index:
            return
        for start in range(len(text) - SHORTEST + 1):
            for form in index.get(text[start : start + SHORTEST], ()):
                if text.startswith(form, start):
                    yield start, start + len(form)

    def _learn(self, form: str) -> None:
        self._owners[form] += 1
        if self._owners[form] == 1:
            beginning = form[:SHORTEST]
            # Readers hold no lock: they see the old tuple or the new one.
            self._index[beginning] = (*self._index.get(beginning, ()), form)
            self._characters += len(form)

    def _forget(self, form: str) -> None:
        self._owners[form] -= 1
        if not self._owners[form]:
            del self._owners[form]
            left = tuple(one for one in self._index[form[:SHORTEST]] if one != form)
            if left:
                self._index[form[:SHORTEST]] = left
            else:
                del self._index[form[:SHORTEST]]
            self._characters -= len(form)


def _shown(value: object) -> str:
    """`value` as text, whatever it is; never an error."""
    try:
        match value:
            case str():
                return str.__str__(value)
            case bytes() | bytearray() | memoryview():
                return bytes(value).decode(errors="backslashreplace")
            case Enum():
                return str(value.value)
            case BaseException() if not isinstance(value, StokerError):
                return f"{type(value).__name__}: {value}".removesuffix(": ")
            case _:
                return str(value)
    except Exception:  # noqa: BLE001 - a log line is no place to fail in
        return f"<{type(value).__name__} that cannot be shown>"


def _shaped(text: str) -> Iterator[tuple[int, int]]:
    """Where credentials stand that have a shape of their own."""
    for shape in _SHAPES:
        for found in shape.finditer(text):
            if "user" not in shape.groupindex:
                yield found.span("secret")
            elif not _is_name(text, found):
                yield found.span("user")


def _is_name(text: str, found: re.Match[str]) -> bool:
    """Whether the user of an address is no secret: `ssh://git@host`."""
    return ":" not in found["user"] and text.endswith("ssh://", 0, found.start("user"))


def _forms(value: str) -> set[str]:
    """How a value may be written; none of them is shorter than what is looked for."""
    raw = value.encode(errors="surrogatepass")
    quoted = {quote(raw, safe=""), quote(raw), quote_plus(raw), quote_plus(raw, safe="/")}
    escaped = {
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        repr(raw)[2:-1],
    }
    lines = {line.strip() for line in value.splitlines() if not line.startswith("-----")}
    lowered = {re.sub("%..", lambda found: found[0].lower(), one) for one in quoted}
    return {
        form
        for form in {value, *quoted, *lowered, *escaped, *lines, *_in_base64(raw)}
        if len(form) >= SHORTEST
    }


def _in_base64(raw: bytes) -> Iterable[str]:
    """The characters that stand for these bytes alone, wherever in other bytes they stand."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw)
        first, end = -(-8 * before // 6), 8 * (before + len(raw)) // 6
        found = whole[first:end].decode()
        yield found
        yield found.translate({ord("+"): "-", ord("/"): "_"})
