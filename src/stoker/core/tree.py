"""A commit's tree, read from the top and no further than asked.

`Tree.entries` is any mapping, so an adapter can hand in one that reads git objects when they are
first looked at; `Tree.of` builds a whole tree in memory. Either way the id stands for everything
below it: two trees with one id are equal, and `changes` never opens both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from attrs import field, frozen

from stoker.core.errors import PathError
from stoker.core.manifest import Digest, Mode
from stoker.core.paths import ROOT, RelPath

AnyPath = TypeVar("AnyPath", bound=str)

EMPTY_TREE_ID: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@frozen
class Blob:
    """A file."""

    id: Digest
    mode: Mode = Mode.REGULAR


@frozen
class Link:
    """A symbolic link; it is never followed."""

    id: Digest


@frozen
class Submodule:
    """Another repository's commit; it is never fetched."""

    id: str


@frozen
class Tree:
    """A directory; its id stands for all that it holds."""

    id: str
    entries: Mapping[str, Node] = field(eq=False, repr=False)

    @classmethod
    def of(cls, files: Mapping[AnyPath, Leaf]) -> Tree:
        """The tree that holds `files`, with the ids that git would give."""
        root: _Folder = {}
        for path, leaf in sorted(files.items()):
            parsed = RelPath.parse(path)
            if parsed == ROOT:
                raise PathError("the path of a file is the root", where=path)
            *folders, name = parsed.names
            folder = root
            for step in folders:
                below = folder.setdefault(step, {})
                if not isinstance(below, dict):
                    raise PathError("the path is a file and a directory", where=path)
                folder = below
            if name in folder:
                raise PathError("the path is there twice", where=path)
            folder[name] = leaf
        return _assembled(root)

    def find(self, path: RelPath) -> Node | None:
        """What stands at `path`, or None; the root is this tree."""
        node: Node | None = self
        for name in path.names:
            if not isinstance(node, Tree):
                return None
            node = node.entries.get(name)
        return node


Leaf = Blob | Link | Submodule
Node = Leaf | Tree
_Folder = dict[str, "Leaf | _Folder"]


def changes(old: Node | None, new: Node | None, at: RelPath = ROOT) -> Iterator[RelPath]:
    """The paths of all leaves that differ between two trees; equal subtrees are not opened."""
    if old == new:
        return
    below_old = old.entries if isinstance(old, Tree) else {}
    below_new = new.entries if isinstance(new, Tree) else {}
    if _is_leaf(old) or _is_leaf(new):
        yield at
    for name in sorted(below_old.keys() | below_new.keys()):
        yield from changes(below_old.get(name), below_new.get(name), at.child(name))


def _is_leaf(node: Node | None) -> bool:
    return node is not None and not isinstance(node, Tree)


def _assembled(folder: _Folder) -> Tree:
    entries: dict[str, Node] = {
        name: _assembled(node) if isinstance(node, dict) else node for name, node in folder.items()
    }
    return Tree(_tree_id(entries), entries)


def _tree_id(entries: Mapping[str, Node]) -> str:
    # git sorts a directory as if its name ended in a slash.
    order = sorted(entries, key=lambda name: _sort_key(name, entries[name]))
    body = b"".join(
        b"%s %s\0" % (_git_mode(entries[name]), name.encode()) + bytes.fromhex(entries[name].id)
        for name in order
    )
    wide = any(len(node.id) > len(EMPTY_TREE_ID) for node in entries.values())
    hasher = hashlib.sha256() if wide else hashlib.sha1(usedforsecurity=False)
    hasher.update(b"tree %d\0" % len(body))
    hasher.update(body)
    return hasher.hexdigest()


def _sort_key(name: str, node: Node) -> bytes:
    return name.encode() + (b"/" if isinstance(node, Tree) else b"")


_MODES: Final = {Link: b"120000", Submodule: b"160000", Tree: b"40000"}


def _git_mode(node: Node) -> bytes:
    if isinstance(node, Blob):
        return b"100755" if node.mode is Mode.EXECUTABLE else b"100644"
    return _MODES[type(node)]
