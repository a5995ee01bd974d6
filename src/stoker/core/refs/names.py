"""`RefName` and `CommitId`: the only parsers of ref names and commit ids.

A `RefName` is what a user may write as `spec.git.ref`: a branch, a tag, a full name such as
`refs/heads/main`, `HEAD`, or a full commit id. Everything that git itself refuses as a ref is
refused, and so is everything that git could take for an option or for a revision expression
(`main~3`, `v1^{}`). Code that holds a `RefName` can put it into an argument list.

Both are a `str`, so that they compare, hash and print as what they are.
"""

from __future__ import annotations

import re
from typing import Final, Self

from stoker.core.errors import RefError

MAX_REF_BYTES: Final = 1024
"""Longer than any server takes, short enough for an annotation, an event and a log line."""

SHOWN: Final = 80
"""How many characters of a name that is too long are shown."""

SHORT_ID: Final = 7
"""How many digits of a commit id are shown to people."""

_ID: Final = re.compile(r"(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_BRANCHES: Final = "refs/heads/"
_TAGS: Final = "refs/tags/"

_FORBIDDEN: Final = (
    ("..", "contains '..'"),
    ("@{", "contains '@{'"),
    ("//", "contains '//'"),
    (" ", "contains a space"),
    *((character, f"contains '{character}'") for character in "~^:?*[\\"),
)


class CommitId(str):
    """The full id of a commit, in lower case; the id of nothing (all zeros) is none."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Check `text`, or raise `RefError`."""
        return cls.parse(text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Check `text`, or raise `RefError`."""
        if not _ID.fullmatch(text):
            raise _refusal(text, "is not a commit id", "give all 40 or 64 hexadecimal digits")
        if not text.strip("0"):
            raise _refusal(text, "is the id of nothing", "give the id of a commit")
        return str.__new__(cls, text.lower())

    @property
    def short(self) -> str:
        """The first seven digits, for people."""
        return self[:SHORT_ID]

    def __repr__(self) -> str:
        """`CommitId('…')`."""
        return f"CommitId({str(self)!r})"


class RefName(str):
    """A legal name of a branch, a tag or a commit; a commit id is kept in lower case."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Check `text`, or raise `RefError`."""
        return cls.parse(text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Check `text`, or raise `RefError`."""
        if type(text) is cls:
            return text
        if _ID.fullmatch(text):
            return str.__new__(cls, CommitId.parse(text))
        _check_characters(text)
        _check_shape(text)
        return str.__new__(cls, text)

    @classmethod
    def branch(cls, name: str) -> Self:
        """The full name of the branch `name`."""
        return cls.parse(_BRANCHES + name)

    @classmethod
    def tag(cls, name: str) -> Self:
        """The full name of the tag `name`."""
        return cls.parse(_TAGS + name)

    @property
    def commit(self) -> CommitId | None:
        """The commit that this name is the id of, if it is one."""
        return CommitId(self) if _ID.fullmatch(self) else None

    @property
    def is_exact(self) -> bool:
        """Whether this is a full name, which means one ref of the server and no other."""
        return self.startswith("refs/") or self == "HEAD"

    @property
    def candidates(self) -> tuple[str, ...]:
        """The full names that this name may mean, the preferred one first."""
        if self.commit is not None:
            return ()
        return (str(self),) if self.is_exact else (_TAGS + self, _BRANCHES + self)

    def __repr__(self) -> str:
        """`RefName('main')`."""
        return f"RefName({str(self)!r})"


def _check_characters(text: str) -> None:
    if not text:
        raise _refusal(text, "is empty", "name a branch, a tag or a commit")
    if _SURROGATE.search(text):
        raise _refusal(text, "is not valid UTF-8", "write it in UTF-8")
    if len(text.encode()) > MAX_REF_BYTES:
        raise _refusal(text, f"is longer than {MAX_REF_BYTES} bytes", "shorten it")
    if control := _CONTROL.search(text):
        code = f"U+{ord(control.group()):04X}"
        raise _refusal(text, f"contains the control character {code}", "remove it")
    for part, what in _FORBIDDEN:
        if part in text:
            raise _refusal(text, what, "write the plain name of a branch, a tag or a commit")


def _check_shape(text: str) -> None:
    if text.startswith("-"):
        raise _refusal(text, "starts with '-'", "remove the '-'")
    if text == "@":
        raise _refusal(text, "is only '@'", "write HEAD for the default branch")
    if text.startswith("/") or text.endswith("/"):
        raise _refusal(text, "starts or ends with '/'", "remove the '/'")
    if text.endswith("."):
        raise _refusal(text, "ends with '.'", "remove the '.'")
    for name in text.split("/"):
        if name.startswith("."):
            raise _refusal(text, "has a part that starts with '.'", "remove the '.'")
        if name.endswith(".lock"):
            raise _refusal(text, "has a part that ends with '.lock'", "remove '.lock'")


def _refusal(text: str, why: str, cure: str) -> RefError:
    shown = text if len(text) <= MAX_REF_BYTES else f"{text[:SHOWN]}…"
    return RefError(f"the ref {why}", where=shown, cure=cure)
