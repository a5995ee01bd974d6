"""Law 14, the other half: whatever comes in, the result is JSON or a `PatchError` leaves."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from property.strategies.json_documents import changes, documents, paths
from stoker.core.errors import PatchError
from stoker.core.fieldpatch import get_field, set_field

KINDS = {"invalid_json", "bad_path", "limit", "broken"}


def refuse(constant: str) -> None:
    raise AssertionError(constant)


@given(documents, paths, changes)
@example('{"a":"[1,2]"}', "a.1", "x")
@example('{"a":[[1,2],[3]]}', "a.#.#", "x")
@example('"[1"', "0.0", "9")
def test_a_patched_document_is_json(document: str, path: str, value: str) -> None:
    """A document that is JSON stays JSON, or is refused with a kind, and the path as its place.

    Broken on purpose: `_set_plain` did not check what it wrote inside a string.
    """
    try:
        after = set_field(document, path, value)
    except PatchError as error:
        assert error.kind in KINDS
        assert error.where in {path, ""}
        assert (error.where == "") == (error.kind == "invalid_json" or not path)
        return
    json.loads(after.encode("utf-8", "replace"), parse_constant=refuse)


@given(
    st.text(max_size=30) | st.text('{}[]",:\\ 01a-.eE\n', max_size=30), paths | st.text(), st.text()
)
@example('"\ud800"', "a", "1")
@example("{}", "\ud800", "1")
@example("{}", "a", "\udfff")
@example("[" * 20_000, "0", "1")
@example('{"a":' * 9_000 + "1" + "}" * 9_000, "a" + ".a" * 8_999, "[]")
@example("{}", "#(" * 1_000, "1")
@example("{}", "1" * 5_000, "1" * 5_000)
@example("[" + "9" * 5_000 + "]", "0*", "x")
@example('{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa":1}', "*a" * 30 + "b", "x")
def test_nothing_but_a_patch_error_leaves(document: str, path: str, value: str) -> None:
    """Any text as a document, a path, a value.

    Broken on purpose: `_checked` encoded without a look at surrogates.
    """
    kinds = set()
    try:
        set_field(document, path, value)
    except PatchError as error:
        kinds.add(error.kind)
    try:
        get_field(document, path)
    except PatchError as error:
        kinds.add(error.kind)
    assert kinds <= KINDS
