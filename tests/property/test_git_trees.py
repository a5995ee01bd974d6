"""Laws of taking trees apart.

Whatever the bytes are, they are either a list of entries that is all of them, or an error; and what
the core says a tree is comes back from the bytes that git would store for it. Broken on purpose: an
expression that takes ids of 19 bytes, and a check of the length that is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from stoker.adapters.git.trees import MalformedObject, Shelf, rows_of
from stoker.core.manifest import Digest, Mode
from stoker.core.tree import Blob, Leaf, Link, Submodule, Tree

IDS = st.binary(min_size=20, max_size=20)
MODES = st.sampled_from([b"100644", b"100755", b"120000", b"160000", b"40000", b"040000"])
NAMES = st.binary(min_size=1, max_size=12).map(lambda raw: raw.replace(b"\0", b"."))
ROWS = st.lists(st.tuples(MODES, NAMES, IDS), unique_by=lambda row: row[1], max_size=8)
HEX = IDS.map(bytes.hex).map(Digest)
LEAVES: st.SearchStrategy[Leaf] = st.one_of(
    st.builds(Blob, HEX, st.sampled_from(Mode)), st.builds(Link, HEX), st.builds(Submodule, HEX)
)
FILE_NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1).map(
    lambda text: "n" + text.replace("/", "").replace("\\", "")[:20]
)


def stored(rows: list[tuple[bytes, bytes, bytes]]) -> bytes:
    return b"".join(mode + b" " + name + b"\0" + raw_id for mode, name, raw_id in rows)


@given(ROWS)
def test_rows_come_back(rows: list[tuple[bytes, bytes, bytes]]) -> None:
    assert rows_of("tree", stored(rows)) == rows


@given(st.one_of(st.binary(max_size=120), ROWS.map(stored).flatmap(st.permutations).map(bytes)))
def test_any_bytes_are_all_of_a_list_or_an_error(raw: bytes) -> None:
    try:
        rows = rows_of("tree", raw)
    except MalformedObject:
        return
    assert stored(rows) == raw


@given(st.dictionaries(FILE_NAMES, LEAVES, max_size=6))
def test_a_tree_of_the_core_comes_back(files: Mapping[str, Leaf]) -> None:
    expected = Tree.of(files)
    nodes = sorted(files.items(), key=lambda each: each[0].encode())
    raw = stored([(_mode(leaf), name.encode(), bytes.fromhex(leaf.id)) for name, leaf in nodes])
    # The bytes are the right ones: they have the id that the core says.
    assert hashlib.sha1(b"tree %d\0" % len(raw) + raw).hexdigest() == expected.id  # noqa: S324
    assert dict(Shelf(lambda _: raw).tree(expected.id).entries) == dict(expected.entries)


def _mode(leaf: Leaf) -> bytes:
    match leaf:
        case Blob(mode=Mode.EXECUTABLE):
            return b"100755"
        case Blob():
            return b"100644"
        case Link():
            return b"120000"
        case Submodule():
            return b"160000"
