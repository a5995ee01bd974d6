"""The token goes to one place, and certificates are checked where that place is not this machine.

Seen failing: with the token sent to the open questions as well, it stood in `StatusPing`; with the
context for everything the one without checks, a stranger's certificate was believed.
"""

from __future__ import annotations

import itertools
import logging
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from stoker.adapters.ignition import Gateway, GatewayError, NoAnswer
from stoker.adapters.ignition.address import Address
from stoker.adapters.ignition.http import Request, Trust, exchange
from stoker.core.errors import StokerError
from stoker.core.ignition import ResourcePath, ScanKind
from stoker.core.scan import Readiness, Unreachable
from support.gateways import TOKEN, gateway_at
from support.scripted_server import Asked, ScriptedServer, reply, self_signed

HEADER = "x-ignition-api-token"
RUNNING = {"state": "RUNNING", "items": [], "scanActive": False, "lastScanTimestamp": 1}


def running(_: Asked) -> Any:
    return reply(200, RUNNING)


def ask_everything(gateway: Gateway) -> None:
    gateway.readiness()
    gateway.scan(ScanKind.PROJECTS, patience=1)
    gateway.lock([ScanKind.CONFIG])
    gateway.release([ScanKind.CONFIG], untouched=True)
    gateway.designers()
    gateway.info()
    gateway.verify([ResourcePath("config/resources/core", "..", "..", "x")], 1)


def test_the_token_goes_to_the_interface_alone() -> None:
    with ScriptedServer(running) as server:
        ask_everything(gateway_at(server.url))
    with_token = {one.path for one in server.asked if HEADER in one.headers}
    without = {one.path for one in server.asked if HEADER not in one.headers}
    assert all(path.startswith("/data/api/v1/") for path in with_token)
    assert without == {"/StatusPing", "/system/gwinfo"}
    assert all(".." not in path.split("/") for path in with_token)
    for one in server.asked:
        assert TOKEN not in one.target
        assert TOKEN.encode() not in one.body
        assert one.headers.get(HEADER, TOKEN) == TOKEN


def test_the_token_is_read_anew_for_each_request() -> None:
    tokens = (f" name:{number}\n" for number in itertools.count())
    with ScriptedServer(running) as server:
        gateway = gateway_at(server.url, token=lambda: next(tokens))
        for _ in range(3):
            gateway.designers()
    assert [one.headers[HEADER] for one in server.asked] == ["name:0", "name:1", "name:2"]


def test_without_a_token_there_is_no_header() -> None:
    with ScriptedServer(running) as server:
        gateway_at(server.url, token=None).designers()
    assert HEADER not in server.asked[0].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with ScriptedServer(running) as elsewhere:
        moved = reply(status, location=f"{elsewhere.url}/data/api/v1/designers")
        with ScriptedServer(lambda _: moved) as server:
            with pytest.raises(GatewayError):
                gateway_at(server.url).designers()
            assert len(server.asked) == 1
        assert elsewhere.asked == []


@pytest.mark.parametrize("body", [b"<html>", b"{}"])
def test_no_error_and_no_log_holds_the_token(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Not even when a broken server sends it back."""
    caplog.set_level(logging.DEBUG)

    def echo(_: Asked) -> Any:
        return reply(500, {"message": "no"} if body == b"{}" else body, **{"x-echo": TOKEN})

    with ScriptedServer(echo) as server:
        gateway = gateway_at(server.url)
        told = [repr(gateway.scan(ScanKind.CONFIG)), repr(gateway)]
        for ask in (gateway.designers, gateway.info, lambda: gateway.lock([ScanKind.CONFIG])):
            with pytest.raises(StokerError) as caught:
                ask()
            told += traceback.format_exception(caught.value)
    assert TOKEN not in "".join(told) + caplog.text
    assert TOKEN not in repr(Request("GET", "/", {HEADER: TOKEN}))


def test_proxies_of_the_environment_are_not_asked() -> None:
    with ScriptedServer(running) as proxy, ScriptedServer(running) as server:
        names = ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY")
        with mock.patch.dict(os.environ, dict.fromkeys(names, proxy.url)):
            gateway_at(server.url).designers()
    assert proxy.asked == []
    assert len(server.asked) == 1


def test_the_gateway_of_the_pod_needs_no_certificate_that_anybody_knows(tmp_path: Path) -> None:
    context, _ = self_signed(tmp_path, "gateway.example")
    with ScriptedServer(running, context) as server:
        assert gateway_at(server.url).readiness() is Readiness.RUNNING


UNTRUSTED = "its certificate is not trusted: self-signed certificate"


def test_who_wants_it_has_the_certificate_checked_there_as_well(tmp_path: Path) -> None:
    context, certificate = self_signed(tmp_path)
    with ScriptedServer(running, context) as server:
        checking = gateway_at(server.url, verify=True)
        assert checking.scan(ScanKind.CONFIG) == Unreachable(UNTRUSTED)
        assert checking.readiness() is Readiness.DOWN
        assert server.asked == []
        trusting = gateway_at(server.url, ca_file=certificate)
        assert trusting.readiness() is Readiness.RUNNING


def test_a_certificate_is_for_one_name(tmp_path: Path) -> None:
    context, certificate = self_signed(tmp_path, "gateway.example")
    with ScriptedServer(running, context) as server:
        address = Address("localhost", server.port, secure=True)
        with pytest.raises(NoAnswer) as caught:
            exchange(address, Request("GET", "/"), Trust(ca_file=certificate), 5)
    assert "Hostname mismatch" in caught.value.message
    assert server.asked == []


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        ("https://localhost:8043", False),
        ("https://127.0.0.1:8043", False),
        ("https://[::1]:8043", False),
        ("https://gateway.example:8043", True),
        ("https://10.0.0.7", True),
        ("https://localhost.example", True),
    ],
)
def test_everywhere_else_the_certificate_is_checked(url: str, *, checked: bool) -> None:
    assert Gateway(url, None).trust.verify is checked


@pytest.mark.parametrize("content", [None, b"", b"no certificate\n"])
def test_authorities_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    context, _ = self_signed(tmp_path)
    file = tmp_path / "ca.crt"
    if content is not None:
        file.write_bytes(content)
    with ScriptedServer(running, context) as server:
        with pytest.raises(NoAnswer) as caught:
            gateway_at(server.url, ca_file=file).designers()
        assert server.asked == []
    assert caught.value.message == "the certificates of its authority cannot be read"
    assert caught.value.where == str(file)


def test_a_name_that_nobody_knows() -> None:
    with pytest.raises(NoAnswer) as caught:
        Gateway("http://gateway.invalid:8088", None).designers()
    assert caught.value.message == "its name is not known"


def test_a_place_that_no_connection_leads_to() -> None:
    with pytest.raises(NoAnswer) as caught:
        Gateway("http://255.255.255.255:8088", None).designers()
    assert caught.value.message.startswith("the connection failed: ")


def test_what_the_client_costs_to_import() -> None:
    """The agent has a budget: a bigger HTTP library alone is a third of it."""
    code = "import sys, stoker.adapters.ignition; print(*sys.modules)"
    shown = subprocess.run(  # noqa: S603 - our own interpreter with the line above
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"httpx", "requests", "urllib3", "asyncio", "cryptography"} & {*shown.stdout.split()}
