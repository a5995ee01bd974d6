"""Reviews over TLS to a process: whatever is sent, there is an answer, and the next one is served.

Broken on purpose, and seen to fail: a body read to its end whatever its size, or cut as soon as it
is too large; no bound on parts; no bound on large bodies at a time; a uid that is not looked for;
connections kept for as long as uvicorn does.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import threading
import time
from contextlib import ExitStack, closing, suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from property.strategies.pods import json_values, odd_pods
from stoker.core.jsonpatch import Operation, apply
from support.crs_api import gateway_sync
from support.pods import a_pod
from support.webhook_process import JSON, MUTATE, VALIDATE, WebhookProcess, review_of

MIB = 1 << 20


def still_serves(hook: WebhookProcess) -> None:
    assert hook.review(review_of(a_pod()))["patchType"] == "JSONPatch"


def dumped(review: Any) -> bytes:
    return json.dumps(review).encode()


# --- What is asked for ---


def test_a_pod_that_asks_gets_the_agent(hook: WebhookProcess) -> None:
    pod = a_pod()
    response = hook.review(review_of(pod))
    assert response["allowed"]
    patch = json.loads(base64.b64decode(response["patch"]))
    steps = [Operation(step["op"], step["path"], step.get("value")) for step in patch]
    patched: Any = apply(pod, steps)
    (sidecar,) = patched["spec"]["initContainers"]
    assert (sidecar["name"], sidecar["image"]) == ("stoker-agent", "ghcr.io/stoker/agent:1.0.0")
    assert patched["metadata"]["annotations"]["stoker.io/cr-name"] == "prod"


def test_other_pods_pass_as_they_are(hook: WebhookProcess) -> None:
    pod = a_pod()
    del pod["metadata"]["annotations"]["stoker.io/inject"]
    uid = review_of(pod)["request"]["uid"]
    assert hook.review(review_of(pod)) == {"uid": uid, "allowed": True}
    assert hook.review(review_of(a_pod(), operation="UPDATE")) == {"uid": uid, "allowed": True}
    assert hook.review(review_of(None, operation="DELETE")) == {"uid": uid, "allowed": True}
    assert hook.review(review_of({"x": 1}, kind="Node")) == {"uid": uid, "allowed": True}


def test_what_nobody_knows_is_ignored(hook: WebhookProcess) -> None:
    review = review_of(a_pod(), requestResource={}, options={"kind": "x"}, userInfo={"a": [1]})
    review["future"] = {"deep": [None]}
    assert hook.review(review)["patchType"] == "JSONPatch"


def test_a_denial_says_what_to_do(hook: WebhookProcess) -> None:
    response = hook.review(review_of(a_pod({"stoker.io/profile": "nope"})))
    assert not response["allowed"]
    assert response["status"]["code"] == 403
    assert "set the annotation to one of: default" in response["status"]["message"]


def test_a_dry_run_is_answered_and_not_counted(hook: WebhookProcess) -> None:
    before = hook.metrics().partition("injections_total{")[2]
    dry = hook.review(review_of(a_pod(), dryRun=True))
    assert dry["patch"] == hook.review(review_of(a_pod()))["patch"]
    assert hook.metrics().partition("injections_total{")[2] != before
    lines = [line for line in hook.told("injected") if line.get("dry_run")]
    assert len(lines) == 1


def test_gatewaysyncs_are_checked(hook: WebhookProcess) -> None:
    kind = "GatewaySync"
    good = hook.review(review_of(gateway_sync("a"), kind=kind), VALIDATE)
    assert good["allowed"]
    bad = gateway_sync("a", git={"repo": "https://x/y"})
    response = hook.review(review_of(bad, kind=kind), VALIDATE)
    assert not response["allowed"]
    assert response["status"]["code"] == 422
    # Each path is for its own kind.
    assert hook.review(review_of(bad, kind=kind), MUTATE)["allowed"]
    assert "patch" not in hook.review(review_of(a_pod()), VALIDATE)


def test_one_line_for_each_that_was_injected_or_denied(hook: WebhookProcess) -> None:
    plain = a_pod()
    del plain["metadata"]["annotations"]["stoker.io/inject"]
    hook.review(review_of(a_pod({"stoker.io/inject": "now"})))
    (denied,) = [line for line in hook.wait_for("denied") if "'now'" in line["why"]]
    assert (denied["level"], denied["namespace"], denied["pod"]) == ("info", "plant", "gw-0")
    before = len(hook.lines)
    for _ in range(20):
        hook.review(review_of(plain))
        hook.ask(b"x")
        hook.ask(b"{}", "/")
    hook.review(review_of(a_pod({"stoker.io/inject": "later"})))
    hook.wait_for("denied", len(hook.told("denied")))
    time.sleep(0.1)
    assert len(hook.lines) == before + 1


# --- What is no review ---


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"nonsense", "not JSON"),
        (b"[]", "is not an object"),
        (b"null", "is not an object"),
        (b"{}", "no AdmissionReview of admission.k8s.io/v1"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": 1e999}', "not JSON"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (dumped(review_of(a_pod(), uid="")), "request.uid"),
        (dumped(review_of(a_pod(), uid=5)), "request.uid"),
        (dumped(review_of(a_pod(), uid="u" * 257)), "request.uid"),
    ],
)
def test_what_cannot_be_named_is_refused_with_a_line(
    body: bytes, words: str, hook: WebhookProcess
) -> None:
    status, told = hook.ask(body)
    assert status == 400
    assert words in told.decode()
    assert told.count(b"\n") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"object": []},
        {"object": "x"},
        {"operation": 5},
        {"kind": "Pod"},
        {"dryRun": "yes"},
        {"namespace": {}},
        {"object": json.loads("[" * 150 + "]" * 150)},
    ],
)
def test_what_has_a_name_is_answered_as_a_review(
    change: dict[str, Any], hook: WebhookProcess
) -> None:
    review = review_of(a_pod())
    review["request"] |= change
    response = hook.review(review)
    assert not response["allowed"]
    assert response["status"]["code"] == 400
    assert response["status"]["message"].startswith("the review cannot be read: ")


def test_another_version_is_answered_with_the_cure(hook: WebhookProcess) -> None:
    review = {**review_of(a_pod()), "apiVersion": "admission.k8s.io/v1beta1"}
    status, told = hook.ask(dumped(review))
    assert status == 200
    answer = json.loads(told)
    assert answer["apiVersion"] == "admission.k8s.io/v1"
    assert "admissionReviewVersions" in answer["response"]["status"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", MUTATE, JSON, 405),
        ("PUT", MUTATE, JSON, 405),
        ("POST", "/", JSON, 404),
        ("POST", "/mutate-pods/", JSON, 404),
        ("POST", "/metrics", JSON, 404),
        ("POST", MUTATE, {}, 415),
        ("POST", MUTATE, {"Content-Type": "text/plain"}, 415),
        ("POST", MUTATE, {"Content-Type": "application/json; charset=utf-8"}, 200),
    ],
)
def test_what_is_asked_otherwise(
    method: str, path: str, headers: dict[str, str], status: int, hook: WebhookProcess
) -> None:
    with closing(hook.connection()) as connection:
        connection.request(method, path, dumped(review_of(a_pod())), headers)
        answer = connection.getresponse()
        assert answer.status == status
        assert answer.read()
    still_serves(hook)


@pytest.mark.parametrize("megabytes", [5, 10, 15])
def test_what_is_too_large_is_refused(megabytes: int, hook: WebhookProcess) -> None:
    body = b'{"a":"' + b"x" * (megabytes * MIB) + b'"}'
    status, told = hook.ask(body)
    assert (status, told) == (413, b"the review is larger than 4194304 bytes\n")
    still_serves(hook)


def test_a_body_without_end_is_cut(hook: WebhookProcess) -> None:
    with closing(hook.connection()) as connection:
        connection.putrequest("POST", MUTATE)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(1 << 40))
        connection.endheaders()
        with pytest.raises((ConnectionError, ssl.SSLError)):  # noqa: PT012 - it breaks some time
            for _ in range(200):
                connection.send(b"x" * MIB)
    still_serves(hook)


def test_what_has_too_many_parts_is_refused(hook: WebhookProcess) -> None:
    body = b'{"request":{"uid":"u","object":{"a":[' + b"[]," * 1_000_000 + b"[]]}}}"
    status, told = hook.ask(body)
    assert (status, told) == (400, b"the review has more than 250000 parts\n")


def test_a_large_pod_is_injected(hook: WebhookProcess) -> None:
    pod = a_pod()
    pod["metadata"]["annotations"]["notes"] = "x" * (3 * MIB)
    assert hook.review(review_of(pod))["patchType"] == "JSONPatch"


def test_many_large_ones_at_once_are_not_all_in_memory(hook: WebhookProcess) -> None:
    still_serves(hook)
    before, peak = hook.memory(), 0
    body = dumped(review_of({"x": "x" * (4 * MIB - 1000)}))

    def push(connection: http.client.HTTPConnection) -> None:
        with suppress(OSError):
            connection.request(
                "POST", MUTATE, body[:-1], {**JSON, "Content-Length": str(len(body))}
            )

    with ExitStack() as stack:
        pushed = [stack.enter_context(closing(hook.connection())) for _ in range(30)]
        threads = [threading.Thread(target=push, args=(one,)) for one in pushed]
        for thread in threads:
            thread.start()
        until = time.monotonic() + 2
        while time.monotonic() < until:
            peak = max(peak, hook.memory())
            time.sleep(0.02)
        still_serves(hook)
        for one in pushed:
            if one.sock is not None:
                one.sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
    assert peak - before < 60 * MIB
    still_serves(hook)


# --- Slow, many, and for long ---


def test_slow_ones_keep_nobody_waiting(hook: WebhookProcess) -> None:
    with ExitStack() as stack:
        for _ in range(100):
            connection = stack.enter_context(closing(hook.connection()))
            connection.putrequest("POST", MUTATE)
            connection.putheader("Content-Length", "1000")
            connection.endheaders()
        began = time.monotonic()
        still_serves(hook)
        assert time.monotonic() - began < 2


def test_a_connection_serves_many_reviews_and_lasts(hook: WebhookProcess) -> None:
    """The API server keeps a connection for ninety seconds; uvicorn's own limit is five."""
    with closing(hook.connection()) as connection:
        for pause in (0, 0, 5.5):
            time.sleep(pause)
            before = connection.sock
            connection.request("POST", MUTATE, dumped(review_of(a_pod())), JSON)
            assert connection.getresponse().read()
            assert before in (None, connection.sock)


def test_many_connections_take_little(hook: WebhookProcess) -> None:
    """Seen to fail with the buffers that asyncio has for TLS: 250 were 68 MiB."""
    still_serves(hook)
    before = hook.memory()
    with ExitStack() as stack:
        for _ in range(250):
            stack.enter_context(closing(hook.connection())).connect()
        time.sleep(0.2)
        assert hook.memory() - before < 30 * MIB
        still_serves(hook)


def test_one_address_has_only_so_many_connections(hook: WebhookProcess) -> None:
    address = ("127.0.0.1", hook.ports["admission"])
    with ExitStack() as stack:
        idle = [stack.enter_context(closing(socket.create_connection(address))) for _ in range(350)]
        time.sleep(0.3)
        with pytest.raises((ConnectionError, ssl.SSLError, http.client.HTTPException)):
            still_serves(hook)
        assert hook.probe("/readyz")[0] == 200
        assert len(idle) == 350
    until = time.monotonic() + 10
    while True:
        try:
            return still_serves(hook)
        except (ConnectionError, ssl.SSLError):
            assert time.monotonic() < until
            time.sleep(0.05)


# --- Anything ---

reviews = st.fixed_dictionaries(
    {
        "apiVersion": st.just("admission.k8s.io/v1") | json_values,
        "kind": st.just("AdmissionReview") | json_values,
    },
    optional={
        "request": json_values
        | st.fixed_dictionaries(
            {
                "uid": st.text(min_size=1, max_size=5) | json_values,
                "operation": st.just("CREATE") | json_values,
                "kind": st.just({"kind": "Pod"}) | json_values,
                "namespace": st.just("plant") | json_values,
                "object": odd_pods() | json_values,
            },
            optional={"dryRun": st.booleans() | json_values, "more": json_values},
        )
    },
)
bodies = st.binary(max_size=200) | reviews.map(dumped)


@settings(max_examples=150)
@given(bodies, st.sampled_from([MUTATE, VALIDATE]))
def test_every_body_is_answered(hook: WebhookProcess, body: bytes, path: str) -> None:
    """An answer is a review for the same uid, or a line that says what is wrong."""
    status, told = hook.ask(body, path)
    if status == 400:
        assert told.count(b"\n") == 1
        return
    assert status == 200
    response = json.loads(told)["response"]
    assert response["uid"] == json.loads(body)["request"]["uid"]
    assert response["allowed"] or response["status"]["message"]
    assert response.get("status", {}).get("code") != 500


def test_after_all_that_nothing_was_a_defect(hook: WebhookProcess) -> None:
    still_serves(hook)
    assert [line for line in hook.lines if line.get("level") in {"warning", "error"}] == []
    assert "Traceback" not in "".join(map(str, hook.lines))
    assert hook.process.poll() is None
