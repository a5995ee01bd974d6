"""The form of the manifest on the data volume, and what of a broken one is told."""

from __future__ import annotations

import re

import pytest

from stoker.adapters.codec.manifest import (
    Head,
    Index,
    Row,
    decode_index,
    decode_shard,
    encode_index,
    encode_shard,
    from_line,
    line_key,
    manifest_of,
    raw_rows,
    rows_of,
    to_head,
    to_line,
    to_row,
)
from stoker.adapters.codec.sealed import seal
from stoker.core.errors import DecodeError
from stoker.core.manifest import Digest, Entry, Manifest, Mode, Origin, Stamp
from stoker.core.paths import RelPath

ONE = Entry(Digest("1" * 40), Mode.REGULAR)
RUN = Entry(Digest("2" * 64), Mode.EXECUTABLE)
A, B = RelPath("a"), RelPath('größe/b "c')
CURE = "(remove it: the next sync takes stock anew)"


def test_the_form_of_a_shard() -> None:
    origin = Origin(ONE.digest, frozenset({"Vars", "Ref"}), "key")
    manifest = Manifest({B: RUN, A: ONE}, {A: Stamp(1, 2, 3)}, {A: origin}, frozenset({B}))
    lines = sorted(map(to_line, rows_of(manifest)))
    data = b"".join(encode_shard(lines))
    assert data.decode() == (
        '["a","' + "1" * 40 + '",420,[1,2,3],["' + "1" * 40 + '",["Ref","Vars"],"key"],false]\n'
        '["größe/b \\"c","' + "2" * 64 + '",493,null,null,true]\n'
        '{"version":1,"lines":2,"checksum":3491456357}\n'
    )
    assert decode_shard(data) == lines
    assert manifest_of(map(from_line, lines)) == manifest
    assert all(line.startswith(line_key(path)) for line, path in zip(lines, (A, B), strict=True))


def test_raw_rows_are_plain_lists() -> None:
    lines = [to_line(Row(A, ONE, Stamp(1, 2, 3))), to_line(Row(B, RUN, adopted=True))]
    assert raw_rows(lines) == [
        ["a", "1" * 40, 420, [1, 2, 3], None, False],
        ['größe/b "c', "2" * 64, 493, None, None, True],
    ]
    assert raw_rows([]) == []
    assert list(map(to_row, raw_rows(lines)))[1] == Row(B, RUN, adopted=True)


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "/a", "a/", "a//b", "a/../b", "../a", "a/..", "./a", "a/.", "a\\nb", "\\u0000",
     "a\\\\b", "\\ud800", "\\n"],
)  # fmt: skip
def test_raw_rows_name_nothing_outside(path: str) -> None:
    """Seen to fail with each of the suspects left out of the search."""
    lines = [b'["b","",420,null,null,false]', b'["%b","",420,null,null,false]' % path.encode()]
    with pytest.raises(DecodeError):
        raw_rows(lines)


@pytest.mark.parametrize("path", [".x", "a/.x", "a/..x/y", "a/...", "x./y.", "größe", "a b"])
def test_raw_rows_of_names_with_dots(path: str) -> None:
    assert raw_rows([b'["%b"]' % path.encode()]) == [[path]]


@pytest.mark.parametrize("line", ["[]", "[1]", "7", "{}", "[[]]", "["])
def test_raw_rows_that_are_none(line: str) -> None:
    with pytest.raises(DecodeError):
        raw_rows([line.encode()])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "a line of the manifest is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[" * 100_000, "a line of the manifest is not JSON: maximum recursion depth exceeded"),
        ("1" * 5_000, "a line of the manifest is not JSON: Exceeds the limit (4300 digits)"),
        ("[]", "what is recorded of this path"),
        ("{}", "what is recorded of this path"),
        ("[1]", "what is recorded of this path"),
        ('["a"]', "a: what is recorded"),
        ('[1,"%s",420,null,null,false]', "what is recorded of this path"),
        ('["../a","%s",420,null,null,false]', "../a: the path leaves its root by '..'"),
        ('["./a","%s",420,null,null,false]', "./a: the path is not that of a file"),
        ('["a","x",420,null,null,false]', "a: what is recorded"),
        ('["a",["%s"],420,null,null,false]', "a: what is recorded"),
        ('["a","%s",421,null,null,false]', "a: what is recorded"),
        ('["a","%s",420.0,null,null,false]', "a: what is recorded"),
        ('["a","%s",420,[1,2],null,false]', "a: what is recorded"),
        ('["a","%s",420,[1,2,true],null,false]', "a: what is recorded"),
        ('["a","%s",420,null,["x",[],""],false]', "a: what is recorded"),
        ('["a","%s",420,null,["%s",[1],""],false]', "a: what is recorded"),
        ('["a","%s",420,null,[],false]', "a: what is recorded"),
        ('["a","%s",420,null,null,0]', "a: what is recorded"),
    ],
)
def test_broken_rows(line: str, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        from_line(line.replace("%s", "1" * 40).encode())
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith(CURE)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"", "the manifest has no seal at its end"),
        (b"\xff\xfe\n", "the manifest has no seal at its end"),
        (b"line\n", "the manifest has no seal at its end"),
        (b'{"version":2,"lines":0,"checksum":0}\n', "the manifest has version 2, not 1"),
        (b'{"version":1,"lines":1,"checksum":0}\n', "the manifest does not fit its seal"),
        (b'{"version":1,"lines":0,"checksum":1}\n', "the manifest does not fit its seal"),
        (b'[]\n{"version":1,"lines":1,"checksum":1}\n', "the manifest does not fit its seal"),
    ],
)
def test_shards_that_do_not_fit_their_seal(document: bytes, message: str) -> None:
    with pytest.raises(DecodeError, match=re.escape(message)):
        decode_shard(document)


def test_every_cut_and_every_flipped_byte_shows() -> None:
    """Seen to fail with a seal that holds no checksum."""
    data = b"".join(encode_shard([to_line(Row(A, ONE)), to_line(Row(B, RUN))]))
    assert decode_shard(data.removesuffix(b"\n"))
    for at in range(len(data) - 1):
        with pytest.raises(DecodeError):
            decode_shard(data[:at])
        with pytest.raises(DecodeError):
            decode_shard(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def test_the_form_of_the_index() -> None:
    index = Index(Head("c", "r", "b", frozenset({B, A}), commissioned=True), 7, 3, (7, 0, 5))
    data = encode_index(index)
    assert data.partition(b"\n")[0] == b'["c","r","b",["a","%b"],7,3,[7,0,5],true]' % (
        'größe/b \\"c'.encode()
    )
    assert decode_index(data) == index


def test_an_index_from_before_there_was_a_word_on_commissioning() -> None:
    data = b"".join(seal([b'["c","r","b",["a"],7,3,[7,0,5]]']))
    assert decode_index(data) == Index(Head("c", "r", "b", frozenset({A})), 7, 3, (7, 0, 5))
    assert to_head(["c", "r", "b", ["a"]]) == Head("c", "r", "b", frozenset({A}))


@pytest.mark.parametrize(
    "line",
    ["[]", "{}", '["","","",[],1,1]', '["","",1,[],1,1,[]]', '["","","",[],-1,1,[]]',
     '["","","",[],1,true,[]]', '["","","",[],1,1,["a"]]', '["","","",[],1,1,[1.5]]',
     '["","","",1,1,1,[]]', '["","","",[],1,1,[],1]', '["","","",[],1,1,[],true,1]'],
)  # fmt: skip
def test_broken_indices(line: str) -> None:
    with pytest.raises(DecodeError, match="the head does not have its form"):
        decode_index(b"".join(seal([line.encode()])))


def test_an_index_of_two_lines() -> None:
    with pytest.raises(DecodeError, match="the head does not have its form"):
        decode_index(b"".join(seal([b"[]", b"[]"])))
