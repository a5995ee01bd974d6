"""What a connection may take, and how many there may be; and chores beside them.

Broken on purpose, and seen to fail: guests counted that have gone; the idle time counted as part of
the next answer; no bound of one address; handshakes waited for; a chore that fails ending them all.
"""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress

import pytest
from starlette.types import Receive, Scope, Send

from integration.serving.running import trusting
from stoker.adapters.clock import utc_now
from stoker.entrypoints.serving import Limits, Listener, ServedCertificate, Servers, listening

Serve = Callable[..., Servers]
HERE = "127.0.0.1"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers after the seconds that the query says."""
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(float(scope["query_string"] or 0))
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(
            limits: Limits | None = None,
            context: ssl.SSLContext | None = None,
            **more: object,
        ) -> Servers:
            listener = Listener(
                what="echo",
                address=f"{HERE}:0",
                app=echo,
                context=context,
                limits=limits or Limits(),
            )
            servers = Servers([listener], **more)  # type: ignore[arg-type] # as each test gives it
            servers.start()
            stack.callback(servers.stop)
            return servers

        yield start


def connection(servers: Servers) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(HERE, servers.ports["echo"], timeout=10)


def ask(one: http.client.HTTPConnection, wait: float = 0) -> http.client.HTTPResponse:
    one.request("GET", f"/?{wait}")
    answer = one.getresponse()
    assert answer.read() == b"ok"
    return answer


def is_let_in(servers: Servers) -> bool:
    with closing(connection(servers)) as one:
        try:
            ask(one)
        except (ConnectionError, http.client.HTTPException):
            return False
        return True


def wait_until(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


# --- How long ---


def test_a_connection_is_kept_for_its_time_and_then_closed(serve: Serve) -> None:
    servers = serve(Limits(answer=0.4, idle=1.2))
    with closing(connection(servers)) as one:
        ask(one)
        kept = one.sock
        for _ in range(3):
            time.sleep(0.7)
            ask(one)
        assert one.sock is kept
        time.sleep(1.6)
        kept.settimeout(2)
        assert kept.recv(1) == b""


def test_each_request_has_its_own_time(serve: Serve) -> None:
    servers = serve(Limits(answer=0.5, idle=10))
    with closing(connection(servers)) as one:
        for _ in range(4):
            ask(one, 0.2)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            ask(one, 2)


@pytest.mark.parametrize("before", [0, 2])
def test_a_head_has_a_time_of_its_own(serve: Serve, before: int) -> None:
    """Seen to fail for either: without that time, and with it for the first request alone."""
    servers = serve(Limits(head=0.4, answer=9, idle=9))
    with closing(connection(servers)) as one:
        one.connect()
        for _ in range(before):
            ask(one, 0.7)  # an answer may take longer
        one.sock.sendall(b"GET /?0 HTTP/1.1\r\nHost:")
        began = time.monotonic()
        with suppress(ConnectionResetError):
            assert one.sock.recv(1) == b""
        assert 0.2 < time.monotonic() - began < 2


def test_a_connection_without_a_request_is_kept_for_a_while(serve: Serve) -> None:
    servers = serve(Limits(head=0.3, answer=0.3, idle=1))
    with closing(connection(servers)) as one:
        one.connect()
        time.sleep(0.6)
        ask(one)


def test_requests_sent_ahead_are_answered_and_bounded(serve: Serve) -> None:
    servers = serve(Limits(answer=0.6, idle=10))
    with socket.create_connection((HERE, servers.ports["echo"])) as one:
        one.settimeout(5)
        quick, slow = (
            b"GET /?0.1 HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /?9 HTTP/1.1\r\nHost: a\r\n\r\n",
        )
        one.sendall(quick * 3 + slow)
        told, began = b"", time.monotonic()
        with suppress(ConnectionResetError):
            while block := one.recv(65536):
                told += block
        assert told.count(b"200 OK") == 3
        assert time.monotonic() - began < 3


def test_who_never_finishes_a_handshake_is_cut(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "_HANDSHAKE", 0.3)
    servers = serve(context=ServedCertificate(None, utc_now).context)
    with socket.create_connection((HERE, servers.ports["echo"])) as silent:
        silent.settimeout(5)
        began = time.monotonic()
        with suppress(ConnectionResetError):
            assert silent.recv(100) == b""
        assert time.monotonic() - began < 3


# --- How many ---


@pytest.mark.parametrize("limits", [Limits(connections=5), Limits(per_source=5)])
@pytest.mark.parametrize("tls", [False, True])
def test_only_so_many_come_in(limits: Limits, tls: bool, serve: Serve) -> None:  # noqa: FBT001 - a table
    servers = serve(limits, ServedCertificate(None, utc_now).context if tls else None)
    address = (HERE, servers.ports["echo"])
    with ExitStack() as stack:
        inside = [stack.enter_context(socket.create_connection(address)) for _ in range(5)]
        time.sleep(0.1)
        for _ in range(20):
            with socket.create_connection(address) as outside:
                outside.settimeout(5)
                with suppress(ConnectionResetError):
                    assert outside.recv(1) == b""
        # Those who were let in are not disturbed, and make room when they go.
        inside[0].close()
        if not tls:
            wait_until(lambda: is_let_in(servers))
    if tls:
        with closing(
            http.client.HTTPSConnection(HERE, address[1], timeout=10, context=trusting())
        ) as one:
            wait_until(lambda: _answers(one))


def _answers(one: http.client.HTTPConnection) -> bool:
    try:
        return bool(ask(one))
    except (ConnectionError, ssl.SSLError, http.client.HTTPException):
        one.close()
        return False


def test_a_place_comes_back_however_a_connection_ends(serve: Serve) -> None:
    """Also that of a handshake which fails, of a reset, and of one that is cut."""
    servers = serve(Limits(connections=3, answer=0.3), ServedCertificate(None, utc_now).context)
    address = (HERE, servers.ports["echo"])
    with closing(
        http.client.HTTPSConnection(HERE, address[1], timeout=10, context=trusting())
    ) as good:
        for round_ in range(12):
            with socket.create_connection(address) as one:
                match round_ % 3:
                    case 0:
                        one.sendall(b"this is no handshake\r\n\r\n")
                    case 1:
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    case _:
                        with suppress(OSError), trusting().wrap_socket(one) as wrapped:
                            wrapped.settimeout(2)
                            wrapped.recv(1)
        wait_until(lambda: _answers(good))


def test_many_more_than_there_are_places(serve: Serve) -> None:
    servers = serve(Limits(connections=20, answer=5))
    address = (HERE, servers.ports["echo"])
    with ExitStack() as stack:
        for _ in range(800):
            stack.enter_context(socket.create_connection(address))
    wait_until(lambda: is_let_in(servers))


# --- The end, and chores ---


def test_before_the_end_answers_are_the_last_of_their_connection(serve: Serve) -> None:
    servers = serve(Limits(idle=10))
    with closing(connection(servers)) as one:
        assert "connection" not in ask(one).headers
        servers.drain()
        assert ask(one).headers["connection"] == "close"
    with closing(connection(servers)) as another:
        assert ask(another).headers["connection"] == "close"


def test_chores_are_done_now_and_then_also_when_one_fails(
    serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    done: list[str] = []

    def fails() -> None:
        done.append("fails")
        raise ValueError("a defect")

    servers = serve(chores=[fails, lambda: done.append("works")], every=0.05)
    wait_until(lambda: done.count("works") >= 3)
    assert done[:4] == ["fails", "works"] * 2
    assert is_let_in(servers)
    assert "ValueError: a defect" in capfd.readouterr().err
