"""States of a disk: what is desired, applied and there, and the policies between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from hypothesis import strategies as st

from property.strategies.paths import rel_paths
from stoker.core.manifest import Digest, Entry, Manifest, Mode
from stoker.core.paths import ROOT, RelPath
from stoker.core.planning import KeptReason, Policy, Root
from stoker.core.spec import PruneMode

File = TypeVar("File")

DIGESTS = tuple(Digest(letter * 40) for letter in "abc")


def entries() -> st.SearchStrategy[Entry]:
    """One of few entries, so that states agree now and then."""
    modes = st.sampled_from([Mode.REGULAR, Mode.REGULAR, Mode.EXECUTABLE])
    return st.builds(Entry, st.sampled_from(DIGESTS), modes)


def standing_together(files: Mapping[RelPath, File]) -> dict[RelPath, File]:
    """Those of the files that one disk can hold: none lies below another."""
    return {
        path: entry
        for path, entry in files.items()
        if not any(above in files for above in path.ancestors())
    }


def file_sets(max_size: int = 10) -> st.SearchStrategy[dict[RelPath, Entry]]:
    """Files that can stand on one disk together."""
    return st.dictionaries(rel_paths(), entries(), max_size=max_size).map(standing_together)


def manifests(max_size: int = 10) -> st.SearchStrategy[Manifest]:
    """A manifest of such files."""
    return file_sets(max_size).map(Manifest)


@st.composite
def applied_manifests(draw: st.DrawFn) -> Manifest:
    """What was applied, some of it adopted."""
    files = draw(file_sets())
    adopted = draw(st.sets(st.sampled_from(sorted(files)))) if files else set()
    return Manifest(files, adopted=frozenset(adopted))


@st.composite
def disks(draw: st.DrawFn, applied: Manifest) -> dict[RelPath, Entry]:
    """A disk as it may look some time after `applied`: changed, deleted and strange files."""
    mostly = {
        path: entry
        for path, entry in applied.entries.items()
        if draw(st.sampled_from([True, True, True, False]))
    }
    return standing_together({**mostly, **draw(file_sets(5))})


def roots_for(desired: Manifest) -> st.SearchStrategy[tuple[Root, ...]]:
    """Mapped directories, with what the commit says of them."""

    def root(path: RelPath) -> Root:
        return Root(path, any(each.is_below(path) for each in desired.entries))

    paths = st.lists(rel_paths(2) | st.just(ROOT), max_size=3, unique=True)
    return paths.map(lambda each: tuple(map(root, each)))


@st.composite
def policies(draw: st.DrawFn, desired: Manifest, *, consent: bool = True) -> Policy:
    """A policy; with consent, neither guard refuses."""
    spared = draw(st.frozensets(rel_paths(2), max_size=2))

    def spare(path: RelPath) -> KeptReason | None:
        within = any(path.is_within(place) for place in spared)
        return KeptReason.EXCLUDED if within else None

    return Policy(
        prune=draw(st.sampled_from(PruneMode)),
        prune_limit_percent=100 if consent else draw(st.integers(0, 100)),
        roots=draw(roots_for(desired)),
        held=tuple(draw(st.lists(rel_paths(2), max_size=1))),
        spare=spare,
    )
