"""The signature, against resources that real gateways have signed.

The algorithm was checked against eleven resources of public repositories, and met all: six that
gateways of 8.1 had signed (style classes, a page configuration, named queries) and five of 8.3
(settings, a unary tag folder). The six with the smallest inputs are kept here.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from attrs import evolve

from stoker.core.errors import DecodeError
from stoker.core.ignition import Dialect, Resource, recompute, signature, verify

V81, V83 = Dialect.V81, Dialect.V83


def _query(kind: str, sql: str, parameter: str, signed: str) -> Resource:
    attributes: dict[str, Any] = {
        "useMaxReturnSize": False,
        "autoBatchEnabled": False,
        "fallbackValue": "",
        "maxReturnSize": 100,
        "cacheUnit": "SEC",
        "type": kind,
        "enabled": True,
        "cacheAmount": 1,
        "cacheEnabled": False,
        "database": "",
        "fallbackEnabled": False,
        "lastModificationSignature": signed,
        "permissions": [{"zone": "", "role": ""}],
        "lastModification": {"actor": "external", "timestamp": "2025-08-20T08:24:51Z"},
        "parameters": [{"type": "Parameter", "identifier": parameter, "sqlType": 2}],
    }
    return _of("DG", {"query.sql": sql}, attributes, version=2)


def _of(
    scope: str,
    files: dict[str, str],
    attributes: dict[str, Any],
    *,
    version: int = 1,
    unary: bool = False,
) -> Resource:
    document = {
        "scope": scope,
        "version": version,
        "restricted": False,
        "overridable": True,
        "files": list(files),
        "attributes": attributes,
    }
    contents = {name: text.encode() for name, text in files.items()}
    return Resource(json.dumps(document, indent=2).encode(), contents, unary=unary)


def _stamp(actor: str, timestamp: str, signed: str, **others: Any) -> dict[str, Any]:
    return {
        "lastModification": {"actor": actor, "timestamp": timestamp},
        "lastModificationSignature": signed,
        **others,
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=2)


_HOVER = {
    "base": {
        "style": {
            "backgroundColor": "#E0E0E0",
            "borderRadius": "0",
            "color": "#303030",
            "marginTop": "4px",
        }
    },
    "variants": [{"pseudo": "hover", "style": {"backgroundColor": "#C1C1C1"}}],
}
_TEXT = {"base": {"style": {"color": "#000000", "fontSize": "14px", "lineHeight": "20px"}}}

STYLE = _of(
    "G",
    {"style.json": _json(_HOVER)},
    _stamp(
        "admin",
        "2020-05-06T18:13:04Z",
        "80f1828576b95969e9eff06c337fa652f6e71fb4aa73394f8cb8cf08812276b6",
    ),
)
SIGNED_81 = [
    STYLE,
    _of(
        "G",
        {"style.json": _json(_TEXT)},
        _stamp(
            "admin",
            "2019-09-09T18:02:21Z",
            "a5a643c16c0aabd8a978033defe84111467875e3b1cfa60e3fed8eba12c95aaa",
        ),
    ),
    _query(
        "UpdateQuery",
        "UPDATE\n\t[participant].[Events]\nSET\n\t[timeRetired] = NULL\nWHERE\n\t[id] = :eventId",
        "eventId",
        "232dc42c4dc04683da75eb850f3bcad79faeac6a40381d79ffae9bd82977da55",
    ),
    _query(
        "UpdateQuery",
        "DELETE FROM\t \n\tparticipant.EventNotes \nWHERE \n\tid = :note_id",
        "note_id",
        "ca6d01cfc47ecad6be106077883e1027443cd61f759a146695f2591421a0265f",
    ),
]


_ALARMS = {"liveEventLimit": 5, "notifyInitialEvents": False, "startupSuppressionTime": 9}

SETTINGS = _of(
    "A",
    {"config.json": _json(_ALARMS)},
    _stamp(
        "ad",
        "2025-12-17T18:20:15Z",
        "511f5c78bbbf148409b886fc44073e63b904a6b6ff7b9f3bd0881bccac595d70",
        enabled=True,
    ),
)
FOLDER = _of(
    "G",
    {},
    _stamp(
        "quickstart",
        "2025-09-24T01:28:32Z",
        "f7dc395b073e7ceb6db65e93f0b175a79b1dd567a9baf41e5e6f96fe47ae5737",
        config={},
    ),
    unary=True,
)


def _borne(document: bytes) -> str:
    return str(json.loads(document)["attributes"]["lastModificationSignature"])


@pytest.mark.parametrize(
    ("resource", "dialect"),
    [*((resource, V81) for resource in SIGNED_81), (SETTINGS, V83)],
)
def test_signatures_of_gateways_are_met(resource: Resource, dialect: Dialect) -> None:
    other = V83 if dialect is V81 else V81
    assert signature(resource, dialect) == _borne(resource.document)
    assert signature(resource, other) != _borne(resource.document)
    assert verify(resource) is dialect


def test_a_unary_folder_without_files_reads_the_same_in_both() -> None:
    assert signature(FOLDER, V81) == signature(FOLDER, V83) == _borne(FOLDER.document)
    assert verify(FOLDER) is V81
    assert verify(evolve(FOLDER, unary=False)) is None


PARTS = {
    "scope": "CG",
    "version": -2,
    "restricted": True,
    "overridable": False,
    "description": "grüß",
    "files": ["b", "a"],
    "attributes": {"z": {"y": 1.50, "x": ['\u2028\u2029\n"', None, False]}, "m": "é"},
}
FILES = {"a": b"\x00\xff", "b": b"bee", "c": b"not listed"}


def test_what_is_signed_byte_by_byte() -> None:
    text = json.dumps(PARTS).replace("1.5", "1.50")
    resource = Resource(text.encode(), FILES)
    head = b"\0\0\0\x05" + "grüß".encode() + b"\xff\xff\xff\xfe" + b"\0\1\0"
    tail = 'm"é"z{"y":1.50,"x":["\\u2028\\u2029\\n\\"",null,false]}'.encode()
    raw = head + b"a\x00\xffbbee" + tail
    assert signature(resource, V81) == hashlib.sha256(raw).hexdigest()
    digests = [hashlib.sha256(FILES[name]).hexdigest().encode() for name in "ab"]
    hashed = head + b"a" + digests[0] + b"b" + digests[1] + tail
    assert signature(resource, V83) == hashlib.sha256(hashed).hexdigest()


def _changed(**changes: Any) -> Resource:
    parts = {name: value for name, value in {**PARTS, **changes}.items() if value != "absent"}
    return Resource(json.dumps(parts).encode(), FILES)


BASE = signature(_changed(), V81)


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": "C"},
        {"version": 2},
        {"restricted": False},
        {"overridable": True},
        {"locked": True},
        {"description": ""},
        {"documentation": "other"},
        {"files": ["a"]},
        {"attributes": {}},
        {"attributes": {"z": 1}},
    ],
)
def test_every_part_counts(changes: dict[str, Any]) -> None:
    assert signature(_changed(**changes), V81) != BASE


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": "GC"},
        {"scope": "GCG"},
        {"locked": False},
        {"documentation": "grüß", "description": "unread"},
        {"documentation": ""},
        {"documentation": None},
        {"files": ["a", "b"]},
        {"other": 1},
        {"attributes": {**PARTS["attributes"], "lastModificationSignature": 5}},  # type: ignore[dict-item]
    ],
)
def test_these_make_no_difference(changes: dict[str, Any]) -> None:
    assert signature(_changed(**changes), V81) == BASE


def test_absent_is_false_and_empty() -> None:
    bare = Resource(b'{"scope":"N","version":0}')
    raw = b"\0" * 8 + b"\0\0\0"
    assert signature(bare, V81) == hashlib.sha256(raw).hexdigest()
    every = Resource(b'{"scope":"A","version":2147483647,"description":null}', unary=True)
    raw = b"\0\0\0\7" + b"\x7f\xff\xff\xff" + b"\1\0\0"
    assert signature(every, V83) == hashlib.sha256(raw).hexdigest()
    designer = Resource(b'{"scope":"D","version":-2147483648}')
    raw = b"\0\0\0\2" + b"\x80\0\0\0" + b"\0\0\0"
    assert signature(designer, V83) == hashlib.sha256(raw).hexdigest()


def test_names_sort_as_the_gateway_sorts_them() -> None:
    # By UTF-16 halves the emoji comes before the private character; by code points after it.
    names = ["\ue000", "\U0001f600"]
    resource = Resource(
        json.dumps({"scope": "G", "version": 1, "files": names}).encode(),
        dict.fromkeys(names, b""),
    )
    body = "\U0001f600\ue000".encode()
    raw = b"\0\0\0\1\0\0\0\1\0\0\0" + body
    assert signature(resource, V81) == hashlib.sha256(raw).hexdigest()


def test_half_a_character_is_a_question_mark() -> None:
    resource = Resource(b'{"scope":"G","version":1,"description":"\\ud800"}')
    raw = b"\0\0\0\1?\0\0\0\1\0\0\0"
    assert signature(resource, V81) == hashlib.sha256(raw).hexdigest()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scope": "X"}, "has no scope of the letters G, D, C, A and N"),
        ({"scope": ""}, "has no scope of the letters G, D, C, A and N"),
        ({"scope": 1}, "has no scope of the letters G, D, C, A and N"),
        ({"scope": "absent"}, "has no scope of the letters G, D, C, A and N"),
        ({"version": 2147483648}, "has no version of 32 bits"),
        ({"version": -2147483649}, "has no version of 32 bits"),
        ({"version": 1.0}, "has no version of 32 bits"),
        ({"version": "1"}, "has no version of 32 bits"),
        ({"version": 10**30}, "has no version of 32 bits"),
        ({"version": "absent"}, "has no version of 32 bits"),
        ({"description": 1}, "has a description that is no text"),
        ({"documentation": []}, "has a documentation that is no text"),
        ({"restricted": "no"}, "says neither true nor false for 'restricted'"),
        ({"overridable": None}, "says neither true nor false for 'overridable'"),
        ({"locked": 0}, "says neither true nor false for 'locked'"),
        ({"files": "a"}, "has no list of files"),
        ({"files": ["a", 1]}, "has no list of files"),
        ({"files": ["a", "gone"]}, "lists 'gone', which is not there"),
        ({"attributes": []}, "has attributes that are no object"),
    ],
)
def test_what_cannot_be_signed(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        signature(_changed(**changes), V81)
    assert caught.value.message == f"the resource.json {message}"
    assert caught.value.cure == "save the resource in the Designer"
    assert verify(_changed(**changes)) is None


def test_a_resource_without_a_signature_verifies_in_no_dialect() -> None:
    assert verify(_changed()) is None
    assert verify(Resource(b"no json")) is None
    assert verify(_with_attributes(lastModificationSignature="")) is None
    assert verify(_with_attributes(lastModificationSignature="A" * 64)) is None


def _with_attributes(**attributes: Any) -> Resource:
    return _changed(attributes={**PARTS["attributes"], **attributes})  # type: ignore[dict-item]


RENDERED = {"style.json": b'{"rendered": true}'}


def test_a_rendered_file_gets_the_signature_that_fits() -> None:
    changed = evolve(STYLE, files=RENDERED)
    document = recompute(STYLE, changed)
    old, new = _borne(STYLE.document), signature(changed, V81)
    assert document == STYLE.document.replace(old.encode(), new.encode())
    assert verify(evolve(changed, document=document)) is V81


def test_the_dialect_of_the_original_is_kept() -> None:
    changed = evolve(SETTINGS, files={"config.json": b"{}"})
    document = recompute(SETTINGS, changed, fallback=V81)
    assert verify(evolve(changed, document=document)) is V83


def test_a_patched_resource_json_is_signed_too() -> None:
    patched = STYLE.document.replace(b'"version": 1', b'"version": 7')
    changed = evolve(STYLE, document=patched)
    document = recompute(STYLE, changed)
    assert b'"version": 7' in document
    assert verify(evolve(changed, document=document)) is V81


def test_nothing_signed_has_changed() -> None:
    stray = evolve(STYLE, files={**STYLE.files, "unlisted": b"x"})
    assert recompute(STYLE, stray, fallback=V83) is stray.document
    odd = Resource(b"{", {"a": b""})
    assert recompute(odd, Resource(b"{", {"a": b""}), fallback=V83) == b"{"


@pytest.mark.parametrize("fallback", [None, V81, V83])
def test_a_stale_original_has_the_fallback_or_stays(fallback: Dialect | None) -> None:
    stale = evolve(STYLE, files={"style.json": b"{{ .Vars.colour }}"})
    changed = evolve(STYLE, files=RENDERED)
    document = recompute(stale, changed, fallback)
    if fallback is None:
        assert document is changed.document
    else:
        assert _borne(document) == signature(changed, fallback)


def test_without_a_signature_it_stays_without() -> None:
    original = _changed()
    changed = evolve(original, files={**FILES, "a": b"other"})
    assert recompute(original, changed, fallback=V81) is changed.document


@pytest.mark.parametrize(
    "document",
    [
        b"no json",
        STYLE.document.replace(b"style.json", b"gone.json"),
        STYLE.document.replace(b'"version": 1', b'"version": "x"'),
    ],
)
def test_what_cannot_be_signed_any_more_stays(document: bytes) -> None:
    changed = Resource(document, RENDERED)
    assert recompute(STYLE, changed) is document


def _repeating(times: int) -> Resource:
    old = _borne(STYLE.document)
    document = json.loads(STYLE.document)
    document["attributes"] = {"copies": [old] * times, **document["attributes"]}
    return evolve(STYLE, document=json.dumps(document).encode(), files=RENDERED)


def test_the_same_digits_elsewhere_stay() -> None:
    changed = _repeating(7)
    document = recompute(STYLE, changed)
    assert _borne(document) == signature(changed, V81)
    assert json.loads(document)["attributes"]["copies"] == [_borne(STYLE.document)] * 7


def test_too_many_of_the_same_digits_are_not_searched() -> None:
    changed = _repeating(8)
    assert recompute(STYLE, changed) is changed.document


def test_digits_in_disguise_are_not_found() -> None:
    old = _borne(STYLE.document).encode()
    assert old.startswith(b"80f")
    disguised = STYLE.document.replace(old, b"80\\u0066" + old[3:])
    assert json.loads(disguised) == json.loads(STYLE.document)
    assert recompute(STYLE, evolve(STYLE, document=disguised, files=RENDERED)) is disguised
