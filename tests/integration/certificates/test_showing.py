"""A server's certificate is changed hundreds of times, and no handshake notices.

Seen to fail, both ways of serving, when it is the context of the server that is given the new
certificate: every now and then a client is refused, as there is a certificate without its key.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from stoker.adapters.certs import KeyPair, Root, Showing
from stoker.adapters.clock import utc_now

CHANGES = 400
NAME = "webhook.plant.svc"


@pytest.fixture(scope="module")
def root() -> Root:
    return Root.make(timedelta(days=1), utc_now())


@pytest.fixture(scope="module")
def pairs(root: Root) -> list[KeyPair]:
    return [root.sign([NAME, "127.0.0.1"], utc_now() + timedelta(days=1)) for _ in range(8)]


def visits(port: int, root: Root, over: threading.Event) -> tuple[list[str], set[bytes | None]]:
    """Connect again and again; what went wrong, and which certificates there were."""
    client = ssl.create_default_context(cadata=root.pem.decode())
    wrong: list[str] = []
    seen: set[bytes | None] = set()
    number = 0
    while not over.is_set():
        number += 1
        host = NAME if number % 2 else "127.0.0.1"
        try:
            with (
                socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
                client.wrap_socket(plain, server_hostname=host) as secure,
            ):
                seen.add(secure.getpeercert(binary_form=True))
                secure.sendall(b"x")
                assert secure.recv(1) == b"y"
        except (OSError, ssl.SSLError) as error:
            wrong.append(repr(error))
    return wrong, seen


def visited(port: int, root: Root, change: Callable[[], None]) -> None:
    over = threading.Event()
    results: list[tuple[list[str], set[bytes | None]]] = []
    visitors = [
        threading.Thread(target=lambda: results.append(visits(port, root, over))) for _ in range(2)
    ]
    for one in visitors:
        one.start()
    change()
    over.set()
    for one in visitors:
        one.join()
    assert [wrong for wrong, _ in results] == [[], []]
    assert all(len(seen) > 1 for _, seen in results)


def change(showing: Showing, pairs: list[KeyPair]) -> None:
    pause = threading.Event()
    for number in range(CHANGES):
        showing.show(pairs[number % len(pairs)])
        pause.wait(0.001)


def test_a_loop_serves_while_a_thread_changes(root: Root, pairs: list[KeyPair]) -> None:
    showing = Showing()
    showing.show(pairs[0])
    ready = threading.Event()
    ports: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1):
            writer.write(b"y")
            await writer.drain()
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=showing.context)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        await asyncio.to_thread(over.wait)
        server.close()
        await server.wait_closed()

    over = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    try:
        visited(ports[0], root, lambda: change(showing, pairs))
    finally:
        over.set()
        thread.join()


def test_threads_serve_while_a_thread_changes(root: Root, pairs: list[KeyPair]) -> None:
    showing = Showing()
    showing.show(pairs[0])
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(plain: socket.socket) -> None:
        try:
            with showing.context.wrap_socket(plain, server_side=True) as secure:
                secure.recv(1)
                secure.sendall(b"y")
        except OSError:
            pass

    def accept() -> None:
        while True:
            plain, _ = listener.accept()
            if over.is_set():
                plain.close()
                return
            threading.Thread(target=answer, args=(plain,)).start()

    over = threading.Event()
    thread = threading.Thread(target=accept)
    thread.start()
    try:
        visited(listener.getsockname()[1], root, lambda: change(showing, pairs))
    finally:
        over.set()
        socket.create_connection(listener.getsockname()).close()
        thread.join()
        listener.close()
