"""A resource that Stoker has rendered bears a signature that fits, and is otherwise untouched.

Rule: `recompute` changes at most the digits of the signature; what it returns verifies in the
dialect of the original; where nothing signed has changed, and where no signature is, the bytes
stay; any bytes have an answer.
"""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from property.strategies.ignition import contents, dialects, odd_documents, signed_resources
from stoker.core.errors import DecodeError
from stoker.core.ignition import Dialect, Resource, recompute, same_resource, signature, verify

Signed = tuple[Resource, Dialect]


def _differs(a: Resource, b: Resource) -> bool:
    return any(a.files[name] != b.files[name] for name in json.loads(a.document)["files"])


@given(signed_resources())
def test_a_signature_verifies(signed: Signed) -> None:
    """Seen to fail when `verify` took the file's digest for 8.1 as well."""
    resource, dialect = signed
    found = verify(resource)
    assert found is not None
    assert signature(resource, found) == signature(resource, dialect)


@given(signed_resources(), contents, st.none() | dialects)
def test_a_changed_file_is_signed_anew(
    signed: Signed, files: dict[str, bytes], fallback: Dialect | None
) -> None:
    """Seen to fail when the fallback overruled the dialect of the original."""
    original, dialect = signed
    changed = evolve(original, files=files)
    document = recompute(original, changed, fallback)
    again = evolve(changed, document=document)
    assert (
        signature(again, dialect) == json.loads(document)["attributes"]["lastModificationSignature"]
    )
    assert same_resource(document, original.document)
    assert len(document) == len(original.document)
    assert recompute(original, again, fallback) == document
    if not _differs(original, changed):
        assert document is original.document


@given(signed_resources(), contents)
def test_only_the_digits_change(signed: Signed, files: dict[str, bytes]) -> None:
    """Seen to fail when the document was written anew from what had been parsed."""
    original, _ = signed
    document = recompute(original, evolve(original, files=files))
    old, new = (_borne(text) for text in (original.document, document))
    assert original.document.split(old) == document.split(new) or old == new


def _borne(document: bytes) -> bytes:
    digits: Any = json.loads(document)["attributes"]["lastModificationSignature"]
    return str(digits).encode()


odd_resources = st.builds(Resource, odd_documents(), contents, st.booleans())


@given(odd_resources, odd_resources, dialects)
def test_any_bytes_have_an_answer(original: Resource, changed: Resource, dialect: Dialect) -> None:
    """Seen to fail when a list of files that holds a number was sorted."""
    # Nobody has signed these, so there is nothing to sign anew.
    assert recompute(original, changed, dialect) == changed.document
    assert verify(original) is None
    try:
        assert len(signature(changed, dialect)) == 64
    except DecodeError as error:
        assert error.message.startswith("the resource.json ")
