"""The pages of an agent over real connections: what is asked, and who does not stop whom.

Seen to fail: without a bound on clients at a time (the last are answered, late), without the time
limit of a client, with an answer to half a head, and with a server that ends at a reset.
"""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from stoker.core.errors import StokerError
from stoker.entrypoints import pages
from stoker.entrypoints.pages import MOST_AT_ONCE, NOT_FOUND, Page, Pages, Request

HERE = "127.0.0.1"


@pytest.fixture
def asked() -> list[Request]:
    return []


@pytest.fixture
def served(asked: list[Request]) -> Iterator[Pages]:
    def answer(request: Request) -> Page:
        asked.append(request)
        return Page(HTTPStatus.OK, "ähnlich") if request.path == "/a" else NOT_FOUND

    made = Pages(HERE, 0, answer)
    made.start()
    yield made
    made.stop()


def ask(port: int, path: str = "/a", method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection(HERE, port, timeout=10)
    connection.request(method, path)
    response = connection.getresponse()
    try:
        return response.status, response.read().decode()
    finally:
        connection.close()


def sent(port: int, text: bytes) -> bytes:
    """What is answered to these bytes."""
    with socket.create_connection((HERE, port), 10) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while more := connection.recv(4096):
            answer += more
        return answer


def test_a_page_is_answered_without_its_query(served: Pages, asked: list[Request]) -> None:
    assert ask(served.port, "/a?b=/c") == (200, "ähnlich")
    assert asked == [Request("GET", "/a", HERE)]
    assert ask(served.port, "/b")[0] == 404


def test_head_is_answered_without_the_text(served: Pages) -> None:
    assert ask(served.port, method="HEAD") == (200, "")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"GET /a HTTP/1.1\r\n",
        b"GET /a\r\n\r\n",
        b"GET /a SPDY/3\r\n\r\n",
        b"GET  /a HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_no_request_is_refused(served: Pages, asked: list[Request], text: bytes) -> None:
    answer = sent(served.port, text)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert not asked
    assert ask(served.port)[0] == 200


def test_a_request_without_end_is_given_up(served: Pages, asked: list[Request]) -> None:
    try:
        answer = sent(served.port, b"GET /" + b"a" * (1 << 20))
    except OSError:
        answer = b"HTTP/1.1 400 it was told, and did not listen"
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert not asked
    assert ask(served.port)[0] == 200


def test_a_client_that_dawdles_keeps_nobody_waiting(
    served: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PATIENCE", 0.5)
    with socket.create_connection((HERE, served.port), 10) as dawdling:
        dawdling.sendall(b"GET /a HT")
        began = time.monotonic()
        assert ask(served.port)[0] == 200
        assert time.monotonic() - began < 0.4
        assert dawdling.recv(4096) == b"", "its time was over"


def test_there_are_few_clients_at_a_time(served: Pages) -> None:
    """Those beyond are turned away at once; when the others are gone, there is room again."""
    waiting = [socket.create_connection((HERE, served.port), 10) for _ in range(MOST_AT_ONCE)]
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(served.port)
    busy = [one for one in threading.enumerate() if one.name == "page"]
    assert len(busy) <= MOST_AT_ONCE
    for connection in waiting:
        connection.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            assert ask(served.port)[0] == 200
        except (http.client.HTTPException, OSError):
            time.sleep(0.05)
        else:
            return
    pytest.fail("there is no room again")


def test_a_client_that_goes_away_is_no_matter(served: Pages) -> None:
    for _ in range(20):
        with socket.create_connection((HERE, served.port), 10) as connection:
            now = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
            connection.sendall(b"GET /a HTTP/1.1\r\n\r\n")
    assert ask(served.port)[0] == 200


def test_every_address_is_that_of_both_families() -> None:
    made = Pages("", 0, lambda _: NOT_FOUND)
    made.start()
    try:
        assert ask(made.port)[0] == 404
        with socket.create_connection(("::1", made.port), 10) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 404 ")
    finally:
        made.stop()


def test_an_address_that_is_taken_is_told(served: Pages) -> None:
    with pytest.raises(StokerError, match="cannot listen"):
        Pages(HERE, served.port, lambda _: NOT_FOUND)


def test_nobody_is_answered_after_the_end(served: Pages) -> None:
    served.stop()
    with pytest.raises(OSError, match="refused"):
        ask(served.port)
