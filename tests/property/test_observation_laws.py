"""What a look at a data directory says, on real disks of every shape.

Trees of files, links, pipes and folders, with a canary outside to which links lead from any depth.
Seen failing: with files looked at by a `stat` that follows links (laws 1 to 4, 6 and 8), with a
folder opened without `O_NOFOLLOW` (laws 2 and 5), with a directory in the place of a file listed
without what it holds (law 2), with the size or the mode left out of the comparison with a stamp
(law 3), with a look that sets the time of the data directory (law 1), with the first rows of a
folder taken for all of them (law 6), with the mode of a file not looked at (laws 2, 6, 7 and 8),
and with `like` not heeded (law 8).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from property.strategies.manifests import standing_together
from property.strategies.paths import rel_paths
from stoker.adapters.fs import drift
from stoker.adapters.fs.drift import check_drift
from stoker.adapters.fs.handles import DataDirectory
from stoker.adapters.fs.observe import Observer
from stoker.core.manifest import (
    Digest,
    Entry,
    Foreign,
    ForeignKind,
    Manifest,
    Mode,
    Observed,
    digest_of,
)
from stoker.core.paths import ROOT, RelPath
from stoker.core.planning import Policy, plan
from support.data_directory import (
    File,
    Folder,
    Link,
    Pipe,
    Thing,
    applied_from,
    make,
    portrait,
    shards_of,
)

CANARY = b"canary"
MEMORY = Path("/dev/shm")  # noqa: S108 - a disk in memory, for the thousands of trees
DIRECTORY = Foreign(ForeignKind.DIRECTORY)
NOTHING = Manifest()

Tree = Mapping[RelPath, Thing]
Seen = Mapping[RelPath, Entry | Foreign]


def files() -> st.SearchStrategy[Thing]:
    """Files, many of them equal."""
    return st.builds(File, st.sampled_from([b"", b"1", b"22"]), st.sampled_from([0o644, 0o755]))


def things() -> st.SearchStrategy[Thing]:
    """What may stand at a path."""
    # By the depth of the link, one of them leads to the canary.
    targets = ["a", "nowhere", "../outside", "../../outside", "../../../outside", "../outside/a"]
    links = st.builds(Link, st.sampled_from([*targets, "../../outside/b"]))
    return files() | files() | links | st.just(Pipe()) | st.just(Folder())


def trees() -> st.SearchStrategy[Tree]:
    """Things that can stand on one disk together."""
    return st.dictionaries(rel_paths(), things(), max_size=12).map(standing_together)


def crowded() -> st.SearchStrategy[Tree]:
    """Trees with folders that hold several files."""
    paths = st.sampled_from([f"{above}{name}" for above in ("", "a/", "a/b/", "c/a/")
                             for name in "bdefgh"]).map(RelPath)  # fmt: skip
    found = st.lists(st.tuples(paths, files() | files() | things()), max_size=12, min_size=4)
    return found.map(dict).map(standing_together)


def files_of(tree: Tree) -> list[RelPath]:
    """The paths of its files."""
    return [path for path, thing in tree.items() if isinstance(thing, File)]


@contextmanager
def on_disk(tree: Tree) -> Iterator[Path]:
    """The tree below a data directory with a canary beside it."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as above:
        inside = Path(above) / "data"
        make(inside, {str(path): thing for path, thing in tree.items()})
        outside = {"a/resource.json": CANARY, "b/.x": CANARY, "resource.json": CANARY}
        make(Path(above) / "outside", {**outside})
        yield inside


def no_original(_: RelPath, __: Entry) -> None:
    return None


def no_skip(_: RelPath) -> bool:
    return False


def below(inside: Path, applied: Manifest = NOTHING, *also: RelPath) -> Observed:
    with DataDirectory(inside) as data:
        return Observer(data, no_original).below([ROOT], also, applied, skip=no_skip)


def at(inside: Path, paths: list[RelPath], applied: Manifest = NOTHING) -> Observed:
    with DataDirectory(inside) as data:
        return Observer(data, no_original).at(paths, applied)


def told(thing: Thing) -> Entry | Foreign:
    """What is to be said of a thing."""
    match thing:
        case File(content, mode):
            return Entry(digest_of(content), Mode(mode))
        case Link():
            return Foreign(ForeignKind.SYMLINK)
        case Folder():
            return DIRECTORY
        case _:
            return Foreign(ForeignKind.SPECIAL)


def everything(tree: Tree) -> Seen:
    """All things of a tree and their folders."""
    folders = chain.from_iterable(path.ancestors() for path in tree)
    return {**dict.fromkeys(folders, DIRECTORY), **{path: told(tree[path]) for path in tree}}


def expected(tree: Tree, paths: list[RelPath]) -> Seen:
    """What is to be said of these paths."""
    there = everything(tree)
    found: dict[RelPath, Entry | Foreign] = {}
    for path in paths:
        first = next((each for each in [*path.ancestors()][::-1] if each in tree), path)
        if first != path and there[first] != DIRECTORY:
            found[first] = there[first]
        elif there.get(path) == DIRECTORY:
            found |= {each: there[each] for each in there if each.is_within(path)}
        elif path in there:
            found[path] = there[path]
    return found


@given(trees(), st.lists(rel_paths(), max_size=8))
def test_looking_changes_nothing(tree: Tree, asked: list[RelPath]) -> None:
    """Law 1. Nothing that the disk tells is other than before, the times of reading apart."""
    with on_disk(tree) as inside:
        before = portrait(inside.parent)
        below(inside, NOTHING, *asked)
        at(inside, asked)
        with DataDirectory(inside) as data:
            Observer(data, no_original).neighbours(asked)
            rows = shards_of(applied_from(inside, files_of(tree)))
            check_drift(data, rows, no_original, [ROOT])
        assert portrait(inside.parent) == before


@given(trees(), st.lists(rel_paths(5), max_size=8))
def test_a_look_says_what_is_there(tree: Tree, asked: list[RelPath]) -> None:
    """Law 2. By paths and below everything alike, in whatever order they are asked for."""
    with on_disk(tree) as inside:
        seen = below(inside).entries
        there = everything(tree)
        assert seen == {path: there[path] for path in there if there[path] != DIRECTORY}
        assert at(inside, [*seen]).entries == seen
        assert at(inside, asked).entries == expected(tree, asked)
        assert at(inside, asked[::-1]).entries == expected(tree, asked)
        assert below(inside, NOTHING, *asked).entries == {**seen, **expected(tree, asked)}


@given(trees(), st.data())
def test_a_true_manifest_changes_nothing_in_what_is_seen(tree: Tree, data: st.DataObject) -> None:
    """Law 3. Whatever it remembers, and whatever of it has changed since."""
    with on_disk(tree) as inside:
        files = files_of(tree)
        remembered = data.draw(st.sets(st.sampled_from(files))) if files else set()
        applied = applied_from(inside, remembered)
        changed = data.draw(st.sets(st.sampled_from(files))) if files else set()
        make(inside, {path: _changed(tree[path]) for path in changed})
        assert below(inside, applied) == below(inside)
        assert at(inside, files, applied) == at(inside, files)


def _changed(thing: Thing) -> Thing:
    assert isinstance(thing, File)
    # The same size at the same time: the mode alone may tell.
    if thing.content == b"1":
        return File(thing.content, thing.mode ^ 0o111)
    return File(thing.content + b"!", thing.mode)


@given(trees(), st.data())
def test_the_order_of_a_listing_does_not_matter(tree: Tree, data: st.DataObject) -> None:
    """Law 4. A tree that was made in another order says the same."""
    shuffled = dict(data.draw(st.permutations([*tree.items()])))
    with on_disk(tree) as one, on_disk(shuffled) as other:
        assert below(one) == below(other)


@given(trees(), st.lists(rel_paths(5), max_size=8))
def test_nothing_comes_in_from_outside(tree: Tree, asked: list[RelPath]) -> None:
    """Law 5. Whatever links lead out, not a byte of the canary is read."""
    canary = Entry(digest_of(CANARY), Mode.REGULAR)
    through = [path / name for path in tree for name in ("a/resource.json", "b/.x", "resource.json")
               if isinstance(tree[path], Link)]  # fmt: skip
    with on_disk(tree) as inside, DataDirectory(inside) as data:
        for seen in (at(inside, [*asked, *through]), below(inside, NOTHING, *through)):
            assert canary not in seen.entries.values()
            assert not set(through) & seen.entries.keys()
        assert Observer(data, no_original).neighbours(through) <= set(everything(tree))
        rows = shards_of(Manifest(dict.fromkeys(through, canary)))
        found = check_drift(data, rows, no_original, [ROOT])
        assert set(found.missing) == set(through)
        assert not found.changed
        assert not found.refreshed


@given(
    crowded(), crowded(), st.integers(1, 5), st.sampled_from([ROOT, RelPath("a"), RelPath("a/b")])
)
def test_drift_is_the_difference_between_what_was_applied_and_what_is_seen(
    before: Tree, new: Tree, at_once: int, mirrored: RelPath
) -> None:
    """Law 6. The check by rows says the same as a look at everything, however they come."""
    after = standing_together({**before, **new})
    with on_disk(before) as old:
        applied = applied_from(old, files_of(before))
    with on_disk(after) as inside, DataDirectory(inside) as data:
        seen = below(inside).entries
        with patch.object(drift, "AT_ONCE", at_once):
            found = check_drift(data, shards_of(applied, 3), no_original, [mirrored])
    there = everything(after)
    entries = applied.entries
    assert found.missing == tuple(sorted(path for path in entries if path not in there))
    assert found.changed == tuple(
        sorted(path for path in entries if path in there and there[path] != entries[path])
    )
    assert found.strangers == tuple(
        sorted(
            path
            for path, what in seen.items()
            if isinstance(what, Entry) and path not in entries and path.is_below(mirrored)
        )
    )


@given(trees(), st.booleans())
def test_what_is_as_desired_needs_no_plan(tree: Tree, remembered: bool) -> None:  # noqa: FBT001
    """Law 7. After everything is written, with or without a manifest, nothing is to be done."""
    files = {path: thing for path, thing in tree.items() if isinstance(thing, File)}
    with on_disk(files) as inside:
        desired = applied_from(inside, files)
        applied = desired if remembered else NOTHING
        for actual in (at(inside, [*files], applied), below(inside, applied, *files)):
            assert plan(desired, applied, actual, Policy()).is_empty


@given(trees())
def test_a_commit_s_kind_of_digest_is_used_for_all(tree: Tree) -> None:
    """Law 8. What is read is named as the commit names it."""
    wide = Digest("0" * 64)
    with on_disk(tree) as inside, DataDirectory(inside) as data:
        seen = Observer(data, no_original).below([ROOT], (), NOTHING, skip=no_skip, like=wide)
        files = files_of(tree)
        assert {path: seen.entries[path] for path in files} == applied_from(
            inside, files, wide
        ).entries
