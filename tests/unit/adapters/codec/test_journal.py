"""The form of the journal and of the sides of its claims, and what of broken ones is told."""

from __future__ import annotations

import tracemalloc

import pytest

from stoker.adapters.codec.journal import (
    JournalRecord,
    Sides,
    decode_journal,
    decode_sides,
    encode_journal,
    encode_sides,
)
from stoker.adapters.codec.manifest import Head, Index
from stoker.adapters.codec.sealed import seal
from stoker.core.errors import DecodeError
from stoker.core.journal import Claim, Journal
from stoker.core.manifest import Digest, Entry, Mode, Stamp
from stoker.core.paths import RelPath

ONE = Entry(Digest("1" * 40), Mode.REGULAR)
A, B = RelPath("a"), RelPath("größe/b c")
HEADS = b'[["c","r","b",[],7,3,[7],false],["d","s","",[],true],"t"]'
OLD_HEADS = b'[["c","r","b",[],7,3,[7]],["d","s","",[]],"t"]'


def _document(*lines: bytes) -> list[bytes]:
    return b"".join(seal(lines)).splitlines(keepends=True)


def test_the_form_of_the_journal() -> None:
    journal = Journal({A: Claim(None, ONE, None), B: Claim(ONE, None, ONE, adopted=True)})
    before, after = Index(Head("c", "r", "b"), 7, 3, (7,)), Head("d", "s", commissioned=True)
    record = JournalRecord(journal, before, after, "t")
    lines = b"".join(encode_journal(record)).splitlines(keepends=True)
    one = b'["' + b"1" * 40 + b'",420]'
    assert lines[0] == HEADS + b"\n"
    assert lines[1] == b'["a",null,' + one + b",null,false]\n"
    assert lines[2].decode().startswith('["größe/b c",["111')
    assert decode_journal(lines) == record
    assert list(decode_journal(lines).journal.claims) == [A, B]


def test_a_journal_from_before_there_was_a_word_on_commissioning() -> None:
    record = decode_journal(_document(OLD_HEADS))
    assert (record.before.head, record.after) == (Head("c", "r", "b"), Head("d", "s"))


def test_the_form_of_the_sides() -> None:
    sides = Sides("t", (None, Stamp(4, 5, 6)), (Stamp(1, 2, 3), None), (B.parent,), (A,))
    lines = b"".join(encode_sides(sides)).splitlines(keepends=True)
    assert lines[1:3] == [b"[null,[1,2,3]]\n", b"[[4,5,6],null]\n"]
    assert decode_sides(lines) == sides
    assert decode_sides(b"".join(encode_sides(Sides())).splitlines(keepends=True)) == Sides()


@pytest.mark.parametrize(
    "line",
    [b"[]", b"1", b'["a",null,null,null,0]', b'["a",1,null,null,false]', b"[1,null]",
     b'["a",[],1,1,true]', b'["..",null,null,null,true]', b"x"],
)  # fmt: skip
def test_broken_claims(line: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_journal(_document(HEADS, line))


@pytest.mark.parametrize(
    "line", [b"[]", b"[[],[]]", b'[["","","",[],1,1,[]],[],""]', b"x", b"null"]
)
def test_broken_heads(line: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_journal(_document(line))


def test_a_journal_without_a_line() -> None:
    with pytest.raises(DecodeError):
        decode_journal(_document())
    with pytest.raises(DecodeError, match="the journal has no seal"):
        decode_journal([])


@pytest.mark.parametrize(
    "lines",
    [
        [b"[]"],
        [b"[[],[]]"],
        [b'["",["/"],[],[]]'],
        [b'["",[1],[],[]]'],
        [b'["",[],[".."],[]]'],
        [b'["",[],[],["/"]]'],
        [b'["",[],[]]'],
        [b'["",[],["."],[]]', b"[1]"],
        [b'["",[],[],[]]', b"[1,2]"],
    ],
)
def test_broken_sides(lines: list[bytes]) -> None:
    with pytest.raises(DecodeError):
        decode_sides(_document(*lines))


def test_a_cut_journal_shows() -> None:
    """Seen to fail with claims given out before the seal was read."""
    record = JournalRecord(Journal({A: Claim(None, ONE)}), Index(), Head())
    data = b"".join(encode_journal(record))
    for at in range(len(data) - 1):
        with pytest.raises(DecodeError):
            decode_journal(data[:at].splitlines(keepends=True))


def test_a_long_journal_is_written_in_pieces() -> None:
    """Seen to fail with the lines joined to one text: 22 MB."""
    claims = {RelPath(f"projects/{n}/view.json"): Claim(None, ONE) for n in range(20_000)}
    record = JournalRecord(Journal(claims), Index(), Head())
    tracemalloc.start()
    try:
        size = sum(map(len, encode_journal(record)))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 1_500_000
    assert most < 700_000
