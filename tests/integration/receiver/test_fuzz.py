"""Anything over HTTP: an answer of the contract, in JSON, and never an error that nobody expected.

The bodies and headers are those of the laws of `core.payload`, whole requests are noise in the form
of requests, and all of it goes to a real server.
"""

from __future__ import annotations

import json
import socket
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.receiver.running import GLOBAL, Running
from property.strategies.payloads import bodies, known_documents
from stoker.core.payload import sign

CONTRACT = {202, 400, 401, 404, 405, 408, 413, 429, 503}
SETTINGS = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

values = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40
)
names = st.sampled_from(
    ["X-GitHub-Event", "X-Gitea-Event", "X-Gitlab-Event", "X-Event-Key", "X-Gitlab-Token",
     "Authorization", "X-Hub-Signature", "X-Hub-Signature-256", "X-Forwarded-For", "Content-Type",
     "X-GitHub-Delivery", "X-Request-Id", "Cookie", "Forwarded"]
)  # fmt: skip
headers = st.dictionaries(names, values, max_size=5)
paths = st.sampled_from(["/webhook/plant/site", "/webhook/plant/gone", "/webhook/a%00/b%ff"]) | (
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20).map(
        lambda text: f"/webhook/{text}"
    )
)


def check(status: int, raw: bytes) -> None:
    assert status in CONTRACT
    document = json.loads(raw)
    assert document["accepted"] in {True, False}
    assert GLOBAL.encode() not in raw


@SETTINGS
@given(body=bodies | known_documents.map(json.dumps).map(str.encode), sent=headers)
def test_any_body_of_who_knows_the_secret(
    shared: Running, body: bytes, sent: dict[str, str]
) -> None:
    """Seen to fail when a ref that is no text was taken as one."""
    kept = {name: text for name, text in sent.items() if "-Token" not in name}
    kept = {name: text for name, text in kept.items() if name != "Authorization"}
    kept = {name: text for name, text in kept.items() if "Signature" not in name}
    answer = shared.post(body, kept)
    check(answer.status, answer.raw)
    assert answer.status in {202, 400}


@SETTINGS
@given(body=st.binary(max_size=60), sent=headers, path=paths)
def test_any_request_of_who_does_not(
    shared: Running, body: bytes, sent: dict[str, str], path: str
) -> None:
    answer = shared.post(body, sent, path, secret=None)
    if answer.headers.get("content-type") == "application/json":
        check(answer.status, answer.raw)
    assert answer.status in {400, 401, 404}


@SETTINGS
@given(
    noise=st.lists(
        st.binary(max_size=30)
        | st.sampled_from(
            [b"POST /webhook/plant/site HTTP/1.1\r\n", b"Host: x\r\n", b"\r\n", b"\r\n\r\n",
             b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n",
             b"0\r\n\r\n", b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"ffffffff\r\n",
             b'{"ref": "v1"}', b"HTTP/1.0\r\n", b"Upgrade: h2c\r\n"]
        ),
        max_size=12,
    )
)  # fmt: skip
def test_any_bytes(shared: Running, noise: list[bytes]) -> None:
    with suppress(OSError), shared.raw() as connection:
        connection.settimeout(0.5)
        connection.sendall(b"".join(noise))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4_096):
            pass


def test_afterwards_it_answers_and_has_told_of_no_fault(
    shared: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    body = json.dumps({"ref": "v7"}).encode()
    for number in range(3):
        answer = shared.post(body, {"X-Hub-Signature-256": sign(body, GLOBAL)}, secret=None)
        assert (number, answer.status) == (number, 202)
    assert 500 not in {status for _, status, _ in shared.meter.counted}
    assert "Traceback" not in capfd.readouterr().err
