"""`RelPath`: the only parser of untrusted paths.

Every path from a commit, a CR, a template's output or a disk becomes a `RelPath` or a
`PathError`; code that holds a `RelPath` needs no further check. It is relative, normalised
(`./a//b/` is `a/b`), and cannot name anything outside the root that it is joined to: no leading
`/`, no `..`, no NUL, no backslash, no control character, no name that a disk cannot hold, and
nothing that is not valid Unicode. The root itself is `.`.

It is a `str` so that a hundred thousand of them hash, compare and sort at the speed of strings.
Its own methods are the only ones that return a `RelPath`; everything that `str` does returns text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Self

from stoker.core.errors import PathError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_NAME_BYTES: Final = 255
"""What the file systems of Linux take as one name."""

MAX_DEPTH: Final = 128
"""Names in one path; Ignition's trees have 17. It bounds every walk."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
# Printable ASCII without slash and backslash: most names, told apart from '.' and '..'.
_PLAIN_NAME: Final = re.compile(r"(?!\.\.?\Z)[ -.0-\[\]-~]{1,255}")


class RelPath(str):
    """A path below some root; `RelPath.parse` and `RelPath` itself are the same check."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Check and normalise `text`, or raise `PathError`."""
        return cls.parse(text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Check and normalise `text`, or raise `PathError`."""
        if type(text) is cls:
            return text
        _check_characters(text)
        names = [name for name in text.split("/") if name not in {"", "."}]
        if ".." in names:
            raise _refusal(text, "leaves its root by '..'", "write the path without '..'")
        if len(names) > MAX_DEPTH:
            raise _refusal(text, f"is nested deeper than {MAX_DEPTH}", "move it up")
        # Four bytes at most for a character: a short text needs no closer look.
        if 4 * len(text) > MAX_NAME_BYTES:
            _check_lengths(text, names)
        return cls._of("/".join(names) or ".")

    @classmethod
    def _of(cls, normalised: str) -> Self:
        return super().__new__(cls, normalised)

    @property
    def names(self) -> tuple[str, ...]:
        """The names from the root downwards; none for the root."""
        return () if self == ROOT else tuple(str.split(self, "/"))

    @property
    def name(self) -> str:
        """The last name; empty for the root."""
        return "" if self == ROOT else self.rpartition("/")[2]

    @property
    def parent(self) -> Self:
        """The directory that holds this path; the root is its own parent."""
        return self._of(self.rpartition("/")[0] or ".")

    def ancestors(self) -> Iterator[Self]:
        """The directories above this path, nearest first, without the root."""
        path = self.parent
        while path != ROOT:
            yield path
            path = path.parent

    def is_within(self, directory: RelPath) -> bool:
        """Whether this path is `directory` or lies below it."""
        return directory in (ROOT, self) or self.startswith(f"{directory}/")

    def is_below(self, directory: RelPath) -> bool:
        """Whether this path lies below `directory` and is not `directory` itself."""
        return self != directory and self.is_within(directory)

    def relative_to(self, directory: RelPath) -> Self:
        """The rest of this path below `directory`, which must hold it."""
        if self == directory:
            return self._of(".")
        if not self.is_within(directory):
            raise _refusal(self, f"does not lie within '{directory}'", "choose a path below it")
        return self if directory == ROOT else self._of(self[len(directory) + 1 :])

    def child(self, name: str) -> Self:
        """The path of `name` in this directory; `name` is one untrusted name."""
        if not _PLAIN_NAME.fullmatch(name):
            checked = type(self).parse(name)
            if checked != name or "/" in name or checked == ROOT:
                raise _refusal(name, "is not one name", "rename the file")
        return self._joined(name)

    def __truediv__(self, below: str) -> Self:
        """This directory's path `below`: checked when it is text, taken as it is when checked."""
        rest = type(self).parse(below)
        return self if rest == ROOT else self._joined(rest)

    def _joined(self, below: str) -> Self:
        if self == ROOT:
            return self._of(below)
        path = f"{self}/{below}"
        if path.count("/") >= MAX_DEPTH:
            raise _refusal(path, f"is nested deeper than {MAX_DEPTH}", "move it up")
        return self._of(path)

    def __repr__(self) -> str:
        """`RelPath('a/b')`."""
        return f"RelPath({str(self)!r})"


def _check_characters(text: str) -> None:
    if not text:
        raise _refusal(text, "is empty", "name a path, or '.' for the root")
    if text.startswith("/"):
        raise _refusal(text, "is absolute", "write it relative, without the leading '/'")
    if "\\" in text:
        raise _refusal(text, "contains a backslash", "separate names by '/'")
    if not text.isascii() and _SURROGATE.search(text):
        raise _refusal(text, "is not valid UTF-8", "rename the file")
    if control := _CONTROL.search(text):
        code = f"U+{ord(control.group()):04X}"
        raise _refusal(text, f"contains the control character {code}", "remove it")


def _check_lengths(text: str, names: list[str]) -> None:
    for name in names:
        if len(name.encode()) > MAX_NAME_BYTES:
            raise _refusal(text, f"has a name of more than {MAX_NAME_BYTES} bytes", "shorten it")


def _refusal(text: str, what: str, cure: str) -> PathError:
    return PathError(f"the path {what}", where=str(text), cure=cure)


ROOT: Final = RelPath(".")
"""The root of whatever a path is relative to."""
