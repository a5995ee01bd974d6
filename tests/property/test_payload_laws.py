"""Any webhook: a request, an event to ignore, or a `StokerError`; and a push never sets a ref."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from property.strategies.payloads import bodies, documents, headers, known_documents
from property.strategies.refs import ref_names
from stoker.core.errors import SignatureError, StokerError
from stoker.core.payload import (
    Accepted,
    AlreadySet,
    Ignored,
    ReceiverSecret,
    RefRequest,
    RequestKind,
    answer,
    authenticate,
    parse_payload,
    refusal,
    reply,
    sign,
)
from stoker.core.refs import RefName, SemverRange

followed = ref_names | st.just(SemverRange.parse(">=1"))


def read(sent: dict[str, str], body: bytes) -> RefRequest | Ignored | None:
    try:
        return parse_payload(sent, body)
    except StokerError as error:
        assert refusal(error).status == 400
        return None


@given(headers, bodies)
@example({}, b'{"release": {}, "action": []}')
@example({}, b"[" * 100_000)
def test_only_stoker_errors_escape(sent: dict[str, str], body: bytes) -> None:
    """Seen to fail with an action looked up in a set, and without the bound on nesting."""
    request = read(sent, body)
    if isinstance(request, RefRequest):
        assert RefName.parse(str(request.ref)) == request.ref
        assert bool(request.pushed) is (request.kind is RequestKind.PUSH)
        assert request.kind is RequestKind.SET or request.pushed[0].ref == request.ref


@given(headers, known_documents | documents)
def test_the_case_of_a_header_never_matters(sent: dict[str, str], document: Any) -> None:
    """Seen to fail when headers were looked up as they came."""
    body = json.dumps(document).encode()
    expected = read(sent, body)
    assert read({name.upper(): value for name, value in sent.items()}, body) == expected
    assert read({name.lower(): value for name, value in sent.items()}, body) == expected


@given(headers, bodies, followed, st.none() | ref_names)
@example({}, b'{"ref": "v1", "ref_type": "tag"}', RefName("main"), None)
def test_a_push_never_changes_the_ref(
    sent: dict[str, str], body: bytes, spec: RefName | SemverRange, requested: RefName | None
) -> None:
    """Seen to fail when a created tag was read as the generic form."""
    request = read(sent, body)
    if request is None:
        return
    decision = answer(request, spec, requested)
    if isinstance(decision, Accepted | AlreadySet):
        assert isinstance(request, RefRequest)
        assert request.kind is RequestKind.SET
        document = json.loads(body)
        assert not {"after", "ref_type", "push", "eventKey"} & document.keys() or (
            {"release", "freight", "app", "object_kind", "event_name"} & document.keys()
        )


@given(headers, bodies, followed, st.none() | ref_names)
def test_every_answer_is_json(
    sent: dict[str, str], body: bytes, spec: RefName | SemverRange, requested: RefName | None
) -> None:
    """Seen to fail when a refusal did not say `accepted`."""
    try:
        response = reply(answer(parse_payload(sent, body), spec, requested))
    except StokerError as error:
        response = refusal(error)
    assert response.status in {202, 400}
    assert response.body["accepted"] in {True, False}
    assert json.loads(json.dumps(response.body)) == response.body


@given(ref_names, followed, st.none() | ref_names)
def test_to_set_a_ref_twice_changes_nothing(
    ref: RefName, spec: RefName | SemverRange, requested: RefName | None
) -> None:
    """Seen to fail when a request was compared with the spec alone."""
    request = parse_payload({}, json.dumps({"ref": ref}).encode())
    first = answer(request, spec, requested)
    in_force = ref if isinstance(first, Accepted) else requested
    assert answer(request, spec, in_force) == AlreadySet(ref)


secrets = st.binary(min_size=1, max_size=20).filter(lambda secret: secret == secret.strip())


@given(st.binary(max_size=60), secrets)
def test_what_was_signed_is_authentic(body: bytes, secret: bytes) -> None:
    """Seen to fail when the prefix was taken off on one side only."""
    authenticate({"X-Hub-Signature-256": sign(body, secret)}, body, ReceiverSecret.shared(secret))


@given(st.binary(max_size=60), st.binary(max_size=60), secrets, secrets)
def test_nothing_else_is(body: bytes, other: bytes, secret: bytes, wrong: bytes) -> None:
    """Seen to fail when one proof of several was enough, and with an error that told which."""
    known = ReceiverSecret.shared(secret)
    good = {"X-Hub-Signature-256": sign(body, secret)}
    attempts: list[tuple[dict[str, str], bytes]] = [({}, body)]
    if other != body:
        attempts.append((good, other))
    if wrong != secret:
        bearer = {"Authorization": f"Bearer {wrong.hex()}x"}
        attempts += [
            ({"X-Hub-Signature-256": sign(body, wrong)}, body),
            ({"X-Gitlab-Token": wrong.hex() + "x"}, body),
            ({**good, **bearer}, body),
            ({**bearer, "X-Hub-Signature": good["X-Hub-Signature-256"]}, body),
        ]
    errors = set()
    for sent, content in attempts:
        with pytest.raises(SignatureError) as caught:
            authenticate(sent, content, known)
        errors.add(str(caught.value))
        assert refusal(caught.value).status == 401
    assert len(errors) == 1
