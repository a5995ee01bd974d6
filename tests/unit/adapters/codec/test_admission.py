"""`AdmissionReview`: bytes to a question, an answer to bytes."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from attrs import evolve

from stoker.adapters.codec.admission import (
    MAX_BODY,
    MAX_DEPTH,
    AdmissionRequest,
    decode_review,
    encode_review,
)
from stoker.core.errors import DecodeError, Problem
from stoker.core.injection import Allowed, Denied, Injected

REQUEST: dict[str, Any] = {
    "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
    "kind": {"group": "", "version": "v1", "kind": "Pod"},
    "operation": "CREATE",
    "namespace": "plant",
    "name": "gw-0",
    "dryRun": True,
    "object": {"metadata": {"name": "gw-0"}},
    "userInfo": {"username": "admin"},
    "oldObject": None,
}


def review(**changes: Any) -> dict[str, Any]:
    request = {**REQUEST, **changes}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


def decoded(**changes: Any) -> AdmissionRequest:
    return decode_review(json.dumps(review(**changes)).encode())


def refusal(body: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        decode_review(body)
    return str(caught.value)


def refusal_of(**changes: Any) -> str:
    return refusal(json.dumps(review(**changes)).encode())


def test_a_review() -> None:
    assert decoded() == AdmissionRequest(
        uid="705ab4f5-6393-11e8-b7cc-42010a800002",
        operation="CREATE",
        kind="Pod",
        namespace="plant",
        name="gw-0",
        subresource="",
        dry_run=True,
        object={"metadata": {"name": "gw-0"}},
    )


def test_a_review_of_a_change() -> None:
    kind = {"group": "stoker.io", "version": "v1alpha1", "kind": "GatewaySync"}
    request = decoded(kind=kind, operation="UPDATE", oldObject={"spec": {}})
    assert (request.group, request.kind) == ("stoker.io", "GatewaySync")
    assert request.old_object == {"spec": {}}
    assert refusal_of(oldObject=[]) == "request.oldObject: is not an object"


def test_a_review_that_says_little() -> None:
    parts = dict.fromkeys(REQUEST)
    assert decoded(**{**parts, "uid": "u"}) == AdmissionRequest(uid="u", operation="")


@pytest.mark.parametrize(
    ("changes", "creates"),
    [
        ({}, True),
        ({"operation": "UPDATE"}, False),
        ({"operation": "create"}, False),
        ({"kind": {"kind": "Deployment"}}, False),
        ({"kind": None}, False),
        ({"subResource": "ephemeralcontainers"}, False),
        ({"object": None}, False),
        ({"object": {}}, True),
    ],
)
def test_what_is_about_the_creation_of_a_pod(changes: dict[str, Any], *, creates: bool) -> None:
    assert decoded(**changes).creates_pod is creates


@pytest.mark.parametrize("odd", [5, 1.5, True, [], {}])
@pytest.mark.parametrize("name", ["uid", "operation", "namespace", "name", "subResource"])
def test_texts_are_texts(name: str, odd: Any) -> None:
    assert refusal_of(**{name: odd}) == f"request.{name}: is not a string"


@pytest.mark.parametrize("odd", [5, 0, "true", [], {}])
def test_the_dry_run_is_a_switch(odd: Any) -> None:
    assert refusal_of(dryRun=odd) == "request.dryRun: is neither true nor false"


@pytest.mark.parametrize("odd", [5, True, "x", []])
def test_objects_are_objects(odd: Any) -> None:
    assert refusal_of(object=odd) == "request.object: is not an object"
    assert refusal_of(kind=odd) == "request.kind: is not an object"
    assert refusal(json.dumps({**review(), "request": odd}).encode()) == (
        "request: is not an object"
    )
    assert refusal(json.dumps(odd).encode()) == "AdmissionReview: is not an object"


def test_the_kind_is_text() -> None:
    assert refusal_of(kind={"kind": 5}) == "request.kind.kind: is not a string"


@pytest.mark.parametrize("part", ["apiVersion", "kind"])
@pytest.mark.parametrize("other", ["admission.k8s.io/v1beta1", "Pod", None, 5, {}])
def test_other_documents(part: str, other: Any) -> None:
    assert refusal(json.dumps({**review(), part: other}).encode()) == (
        "the document is no AdmissionReview of admission.k8s.io/v1"
        " (list v1 in the webhook's admissionReviewVersions)"
    )


def test_a_review_without_a_request() -> None:
    document = review()
    del document["request"]
    assert refusal(json.dumps(document).encode()) == "request: is not an object"


@pytest.mark.parametrize(("uid", "legal"), [("", False), ("u" * 256, True), ("u" * 257, False)])
def test_the_uid_is_bounded(uid: str, *, legal: bool) -> None:
    if legal:
        assert decoded(uid=uid).uid == uid
    else:
        assert refusal_of(uid=uid) == "request.uid: must have from 1 to 256 characters"


def numbered(number: str) -> bytes:
    return json.dumps(review(object={"n": "N"})).replace('"N"', number).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"{",
        b"\xff",
        b"\xef\xbb\xbf{}",
        json.dumps(review()).encode("utf-16"),
        json.dumps(review()).encode() + b"x",
        numbered("NaN"),
        numbered("Infinity"),
        numbered("-Infinity"),
        numbered("1e999"),
        numbered("9" * 5000),
        numbered("[" * 100_000 + "]" * 100_000),
    ],
)
def test_what_is_no_json(body: bytes) -> None:
    assert refusal(body) == "the document is not JSON, or nested too deeply"


@pytest.mark.parametrize("number", ["1.5", "-1e308", "12345678901234567890", "0"])
def test_numbers_that_are_numbers(number: str) -> None:
    assert decode_review(numbered(number)).object == {"n": json.loads(number)}


def nested(levels: int) -> bytes:
    """A review of that many levels: itself, the request and the object are three of them."""
    inner = "[" * (levels - 3) + "]" * (levels - 3)
    return numbered(inner)


def test_depth_is_bounded() -> None:
    assert decode_review(nested(MAX_DEPTH)).object
    assert MAX_DEPTH == 100
    assert refusal(nested(MAX_DEPTH + 1)) == "the document is nested more than 100 levels deep"


def test_size_is_bounded() -> None:
    body = json.dumps(review()).encode()
    assert decode_review(body + b" " * (MAX_BODY - len(body))).uid == REQUEST["uid"]
    assert MAX_BODY == 4_194_304
    assert refusal(body + b" " * (MAX_BODY - len(body) + 1)) == (
        "the document is larger than 4194304 bytes"
    )


# --- answers ---

QUESTION = AdmissionRequest(uid="u1", operation="CREATE", kind="Pod", object={"a": 1})


def test_allowed() -> None:
    assert encode_review(QUESTION, Allowed()) == (
        b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview",'
        b'"response":{"uid":"u1","allowed":true}}'
    )


def response(answer: Allowed | Denied | Injected) -> dict[str, Any]:
    document = json.loads(encode_review(QUESTION, answer))
    found: dict[str, Any] = document["response"]
    return found


def test_allowed_with_warnings() -> None:
    assert response(Allowed(("one", "two"))) == {
        "uid": "u1",
        "allowed": True,
        "warnings": ["one", "two"],
    }


def test_denied() -> None:
    assert response(Denied("no CR (create one)")) == {
        "uid": "u1",
        "allowed": False,
        "status": {"code": 403, "reason": "Forbidden", "message": "no CR (create one)"},
    }


def test_denied_for_what_is_wrong_with_a_document_of_ours() -> None:
    about = evolve(QUESTION, group="stoker.io", kind="GatewaySync", name="site")
    problems = (Problem("spec.a", "is wrong", "mend it"), Problem("", "x\ny" + "z" * 2000))
    document = json.loads(encode_review(about, Denied("2 problems", problems)))
    assert document["response"]["status"] == {
        "code": 422,
        "reason": "Invalid",
        "message": "2 problems",
        "details": {
            "group": "stoker.io",
            "kind": "GatewaySync",
            "name": "site",
            "causes": [
                {
                    "reason": "FieldValueInvalid",
                    "field": "spec.a",
                    "message": "is wrong (mend it)",
                },
                {
                    "reason": "FieldValueInvalid",
                    "field": "GatewaySync",
                    "message": "x\ufffdy" + "z" * 1020 + "…",
                },
            ],
        },
    }


def test_injected() -> None:
    after = {"a": 1, "b": {"\u00e9": "\ud800"}}
    found = response(Injected(after, ("look",)))
    patch = json.loads(base64.b64decode(found.pop("patch"), validate=True))
    assert found == {
        "uid": "u1",
        "allowed": True,
        "patchType": "JSONPatch",
        "warnings": ["look"],
    }
    assert patch == [{"op": "add", "path": "/b", "value": {"\u00e9": "\ud800"}}]
    assert after == {"a": 1, "b": patch[0]["value"]}


def test_injected_without_warnings() -> None:
    assert set(response(Injected({"a": 1}))) == {"uid", "allowed", "patchType", "patch"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x" * 256, "x" * 256),
        ("x" * 257, "x" * 255 + "…"),
        ("a\nb\x1b[31m\u2028", "a\ufffdb\ufffd[31m\ufffd"),
        ("\ud800", "\ufffd"),
    ],
)
def test_warnings_are_what_kubernetes_passes_on(text: str, shown: str) -> None:
    assert response(Allowed((text,)))["warnings"] == [shown]


def test_warnings_are_counted() -> None:
    many = tuple(map(str, range(17)))
    assert response(Allowed(many[:16]))["warnings"] == list(many[:16])
    assert response(Allowed(many))["warnings"] == list(many[:16])


def test_a_message_is_bounded() -> None:
    assert response(Denied("m" * 4096))["status"]["message"] == "m" * 4096
    assert response(Denied("m" * 4097))["status"]["message"] == "m" * 4095 + "…"


@pytest.mark.parametrize("kind", ["dict", "list"])
def test_the_deepest_pod_gets_its_patch(kind: str) -> None:
    before, after = ("[", "]") if kind == "list" else ('{"a":', "}")
    deep = before * (MAX_DEPTH - 4) + "1" + after * (MAX_DEPTH - 4)
    request = decode_review(numbered(deep))
    assert request.object is not None
    changed = {**request.object, "b": 1}
    answer = json.loads(encode_review(request, Injected(changed)))
    patch = json.loads(base64.b64decode(answer["response"]["patch"]))
    assert patch == [{"op": "add", "path": "/b", "value": 1}]
