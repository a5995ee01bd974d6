"""A disk that loses power: what was done in which order, and what may be left of it.

`recorded` writes down every change that goes through `stoker.adapters.fs.disk`, as changes of
names and of contents. What was done before the last barrier is on the disk. Of what came after it:

- each change of names (one rename is one change) is there or not. It is not there without an
  earlier one of the same name or of its folder; on a disk that keeps a journal of its own, as ext4
  and xfs do, it is not there without any earlier one at all;
- the content of a file that was written is there, or in part, or as zeroes of the right length, or
  not at all, whatever became of its name.

`left_of` makes a directory that is what a machine finds when it starts again.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from attrs import Factory, define, frozen

from stoker.adapters.fs import disk, look
from stoker.core.manifest import Stamp
from support.faults import CALLS

Name = tuple[int, str]
"""The number of a folder, and a name in it."""


@define(eq=False)
class Node:
    """A file or folder of the recorded disk."""

    folder: bool
    mode: int
    stamp: Stamp
    content: bytes = b""


@frozen
class Names:
    """A change of names, all of them at once; a number is a node, None is no node."""

    changed: Mapping[Name, int | None]
    made: int | None = None
    """The folder that is new with it."""


@frozen
class Bytes:
    """A file's content from then on."""

    node: int
    content: bytes


@frozen
class Barrier:
    """Everything before is on the disk."""


Event = Names | Bytes | Barrier


@define
class Recording:
    """A disk, and what was done to it."""

    root: int
    nodes: dict[int, Node]
    names: dict[Name, int]
    """As it was in the beginning."""
    events: list[Event] = Factory(list)
    handles: dict[int, int] = Factory(dict)
    """Nodes, by inode."""
    contents: dict[int, bytes] = Factory(dict)
    now: dict[Name, int] = Factory(dict)
    marks: dict[str, int] = Factory(dict)
    """How many events there were when something had happened."""

    def mark(self, what: str) -> None:
        """Something has happened that must outlast everything."""
        self.marks[what] = len(self.events)

    def node_of(self, status: os.stat_result) -> int:
        """The node of what stands there."""
        if status.st_ino not in self.handles:
            number = len(self.nodes)
            self.nodes[number] = Node(
                folder=stat.S_ISDIR(status.st_mode), mode=stat.S_IMODE(status.st_mode),
                stamp=look.stamp_of(status),
            )  # fmt: skip
            self.handles[status.st_ino] = number
        return self.handles[status.st_ino]

    def name(self, name: str, folder: int) -> Name:
        """A name beside a handle."""
        return self.handles[os.fstat(folder).st_ino], name

    def rename(self, changed: Mapping[Name, int | None], made: int | None = None) -> None:
        """Note a change of names."""
        self.events.append(Names(changed, made))
        for name, node in changed.items():
            self.now.pop(name, None)
            if node is not None:
                self.now[name] = node

    def forget(self, name: Name) -> None:
        """The inode may be used again."""
        node = self.now.get(name)
        if node is not None and list(self.now.values()).count(node) == 1:
            self.handles = {ino: each for ino, each in self.handles.items() if each != node}

    def write(self, handle: int, content: bytes) -> None:
        """Note what a file holds from now on."""
        node = self.node_of(os.fstat(handle))
        self.contents[node] = content
        self.events.append(Bytes(node, content))
        self._look(handle, node)

    def _look(self, handle: int, node: int) -> None:
        status = os.fstat(handle)
        self.nodes[node].stamp = look.stamp_of(status)
        self.nodes[node].mode = stat.S_IMODE(status.st_mode)


def scanned(root: Path) -> Recording:
    """A directory that is on the disk as it is."""
    found = Recording(0, {}, {})
    found.root = found.node_of(root.stat())
    for place in sorted(root.rglob("*")):
        node = found.node_of(place.lstat())
        found.names[found.handles[place.parent.stat().st_ino], place.name] = node
        if place.is_file():
            found.nodes[node].content = found.contents[node] = place.read_bytes()
    found.now = dict(found.names)
    return found


@contextmanager
def recorded(root: Path, ignored: int | None = None) -> Iterator[Recording]:
    """Everything in the block is done to `root` and written down.

    `ignored` is the number of a barrier that is left out.
    """
    found = scanned(root)
    real = {name: getattr(disk, name) for name in CALLS}
    for name, call in _calls(found, real, ignored).items():
        setattr(disk, name, call)
    try:
        yield found
    finally:
        for name, call in real.items():
            setattr(disk, name, call)


def _calls(  # noqa: C901 - one short function for each call
    found: Recording, real: Mapping[str, Callable[..., Any]], ignored: int | None
) -> dict[str, Callable[..., Any]]:
    barriers = iter(range(1000))

    def opened(how: str) -> Callable[..., int]:
        def call(name: str, folder: int, mode: int) -> int:
            key = found.name(name, folder)
            handle: int = real[how](name, folder, mode)
            if key not in found.now:
                found.rename({key: found.node_of(os.fstat(handle))})
            if how == "overwrite":
                found.write(handle, b"")
            return handle

        return call

    def write(handle: int, data: bytes) -> None:
        real["write"](handle, data)
        node = found.node_of(os.fstat(handle))
        found.write(handle, found.contents.get(node, b"") + bytes(data))

    def empty(handle: int) -> None:
        real["empty"](handle)
        found.write(handle, b"")

    def set_mode(handle: int, mode: int) -> None:
        real["set_mode"](handle, mode)
        found.nodes[found.node_of(os.fstat(handle))].mode = mode

    def make_folder(name: str, folder: int, mode: int) -> None:
        real["make_folder"](name, folder, mode)
        made = found.node_of(os.stat(name, dir_fd=folder))
        found.rename({found.name(name, folder): made}, made)

    def remove(name: str, folder: int) -> None:
        real["remove"](name, folder)
        found.forget(found.name(name, folder))
        found.rename({found.name(name, folder): None})

    def remove_folder(name: str, folder: int) -> None:
        real["remove_folder"](name, folder)
        found.forget(found.name(name, folder))
        found.rename({found.name(name, folder): None})

    def link(name: str, folder: int, other: str, other_folder: int) -> None:
        real["link"](name, folder, other, other_folder)
        found.rename({found.name(other, other_folder): found.now[found.name(name, folder)]})

    def move(how: str) -> Callable[..., None]:
        def call(name: str, folder: int, other: str, other_folder: int) -> None:
            real[how](name, folder, other, other_folder)
            source, target = found.name(name, folder), found.name(other, other_folder)
            found.forget(target)
            found.rename({source: None, target: found.now[source]})

        return call

    def exchange(name: str, folder: int, other: str, other_folder: int) -> None:
        real["exchange"](name, folder, other, other_folder)
        one, two = found.name(name, folder), found.name(other, other_folder)
        found.rename({one: found.now[two], two: found.now[one]})

    def make_durable(folders: Sequence[int]) -> None:
        if folders and next(barriers) != ignored:
            found.events.append(Barrier())

    return {
        "create": opened("create"), "overwrite": opened("overwrite"),
        "open_or_create": opened("open_or_create"), "write": write, "empty": empty,
        "set_mode": set_mode, "make_folder": make_folder, "remove": remove,
        "remove_folder": remove_folder, "link": link, "move": move("move"),
        "place": move("place"), "exchange": exchange, "make_durable": make_durable,
    }  # fmt: skip


CONTENTS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "whole": lambda content: content,
    "half": lambda content: content[: len(content) // 2],
    "zeroes": lambda content: bytes(len(content)),
    "nothing": lambda _: b"",
}
"""What may be left of a content that was written after the last barrier."""


def left_of(  # noqa: PLR0913 - each is a choice of its own
    found: Recording,
    cut: int,
    keeps: Callable[[int], bool],
    content: Callable[[int], str],
    root: Path,
    *,
    ordered: bool,
) -> dict[int, Stamp]:
    """Make the directory that is left if power is lost after `cut` events.

    `keeps` says of a change of names after the last barrier whether it is there, `content` what is
    left of a node's content. Returns how the files look, by inode: as on the disk that was
    recorded, where a file whose content is lost may well look as if it were not.
    """
    names, contents = dict(found.names), {n: each.content for n, each in found.nodes.items()}
    done = found.events[:cut]
    durable = max((at for at, each in enumerate(done) if each == Barrier()), default=-1) + 1
    lost = set[Name]()
    lost_folders = set[int]()
    stopped = False
    for at, event in enumerate(done):
        match event:
            case Names(changed, made):
                touched = {name for name in changed if name in lost or name[0] in lost_folders}
                if at >= durable and (touched or stopped or not keeps(at)):
                    lost |= changed.keys()
                    stopped = ordered
                    if made is not None:
                        lost_folders.add(made)
                    continue
                for name, node in changed.items():
                    names.pop(name, None)
                    if node is not None:
                        names[name] = node
            case Bytes(node, text):
                contents[node] = text if at < durable else CONTENTS[content(node)](text)
    return _made(found, names, contents, root)


def _made(
    found: Recording, names: Mapping[Name, int], contents: Mapping[int, bytes], root: Path
) -> dict[int, Stamp]:
    places = {found.root: root}
    looks: dict[int, Stamp] = {}
    todo = [found.root]
    while todo:
        folder = todo.pop()
        for (above, name), node in sorted(names.items()):
            if above != folder:
                continue
            place, kind = places[folder] / name, found.nodes[node]
            if node in places:
                if not kind.folder:
                    place.hardlink_to(places[node])
                continue
            places[node] = place
            if kind.folder:
                place.mkdir()
                todo.append(node)
                continue
            place.write_bytes(contents[node])
            place.chmod(kind.mode)
            looks[place.stat().st_ino] = kind.stamp
            os.utime(place, ns=(kind.stamp.mtime_ns, kind.stamp.mtime_ns))
    return looks


@contextmanager
def looking_as(looks: Mapping[int, Stamp]) -> Iterator[None]:
    """Files look to the protocol as they did on the disk that was recorded."""
    real = look.stamp_of

    def stamp_of(status: os.stat_result) -> Stamp:
        told = looks.get(status.st_ino)
        return told if told and told.mtime_ns == status.st_mtime_ns else real(status)

    look.stamp_of = stamp_of
    try:
        yield
    finally:
        look.stamp_of = real
