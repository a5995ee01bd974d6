"""A GitHub App's key for a token, at a real HTTPS server, once for everybody.

Seen to fail with no token kept, with the key left out of what a token is kept for, with one lane
for all API servers, without the deadline of a whole exchange, and with a cord that nobody can pull.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import define, field
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from integration.asking.scene import Scene, app, mute_servers, resolve
from stoker.adapters.githubapp import GitHubAppFailed, InstallationToken
from stoker.core.errors import Disposition, Permanent, Retryable, StokerError
from stoker.core.refs import Advertisement
from stoker.core.spec import SecretKeyRef
from stoker.entrypoints.controller.asking import Asker, Limits
from support.git_servers import HttpsGit
from support.scripted_server import HANG, RESET, Asked, ScriptedServer, Step, reply, self_signed

NOW = 1_800_000_000.0
END = 1_800_003_600.0
LIFE = "2027-01-15T09:00:00Z"
PEM = SecretKeyRef("app", "pem")


def pem() -> bytes:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


KEY = pem()


@define
class Api:
    """What GitHub's API does, and what time it is."""

    now: float = NOW
    answer: list[Step] | None = None
    tokens: int = 0
    lock: threading.Lock = field(factory=threading.Lock)

    def script(self, _: Asked) -> list[Step]:
        if self.answer is not None:
            return self.answer
        with self.lock:
            self.tokens += 1
            return reply(201, {"token": f"ghs_Token{self.tokens}", "expires_at": LIFE})


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    self_signed(tmp_path)
    return tmp_path / "localhost.crt"


@pytest.fixture
def github(api: Api, tmp_path: Path) -> Iterator[ScriptedServer]:
    tls, _ = self_signed(tmp_path)
    with ScriptedServer(api.script, tls) as server:
        yield server


@pytest.fixture
def asker(scene: Scene, api: Api, github: ScriptedServer, tmp_path: Path) -> Iterator[Asker]:
    assert github.port
    for namespace in ("one", "two"):
        scene.secrets.put(namespace, PEM, KEY)
    trust = tmp_path / "localhost.crt"
    limits = Limits(exchange_deadline=5.0)
    with scene.asker(wall=lambda: api.now, api_trust=trust, limits=limits) as asker:
        yield asker
        assert not scene.heard.complaints


def test_a_thousand_crs_of_one_app_are_one_exchange(
    scene: Scene, asker: Asker, github: ScriptedServer
) -> None:
    for number in range(1000):
        asker.exchange((("one", "two")[number % 2], f"cr{number}"), app(github.url))
    assert scene.heard.wait(exchanged=1000)
    assert {outcome for _, _, outcome in scene.heard.exchanged} == {
        InstallationToken("ghs_Token1", END)
    }
    assert [asked.path for asked in github.asked] == ["/app/installations/42/access_tokens"]
    assert scene.heard.observed == [("exchange", "ok")]


def test_a_token_is_kept_until_five_minutes_before_its_end(
    scene: Scene, asker: Asker, github: ScriptedServer, api: Api
) -> None:
    asker.exchange(("one", "cr"), app(github.url))
    assert scene.heard.token() == InstallationToken("ghs_Token1", END)
    api.now = END - 301
    asker.exchange(("two", "cr"), app(github.url))
    assert scene.heard.token() == InstallationToken("ghs_Token1", END)
    api.now = END - 300
    asker._exchanging._kept = {  # noqa: SLF001 - half a minute has passed
        who: type(one)(one.token, one.since - 30)
        for who, one in asker._exchanging._kept.items()  # noqa: SLF001 - as above
    }
    asker.exchange(("one", "cr"), app(github.url))
    assert scene.heard.token() == InstallationToken("ghs_Token2", END)
    # Where clocks differ a token seems too old when it comes; a thousand CRs still share it.
    asker.exchange(("two", "cr"), app(github.url))
    assert scene.heard.token() == InstallationToken("ghs_Token2", END)


def test_another_key_is_another_credential(
    scene: Scene, asker: Asker, github: ScriptedServer
) -> None:
    scene.secrets.put("two", PEM, pem())
    for namespace in ("one", "two"):
        asker.exchange((namespace, "cr"), app(github.url))
    asker.exchange(("one", "other"), app(github.url, installation=43))
    assert scene.heard.wait(exchanged=3)
    assert len({asked.headers["authorization"] for asked in github.asked}) >= 2
    assert len(github.asked) == 3


@pytest.mark.parametrize(
    ("answer", "status", "disposition"),
    [
        (reply(401), 401, Permanent()),
        (reply(403), 403, Permanent()),
        (reply(404), 404, Permanent()),
        (reply(422), 422, Permanent()),
        (reply(403, Retry_After="60"), 403, Retryable(60.0)),
        (reply(429, Retry_After="60"), 429, Retryable(60.0)),
        (reply(429, X_RateLimit_Reset="1800000090"), 429, Retryable(90.0)),
        (
            reply(403, X_RateLimit_Remaining="0", X_RateLimit_Reset="1800000090"),
            403,
            Retryable(90.0),
        ),
        (reply(500), 500, Retryable()),
        (reply(503), 503, Retryable()),
        (reply(307, Location="https://127.0.0.1:1/"), 307, Permanent()),
        (reply(201, b" " * 100_000), 0, Retryable()),
        (reply(201, b"<html>"), 0, Retryable()),
        ([RESET], 0, Retryable()),
    ],
)
def test_an_answer_that_is_no_token(  # noqa: PLR0913, PLR0917 - the scene, and a table of three
    scene: Scene,
    asker: Asker,
    github: ScriptedServer,
    api: Api,
    answer: list[Step],
    status: int,
    disposition: Disposition,
) -> None:
    api.answer = answer
    asker.exchange(("one", "cr"), app(github.url))
    error = scene.heard.token()
    assert isinstance(error, GitHubAppFailed)
    assert (error.status, error.disposition) == (status, disposition)
    assert error.where
    assert error.cure
    assert len(github.asked) == 1
    assert scene.heard.observed == [("exchange", "error")]


def test_a_key_that_is_missing_or_none(scene: Scene, asker: Asker, github: ScriptedServer) -> None:
    asker.exchange(("three", "cr"), app(github.url))
    missing = scene.heard.token()
    assert isinstance(missing, StokerError)
    assert missing.where == "spec.git.auth.githubApp.privateKeySecretRef"
    assert "'app'" in missing.message
    scene.secrets.put("three", PEM, b"planted")
    asker.exchange(("three", "cr"), app(github.url))
    bad = scene.heard.token()
    assert isinstance(bad, GitHubAppFailed)
    assert bad.where == "spec.git.auth.githubApp.privateKeySecretRef"
    assert "planted" not in repr(bad)
    assert github.asked == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "https://a:b@127.0.0.1:1", "https://[", "ftp://x", "x"]
)
def test_an_address_that_gets_no_credential(scene: Scene, asker: Asker, url: str) -> None:
    asker.exchange(("one", "cr"), app(url))
    error = scene.heard.token()
    assert isinstance(error, GitHubAppFailed)
    assert error.where == "spec.git.auth.githubApp.apiBaseURL"


def test_a_server_that_sends_a_byte_now_and_then_runs_into_the_deadline(
    scene: Scene, api: Api, github: ScriptedServer, tmp_path: Path
) -> None:
    head = b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n"
    api.answer = [head, *[step for _ in range(500) for step in (b" ", 0.05)]]
    scene.secrets.put("one", PEM, KEY)
    limits = Limits(exchange_deadline=0.6)
    with scene.asker(limits=limits, api_trust=tmp_path / "localhost.crt") as asker:
        begun = time.monotonic()
        asker.exchange(("one", "cr"), app(github.url))
        error = scene.heard.token()
        assert isinstance(error, GitHubAppFailed)
        assert error.timed_out
        assert time.monotonic() - begun < 5
    assert scene.heard.observed == [("exchange", "timeout")]


def test_an_api_that_hangs_delays_no_other_and_no_repository(
    scene: Scene, github: ScriptedServer, plain: HttpsGit, tmp_path: Path
) -> None:
    scene.secrets.put("one", PEM, KEY)
    trust = tmp_path / "localhost.crt"
    limits = Limits(exchange_deadline=60.0)
    with (
        scene.asker(limits=limits, api_trust=trust, wall=lambda: NOW) as asker,
        mute_servers(3) as mute,
    ):
        for number in range(30):
            asker.exchange(("one", f"mute{number}"), app(f"https://{mute[number % 3]}", number + 1))
        for number in range(5):
            asker.exchange(("one", f"cr{number}"), app(github.url, number + 1))
        asker.ask(("one", "cr"), resolve(plain.url("site.git")))
        assert scene.heard.wait(settled=1, exchanged=5)
        assert isinstance(scene.heard.outcome(), Advertisement)
        assert all(name.startswith("cr") for (_, name), _, _ in scene.heard.exchanged)
        begun = time.monotonic()
        asker.close()
        assert time.monotonic() - begun < 2
    assert not [one for one in threading.enumerate() if one.name in {"exchange", "asker"}]


def test_an_api_that_hangs_after_the_handshake_is_let_go(
    scene: Scene, api: Api, github: ScriptedServer, tmp_path: Path
) -> None:
    api.answer = [HANG]
    scene.secrets.put("one", PEM, KEY)
    with scene.asker(api_trust=tmp_path / "localhost.crt") as asker:
        asker.exchange(("one", "cr"), app(github.url))
        until = time.monotonic() + 10
        while not github.asked and time.monotonic() < until:
            time.sleep(0.01)
        begun = time.monotonic()
        asker.close()
        assert time.monotonic() - begun < 2
    assert scene.heard.exchanged == []
    assert not [one for one in threading.enumerate() if one.name in {"exchange", "asker"}]


def test_a_cr_that_was_forgotten_hears_of_no_token(
    scene: Scene, asker: Asker, github: ScriptedServer, api: Api
) -> None:
    api.answer = [0.5, *reply(500)]
    for name in ("gone", "stays"):
        asker.exchange(("one", name), app(github.url))
    asker.forget(("one", "gone"))
    assert scene.heard.wait(exchanged=1)
    assert [name for (_, name), _, _ in scene.heard.exchanged] == ["stays"]
