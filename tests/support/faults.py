"""A process that is killed at a chosen system call, and disks that cannot do everything.

Every change that an apply makes goes through `stoker.adapters.fs.disk`. Here its functions are
wrapped: they are counted, and the one with the chosen number is not carried out any more, or, if it
writes, only to its half. After that the process is dead: nothing it still tries has an effect.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from attrs import define, field

from stoker.adapters.fs import disk

CALLS: Final = (
    "create", "overwrite", "open_or_create", "empty", "write", "set_mode", "make_folder",
    "remove_folder", "remove", "link", "move", "place", "exchange", "make_durable",
)  # fmt: skip

Call = Callable[..., Any]


class Killed(BaseException):
    """The process is gone; nothing catches that."""


@define
class Process:
    """A process, by what it does to the disk."""

    budget: int | None = None
    """How many calls it still lives; None is for ever."""
    durably: bool = False
    """Whether barriers really wait for the disk."""
    calls: list[str] = field(factory=list)
    dead: bool = False

    def call(self, name: str, real: Call, *args: Any) -> Any:
        """One call, if it comes to that."""
        if self.dead:
            raise Killed
        if self.budget is not None and len(self.calls) >= self.budget:
            self.dead = True
            if name == "write":
                os.write(args[0], args[1][: len(args[1]) // 2])
            raise Killed
        self.calls.append(name)
        if name == "make_durable" and not self.durably:
            return None
        return real(*args)


@contextmanager
def process(
    budget: int | None = None,
    disk_calls: Mapping[str, Call] | None = None,
    *,
    durably: bool = False,
) -> Iterator[Process]:
    """Whatever is done in the block is done by a process that lives for so many calls.

    `disk_calls` are calls that this disk does in another way.
    """
    living = Process(budget, durably or "make_durable" in (disk_calls or {}))
    before = {name: getattr(disk, name) for name in CALLS}

    def wrapped(name: str) -> Call:
        real = (disk_calls or {}).get(name, before[name])
        return lambda *args: living.call(name, real, *args)

    for name in CALLS:
        setattr(disk, name, wrapped(name))
    try:
        yield living
    except Killed:
        pass
    finally:
        for name, real in before.items():
            setattr(disk, name, real)


def fails(number: int) -> Call:
    """A call that the file system always refuses with this error."""

    def refuse(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


NO_EXCHANGE: Final[Mapping[str, Call]] = {
    "exchange": fails(errno.EINVAL), "place": fails(errno.EINVAL)
}  # fmt: skip
"""A file system that knows only the calls of POSIX."""

NO_LINKS: Final[Mapping[str, Call]] = {**NO_EXCHANGE, "link": fails(errno.EPERM)}
"""One on which a file has one name."""

DISKS: Final[Mapping[str, Mapping[str, Call]]] = {
    "linux": {},
    "posix": NO_EXCHANGE,
    "no links": NO_LINKS,
}
