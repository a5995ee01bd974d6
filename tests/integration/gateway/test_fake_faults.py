"""What a script makes of the fake gateway's answers, seen from a socket.

Seen failing: with a reset that is an ordinary end, with the body sent at once, with a fault that
strikes for ever although it should once, and with a stop that leaves a hanging client waiting.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from stoker.testing.gateway import (
    Delay,
    FakeGateway,
    FakeGatewayError,
    Fault,
    Hang,
    Reset,
    Settings,
    SlowBody,
    Status,
    TruncatedBody,
)
from support.talk import api, ask

PING = "GET /StatusPing"
BODY = b'{"state": "RUNNING"}'


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[FakeGateway]:
    with FakeGateway(tmp_path, Settings(tls_port=0)) as fake:
        yield fake


def connected(url: str) -> socket.socket:
    """A connection to a port, and nothing on it."""
    where = urlsplit(url)
    return socket.create_connection((where.hostname, where.port), 5.0)


def raw(gateway: FakeGateway, request: bytes) -> bytes:
    """All that comes back for some bytes, until the connection ends."""
    with connected(gateway.url) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_hanging_answer(gateway: FakeGateway) -> None:
    gateway.script(Fault(PING, Hang()))
    with pytest.raises(TimeoutError):
        ask(gateway.url, PING, timeout=0.2)
    assert ask(gateway.url, PING).body == BODY


def test_a_hanging_answer_ends_after_a_while(gateway: FakeGateway) -> None:
    gateway.script(Fault(PING, Hang(0.1)))
    with pytest.raises(http.client.RemoteDisconnected):
        ask(gateway.url, PING)


def test_an_answer_that_hangs_behind_its_headers(gateway: FakeGateway) -> None:
    gateway.script(Fault("GET /gateway-info", Hang(0.1, headers=True), takes_effect=True))
    with pytest.raises(http.client.IncompleteRead):
        api(gateway, "GET /gateway-info")


def received_before_the_reset(connection: socket.socket) -> bytes:
    """What came; fails unless it ends with a reset."""
    pieces: list[bytes] = []
    with pytest.raises(ConnectionResetError):
        pieces.extend(iter(lambda: connection.recv(65536), b""))
    return b"".join(pieces)


@pytest.mark.parametrize("after", [0, 40])
def test_a_reset(gateway: FakeGateway, after: int) -> None:
    gateway.script(Fault(PING, Reset(after), takes_effect=True))
    with connected(gateway.url) as connection:
        connection.sendall(b"GET /StatusPing HTTP/1.1\r\n\r\n")
        assert len(received_before_the_reset(connection)) == after
    assert ask(gateway.url, PING).status == 200


def test_a_reset_below_tls(gateway: FakeGateway) -> None:
    """Seen from the socket below: OpenSSL calls it an early end."""
    gateway.script(Fault(PING, Reset(40), takes_effect=True))
    context = ssl.create_default_context(cadata=gateway.certificate.decode())
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with connected(gateway.secure_url) as connection:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                incoming.write(connection.recv(65536))
        tls.write(b"GET /StatusPing HTTP/1.1\r\n\r\n")
        connection.sendall(outgoing.read())
        incoming.write(received_before_the_reset(connection))
        assert len(tls.read(100)) == 40


def test_a_truncated_body(gateway: FakeGateway) -> None:
    gateway.script(Fault(PING, TruncatedBody(0.5)))
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(gateway.url, PING)
    assert caught.value.partial == BODY[:10]


def test_a_slow_body(gateway: FakeGateway) -> None:
    gateway.script(Fault(PING, SlowBody(0.3)))
    started = time.monotonic()
    assert ask(gateway.url, PING).body == BODY
    assert time.monotonic() - started >= 0.3


def test_a_slow_body_that_nobody_waits_for(gateway: FakeGateway) -> None:
    gateway.script(Fault(PING, SlowBody(60)))
    with pytest.raises(TimeoutError):
        ask(gateway.url, PING, timeout=0.1)
    assert ask(gateway.url, PING).body == BODY


def test_a_delayed_answer(gateway: FakeGateway) -> None:
    gateway.script(Fault(PING, Delay(0.2)))
    started = time.monotonic()
    assert ask(gateway.url, PING).body == BODY
    assert time.monotonic() - started >= 0.2


def test_a_delayed_answer_that_nobody_waits_for(gateway: FakeGateway) -> None:
    gateway.script(Fault(PING, Delay(60)))
    with pytest.raises(TimeoutError):
        ask(gateway.url, PING, timeout=0.1)


def test_a_status_with_a_page(gateway: FakeGateway) -> None:
    gateway.script(Fault("/designers", Status(429, "later", {"Retry-After": "7"})))
    said = api(gateway, "GET /designers")
    assert (said.status, said.headers["Retry-After"], said.is_page) == (429, "7", True)
    assert b"later" in said.body


def test_an_unknown_status(gateway: FakeGateway) -> None:
    gateway.script(Fault("*", Status(418)))
    assert ask(gateway.url, PING).status == 418


def test_how_often_and_after_how_many(gateway: FakeGateway) -> None:
    gateway.script(Fault(PING, Status(500), times=2, skip=1))
    assert [ask(gateway.url, PING).status for _ in range(5)] == [200, 500, 500, 200, 200]
    gateway.script(Fault("/scan*", Status(502), times=None))
    assert [api(gateway, "POST /scan/projects").status for _ in range(3)] == [502] * 3
    assert api(gateway, "POST /scan-lock/config").status == 502
    assert ask(gateway.url, PING).status == 200
    gateway.clear_script()
    assert api(gateway, "POST /scan/projects").status == 200


def test_faults_strike_in_their_order(gateway: FakeGateway) -> None:
    gateway.script(Fault("*", Status(500)), Fault(PING, Status(501)), Fault(PING, Status(502)))
    assert [ask(gateway.url, PING).status for _ in range(4)] == [500, 501, 502, 200]


@pytest.mark.parametrize("takes_effect", [True, False])
def test_whether_the_request_is_carried_out_all_the_same(
    gateway: FakeGateway, *, takes_effect: bool
) -> None:
    scans = len(gateway.reports)
    gateway.script(Fault("POST /scan/projects", Status(500), takes_effect=takes_effect))
    assert api(gateway, "POST /scan/projects").status == 500
    if takes_effect:
        gateway.wait_for(lambda one: len(one.reports) > scans)
    else:
        assert api(gateway, "GET /scan/projects").json["scanActive"] is False


def test_the_page_and_the_controls_are_spared(gateway: FakeGateway) -> None:
    gateway.script(Fault("*", Status(500), times=None))
    assert ask(gateway.url, "GET /_fake/state").status == 200
    assert ask(gateway.url, "GET /").status == 200


def test_stopping_lets_go_of_whoever_hangs(tmp_path: Path) -> None:
    failed: list[Exception] = []

    def hang(url: str) -> None:
        try:
            ask(url, PING)
        except OSError as error:
            failed.append(error)

    with FakeGateway(tmp_path, Settings(tls_port=0)) as fake:
        fake.script(Fault(PING, Hang(), times=None))
        urls = [fake.url, fake.secure_url, fake.url]
        threads = [threading.Thread(target=hang, args=(url,)) for url in urls]
        for thread in threads:
            thread.start()
        fake.wait_for(lambda one: len(one.requests) == 3)
    for thread in threads:
        thread.join(5)
    assert len(failed) == 3


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET / FTP/1\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_request_is_answered_400(gateway: FakeGateway, request_bytes: bytes) -> None:
    assert raw(gateway, request_bytes).startswith(b"HTTP/1.1 400 ")
    assert ask(gateway.url, PING).status == 200


def test_two_requests_on_one_connection(gateway: FakeGateway) -> None:
    both = b"GET /StatusPing HTTP/1.1\r\n\r\nHEAD /StatusPing HTTP/1.1\r\nConnection: close\r\n\r\n"
    said = raw(gateway, both)
    assert said.count(b"HTTP/1.1 200 OK") == 2
    assert said.count(BODY) == 1


def test_a_client_that_leaves_at_once(gateway: FakeGateway) -> None:
    assert raw(gateway, b"") == b""
    assert raw(gateway, b"\r\n") == b""
    for url in (gateway.url, gateway.secure_url):
        connected(url).close()
    assert ask(gateway.secure_url, PING).status == 200


def test_its_certificate_is_its_own(gateway: FakeGateway) -> None:
    with connected(gateway.secure_url) as plain:
        context = ssl.create_default_context()
        with pytest.raises(ssl.SSLCertVerificationError):
            context.wrap_socket(plain, server_hostname="localhost")
    context = ssl.create_default_context(cadata=gateway.certificate.decode())
    with (
        connected(gateway.secure_url) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        secure.sendall(b"GET /StatusPing HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert secure.recv(4096).endswith(BODY)


def test_what_speaks_no_tls_where_it_should(gateway: FakeGateway) -> None:
    with connected(gateway.secure_url) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with suppress(ConnectionResetError):
            assert b"HTTP" not in plain.recv(4096)
    assert ask(gateway.secure_url, PING).status == 200


def test_ports_that_are_not_there(tmp_path: Path) -> None:
    fake = FakeGateway(tmp_path)
    for name in ("secure_url", "control_url"):
        with pytest.raises(FakeGatewayError, match="port"):
            getattr(fake, name)
    with pytest.raises(FakeGatewayError, match="no such data directory"):
        FakeGateway(tmp_path / "nowhere")
    with fake, socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        taken = other.getsockname()[1]
        with pytest.raises(FakeGatewayError, match="listen"):
            FakeGateway(tmp_path, Settings(port=taken))


def test_an_address_of_the_other_kind(tmp_path: Path) -> None:
    with FakeGateway(tmp_path, Settings(host="::1")) as fake:
        assert fake.url.startswith("http://[::1]:")
        assert ask(fake.url, PING).body == BODY
    with FakeGateway(tmp_path, Settings(host="0.0.0.0")) as fake:  # noqa: S104
        assert ask(fake.url, PING).body == BODY
