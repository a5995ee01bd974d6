"""A client against servers that answer slowly, wrongly, too much, or not at all.

Each test is made twice, as there are two ways to a server: that of the controller, by urllib3, and
that of a pod, by the standard library.

Broken on purpose, and seen to fail: a limit for each read instead of the whole answer, urllib3's
own retries, a refusal or a line without a limit, names that lead elsewhere, a fence after the
write, what is gone by a wrong address, by a conflict, half a line that is taken, and others.
"""

from __future__ import annotations

import gzip
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from attrs import define, field

from stoker.adapters.kube.client import Client, connect
from stoker.adapters.kube.errors import (
    AlreadyExists,
    ApiFailed,
    Busy,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NamespaceTerminating,
    NoCluster,
    NotFound,
    NotLeading,
    Silent,
    Unreachable,
    Unreadable,
)
from stoker.adapters.kube.inside import HOST, PORT, inside
from stoker.adapters.kube.resources import CONFIG_MAPS, NAMESPACES, SECRETS, Resource
from stoker.adapters.kube.secrets import SecretMissing, secret_value
from stoker.adapters.kube.stream import Event
from stoker.core.errors import Permanent, Retryable
from stoker.core.spec import SecretKeyRef
from support.scripted_server import (
    HANG,
    RESET,
    Asked,
    ClosedPort,
    ScriptedServer,
    Step,
    reply,
    self_signed,
)


def kubeconfig(folder: Path, server: str, **user: str) -> Path:
    file = folder / "kubeconfig"
    document: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "current-context": "it"}
    document["clusters"] = [{"name": "it", "cluster": {"server": server}}]
    document["contexts"] = [{"name": "it", "context": {"cluster": "it", "user": "it"}}]
    document["users"] = [{"name": "it", "user": user}]
    file.write_text(json.dumps(document))
    return file


def account(folder: Path, certificate: Path, token: str) -> Path:
    """What a pod has of its service account."""
    (folder / "token").write_text(f"{token}\n")
    (folder / "ca.crt").write_bytes(certificate.read_bytes())
    return folder


def in_pod(server: ScriptedServer, folder: Path) -> Client:
    place = urlsplit(server.url)
    environ = {HOST: str(place.hostname), PORT: str(place.port)}
    return inside(
        user_agent="test/1", field_manager="stoker-controller", folder=folder, environ=environ
    )


@define
class Api:
    """A server with a script, and a client of it that has two seconds."""

    server: ScriptedServer
    client: Client
    seen: list[tuple[str, Resource | None, int]] = field(factory=list)

    def get(self) -> dict[str, Any]:
        return self.client.get(CONFIG_MAPS, "plant", "one")

    def fails(self, kind: type[ApiFailed]) -> ApiFailed:
        with pytest.raises(kind) as caught:
            self.get()
        assert type(caught.value) is kind
        return caught.value


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(params=["by urllib3", "in a pod"])
def api(
    request: pytest.FixtureRequest, tmp_path: Path, certificate: tuple[ssl.SSLContext, Path]
) -> Iterator[Callable[..., Api]]:
    opened: list[ScriptedServer] = []

    def open_one(steps: Iterable[Step] | Callable[[Asked], Iterable[Step]], **user: str) -> Api:
        script = steps if callable(steps) else lambda _: steps
        if request.param == "in a pod":
            server = ScriptedServer(script, certificate[0]).__enter__()
            folder = account(tmp_path, certificate[1], user.get("token", "planted"))
            client = in_pod(server, folder)
        else:
            server = ScriptedServer(script).__enter__()
            config = kubeconfig(tmp_path, server.url, **user)
            client = connect(config, user_agent="test/1", pool=2)
        opened.append(server)
        made = Api(server, client.within(2))
        client.observer = lambda method, what, status, _: made.seen.append((method, what, status))
        return made

    yield open_one
    for each in opened:
        each.__exit__(None, None, None)


def status(code: int, reason: str = "", **more: Any) -> dict[str, Any]:
    told = {"kind": "Status", "apiVersion": "v1", "message": f"it is {reason}"}
    return told | {"code": code, "reason": reason} | more


# --- What is asked ---


def test_a_request_says_who_asks_for_what(api: Callable[..., Api]) -> None:
    made = api(reply(200, {"kind": "ConfigMap"}), token="planted")
    assert made.get() == {"kind": "ConfigMap"}
    (asked,) = made.server.asked
    assert (asked.method, asked.target) == ("GET", "/api/v1/namespaces/plant/configmaps/one")
    assert asked.headers["user-agent"] == "test/1"
    assert asked.headers["authorization"].lower() == "bearer planted"
    assert made.seen == [("GET", CONFIG_MAPS, 200)]


def test_verbs_and_the_documents_that_they_send(api: Callable[..., Api]) -> None:
    made = api(reply(200, {}))
    client = made.client
    client.create(CONFIG_MAPS, "plant", {"metadata": {"name": "one"}})
    client.replace(CONFIG_MAPS, "plant", "one", {"data": {}}, "status")
    client.apply(CONFIG_MAPS, "plant", "one", {"data": {}}, force=False)
    client.merge(CONFIG_MAPS, "plant", "one", {"data": None})
    client.json_patch(CONFIG_MAPS, "plant", "one", [{"op": "remove", "path": "/data"}])
    assert client.delete(CONFIG_MAPS, "plant", "one", uid="u", resource_version="7")
    asked = made.server.asked
    assert [each.method for each in asked] == ["POST", "PUT", "PATCH", "PATCH", "PATCH", "DELETE"]
    assert [each.headers["content-type"] for each in asked] == [
        "application/json",
        "application/json",
        "application/apply-patch+yaml",
        "application/merge-patch+json",
        "application/json-patch+json",
        "application/json",
    ]
    bodies = [json.loads(each.body) for each in asked]
    named = {"apiVersion": "v1", "kind": "ConfigMap"}
    assert bodies[0] == named | {"metadata": {"name": "one"}}
    assert bodies[2] == named | {"metadata": {"name": "one", "namespace": "plant"}, "data": {}}
    assert bodies[3:5] == [{"data": None}, [{"op": "remove", "path": "/data"}]]
    assert bodies[5]["preconditions"] == {"uid": "u", "resourceVersion": "7"}
    assert asked[1].path.endswith("/configmaps/one/status")
    assert asked[2].target.endswith("/one?fieldManager=stoker-controller&force=false")


def test_the_fence_is_asked_before_each_write_and_nothing_else(api: Callable[..., Api]) -> None:
    made = api(reply(200, {}))
    held: list[str] = []

    def closed(namespace: str) -> None:
        held.append(namespace)
        raise NotLeading("no")

    made.client.fence = closed
    client = made.client
    for write in (
        lambda: client.create(CONFIG_MAPS, "plant", {}),
        lambda: client.replace(CONFIG_MAPS, "plant", "one", {}),
        lambda: client.apply(CONFIG_MAPS, "plant", "one", {}),
        lambda: client.merge(CONFIG_MAPS, "plant", "one", {}),
        lambda: client.json_patch(CONFIG_MAPS, "plant", "one", []),
        lambda: client.delete(CONFIG_MAPS, "plant", "one"),
    ):
        with pytest.raises(NotLeading):
            write()
    assert made.server.asked == []
    assert held == ["plant"] * 6
    made.get()
    client.unfenced().create(CONFIG_MAPS, "plant", {})
    client.within(1).get(CONFIG_MAPS, "plant", "one")
    assert [method for method, _, _ in made.seen] == ["GET", "POST", "GET"]


def test_what_would_be_a_collection_is_never_asked_for(api: Callable[..., Api]) -> None:
    made = api(reply(200, {}))
    client = made.client
    for wrong in (
        lambda: client.delete(CONFIG_MAPS, "plant", ""),
        lambda: client.delete(CONFIG_MAPS, "plant", ".."),
        lambda: client.get(CONFIG_MAPS, "", "one"),
        lambda: client.get(CONFIG_MAPS, "..", "one"),
        lambda: client.create(CONFIG_MAPS, "", {}),
        lambda: client.delete(NAMESPACES, "", ""),
    ):
        with pytest.raises(Invalid):
            wrong()
    assert made.server.asked == []
    client.get(SECRETS, "plant", "a/../b?x=1#%2e")
    assert made.server.asked[0].target == (
        "/api/v1/namespaces/plant/secrets/a%2F..%2Fb%3Fx%3D1%23%252e"
    )


# --- What is answered ---


@pytest.mark.parametrize(
    ("answer", "kind", "disposition"),
    [
        (reply(404, status(404, "NotFound")), NotFound, Permanent()),
        (reply(409, status(409, "AlreadyExists")), AlreadyExists, Permanent()),
        (reply(409, status(409, "Conflict")), Conflict, Retryable()),
        (reply(410, status(410, "Expired")), Gone, Permanent()),
        (reply(401, status(401, "Unauthorized")), Forbidden, Permanent()),
        (reply(403, status(403, "Forbidden")), Forbidden, Permanent()),
        (reply(422, status(422, "Invalid")), Invalid, Permanent()),
        (reply(400, status(400, "BadRequest")), Invalid, Permanent()),
        (reply(405, status(405, "MethodNotAllowed")), ApiFailed, Permanent()),
        (reply(500, status(500, "InternalError")), Busy, Retryable()),
        (reply(503, b"<html>no</html>"), Busy, Retryable()),
        (reply(429, b"", Retry_After="7"), Busy, Retryable(7)),
        (reply(429, status(429, details={"retryAfterSeconds": 9})), Busy, Retryable(9)),
        (reply(503, b"", Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), Busy, Retryable()),
        (reply(404, b"404 page not found"), NotFound, Permanent()),
        (reply(500, b'{"kind": "Status", "message": "hal'), Busy, Retryable()),
        (reply(500, b"[" * 100_000), Busy, Retryable()),
        (reply(302, b"", Location="https://elsewhere.example/"), ApiFailed, Permanent()),
    ],
)
def test_refusals_have_a_class_each(
    api: Callable[..., Api], answer: list[Step], kind: type[ApiFailed], disposition: object
) -> None:
    made = api(answer)
    error = made.fails(kind)
    assert error.disposition == disposition
    assert "/configmaps/one" in error.where
    assert len(made.server.asked) == 1
    assert made.seen == [("GET", CONFIG_MAPS, error.status)]


def test_a_namespace_that_ends_is_known_by_its_cause(api: Callable[..., Api]) -> None:
    causes = [{"reason": "NamespaceTerminating", "message": "x", "field": "metadata.namespace"}]
    made = api(reply(403, status(403, "Forbidden", details={"causes": causes})))
    assert made.fails(NamespaceTerminating).status == 403


def test_messages_are_short_and_hold_no_control_characters(api: Callable[..., Api]) -> None:
    told = status(422, "Invalid", message="a\x1b[31m\nb" + "x" * 10_000)
    error = api(reply(422, told)).fails(Invalid)
    assert error.message.startswith("a [31m b")
    assert len(error.message) < 500


def test_of_a_refusal_only_so_much_is_read(api: Callable[..., Api]) -> None:
    """Seen to fail by its time when everything was read."""
    head = b"HTTP/1.1 500 No\r\nContent-Length: 999999999\r\n\r\n"

    def endless(_: Asked) -> Iterator[Step]:
        yield head
        while True:
            yield b"x" * 65_536

    began = time.monotonic()
    api(endless).fails(Busy)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"kind": ', b"[]", b"7", b"\xff", b"[" * 100_000],
    ids=["empty", "page", "half", "list", "number", "bytes", "deep"],
)
def test_a_good_answer_that_is_no_document_is_unreadable(
    api: Callable[..., Api], body: bytes
) -> None:
    error = api(reply(200, body)).fails(Unreadable)
    assert (error.status, error.disposition) == (200, Retryable())


def test_nothing_is_decompressed(api: Callable[..., Api]) -> None:
    """A bomb would fill the memory before any limit is looked at."""
    api(reply(200, gzip.compress(b"{}"), Content_Encoding="gzip")).fails(Unreadable)


# --- What does not come ---


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


def slowly(data: bytes) -> Iterator[Step]:
    for byte in data:
        yield bytes([byte])
        yield 0.2


@pytest.mark.parametrize(
    "steps",
    [
        [HANG],
        [b"HTTP/1.1 200 OK\r\n", HANG],
        [HEAD, b"{", HANG],
        *(list(slowly(data)) for data in (HEAD + b"{}", b"HTTP/1.1 200 OK\r\nA: " + b"b" * 99)),
        [HEAD, *slowly(b" " * 99)],
    ],
    ids=["silence", "half a head", "half a body", "slow", "slow head", "slow body"],
)
def test_a_call_ends_at_its_deadline(api: Callable[..., Api], steps: list[Step]) -> None:
    made = api(steps)
    made.client = made.client.within(0.8)
    began = time.monotonic()
    error = made.fails(Unreachable)
    assert 0.7 < time.monotonic() - began < 1.5
    assert "within the time" in error.message
    assert (error.status, error.disposition) == (0, Retryable())
    assert len(made.server.asked) == 1


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [RESET],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", RESET],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"],
        [b"\x15\x03\x01\x00\x02"],
    ],
    ids=["closed", "reset", "half", "half a chunk", "no chunk", "no HTTP"],
)
def test_a_broken_connection_is_told_once_and_nothing_is_repeated(
    api: Callable[..., Api], steps: list[Step]
) -> None:
    made = api(steps)
    made.fails(Unreachable)
    with pytest.raises(Unreachable):
        made.client.create(CONFIG_MAPS, "plant", {})
    assert [asked.method for asked in made.server.asked] == ["GET", "POST"]
    assert len(made.seen) == 2


def test_nobody_there(tmp_path: Path) -> None:
    with ClosedPort() as url:
        client = connect(kubeconfig(tmp_path, url), user_agent="test", pool=1)
        with pytest.raises(Unreachable, match="nobody listens"):
            client.get(CONFIG_MAPS, "plant", "one")


def test_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    context, _ = self_signed(tmp_path)
    with ScriptedServer(reply_empty, context) as server:
        client = connect(kubeconfig(tmp_path, server.url), user_agent="test", pool=1)
        with pytest.raises(Unreachable, match="certificate is not trusted"):
            client.get(CONFIG_MAPS, "plant", "one")


def test_in_a_pod_it_is_the_service_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = self_signed(tmp_path)
    folder = tmp_path / "mounted"
    folder.mkdir()
    token = folder / "token"
    token.write_text("planted\n")
    (folder / "ca.crt").write_bytes(certificate.read_bytes())
    monkeypatch.setattr("stoker.adapters.kube.connecting._ACCESS", folder)
    with ScriptedServer(reply_empty, context) as server:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
        client = connect(None, user_agent="test", pool=1)
        assert client.get(CONFIG_MAPS, "plant", "one") == {}
        assert server.asked[0].headers["authorization"] == "Bearer planted"
        assert client.get(CONFIG_MAPS, "plant", "two") == {}
        token.unlink()
        with pytest.raises(NoCluster, match="cannot be read"):
            connect(None, user_agent="test", pool=1)


def reply_empty(_: Asked) -> list[Step]:
    return reply(200, {})


@pytest.mark.parametrize("text", ["", "{", "- 1", "clusters: 7", "current-context: none"])
def test_a_kubeconfig_that_says_nothing_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    with pytest.raises(NoCluster) as caught:
        connect(file, user_agent="test", pool=1)
    assert caught.value.where == str(file)
    with pytest.raises(NoCluster):
        connect(tmp_path / "absent", user_agent="test", pool=1)


# --- Lists ---


def item(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "plant", "resourceVersion": "1"}}


def a_list(*names: str, version: str = "9", place: str = "") -> list[Step]:
    metadata = {"resourceVersion": version, "continue": place}
    return reply(200, {"metadata": metadata, "items": [item(name) for name in names]})


def test_a_list_whose_place_expired_begins_anew(api: Callable[..., Api]) -> None:
    answers = iter(
        [
            a_list("a", version="5", place="p"),
            reply(410, status(410, "Expired", metadata={"continue": "inconsistent"})),
            a_list("a", version="7", place="q"),
            a_list("b", version="7"),
        ]
    )
    made = api(lambda _: next(answers))
    pages = list(made.client.pages(CONFIG_MAPS, "plant", labels="x=y", limit=1))
    assert [page.first for page in pages] == [True, True, False]
    assert [page.resource_version for page in pages] == ["5", "7", "7"]
    assert pages[0].items[0]["kind"] == "ConfigMap"
    assert "continue=p" in made.server.asked[1].target
    assert all("labelSelector=x%3Dy&limit=1" in each.target for each in made.server.asked)


def test_a_place_that_always_expires_ends_the_list(api: Callable[..., Api]) -> None:
    made = api(
        lambda asked: (
            reply(410, status(410, "Expired"))
            if "continue=" in asked.target
            else a_list("a", place="p")
        )
    )
    with pytest.raises(Gone):
        list(made.client.pages(CONFIG_MAPS, "plant"))
    assert len(made.server.asked) == 6


def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones(
    api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stoker.adapters.kube.transport.MOST", 4_000)

    def script(asked: Asked) -> list[Step]:
        limit = int(asked.target.rpartition("limit=")[2].partition("&")[0])
        return a_list(*(f"{'x' * 300}-{number}" for number in range(limit)))

    made = api(script)
    (page,) = made.client.pages(CONFIG_MAPS, "plant", limit=100)
    assert len(page.items) == 6
    assert len(made.server.asked) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"metadata": {"resourceVersion": "9"}, "items": {}},
        {"metadata": {"resourceVersion": "9"}, "items": [7]},
        {"metadata": {}, "items": []},
        {"items": []},
    ],
)
def test_what_is_no_list_is_unreadable(api: Callable[..., Api], wrong: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        list(api(reply(200, wrong)).client.pages(CONFIG_MAPS, "plant"))


def test_the_value_of_a_secret_and_a_secret_that_is_not_there(api: Callable[..., Api]) -> None:
    ref = SecretKeyRef("git-token", "token")
    made = api(reply(200, {"data": {"token": "cGxhbnRlZA=="}}))
    assert secret_value(made.client, "plant", ref) == b"planted"
    assert made.server.asked[0].path == "/api/v1/namespaces/plant/secrets/git-token"
    with pytest.raises(SecretMissing, match=r"Secret plant/git-token.*'token'"):
        secret_value(api(reply(404, status(404, "NotFound"))).client, "plant", ref)
    with pytest.raises(Forbidden):
        secret_value(api(reply(403, status(403, "Forbidden"))).client, "plant", ref)


def test_what_is_gone_need_not_be_deleted(api: Callable[..., Api]) -> None:
    assert not api(reply(404, status(404, "NotFound"))).client.delete(CONFIG_MAPS, "p", "one")
    with pytest.raises(NotFound):  # a wrong address is not a deleted object
        api(reply(404, b"404 page not found")).client.delete(CONFIG_MAPS, "p", "one")


@pytest.mark.parametrize(("uid", "is_gone"), [("mine", False), ("another", True)])
def test_another_object_of_the_name_is_not_deleted(
    api: Callable[..., Api], uid: str, *, is_gone: bool
) -> None:
    def script(asked: Asked) -> list[Step]:
        if asked.method == "GET":
            return reply(200, {"metadata": {"uid": uid}})
        return reply(409, status(409, "Conflict"))

    client = api(script).client
    if is_gone:
        assert not client.delete(CONFIG_MAPS, "p", "one", uid="mine")
    else:
        with pytest.raises(Conflict):
            client.delete(CONFIG_MAPS, "p", "one", uid="mine")


# --- Streams ---

STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def line(kind: str, /, **document: Any) -> bytes:
    return json.dumps({"type": kind, "object": document}).encode() + b"\n"


def followed(made: Api, idle: float = 5) -> list[Event]:
    how: dict[str, Any] = {"resource_version": "5", "timeout_seconds": 3, "idle": idle}
    with made.client.watch(CONFIG_MAPS, "plant", **how) as stream:
        return list(stream)


def test_events_come_however_the_bytes_do(api: Callable[..., Api]) -> None:
    events = line("ADDED", a=1) + line("MODIFIED", b="é") + b"\n" + line("BOOKMARK")
    pieces = [chunk(events[start : start + 7]) for start in range(0, len(events), 7)]
    made = api([STREAM, *pieces, b"0\r\n\r\n"])
    assert followed(made) == [
        Event("ADDED", {"a": 1}),
        Event("MODIFIED", {"b": "é"}),
        Event("BOOKMARK", {}),
    ]
    assert made.seen == [("WATCH", CONFIG_MAPS, 200)]
    asked = made.server.asked[0].target
    assert "watch=1&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=3" in asked


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ([STREAM, chunk(line("ERROR", **status(410, "Expired")))], Gone),
        ([STREAM, chunk(line("ERROR", **status(500, "InternalError")))], Busy),
        ([STREAM, chunk(line("ERROR", code="x"))], ApiFailed),
        ([STREAM, chunk(b"no json\n")], Unreadable),
        ([STREAM, chunk(b'{"type": "ADDED"}\n')], Unreadable),
        ([STREAM, chunk(b'{"type": "ADDED", "object": 7}\n')], Unreadable),
        ([STREAM, chunk(b"[" * 100_000 + b"\n")], Unreadable),
        ([STREAM, chunk(b"7\n")], Unreadable),
        ([STREAM, chunk(b'{"type": "ADD'), b"0\r\n\r\n"], Unreadable),
        ([STREAM, chunk(b'{"type": "ADD')], Unreachable),
        ([STREAM, RESET], Unreachable),
        (reply(410, status(410, "Expired")), Gone),
        (reply(429, b"", Retry_After="3"), Busy),
    ],
)
def test_a_stream_ends_with_what_ended_it(
    api: Callable[..., Api], steps: list[Step], kind: type[ApiFailed]
) -> None:
    with pytest.raises(kind) as caught:
        followed(api(steps))
    assert type(caught.value) is kind


def test_a_line_has_a_limit(api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stoker.adapters.kube.stream.MOST", 100_000)

    def endless(_: Asked) -> Iterator[Step]:
        yield STREAM
        while True:
            yield chunk(b"x" * 65_536)

    with pytest.raises(Unreadable, match="longer than"):
        followed(api(endless))


def test_a_quiet_stream_is_silent_and_one_that_trickles_has_an_end(
    api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Silent):
        followed(api([STREAM, chunk(line("ADDED")), HANG]), idle=0.5)
    monkeypatch.setattr("stoker.adapters.kube.stream.GRACE", -2.0)
    began = time.monotonic()
    with pytest.raises(Silent):
        followed(api([STREAM, *([chunk(b"\n"), 0.2] * 99)]), idle=0.5)
    assert time.monotonic() - began < 2


def test_a_stream_is_stopped_by_another_thread(api: Callable[..., Api]) -> None:
    made = api([STREAM, chunk(line("ADDED")), HANG])
    how: dict[str, Any] = {"resource_version": "5", "timeout_seconds": 60, "idle": 60.0}
    stream = made.client.watch(CONFIG_MAPS, "plant", **how)
    began = time.monotonic()
    threading.Timer(0.3, stream.stop).start()
    with stream as events:
        assert len(list(events)) == 1
    assert 0.2 < time.monotonic() - began < 2
    with stream as events:  # stopped before it began
        assert list(events) == []
