"""The way to the API server from a pod: what it reads, what it keeps, and what it does without.

Slow, broken and wrong answers are those of `test_client_faults`.

Seen to fail: a token that is read once, an authority that is read once, a certificate that is
believed whatever its name, a connection that is used again after its server has ended it or after
a long time, one that is kept before its answer was read, an address without brackets, a handshake
without a deadline, and an import of urllib3.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stoker.adapters.kube.client import Client
from stoker.adapters.kube.errors import Busy, NoCluster, Unreachable
from stoker.adapters.kube.inside import HOST, PORT, inside
from stoker.adapters.kube.resources import CONFIG_MAPS
from support.scripted_server import (
    Asked,
    ClosedPort,
    Script,
    ScriptedServer,
    Step,
    reply,
    self_signed,
)

Certificate = tuple[ssl.SSLContext, Path]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def folder(tmp_path: Path, certificate: Certificate) -> Path:
    """What a pod has of its service account."""
    made = tmp_path / "serviceaccount"
    made.mkdir()
    (made / "token").write_text("first\n")
    (made / "ca.crt").write_bytes(certificate[1].read_bytes())
    return made


MADE: list[Client] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Connections that a test leaves open are closed."""
    yield
    while MADE:
        MADE.pop().close()


def client_of(folder: Path, host: str, port: int) -> Client:
    environ = {HOST: host, PORT: str(port)}
    made = inside(
        user_agent="agent/1", field_manager="stoker-agent", folder=folder, environ=environ
    )
    MADE.append(made)
    return made.within(2)


@contextmanager
def serving(script: Script, certificate: Certificate) -> Iterator[ScriptedServer]:
    with ScriptedServer(script, certificate[0]) as server:
        yield server


def get(client: Client) -> dict[str, Any]:
    return client.get(CONFIG_MAPS, "plant", "one")


def empty(_: Asked) -> list[Step]:
    return reply(200, {})


def open_ended(body: bytes = b"{}", **headers: str) -> bytes:
    """An answer after which the connection stays open."""
    named = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{named}\r\n".encode() + body


# --- Who we are, and whom we believe ---


def test_the_token_is_the_one_that_is_there_now(folder: Path, certificate: Certificate) -> None:
    with serving(empty, certificate) as server:
        client = client_of(folder, "127.0.0.1", server.port)
        get(client)
        (folder / "token").write_text("another")
        get(client)
        (folder / "token").write_text("")  # being written
        get(client)
        (folder / "token").unlink()
        get(client)
        told = [asked.headers["authorization"] for asked in server.asked]
    assert told == ["Bearer first", *["Bearer another"] * 3]
    assert "another" not in repr(client)


def test_a_renewed_authority_counts_with_the_next_connection(
    folder: Path, certificate: Certificate, tmp_path: Path
) -> None:
    other = self_signed(tmp_path, "other")
    with serving(empty, other) as server:
        client = client_of(folder, "127.0.0.1", server.port)
        with pytest.raises(Unreachable, match="certificate is not trusted"):
            get(client)
        (folder / "ca.crt").write_bytes(other[1].read_bytes())
        assert get(client) == {}
        (folder / "ca.crt").write_text("half a certi")
        assert get(client) == {}
    assert certificate


def test_a_server_of_another_name_is_none_of_ours(folder: Path, tmp_path: Path) -> None:
    elsewhere = self_signed(tmp_path, "elsewhere", "192.0.2.1")
    (folder / "ca.crt").write_bytes(elsewhere[1].read_bytes())
    with serving(empty, elsewhere) as server:
        with pytest.raises(Unreachable, match="certificate is not trusted"):
            get(client_of(folder, "127.0.0.1", server.port))
        assert server.asked == []


def test_a_token_that_cannot_be_sent_is_not_told(folder: Path, certificate: Certificate) -> None:
    with serving(empty, certificate) as server:
        client = client_of(folder, "127.0.0.1", server.port)
        (folder / "token").write_text("two\nlines")
        with pytest.raises(Unreachable, match="none that can be sent") as caught:
            get(client)
        assert "two" not in str(caught.value)
        (folder / "token").write_text("good")
        assert get(client) == {}


def test_what_is_written_bears_our_name(folder: Path, certificate: Certificate) -> None:
    with serving(empty, certificate) as server:
        client = client_of(folder, "127.0.0.1", server.port)
        client.merge(CONFIG_MAPS, "plant", "one", {}, metadata_only=True)
        client.unfenced().within(1).create(CONFIG_MAPS, "plant", {})
        assert all("fieldManager=stoker-agent" in asked.target for asked in server.asked)
        assert "as=PartialObjectMetadata;" in server.asked[0].headers["accept"]


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {HOST: "10.0.0.1"},
        {PORT: "443"},
        {HOST: "10.0.0.1", PORT: "x"},
        {HOST: "10.0.0.1", PORT: "0"},
        {HOST: "10.0.0.1", PORT: "65536"},
    ],
)
def test_where_there_is_no_cluster(folder: Path, environ: dict[str, str]) -> None:
    with pytest.raises(NoCluster, match=HOST):
        inside(user_agent="a", field_manager="b", folder=folder, environ=environ)


@pytest.mark.parametrize(
    ("file", "text"),
    [("token", None), ("token", ""), ("ca.crt", None), ("ca.crt", ""), ("ca.crt", "no")],
)
def test_without_an_account_there_is_no_cluster(folder: Path, file: str, text: str | None) -> None:
    (folder / file).unlink()
    if text is not None:
        (folder / file).write_text(text)
    with pytest.raises(NoCluster) as caught:
        client_of(folder, "127.0.0.1", 1)
    assert caught.value.where == str(folder)
    assert caught.value.cure


# --- Where the server is ---


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_an_address_of_the_sixth_version(folder: Path, tmp_path: Path, host: str) -> None:
    tls, file = self_signed(tmp_path, "six", "::1")
    (folder / "ca.crt").write_bytes(file.read_bytes())
    with ScriptedServer(empty, tls, address="::1") as server:
        assert get(client_of(folder, host, server.port)) == {}
        assert server.asked[0].headers["host"] == f"[::1]:{server.port}"


def test_a_name(folder: Path, certificate: Certificate) -> None:
    with serving(empty, certificate) as server:
        assert get(client_of(folder, "localhost", server.port)) == {}
    with pytest.raises(Unreachable, match="name is not known"):
        get(client_of(folder, "nowhere.invalid", 443))


def test_nobody_there(folder: Path) -> None:
    with ClosedPort() as url, pytest.raises(Unreachable, match="nobody listens"):
        get(client_of(folder, "127.0.0.1", int(url.rpartition(":")[2])))


def test_whoever_does_not_shake_hands(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        client = client_of(folder, "127.0.0.1", mute.getsockname()[1]).within(0.5)
        began = time.monotonic()
        with pytest.raises(Unreachable, match="within the time"):
            get(client)
        assert time.monotonic() - began < 1.5


def test_whoever_speaks_without_tls(folder: Path) -> None:
    with (
        ScriptedServer(empty, hasty=True) as server,
        pytest.raises(Unreachable, match="TLS failed"),
    ):
        get(client_of(folder, "127.0.0.1", server.port))


# --- Connections that are kept ---


def test_a_connection_serves_again(folder: Path, certificate: Certificate) -> None:
    """The server reads one request for each connection; the second is answered all the same."""

    def script(_: Asked) -> list[Step]:
        return [open_ended(b'{"a": 1}'), 0.4, open_ended(b'{"a": 2}'), 0.4]

    with serving(script, certificate) as server:
        client = client_of(folder, "127.0.0.1", server.port)
        assert [get(client), get(client)] == [{"a": 1}, {"a": 2}]
        assert len(server.asked) == 1
        client.close()
        get(client)
        assert len(server.asked) == 2


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (open_ended(), True),
        (CHUNKED, True),
        (b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}", True),
        (open_ended(Connection="close"), False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", False),
        (b"HTTP/1.1 500 No\r\nContent-Length: 99999\r\n\r\n" + b"x" * 80_000, False),
        (open_ended(b"[]"), True),
    ],
    ids=["length", "chunks", "refusal", "close", "old", "much", "wrong"],
)
def test_only_what_was_read_to_its_end_serves_again(
    folder: Path, certificate: Certificate, first: bytes, *, again: bool
) -> None:
    with serving(lambda _: [first, 0.3, open_ended(), 0.3], certificate) as server:
        client = client_of(folder, "127.0.0.1", server.port)
        for _ in range(2):
            try:
                get(client)
            except Exception as error:  # noqa: BLE001 - what is answered is not the matter here
                assert not isinstance(error, Unreachable)
        assert len(server.asked) == (1 if again else 2)


def test_a_connection_that_was_ended_meanwhile_is_not_used(
    folder: Path, certificate: Certificate
) -> None:
    with serving(lambda _: [open_ended()], certificate) as server:
        client = client_of(folder, "127.0.0.1", server.port)
        for _ in range(3):
            assert get(client) == {}
            time.sleep(0.1)
        assert len(server.asked) == 3


def test_nor_one_that_was_idle_for_long(
    folder: Path, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stoker.adapters.kube.podwire._IDLE", 0.2)
    with serving(lambda _: [open_ended(), 1.0, open_ended()], certificate) as server:
        client = client_of(folder, "127.0.0.1", server.port)
        get(client)
        time.sleep(0.3)
        get(client)
        assert len(server.asked) == 2


def test_many_threads(folder: Path, certificate: Certificate) -> None:
    def script(asked: Asked) -> list[Step]:
        name = asked.path.rpartition("/")[2]
        return [0.02, *reply(200, {"name": name})]

    with serving(script, certificate) as server:
        client = client_of(folder, "127.0.0.1", server.port)

        def one(number: int) -> bool:
            name = f"n{number}"
            return client.get(CONFIG_MAPS, "plant", name) == {"name": name}

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(one, range(40)))


def test_a_busy_server_is_not_asked_again_by_itself(folder: Path, certificate: Certificate) -> None:
    with serving(lambda _: reply(429, b"", Retry_After="7"), certificate) as server:
        with pytest.raises(Busy):
            get(client_of(folder, "127.0.0.1", server.port))
        assert len(server.asked) == 1


def test_a_large_body_goes_out_within_the_time_for_it(
    folder: Path, certificate: Certificate
) -> None:
    """The server reads what it gets, and then takes its time."""
    with serving(empty, certificate) as server:
        client = client_of(folder, "127.0.0.1", server.port)
        client.merge(CONFIG_MAPS, "plant", "one", {"data": {"changes": "x" * 700_000}})
        assert len(server.asked[0].body) > 700_000
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_swallow, args=(listener, certificate[0]), daemon=True).start()
        client = client_of(folder, "127.0.0.1", listener.getsockname()[1]).within(0.7)
        began = time.monotonic()
        with pytest.raises(Unreachable, match="within the time"):
            client.merge(CONFIG_MAPS, "plant", "one", {"data": {"changes": "x" * 50_000_000}})
        assert time.monotonic() - began < 3


def _swallow(listener: socket.socket, tls: ssl.SSLContext) -> None:
    """Shake hands, and take a little now and then."""
    near, _ = listener.accept()
    with near, tls.wrap_socket(near, server_side=True) as encrypted:
        for _ in range(40):
            if not encrypted.recv(1000):
                return
            time.sleep(0.1)


# --- What an agent does without ---

LEFT_OUT = ("urllib3", "kubernetes", "pygit2", "structlog", "prometheus_client", "yaml")
PARTS = (
    "stoker.adapters.kube.inside",
    "stoker.adapters.kube.watch",
    "stoker.entrypoints.agent.following",
    "stoker.entrypoints.agent.podinfo",
    "stoker.entrypoints.agent.reporting",
)


def test_nothing_heavy_is_imported() -> None:
    program = f"import sys, {', '.join(PARTS)}; print(*sorted({{*sys.modules}} & {{*{LEFT_OUT}}}))"
    found = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == []
