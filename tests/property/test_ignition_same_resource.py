"""The equality that does not see a save: an equivalence, blind to stamps and to nothing else.

Rule: two versions of a `resource.json` that differ by their stamps, their form or the order of
their members are the same; a difference anywhere else makes them different; any bytes have an
answer.
"""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from property.strategies.ignition import (
    json_scalars,
    odd_documents,
    resource_documents,
    stamped,
    stamps,
    written,
)
from stoker.core.ignition import same_resource

indents = st.none() | st.integers(0, 3)


def _spelling(value: Any) -> str:
    return written({"": value}).decode()


@given(resource_documents(), stamps, stamps, indents, st.randoms())
def test_a_save_changes_nothing(
    document: dict[str, Any],
    before: dict[str, Any],
    after: dict[str, Any],
    indent: int | None,
    shuffle: Any,
) -> None:
    """Seen to fail when only `lastModification` was left out."""
    document["attributes"].pop("lastModification", None)
    document["attributes"].pop("lastModificationSignature", None)
    members = list(stamped(document, after).items())
    shuffle.shuffle(members)
    old, new = written(stamped(document, before)), written(dict(members), indent)
    assert same_resource(old, new)
    assert same_resource(new, old)


@given(resource_documents(), st.data(), json_scalars)
def test_everything_else_is_seen(document: dict[str, Any], data: st.DataObject, value: Any) -> None:
    """Seen to fail when `version` was left out too."""
    member = data.draw(st.sampled_from(sorted(document.keys() - {"attributes"})))
    assume(_spelling(document[member]) != _spelling(value))
    assert not same_resource(written(document), written({**document, member: value}))


@given(odd_documents(), odd_documents(), odd_documents())
def test_it_is_an_equivalence_on_any_bytes(a: bytes, b: bytes, c: bytes) -> None:
    """Seen to fail when two documents that cannot be read counted as the same."""
    assert same_resource(a, a)
    assert same_resource(a, b) is same_resource(b, a)
    if same_resource(a, b) and same_resource(b, c):
        assert same_resource(a, c)


@given(resource_documents(), stamps, indents)
def test_it_is_transitive_through_saves(
    document: dict[str, Any], stamp: dict[str, Any], indent: int | None
) -> None:
    """Seen to fail when attributes that are empty counted as different from none."""
    first = {**document, "attributes": {}}
    second = stamped(first, stamp)
    third = {name: value for name, value in document.items() if name != "attributes"}
    assert same_resource(written(first), written(second, indent))
    assert same_resource(written(second, indent), written(third))
    assert same_resource(written(first), written(third))
