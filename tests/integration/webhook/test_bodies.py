"""Bodies that come slowly, over real connections to an application of this process.

Broken on purpose, and seen to fail: no limit of time; what the API server says of its own ignored;
a defect of the judge let out.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
from attrs import define, field

from stoker.adapters.codec.admission import AdmissionRequest
from stoker.core.injection import Admission, Allowed
from stoker.entrypoints.serving import Limits, Listener, Servers
from stoker.entrypoints.webhook.admission import MUTATE_PODS, admission
from stoker.entrypoints.webhook.admission.bodies import SMALL, Bodies
from support.webhook_process import JSON, review_of

Serve = Callable[..., int]


@define
class Lenient:
    """Lets in everything, and says how long it may take."""

    seconds: list[float] = field(factory=list)
    broken: bool = False
    pause: float = 0.0

    async def judge(self, _: AdmissionRequest, seconds: float) -> Admission:
        self.seconds.append(seconds)
        await asyncio.sleep(self.pause)
        if self.broken:
            raise ValueError("a defect")
        return Allowed()

    def told(self, request: AdmissionRequest, admission: Admission, seconds: float) -> None:
        assert request.uid
        assert admission is not None
        assert seconds >= 0


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(judge: Lenient | None = None, **bodies: float) -> int:
            made = Bodies(**{"seconds": 5.0, **bodies})  # type: ignore[arg-type] # numbers all
            app = admission({MUTATE_PODS: judge or Lenient()}, made)
            limits = Limits(answer=20, idle=20)
            listener = Listener(what="admission", address="127.0.0.1:0", app=app, limits=limits)
            servers = Servers([listener])
            servers.start()
            stack.callback(servers.stop)
            return servers.ports["admission"]

        yield start


def review(size: int = 0) -> bytes:
    return json.dumps(review_of({"padding": "x" * size})).encode()


def begun(port: int, length: int, sent: bytes = b"") -> socket.socket:
    """A connection by which a part of a review has come."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    head = f"POST {MUTATE_PODS} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    connection.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode() + sent)
    return connection


def answer(connection: socket.socket) -> bytes:
    with connection:
        told = b""
        while block := connection.recv(65536):
            told += block
            if b'"allowed"' in told:
                break
        return told


def asked(port: int, body: bytes, query: str = "") -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("POST", MUTATE_PODS + query, body, JSON)
        told = connection.getresponse()
        told.read()
        return told.status


def test_one_that_comes_too_slowly_is_told_so(serve: Serve) -> None:
    port = serve(seconds=0.3)
    began = time.monotonic()
    told = answer(begun(port, 1000, b"{"))
    assert told.startswith(b"HTTP/1.1 408 ")
    assert told.endswith(b"the body did not come within 0.3 s\n")
    assert 0.2 < time.monotonic() - began < 5
    assert asked(port, review()) == 200


def test_one_in_small_pieces_is_taken(serve: Serve) -> None:
    port, body = serve(), review()
    connection = begun(port, len(body))
    for byte in body[:-1]:
        connection.sendall(bytes([byte]))
    time.sleep(0.05)
    connection.sendall(body[-1:])
    assert b'"allowed":true' in answer(connection)


def test_who_hangs_up_in_the_middle_harms_nobody(serve: Serve) -> None:
    port = serve()
    for _ in range(20):
        begun(port, 1000, b"{").close()
    assert asked(port, review()) == 200


def test_large_ones_wait_for_a_place_and_small_ones_do_not(serve: Serve) -> None:
    """Seen to fail without the places, and when a place is not given back."""
    port = serve(large_ones=2)
    body = review(4 * SMALL)
    held = [begun(port, len(body), body[:-1]) for _ in range(2)]
    time.sleep(0.1)
    told: list[int] = []
    third = threading.Thread(target=lambda: told.append(asked(port, body)))
    third.start()
    time.sleep(0.2)
    assert asked(port, review()) == 200
    assert told == []
    for connection in held:
        connection.sendall(body[-1:])
        assert b'"allowed":true' in answer(connection)
    third.join(10)
    assert told == [200]
    assert [asked(port, body) for _ in range(5)] == [200] * 5


def test_who_waits_for_a_place_too_long_is_told(serve: Serve) -> None:
    port = serve(Lenient(pause=1.0), seconds=0.3, large_ones=1)
    body = review(4 * SMALL)
    with begun(port, len(body), body) as held:
        time.sleep(0.1)
        assert asked(port, body) == 408
        assert b'"allowed":true' in answer(held)
    assert asked(port, body) == 200


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        ("", 7.0),
        ("?timeout=10s", 7.0),
        ("?timeout=5s", 4.0),
        ("?timeout=1s", 0.5),
        ("?timeout=0", 0.5),
        ("?timeout=soon", 7.0),
        ("?timeout=-5s", 0.5),
        ("?x=%00&timeout=2500ms", 1.5),
    ],
)
def test_how_long_the_api_server_waits_counts(query: str, seconds: float, serve: Serve) -> None:
    judge = Lenient()
    assert asked(serve(judge), review(), query) == 200
    assert judge.seconds == [seconds]


def test_a_defect_is_answered_and_told(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    port = serve(Lenient(broken=True))
    body = review()
    connection = begun(port, len(body), body)
    told = answer(connection)
    assert told.startswith(b"HTTP/1.1 200 ")
    response = json.loads(told.partition(b"\r\n\r\n")[2])["response"]
    assert not response["allowed"]
    assert response["status"]["code"] == 500
    assert response["uid"] in response["status"]["message"]
    line = capfd.readouterr().err
    assert response["uid"] in line
    assert "ValueError: a defect" in line
