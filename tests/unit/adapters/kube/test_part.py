"""Which lines of a stream are about none of our namespaces, told by their bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.adapters.kube.part import WHOLE, is_foreign

OURS = frozenset({"ours", "more"})
spaces = st.sampled_from(["ours", "more", "theirs", "others"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.just("namespace"), inner | spaces, max_size=3)
    ),
    max_leaves=8,
)


def has(namespace: str) -> bool:
    return namespace in OURS


def line(namespace: str, more: object = None, *, compact: bool = True) -> bytes:
    metadata = {"name": "a", "namespace": namespace, "annotations": {"told": json.dumps(more)}}
    told = {"type": "ADDED", "object": {"more": more, "metadata": metadata}}
    return json.dumps(told, separators=(",", ":") if compact else None).encode()


@given(spaces, json_values, st.booleans())
def test_what_is_ours_is_never_foreign(namespace: str, more: object, compact: bool) -> None:  # noqa: FBT001 - how it is written
    """Whatever else the object holds, be it JSON in a text.

    Seen to fail when the first namespace of a line decided.
    """
    told = line(namespace, more, compact=compact)
    if has(namespace):
        assert not is_foreign(told, has)


def test_what_is_others_is_foreign_unless_it_names_one_of_ours() -> None:
    assert is_foreign(line("theirs"), has)
    assert is_foreign(line("theirs", {"namespace": "others"}), has)
    assert not is_foreign(line("theirs", {"subjects": [{"namespace": "ours"}]}), has)


@pytest.mark.parametrize(
    "told",
    [
        b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}',
        b'{"type":"ERROR","object":{"kind":"Status","code":410}}',
        line("theirs", compact=False),
        b"",
        b"garbage",
    ],
)
def test_what_names_no_namespace_is_read(told: bytes) -> None:
    assert not is_foreign(told, has)


def test_the_whole_leaves_nothing_out() -> None:
    assert WHOLE.has("any")
    assert not WHOLE.skips(line("theirs"))
    assert not WHOLE.is_empty()
