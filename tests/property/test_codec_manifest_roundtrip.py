"""Law 18 for the documents on the data volume: they round-trip, and only `DecodeError` escapes."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from property.strategies.manifests import DIGESTS, applied_manifests, entries
from property.strategies.paths import rel_paths
from stoker.adapters.codec.journal import (
    JournalRecord,
    Sides,
    decode_journal,
    decode_sides,
    encode_journal,
    encode_sides,
)
from stoker.adapters.codec.manifest import (
    Head,
    Index,
    decode_index,
    decode_shard,
    encode_index,
    encode_shard,
    from_line,
    line_key,
    manifest_of,
    raw_rows,
    rows_of,
    to_line,
    to_row,
)
from stoker.adapters.codec.sealed import seal
from stoker.core.errors import DecodeError
from stoker.core.journal import Claim, Journal
from stoker.core.manifest import Digest, Entry, Manifest, Mode, Origin, Stamp
from stoker.core.paths import RelPath

STAMPS = st.builds(Stamp, *(st.integers(0, 2**63) for _ in range(3)))
ORIGINS = st.builds(
    Origin,
    st.sampled_from((*DIGESTS, Digest("d" * 64))),
    st.frozensets(st.sampled_from(["Vars", "Ref"])),
    st.text(max_size=5),
)
SIDES = st.none() | entries()
HEADS = st.builds(
    Head,
    *(st.text(max_size=5) for _ in range(3)),
    st.frozensets(rel_paths(), max_size=3),
    st.booleans(),
)
COUNTS = st.integers(0, 2**31)
INDICES = st.builds(Index, HEADS, COUNTS, COUNTS, st.lists(COUNTS, max_size=5).map(tuple))


@given(st.data())
def test_manifests_round_trip(data: st.DataObject) -> None:
    """Seen to fail with the adopted mark left out, and with the stamp's numbers swapped."""
    plain = data.draw(applied_manifests())
    some = st.sampled_from(sorted(plain.entries)) if plain.entries else st.nothing()
    manifest = Manifest(
        plain.entries,
        data.draw(st.dictionaries(some, STAMPS)),
        data.draw(st.dictionaries(some, ORIGINS)),
        plain.adopted,
    )
    lines = sorted(map(to_line, rows_of(manifest)))
    kept = decode_shard(b"".join(encode_shard(lines)))
    assert manifest_of(map(from_line, kept)) == manifest
    assert manifest_of(map(to_row, raw_rows(kept))) == manifest


@given(st.sets(rel_paths()))
def test_a_key_begins_its_own_line_only(paths: set[RelPath]) -> None:
    """Seen to fail with the key ending before the quotation mark."""
    some = Manifest(dict.fromkeys(paths, _ONE))
    lines = list(map(to_line, rows_of(some)))
    for path in paths:
        assert [from_line(each).path for each in lines if each.startswith(line_key(path))] == [path]


@given(
    st.builds(
        JournalRecord,
        st.dictionaries(
            rel_paths(), st.builds(Claim, SIDES, SIDES, SIDES, adopted=st.booleans())
        ).map(Journal),
        INDICES,
        HEADS,
        st.text(max_size=3),
    )
)
def test_journals_round_trip(record: JournalRecord) -> None:
    """Seen to fail with `before` and `after` swapped in the document."""
    document = b"".join(encode_journal(record)).splitlines(keepends=True)
    assert decode_journal(document) == record


@st.composite
def sides_of_journals(draw: st.DrawFn) -> Sides:
    """Sides of any claims."""
    claims = draw(st.integers(0, 5))
    looks = st.lists(st.none() | STAMPS, min_size=claims, max_size=claims).map(tuple)
    paths = st.lists(rel_paths(), max_size=3).map(tuple)
    token = draw(st.text(max_size=3))
    return Sides(token, draw(looks), draw(looks), draw(paths), draw(paths), draw(paths))


@given(sides_of_journals())
def test_sides_round_trip(sides: Sides) -> None:
    """Seen to fail with the two stamps of a claim swapped."""
    assert decode_sides(b"".join(encode_sides(sides)).splitlines(keepends=True)) == sides


@given(INDICES)
def test_indices_round_trip(index: Index) -> None:
    """Seen to fail with the serial left out."""
    assert decode_index(encode_index(index)) == index


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
    | st.sampled_from([*DIGESTS, 0o644]),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)  # fmt: skip


DIGEST = st.sampled_from([DIGESTS[0], 0, None, ["a"], "x"])
NEARLY = st.tuples(
    DIGEST, st.sampled_from([0o644, 0, "a"]), st.none() | st.lists(st.integers()),
    st.none() | st.tuples(DIGEST, st.lists(st.just("Vars")), st.just("key")), st.booleans(),
)  # fmt: skip
"""Almost the record of a path."""


LINE = (
    st.binary(max_size=50)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.tuples(st.text(max_size=5), NEARLY).map(
        lambda row: json.dumps([row[0], *row[1]]).encode()
    )
)  # fmt: skip


@given(st.lists(LINE, max_size=3), st.booleans())
def test_nothing_but_decode_errors_escapes(lines: list[bytes], sealed: bool) -> None:  # noqa: FBT001 - a value that was drawn
    """Seen to fail with the check of the digest's form left out, which let a list through."""
    data = b"".join(seal(lines)) if sealed else b"\n".join(lines)
    for decode in (_shard, _raw, decode_index, _journal, _sides):
        try:
            decode(data)
        except DecodeError as error:
            assert error.cure == "remove it: the next sync takes stock anew"


def _shard(data: bytes) -> None:
    manifest_of(map(from_line, decode_shard(data)))


def _raw(data: bytes) -> None:
    for row in raw_rows(decode_shard(data)):
        RelPath(row[0])
        to_row(row)


def _journal(data: bytes) -> None:
    decode_journal(data.splitlines(keepends=True))


def _sides(data: bytes) -> None:
    decode_sides(data.splitlines(keepends=True))


_ONE = Entry(DIGESTS[0], Mode.REGULAR)
