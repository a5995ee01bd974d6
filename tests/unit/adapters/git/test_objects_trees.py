"""Trees taken apart: modes, names, damage, and how much of them is kept."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from stoker.adapters.git.trees import MalformedObject, Shelf
from stoker.core.errors import PathError, Permanent
from stoker.core.manifest import Digest, Mode
from stoker.core.paths import ROOT
from stoker.core.tree import Blob, Link, Node, Submodule, Tree

ID = "12" * 20
RAW = bytes.fromhex(ID)


def row(mode: str, name: bytes, raw: bytes = RAW) -> bytes:
    return mode.encode() + b" " + name + b"\0" + raw


def opened(*rows: bytes) -> Mapping[str, Node]:
    return Shelf(lambda _: b"".join(rows)).tree("top").entries


@pytest.mark.parametrize(
    ("mode", "node"),
    [
        ("100644", Blob(Digest(ID))),
        ("100664", Blob(Digest(ID))),
        ("100600", Blob(Digest(ID))),
        ("100666", Blob(Digest(ID))),
        ("100755", Blob(Digest(ID), Mode.EXECUTABLE)),
        ("100775", Blob(Digest(ID), Mode.EXECUTABLE)),
        ("100700", Blob(Digest(ID), Mode.EXECUTABLE)),
        ("120000", Link(Digest(ID))),
        ("120777", Link(Digest(ID))),
        ("40000", Tree(ID, {})),
        ("040000", Tree(ID, {})),
        ("40755", Tree(ID, {})),
        ("160000", Submodule(ID)),
        ("170000", Submodule(ID)),
        ("010644", Submodule(ID)),
    ],
)
def test_a_mode_means_what_it_means_to_git(mode: str, node: Node) -> None:
    assert opened(row(mode, b"name")) == {"name": node}


def test_ids_of_any_bytes_are_read() -> None:
    # Bytes of an id that look like the parts of an entry.
    ids = [b"100644 a\0" + bytes(11), b"\0" * 20, b"\n" * 20, b"40000 \0" * 2 + b"123456"]
    found = opened(*(row("100644", b"file %d" % n, raw) for n, raw in enumerate(ids)))
    assert found == {f"file {n}": Blob(Digest(raw.hex())) for n, raw in enumerate(ids)}


def test_a_name_that_is_not_utf8_is_refused_where_it_matters_and_nowhere_else() -> None:
    entries = opened(
        row("100644", b"gut"), row("100644", b"schl\xe4cht"), row("100644", "ä".encode())
    )
    odd = b"schl\xe4cht".decode("utf-8", "surrogateescape")
    assert set(entries) == {"gut", odd, "ä"}
    with pytest.raises(PathError, match="not valid UTF-8"):
        ROOT.child(odd)


@pytest.mark.parametrize("name", [b"..", b".", b"a/b", b"back\\slash", b"new\nline", b"\x1b[31m"])
def test_a_name_that_leads_elsewhere_comes_out_as_it_is_and_is_no_path(name: bytes) -> None:
    (found,) = opened(row("100644", name))
    with pytest.raises(PathError):
        ROOT.child(found)


@pytest.mark.parametrize(
    "raw",
    [
        row("100644", b"a")[:-1],
        row("100644", b"a") + b"x",
        b"x" + row("100644", b"a"),
        row("100644", b"a") + b"--" + row("100644", b"b"),
        row("100644", b""),
        row("1006448", b"a"),
        row("644", b"a"),
        row("rw-r--r--", b"a"),
        b"100644 a",
        b"\0" * 40,
        row("100644", b"a") + row("40000", b"a"),
    ],
)
def test_what_is_not_a_list_of_entries_is_an_error_that_no_retry_cures(raw: bytes) -> None:
    with pytest.raises(MalformedObject, match="the tree") as caught:
        len(Shelf(lambda _: raw).tree(ID).entries)
    assert caught.value.where == ID
    assert caught.value.disposition == Permanent()


def test_entries_are_a_mapping_that_is_read_once() -> None:
    reads: list[str] = []

    def read(tree_id: str) -> bytes:
        reads.append(tree_id)
        return row("100644", b"a") + row("40000", b"b")

    entries = Shelf(read).tree("top").entries
    assert reads == []
    assert len(entries) == 2
    assert list(entries) == ["a", "b"]
    assert list(entries.keys()) == ["a", "b"]
    assert dict(entries.items()) == dict(entries) == {"a": Blob(Digest(ID)), "b": Tree(ID, {})}
    assert list(entries.values()) == [Blob(Digest(ID)), Tree(ID, {})]
    assert "a" in entries
    assert "c" not in entries
    assert entries.get("c") is None
    with pytest.raises(KeyError):
        entries["c"]
    assert reads == ["top"]


def test_an_empty_tree_has_no_entries() -> None:
    assert dict(opened()) == {}


def test_the_shelf_holds_so_many_entries_and_reads_again_what_it_let_go() -> None:
    """Broken on purpose: without the eviction the shelf holds all 1,000 trees."""
    reads: list[str] = []

    def read(tree_id: str) -> bytes:
        reads.append(tree_id)
        return b"".join(row("100644", b"%d" % n) for n in range(9))

    shelf = Shelf(read, room=100)
    first = shelf.tree("0").entries
    for number in range(1_000):
        assert len(shelf.tree(str(number)).entries) == 9
        assert len(first) == 9
        assert shelf.held <= 100
    assert len(reads) == 1_000
    assert len(shelf.tree("5").entries) == 9
    assert reads[-1] == "5"
    shelf.clear()
    assert shelf.held == 0
    assert len(first) == 9


def test_a_tree_larger_than_the_shelf_stays_while_it_is_looked_at() -> None:
    reads: list[str] = []

    def read(tree_id: str) -> bytes:
        reads.append(tree_id)
        return b"".join(row("100644", b"%d" % n) for n in range(50))

    shelf = Shelf(read, room=10)
    entries = shelf.tree("large").entries
    assert [entries[name] for name in entries] == [Blob(Digest(ID))] * 50
    assert reads == ["large"]
