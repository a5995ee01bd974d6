"""Law 18 for the documents on the data volume: they round-trip, and only `DecodeError` escapes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from property.strategies.manifests import DIGESTS, applied_manifests, entries
from property.strategies.paths import rel_paths
from stoker.adapters.codec.manifest import (
    decode_journal,
    decode_manifest,
    encode_journal,
    encode_manifest,
)
from stoker.core.errors import DecodeError
from stoker.core.journal import Claim, Journal
from stoker.core.manifest import Digest, Manifest, Origin, Stamp

STAMPS = st.builds(Stamp, *(st.integers(0, 2**63) for _ in range(3)))
ORIGINS = st.builds(
    Origin,
    st.sampled_from((*DIGESTS, Digest("d" * 64))),
    st.frozensets(st.sampled_from(["Vars", "Ref"])),
    st.text(max_size=5),
)
SIDES = st.none() | entries()


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
    assert decode_manifest(encode_manifest(manifest)) == manifest


@given(st.dictionaries(rel_paths(), st.builds(Claim, SIDES, SIDES, SIDES, st.booleans())))
def test_journals_round_trip(claims: dict[Any, Claim]) -> None:
    """Seen to fail with `before` and `after` swapped in the document."""
    assert decode_journal(encode_journal(Journal(claims))) == Journal(claims)


def test_the_text_does_not_depend_on_the_order() -> None:
    """Seen to fail with the paths in the order of the manifest."""
    manifest = Manifest(dict(reversed(list(_FEW.entries.items()))))
    assert encode_manifest(manifest) == encode_manifest(_FEW)


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


@given(
    st.binary(max_size=50)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.text(max_size=5), JSON | NEARLY).map(
        lambda paths: json.dumps({"version": 1, "paths": paths}).encode()
    )
)
def test_nothing_but_decode_errors_escapes(data: bytes) -> None:
    """Seen to fail with the check of the digest's form left out, which let a list through."""
    for decode in (decode_manifest, decode_journal):
        try:
            decode(data)
        except DecodeError as error:
            assert error.cure == "remove it: the next sync takes stock anew"


_FEW = decode_manifest(
    json.dumps(
        {
            "version": 1,
            "paths": {name: ["a" * 40, 0o644, None, None, False] for name in ("a", "b", "c")},
        }
    ).encode()
)
