"""When two versions of a `resource.json` are the same apart from the stamps of a save."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stoker.core.errors import DecodeError
from stoker.core.exactjson import Number
from stoker.core.ignition import same_resource
from stoker.core.ignition.resource import MAX_BYTES, MAX_DEPTH, parse_resource

STAMP = {"actor": "jane", "timestamp": "2026-01-02T03:04:05Z"}


def _resource(**changes: Any) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "scope": "G",
        "version": 1,
        "files": ["view.json"],
        "attributes": {"lastModification": STAMP, "lastModificationSignature": "ab", "x": 1},
    }
    return {**resource, **changes}


def _bytes(document: Any) -> bytes:
    return json.dumps(document).encode()


def _stamped(**attributes: Any) -> bytes:
    return _bytes(_resource(attributes={"x": 1, **attributes}))


@pytest.mark.parametrize(
    "after",
    [
        _bytes(_resource()),
        json.dumps(_resource(), indent=2).encode() + b"\n",
        _stamped(),
        _stamped(lastModification={"actor": "external"}, lastModificationSignature="cd"),
        _stamped(lastModification=None),
        _bytes(dict(reversed(_resource().items()))),
    ],
)
def test_stamps_and_form_do_not_count(after: bytes) -> None:
    assert same_resource(_bytes(_resource()), after)
    assert same_resource(after, _bytes(_resource()))


@pytest.mark.parametrize(
    "after",
    [
        _bytes(_resource(scope="A")),
        _bytes(_resource(version=2)),
        _bytes(_resource(version="1")),
        _bytes(_resource(version=True)),
        _bytes(_resource()).replace(b'"version": 1', b'"version": 1.0'),
        _bytes(_resource(files=["view.json", "a"])),
        _bytes(_resource(lastModification=STAMP)),
        _stamped(x=2),
        _stamped(y={"lastModification": STAMP}),
        _bytes(_resource(attributes=None)),
        _bytes([_resource()]),
        b"",
        b"\xff",
    ],
)
def test_everything_else_counts(after: bytes) -> None:
    assert not same_resource(_bytes(_resource()), after)


def test_the_first_stamp_brings_the_attributes() -> None:
    bare = _resource()
    del bare["attributes"]
    stamped = _resource(attributes={"lastModification": STAMP})
    assert same_resource(_bytes(bare), _bytes(stamped))
    assert same_resource(_bytes(bare), _bytes(_resource(attributes={})))
    assert not same_resource(_bytes(bare), _bytes(_resource(attributes={"x": 1})))


def test_what_is_no_document_is_compared_by_its_bytes() -> None:
    assert same_resource(b"{", b"{")
    assert not same_resource(b"{", b"{ ")
    assert same_resource(b'{"a":1,"a":2}', b'{"a":1,"a":2}')
    assert not same_resource(b'{"a":1,"a":2}', b'{"a":2}')
    assert not same_resource(b'{"a":NaN}', b'{"a": NaN}')


def _nested(depth: int) -> bytes:
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


def test_depth_has_a_limit() -> None:
    assert parse_resource(_nested(MAX_DEPTH))
    with pytest.raises(DecodeError, match="has more than 64 levels"):
        parse_resource(_nested(MAX_DEPTH + 1))
    with pytest.raises(DecodeError, match="has more than 64 levels"):
        parse_resource(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    in_lists = b'{"a":' + b"[" * (MAX_DEPTH - 1) + b"1" + b"]" * (MAX_DEPTH - 1) + b"}"
    assert parse_resource(in_lists)


def test_size_has_a_limit() -> None:
    text = b'{"a":"' + b"x" * (MAX_BYTES - 8) + b'"}'
    assert len(text) == MAX_BYTES
    assert parse_resource(text)
    with pytest.raises(DecodeError, match="has more than 1048576 bytes"):
        parse_resource(text + b" ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff", "the resource.json is not JSON: "),
        (b"{", "the resource.json is not JSON: "),
        (b'{"a":Infinity}', "the resource.json is not JSON: Infinity is not a JSON number"),
        (b'{"a":{"b":1,"b":1}}', "the resource.json is not JSON: an object has one name twice"),
        (b"[]", "the resource.json does not hold a JSON object"),
        (b"1", "the resource.json does not hold a JSON object"),
    ],
)
def test_what_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        parse_resource(content)
    assert caught.value.message.startswith(message)
    assert caught.value.cure == "export the resource again"


def test_numbers_keep_their_spelling() -> None:
    digits = b"9" * 10_000
    assert parse_resource(b'{"a": 1.50, "b": ' + digits + b"}") == {
        "a": Number("1.50"),
        "b": Number(digits.decode()),
    }
