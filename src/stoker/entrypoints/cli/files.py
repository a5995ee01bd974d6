"""Files that the user names: read once, in bounds, with errors that say what to do."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from attrs import frozen

from stoker.core.errors import StokerError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_FILE: Final = 1 << 20
"""Bytes of a profile or manifest: more than the API server would take."""

STDIN: Final = Path("-")
"""Stands for standard input, as everywhere."""

_CURES: Final[Mapping[int, str]] = {
    errno.ENOENT: "check its name",
    errno.ENOTDIR: "check its name",
    errno.EISDIR: "name a file",
    errno.ELOOP: "check its name",
    errno.ENAMETOOLONG: "check its name",
    errno.EACCES: "make it readable for the user that runs this command",
    errno.EPERM: "make it readable for the user that runs this command",
}


@frozen
class FileError(StokerError):
    """A file or directory that cannot be used; `where` is its name as it was given."""

    reason: ClassVar[str] = "InvalidFile"


def file_error(error: OSError, path: Path | str, doing: str, what: str = "it") -> FileError:
    """The error for what the operating system says of `path`."""
    told = os.strerror(error.errno) if error.errno else str(error)
    return FileError(
        f"cannot {doing} {what}: {told}",
        where=str(path),
        cure=_CURES.get(error.errno or 0, "look after the disk"),
    )


def shown_name(path: Path) -> str:
    """What a file is called in messages."""
    return "<stdin>" if path == STDIN else str(path)


def read_text(path: Path) -> str:
    """The text of a file, or of standard input for `-`; raises `FileError`."""
    try:
        if path == STDIN:
            content = sys.stdin.buffer.read(MAX_FILE + 1)
        else:
            with path.open("rb") as stream:
                content = stream.read(MAX_FILE + 1)
    except OSError as error:
        raise file_error(error, path, "read") from error
    return decoded(content, shown_name(path))


def decoded(content: bytes, name: str) -> str:
    """`content` as text; raises `FileError`."""
    if len(content) > MAX_FILE:
        raise FileError(
            f"is larger than {MAX_FILE >> 20} MiB", where=name, cure="name a smaller file"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fault = f"is not valid UTF-8 in line {line}"
        raise FileError(fault, where=name, cure="save it as UTF-8") from error


def check_readable(path: Path, what: str) -> None:
    """See that a file which is read later can be read; raises `FileError`."""
    try:
        with path.open("rb") as stream:
            if stat.S_ISREG(os.fstat(stream.fileno()).st_mode) and not stream.read(1):
                raise FileError(f"{what} is empty", where=str(path), cure="name another file")
    except OSError as error:
        raise file_error(error, path, "read", what) from error


def check_directory(path: Path) -> None:
    """See that a directory is there; raises `FileError`."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise file_error(error, path, "enter") from error
    if not stat.S_ISDIR(mode):
        raise FileError("is no directory", where=str(path), cure="name a directory")
