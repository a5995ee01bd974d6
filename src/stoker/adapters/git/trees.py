"""Directories of a commit, read when they are first looked at.

A tree object is a run of `mode name NUL id`; it is taken apart here, by one regular expression,
which is as fast as libgit2's own objects and leaves every decision to us: modes are read as git
reads them (group-writable files of old repositories are plain files), links and submodules come
out as such, and a name that is not UTF-8 keeps its bytes as lone surrogates, which `RelPath` then
refuses where the name matters and nowhere else.

A `Tree` of the core holds no entries here, only where to read them. Trees that were opened stay on
a `Shelf` that holds so many entries and no more: a walk over a hundred thousand files needs the
memory of the shelf, and looking for one path after the other opens each folder once.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping
from enum import Enum, auto
from functools import lru_cache
from itertools import chain
from typing import ClassVar, Final

from attrs import field, frozen

from stoker.adapters.git.errors import GitError
from stoker.core.errors import Disposition, Permanent
from stoker.core.manifest import Digest, Mode
from stoker.core.tree import Blob, Link, Node, Submodule, Tree

MAX_SHELVED: Final = 4_000
"""How many entries of opened trees are kept: some 2 MB, which a processor's cache can hold."""

_ENTRY: Final = re.compile(rb"([0-7]{5,6}) ([^\0]+)\0(.{20})", re.DOTALL)
_BETWEEN: Final = len(b" \0")
"""Bytes of an entry that separate its parts."""

_PLAIN: Final = b"100644"
_FOLDER: Final = b"40000"
_PERMISSIONS: Final = 12
"""The bits of a mode below those that say what it is."""
_RUNS: Final = 0o100
"""The one of them that makes a file executable to git."""


class Kind(Enum):
    """What an entry of a tree can be."""

    FILE = auto()
    PROGRAM = auto()
    LINK = auto()
    FOLDER = auto()
    SUBMODULE = auto()


@frozen
class MalformedObject(GitError):
    """An object that is whole and still not what git should hold; `where` is its id."""

    retry: Disposition = field(default=Permanent(), kw_only=True)

    reason: ClassVar[str] = "MalformedObject"


class Shelf:
    """The trees that were opened last; `read` gives a tree's bytes by its id."""

    def __init__(self, read: Callable[[str], bytes], room: int = MAX_SHELVED) -> None:
        self._read = read
        self._room = room
        self._open: OrderedDict[str, dict[str, Node]] = OrderedDict()
        self.held = 0

    def tree(self, tree_id: str) -> Tree:
        """The tree, not yet looked at."""
        return Tree(tree_id, Entries(self, tree_id))

    def entries(self, tree_id: str) -> dict[str, Node]:
        """What the tree holds, by name."""
        found = self._open.get(tree_id)
        if found is None:
            found = self._opened(tree_id)
        else:
            self._open.move_to_end(tree_id)
        return found

    def clear(self) -> None:
        """Forget all of them; they can be opened again."""
        self._open.clear()
        self.held = 0

    def _opened(self, tree_id: str) -> dict[str, Node]:
        entries = self._nodes(tree_id)
        self._open[tree_id] = entries
        self.held += 1 + len(entries)
        # The tree just opened stays, however large it is.
        while self.held > self._room and len(self._open) > 1:
            _, gone = self._open.popitem(last=False)
            self.held -= 1 + len(gone)
        return entries

    def _nodes(self, tree_id: str) -> dict[str, Node]:
        rows = rows_of(tree_id, self._read(tree_id))
        nodes = {_text(name): self._node(mode, raw_id.hex()) for mode, name, raw_id in rows}
        if len(nodes) != len(rows):
            raise _malformed(tree_id, "lists a name twice")
        return nodes

    def _node(self, mode: bytes, node_id: str) -> Node:
        # Nearly everything is one of the first two.
        if mode == _PLAIN:
            return Blob(Digest(node_id))
        if mode == _FOLDER:
            return Tree(node_id, Entries(self, node_id))
        return self._unusual(kind_of(mode), node_id)

    def _unusual(self, kind: Kind, node_id: str) -> Node:
        match kind:
            case Kind.FILE:
                return Blob(Digest(node_id))
            case Kind.PROGRAM:
                return Blob(Digest(node_id), Mode.EXECUTABLE)
            case Kind.LINK:
                return Link(Digest(node_id))
            case Kind.FOLDER:
                return Tree(node_id, Entries(self, node_id))
            case _:
                return Submodule(node_id)


class Entries(Mapping[str, Node]):
    """What one tree holds; nothing is read before somebody asks."""

    __slots__ = ("_id", "_shelf")

    def __init__(self, shelf: Shelf, tree_id: str) -> None:
        self._shelf = shelf
        self._id = tree_id

    def __getitem__(self, name: str) -> Node:
        return self._shelf.entries(self._id)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shelf.entries(self._id))

    def __len__(self) -> int:
        return len(self._shelf.entries(self._id))

    # What follows works without, only slower: the mapping's own go entry by entry.

    def __contains__(self, name: object) -> bool:
        return name in self._shelf.entries(self._id)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._shelf.entries(self._id).keys()

    def items(self) -> ItemsView[str, Node]:
        """The names and what stands there."""
        return self._shelf.entries(self._id).items()


@lru_cache(maxsize=64)
def kind_of(mode: bytes) -> Kind:
    """What an entry of this mode is, as git takes it."""
    bits = int(mode, 8)
    match bits >> _PERMISSIONS:
        case 0o10:
            return Kind.PROGRAM if bits & _RUNS else Kind.FILE
        case 0o04:
            return Kind.FOLDER
        case 0o12:
            return Kind.LINK
        case _:
            # As git does: whatever it does not know is another repository's.
            return Kind.SUBMODULE


def rows_of(tree_id: str, raw: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Mode, name and id of each entry, as they stand in the tree's bytes."""
    rows = _ENTRY.findall(raw)
    if sum(map(len, chain.from_iterable(rows))) + len(rows) * _BETWEEN != len(raw):
        raise _malformed(tree_id, "is not a list of entries")
    return rows


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("utf-8", "surrogateescape")


def _malformed(tree_id: str, what: str) -> MalformedObject:
    return MalformedObject(
        f"the tree {what}", where=tree_id, cure="write the folder anew with git, and commit it"
    )
