"""`Bounds`: what of a mapped source is left out, and why; and the walk that respects them."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.errors import PathError, Problem
from stoker.core.globs import Excludes, IgnoreFile
from stoker.core.ignition import Free, Guarded, may_write, protects_everything_below
from stoker.core.mapping.filespec import FileSpec
from stoker.core.mapping.placement import Placement, unfollowed
from stoker.core.paths import ROOT, RelPath
from stoker.core.planning import Kept, KeptReason
from stoker.core.tree import Blob, Leaf, Node, Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

IGNORE_FILE: Final = RelPath(".stokerignore")
"""The repository's own excludes: at its root, with the semantics of a .gitignore."""

Found = FileSpec | Kept | Problem
"""What a walk comes upon: a file to place, something to leave alone, something that is wrong."""


@frozen
class Bounds:
    """Excludes of destinations, ignored paths of the repository, and what the gateway owns."""

    excludes: Excludes
    ignored: IgnoreFile

    def leaves_out(self, placement: Placement, path: RelPath, source: RelPath) -> KeptReason | None:
        """Why the file at `source` is not placed at `path` by this mapping, or None."""
        if self.excludes.matches(path):
            return KeptReason.EXCLUDED
        if source == IGNORE_FILE or self._ignores(source):
            return KeptReason.IGNORED
        return _ownership(path, placement.destination)

    def spares(self, placements: Iterable[Placement], path: RelPath) -> KeptReason | None:
        """Why nothing may touch `path` on the disk, whatever the commit says, or None."""
        if self.excludes.matches(path):
            return KeptReason.EXCLUDED
        owned = {_ownership(path, placement.destination) for placement in placements}
        if owned and None not in owned:
            return max(owned, key=str)
        if not self.ignored.lines:
            return None
        sources = (placement.source_of(path) for placement in placements)
        ignored = any(source and self._ignores(source) for source in sources)
        return KeptReason.IGNORED if ignored else None

    def walk(self, placement: Placement, below: RelPath = ROOT) -> Iterator[Found]:
        """All that a mapping finds at or below the path `below` of its source, in order."""
        start: Node | None = placement.node
        if isinstance(start, Tree):
            start = start.find(below)
        if start is None:
            return
        todo = [(start, placement.destination / below, placement.source / below)]
        # Most mappings keep the names: then one path serves as both.
        renames = placement.destination != placement.source
        while todo:
            node, path, source = todo.pop()
            if not isinstance(node, Tree):
                yield from self._leaf(placement, node, path, source)
                continue
            for name, inner in sorted(node.entries.items(), key=_name, reverse=True):
                try:
                    to = path.child(name)
                    origin = source.child(name) if renames else to
                except PathError as error:
                    yield Problem(f"{source}/{name}", error.message, error.cure)
                    continue
                if not isinstance(inner, Tree) or not self._skips(to, origin):
                    todo.append((inner, to, origin))
                elif protects_everything_below(to):
                    yield Kept(to, KeptReason.PROTECTED)

    def _skips(self, path: RelPath, source: RelPath) -> bool:
        return (
            self.excludes.skips_directory(path)
            or (bool(self.ignored.lines) and self.ignored.prunes(source))
            or protects_everything_below(path)
        )

    def _ignores(self, source: RelPath) -> bool:
        return bool(self.ignored.lines) and self.ignored.ignores(source, is_directory=False)

    def _leaf(
        self, placement: Placement, leaf: Leaf, path: RelPath, source: RelPath
    ) -> Iterator[Found]:
        reason = self.leaves_out(placement, path, source)
        if reason in {KeptReason.PROTECTED, KeptReason.GUARDED}:
            yield Kept(path, reason)
        elif reason is not None:
            return
        elif isinstance(leaf, Blob):
            yield placement.spec_for(path, source, leaf)
        else:
            yield unfollowed(leaf, source)


_name = itemgetter(0)


def _ownership(path: RelPath, destination: RelPath) -> KeptReason | None:
    match may_write(path, destination):
        case Free():
            return None
        case owned:
            return KeptReason.GUARDED if isinstance(owned, Guarded) else KeptReason.PROTECTED
