"""Who is let in by the fake gateway, and how it refuses: the matrix of IGNITION.md, over sockets.

Seen failing: with the secret of a token not compared, with writing allowed to who may read, and
with the secure channel asked for after the permission.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stoker.core.ignition import ScanKind
from stoker.testing.gateway import Commissioning, FakeGateway, Phase, Release, Settings, Token
from support.ignition_trees import DATABASES, put_project, put_resource
from support.talk import API, api, ask

TOKENS = (
    Token(name="all", secret="1"),
    Token(name="reader", secret="2", write=False),
    Token(name="writer", secret="3", read=False),
    Token(name="nobody", secret="4", read=False, write=False),
    Token(name="careful", secret="5", secure_channel=True),
)
READS = (
    "GET /scan/projects",
    "GET /scan/config",
    "GET /designers",
    "GET /gateway-info",
    "GET /redundancy",
    "GET /logs?startTime=0",
    "GET /modules/healthy",
    "GET /modules/quarantined",
    "GET /resources/names/ignition/database-connection",
    "GET /projects/list",
)
WRITES = (
    "POST /scan/projects",
    "POST /scan/config",
    "POST /scan-lock/projects",
    "POST /scan-lock/config",
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeGateway]:
    with FakeGateway(tmp_path_factory.mktemp("data"), Settings(tokens=TOKENS, tls_port=0)) as fake:
        yield fake


@pytest.mark.parametrize("endpoint", [*READS, *WRITES])
@pytest.mark.parametrize(
    ("token", "reads", "writes"),
    [
        ("", 401, 401),
        ("all", 401, 401),
        ("all:", 401, 401),
        ("all:2", 401, 401),
        (":1", 401, 401),
        ("unknown:1", 401, 401),
        ("all:1", 200, 200),
        ("reader:2", 200, 403),
        ("writer:3", 403, 200),
        ("nobody:4", 403, 403),
        ("careful:5", 403, 403),
    ],
)
def test_tokens(gateway: FakeGateway, endpoint: str, token: str, reads: int, writes: int) -> None:
    for kind in ScanKind:
        gateway.release_lock(kind)
    said = api(gateway, endpoint, token=token)
    assert said.status == (reads if endpoint in READS else writes)
    assert said.is_page is (said.status != 200)


@pytest.mark.parametrize("endpoint", [READS[0], WRITES[0]])
def test_a_secure_channel_opens_what_needs_one(gateway: FakeGateway, endpoint: str) -> None:
    assert api(gateway, endpoint, token="careful:5", url=gateway.secure_url).status == 200


def test_a_gateway_that_wants_a_secure_channel_of_everybody(tmp_path: Path) -> None:
    with FakeGateway(tmp_path, Settings(secure_channel=True, tls_port=0)) as fake:
        refused = api(fake, "GET /designers")
        assert (refused.status, refused.is_page) == (403, True)
        assert b"secure channel" in refused.body
        assert api(fake, "GET /designers", url=fake.secure_url).status == 200
        assert ask(fake.url, "GET /StatusPing").status == 200


def test_tokens_may_change_at_any_time(tmp_path: Path) -> None:
    with FakeGateway(tmp_path) as fake:
        before = fake.token
        fake.change(tokens=(Token(name="new", secret="2"),))
        assert api(fake, "GET /designers", token=before).status == 401
        assert api(fake, "GET /designers", token="new:2").status == 200


def test_the_two_pages_that_need_no_token(gateway: FakeGateway) -> None:
    assert ask(gateway.url, "GET /StatusPing").json == {"state": "RUNNING"}
    info = ask(gateway.url, "GET /system/gwinfo")
    assert info.status == 200
    assert info.body == (
        b"ContextStatus=RUNNING;RedundancyStatus=Independent;"
        b"RedundantState=Good;RedundantNodeActiveStatus=Active;"
    )


@pytest.mark.parametrize(
    "endpoint",
    [
        "GET /nothing",
        "DELETE /scan/projects",
        "GET /scan/tags",
        "POST /scan/tags",
        "GET /scan-lock/projects",
        "POST /designers",
    ],
)
def test_what_there_is_not(gateway: FakeGateway, endpoint: str) -> None:
    said = api(gateway, endpoint, token="all:1")
    assert (said.status, said.is_page) == (404, True)


@pytest.mark.parametrize("path", ["/", "/data/api/v2/designers", "/welcome"])
def test_other_pages(gateway: FakeGateway, path: str) -> None:
    assert ask(gateway.url, f"GET {path}").status == (200 if path == "/" else 404)


def test_an_older_gateway_has_no_such_api(tmp_path: Path) -> None:
    """And scans its projects by itself; its tags are in its database."""
    put_resource(tmp_path, f"{DATABASES}/mes", {"config.json": {}})
    settings = Settings(release=Release.V81, version="8.1.44", scan_seconds=0.01, scan_every=0.05)
    with FakeGateway(tmp_path, settings) as fake:
        for endpoint in (*READS, *WRITES):
            said = api(fake, endpoint)
            assert (said.status, said.is_page) == (404, True)
        assert ask(fake.url, "GET /StatusPing").json == {"state": "RUNNING"}
        fake.store_tags("default", {"Line/Speed": "AtomicTag"})
        put_project(tmp_path, "line")
        fake.wait_for(lambda one: "line" in one.projects)
        assert not fake.collections
        assert fake.tags["default"].tags == {"Line/Speed": "AtomicTag"}


def test_a_gateway_that_is_not_commissioned(tmp_path: Path) -> None:
    settings = Settings(commissioning=Commissioning.ALWAYS, commissioning_seconds=None)
    with FakeGateway(tmp_path, settings) as fake:
        assert fake.phase is Phase.COMMISSIONING
        ping = ask(fake.url, "GET /StatusPing").json
        assert ping == {"state": "RUNNING", "details": "COMMISSIONING"}
        for endpoint in WRITES:
            said = api(fake, endpoint)
            assert (said.status, said.is_page) == (400, True)
        for path in ("/", f"{API}/designers", f"{API}/scan/projects"):
            said = ask(fake.url, f"GET {path}", token=fake.token)
            assert (said.status, said.headers["Location"]) == (302, "/welcome")
        assert ask(fake.url, "GET /welcome").status == 200


def test_every_answer_is_noted(tmp_path: Path) -> None:
    with FakeGateway(tmp_path) as fake:
        api(fake, "POST /scan-lock/config", {"acquireTimeout": 1, "holdTimeout": 2})
        api(fake, "GET /nothing", token="")
        first, second = fake.requests
    assert (first.status, first.request.endpoint()) == (200, "POST /scan-lock/config")
    assert first.request.document() == {"acquireTimeout": 1, "holdTimeout": 2}
    assert first.request.headers["x-ignition-api-token"] == fake.token
    assert (second.status, second.request.endpoint()) == (401, "GET /nothing")
