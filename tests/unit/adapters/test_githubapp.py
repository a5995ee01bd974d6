"""Tokens of a GitHub App, from a server that checks who asks.

Seen to fail with redirects followed, with the signature made by another hash, with the token not
kept, with plain HTTP let through, and with the answer's size not bounded.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from stoker.adapters.githubapp import GitHubApp, GitHubAppFailed, signed_statement
from stoker.core.errors import Permanent, Retryable
from support.scripted_server import (
    RESET,
    Asked,
    ClosedPort,
    ScriptedServer,
    Step,
    reply,
    self_signed,
)

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NOW = 1_800_000_000.0
TOKEN = "ghs_InstallationToken"


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@define
class Api:
    """What GitHub's API does: it lets in who signs, and makes a token."""

    now: float = NOW
    life: str = "2027-01-15T09:00:00Z"
    tokens: int = 0
    answer: Callable[[Asked], list[Step]] | None = None
    lock: threading.Lock = field(factory=threading.Lock)

    def script(self, asked: Asked) -> list[Step]:
        if self.answer is not None:
            return self.answer(asked)
        if (asked.method, asked.path) != ("POST", "/app/installations/42/access_tokens"):
            return reply(404)
        if not self.lets_in(asked.headers.get("authorization", "")):
            return reply(401, {"message": "A JSON web token could not be decoded"})
        with self.lock:
            self.tokens += 1
        return reply(201, {"token": f"{TOKEN}{self.tokens}", "expires_at": self.life})

    def lets_in(self, authorization: str) -> bool:
        scheme, _, statement = authorization.partition(" ")
        head, claims, signature = statement.split(".")
        said = json.loads(decoded(claims))
        try:
            KEY.public_key().verify(
                decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return False
        return (
            scheme == "Bearer"
            and json.loads(decoded(head)) == {"alg": "RS256", "typ": "JWT"}
            and said["iss"] == "7"
            and said["iat"] <= self.now < said["exp"] <= self.now + 600
        )


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def server(api: Api) -> Iterator[ScriptedServer]:
    with ScriptedServer(api.script) as server:
        yield server


def app_at(url: str, api: Api, **more: Any) -> GitHubApp:
    told: dict[str, Any] = {
        "app_id": 7,
        "installation_id": 42,
        "private_key": lambda: pem(KEY),
        "api_base_url": url,
        "allow_local_http": True,
        "clock": lambda: api.now,
    }
    return GitHubApp(**(told | more))


@pytest.fixture
def app(server: ScriptedServer, api: Api) -> GitHubApp:
    return app_at(server.url, api)


# 2027-01-15T09:00:00Z
END = 1_800_003_600.0


def test_a_token_is_had_and_kept(app: GitHubApp, api: Api, server: ScriptedServer) -> None:
    token = app.token()
    assert (token.text, token.expires) == (f"{TOKEN}1", END)
    api.now = END - 301
    assert app.token() == token
    assert len(server.asked) == 1
    assert TOKEN not in repr(token) + repr(app)
    assert "BEGIN" not in repr(app)


def test_a_token_is_renewed_five_minutes_before_its_end(app: GitHubApp, api: Api) -> None:
    app.token()
    api.now = END - 300
    assert app.token().text == f"{TOKEN}2"


def test_an_old_token_serves_while_a_new_one_cannot_be_had(app: GitHubApp, api: Api) -> None:
    app.token()
    api.answer = lambda _: reply(500)
    api.now = END - 31
    assert app.token().text == f"{TOKEN}1"
    api.now = END - 30
    with pytest.raises(GitHubAppFailed):
        app.token()


def test_threads_share_a_token(app: GitHubApp, api: Api) -> None:
    threads = [threading.Thread(target=app.token) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert api.tokens == 1


def test_the_key_is_read_at_each_exchange(server: ScriptedServer, api: Api) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    keys = [pem(other), pem(KEY)]
    app = app_at(server.url, api, private_key=lambda: keys.pop(0))
    with pytest.raises(GitHubAppFailed) as caught:
        app.token()
    assert (caught.value.status, caught.value.disposition) == (401, Permanent())
    assert "private key" in caught.value.cure
    assert app.token().text == f"{TOKEN}1"


def test_a_server_with_a_certificate(api: Api, tmp_path: Path) -> None:
    tls, certificate = self_signed(tmp_path)
    with ScriptedServer(api.script, tls) as server:
        secure = app_at(server.url + "/", api, ca_file=certificate, allow_local_http=False)
        assert secure.token().text == f"{TOKEN}1"
        with pytest.raises(GitHubAppFailed, match="does not answer"):
            app_at(server.url, api).token()
        assert len(server.asked) == 1


def test_a_redirect_is_not_followed(app: GitHubApp, api: Api, server: ScriptedServer) -> None:
    with ScriptedServer(api.script) as elsewhere:
        api.answer = lambda asked: reply(307, Location=elsewhere.url + asked.target)
        with pytest.raises(GitHubAppFailed, match="307") as caught:
            app.token()
        assert elsewhere.asked == []
    assert len(server.asked) == 1
    assert caught.value.disposition == Permanent()
    assert "apiBaseURL" in caught.value.cure


@pytest.mark.parametrize(
    ("status", "headers", "disposition"),
    [
        (401, {}, Permanent()),
        (404, {}, Permanent()),
        (403, {}, Permanent()),
        (403, {"Retry_After": "60"}, Retryable(60.0)),
        (429, {"Retry_After": "soon"}, Retryable()),
        (403, {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "1800000090"}, Retryable(90.0)),
        (403, {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "1"}, Retryable(0.0)),
        (403, {"X_RateLimit_Remaining": "0"}, Permanent()),
        (500, {}, Retryable()),
        (503, {}, Retryable()),
        (200, {}, Permanent()),
    ],
)
def test_an_answer_that_is_no_token(
    app: GitHubApp, api: Api, status: int, headers: dict[str, str], disposition: object
) -> None:
    api.answer = lambda _: reply(status, {"token": TOKEN}, **headers)
    with pytest.raises(GitHubAppFailed) as caught:
        app.token()
    assert (caught.value.status, caught.value.disposition) == (status, disposition)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff",
        b"[]",
        b"null",
        b"{}",
        b"[" * 50_000,
        b'{"token": 1, "expires_at": "2027-01-15T09:00:00Z"}',
        b'{"token": "a b", "expires_at": "2027-01-15T09:00:00Z"}',
        b'{"token": "", "expires_at": "2027-01-15T09:00:00Z"}',
        b'{"token": "x", "expires_at": "tomorrow"}',
        b'{"token": "x", "expires_at": 5}',
        b'{"token": "x", "expires_at": "2027-01-15T09:00:00Z"}' + b" " * 100_000,
    ],
)
def test_an_answer_that_is_not_githubs(app: GitHubApp, api: Api, body: bytes) -> None:
    api.answer = lambda _: reply(201, body)
    with pytest.raises(GitHubAppFailed, match="not one of GitHub's"):
        app.token()


def test_a_connection_that_breaks(app: GitHubApp, api: Api) -> None:
    api.answer = lambda _: [b"HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{", RESET]
    with pytest.raises(GitHubAppFailed) as caught:
        app.token()
    assert caught.value.disposition == Retryable()


def test_nobody_answers(api: Api) -> None:
    with ClosedPort() as url, pytest.raises(GitHubAppFailed, match="does not answer"):
        app_at(url, api).token()


@pytest.mark.parametrize(
    "url",
    [
        "http://api.github.com",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
        "https://",
        "https://user:pw@api.github.com",
        "https://api.github.com?x=y",
        "https://api.github.com#x",
        "https://[x",
        "https://api.github.com:99999",
        "api.github.com",
        "",
    ],
)
def test_an_address_that_gets_nothing(api: Api, url: str) -> None:
    with pytest.raises(GitHubAppFailed, match="https://") as caught:
        app_at(url, api).token()
    assert caught.value.disposition == Permanent()
    assert "pw" not in str(caught.value)


def test_plain_http_needs_consent(server: ScriptedServer, api: Api) -> None:
    with pytest.raises(GitHubAppFailed):
        app_at(server.url, api, allow_local_http=False).token()
    assert server.asked == []


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (b"", "cannot be read"),
        (b"secret that is no key", "cannot be read"),
        (pem(KEY)[:200], "cannot be read"),
        (
            KEY.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"x"),
            ),
            "cannot be read",
        ),
        (pem(ec.generate_private_key(ec.SECP256R1())), "not an RSA key"),
    ],
    ids=["empty", "text", "cut", "encrypted", "other"],
)
def test_a_key_that_is_none(key: bytes, why: str) -> None:
    with pytest.raises(GitHubAppFailed, match=why) as caught:
        signed_statement(7, key, NOW)
    assert caught.value.disposition == Permanent()
    assert "secret" not in str(caught.value)
