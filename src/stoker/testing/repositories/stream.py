"""What `git fast-import` reads: a commit with its files, one after the other.

Nothing is collected: each file goes to git as it comes, so a commit of 750 MB needs the memory of
its largest file. Paths go as quoted bytes, so any name that git can store can be written; text
with lone surrogates is a name that is not UTF-8, as `os.fsdecode` gives it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@frozen
class Executable:
    """A file that may be run."""

    content: bytes | str


@frozen
class Symlink:
    """A symbolic link; `target` is written as it is."""

    target: bytes | str


@frozen
class Gitlink:
    """A submodule: the id of another repository's commit."""

    commit: str


Item = bytes | str | Executable | Symlink | Gitlink
"""What may stand at a path; bytes and text are a plain file."""

_UNQUOTABLE: Final = re.compile(rb"[^ !#-\[\]-~]")


@frozen(kw_only=True)
class Header:
    """All of a commit but its files."""

    branch: str
    parent: str | None
    identity: str
    at: int
    message: str


def commit_stream(
    header: Header, files: Iterable[tuple[str, Item]], delete: Iterable[str] = ()
) -> Iterator[bytes]:
    """One commit, for fast-import; its id is what `get-mark :1` then answers."""
    who = f"{header.identity} {header.at} +0000\n".encode()
    yield b"commit refs/heads/%s\nmark :1\n" % header.branch.encode()
    yield b"author " + who + b"committer " + who + _data(header.message.encode())
    if header.parent is not None:
        yield b"from %s\n" % header.parent.encode()
    for path in delete:
        yield b"D %s\n" % _quoted(path)
    for path, item in files:
        yield from _file(_quoted(path), item)
    yield b"\nget-mark :1\n"


def _file(path: bytes, item: Item) -> Iterator[bytes]:
    match item:
        case Gitlink(commit):
            yield b"M 160000 %s %s\n" % (commit.encode(), path)
        case Symlink(target):
            yield b"M 120000 inline %s\n" % path + _data(_bytes(target))
        case Executable(content):
            yield b"M 100755 inline %s\n" % path + _data(_bytes(content))
        case _:
            yield b"M 100644 inline %s\n" % path + _data(_bytes(item))


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _bytes(content: bytes | str) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _quoted(path: str) -> bytes:
    raw = path.encode("utf-8", "surrogateescape")
    return b'"%s"' % _UNQUOTABLE.sub(lambda found: b"\\%03o" % found.group()[0], raw)
