"""Field patches do what Go's sjson and gjson do: the same bytes, or an error of the same kind."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from property.strategies.json_documents import changes, documents, paths
from stoker.core.errors import PatchError
from stoker.core.fieldpatch import set_field
from support.oracle import Oracle, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

VECTORS = Path(__file__).parents[1] / "vectors" / "sjson.jsonl"
CASES = [json.loads(line)["input"] for line in VECTORS.read_text().split("\n") if line]
# Go would pad with as many nulls as it is asked for.
LONG_INDEX = re.compile(r"[0-9]{4}")
SIGNS = st.sampled_from(list('{}[]",:\\.#@*?|!01-ax \n()é\udcff'))


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with Oracle() as running:
        yield running


def ours(document: str, path: str, value: str) -> str:
    try:
        return set_field(document, path, value)
    except PatchError as error:
        return f"<{error.kind}>"


def theirs(answer: dict[str, Any]) -> str:
    if answer.get("error") in {"panic", "timeout"}:
        return "<broken>"
    if "error" in answer:
        return f"<{answer['error']}>"
    return decode(answer.get("want", "")) if answer.get("valid") else "<broken>"


def same(oracle: Oracle, document: str, path: str, value: str) -> bool:
    try:
        wanted = theirs(oracle.sjson(document, path, value))
    except UnicodeEncodeError:
        return True
    got = ours(document, path, value)
    canonical = got.encode("utf-8", "surrogateescape"), wanted.encode("utf-8", "surrogateescape")
    return canonical[0] == canonical[1]


@given(document=documents, path=paths, value=changes)
def test_documents_are_patched_as_go_patches_them(
    oracle: Oracle, document: str, path: str, value: str
) -> None:
    """Any document, path, value.

    Broken on purpose: `stringify` escaped `<` in plain ASCII too.
    """
    assume(not LONG_INDEX.search(path))
    assert same(oracle, document, path, value)


@given(
    case=st.sampled_from(CASES),
    other=st.sampled_from(CASES),
    taken=st.sampled_from(("json", "path", "value", "value")),
    bend=st.tuples(st.integers(0, 2), st.integers(0, 200), SIGNS),
)
def test_bent_vectors_are_patched_as_go_patches_them(
    oracle: Oracle,
    case: dict[str, str],
    other: dict[str, str],
    taken: str,
    bend: tuple[int, int, str],
) -> None:
    """A vector with a part of another one, and a character put in somewhere.

    Broken on purpose: `created` put no comma before a new member.
    """
    texts = list((case | {taken: other[taken]}).values())
    which, where, sign = bend
    at = where % (len(texts[which]) + 1)
    texts[which] = texts[which][:at] + sign + texts[which][at:]
    assume(not LONG_INDEX.search(texts[1]))
    assert same(oracle, *texts)
