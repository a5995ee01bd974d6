"""Requests to a real receiver: what is answered, what is written, what is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from integration.receiver.running import GLOBAL, Running
from stoker.core.payload import Rate
from stoker.core.refs import RequestedRef, read_request
from support.crs_api import CrsApi
from support.scripted_server import HANG, RESET, Asked, Step, reply
from support.server_processes import eventually
from support.small_api import status

PAYLOADS = Path(__file__).parents[2] / "unit" / "core" / "payloads"
REF, AT, BY = (f"stoker.io/requested-{end}" for end in ("ref", "at", "by"))
MUCH = Rate(0, 1)


@pytest.mark.parametrize(
    ("sample", "headers", "by"),
    [
        ("github_release", {"X-GitHub-Event": "release"}, "github"),
        ("gitlab_release", {"X-Gitlab-Event": "Release Hook"}, "gitlab"),
        ("gitea_release", {"X-Gitea-Event": "release", "X-GitHub-Event": "release"}, "gitea"),
        ("argocd", {}, "argocd"),
        ("kargo", {}, "kargo"),
        ("generic", {}, "generic"),
    ],
)
def test_a_ref_that_is_asked_for_is_written(
    running: Running, sample: str, headers: dict[str, str], by: str
) -> None:
    answer = running.post((PAYLOADS / f"{sample}.json").read_bytes(), headers)
    assert (answer.status, answer.body) == (202, {"accepted": True, "ref": "v1.4.0"})
    assert answer.headers["content-type"] == "application/json"
    written = running.api.annotations("site")
    assert (written[REF], written[BY]) == ("v1.4.0", by)
    request = read_request(written).request
    assert isinstance(request, RequestedRef)
    assert eventually(lambda: [one[:2] for one in running.meter.counted] == [(by, 202)])


@pytest.mark.parametrize(
    ("sample", "by"),
    [
        ("github_push", "github"),
        ("gitlab_push", "gitlab"),
        ("bitbucket_push", "bitbucket"),
        ("bitbucket_dc_push", "bitbucket"),
        ("gitea_push", "gitea"),
    ],
)
def test_a_push_of_what_is_followed_asks_for_a_look(running: Running, sample: str, by: str) -> None:
    answer = running.post((PAYLOADS / f"{sample}.json").read_bytes())
    assert answer.status == 202
    assert answer.body["accepted"] is True
    written = running.api.annotations("site")
    assert REF not in written
    assert written[BY] == by
    first = written[AT]
    running.post((PAYLOADS / f"{sample}.json").read_bytes())
    assert running.api.annotations("site")[AT] > first


@pytest.mark.parametrize("sample", ["github_ping", "github_push_tag", "bitbucket_dc_pr"])
def test_what_is_none_of_the_cr_s_business_writes_nothing(running: Running, sample: str) -> None:
    answer = running.post((PAYLOADS / f"{sample}.json").read_bytes())
    assert answer.status == 202
    assert (answer.body["accepted"], answer.body["message"]) == (False, "ignored")
    assert running.api.patches == []


def test_what_is_set_already_is_looked_at_again(running: Running) -> None:
    running.post({"ref": "v1"})
    first = running.api.annotations("site")
    answer = running.post({"ref": "v1"})
    assert answer.status == 202
    assert answer.body == {"accepted": True, "ref": "v1", "message": "ref already set"}
    again = running.api.annotations("site")
    assert again[REF] == "v1"
    assert again[AT] > first[AT]
    assert REF not in running.api.patches[-1]["metadata"]["annotations"]


def test_the_spec_s_own_ref_is_set_already(running: Running) -> None:
    answer = running.post({"ref": "main"})
    assert answer.body["message"] == "ref already set"
    assert REF not in running.api.annotations("site")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b'{"ref": 7}', b'{"ref": ""}', b'{"ref": "a b"}', b'{"ref": "-x"}',
        b"payload=%7B%7D", b"\xff", b"[" * 50_000, b'{"ref": "a..b"}', b'{"ref": NaN}',
    ],
)  # fmt: skip
def test_what_names_no_legal_ref_is_refused_with_the_cure(shared: Running, body: bytes) -> None:
    written = len(shared.api.patches)
    answer = shared.post(body)
    assert answer.status == 400
    assert answer.body["accepted"] is False
    assert "(" in answer.body["message"]
    assert len(shared.api.patches) == written


@pytest.mark.parametrize(
    "path",
    ["/", "/webhook", "/webhook/plant", "/webhook/plant/site/", "/webhook/plant/site/x",
     "/webhook//site", "//webhook/plant/site", "/healthz"],
)  # fmt: skip
def test_there_is_nothing_else_here(shared: Running, path: str) -> None:
    answer = shared.post({"ref": "v1"}, path=path)
    assert (answer.status, answer.body["accepted"]) == (404, False)


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE", "OPTIONS", "BREW"])
def test_only_post_is_answered(shared: Running, method: str) -> None:
    answer = shared.post(b"", method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "path", ["/webhook/plant/gone", "/webhook/Plant/site", "/webhook/../site", "/webhook/plant/a_b"]
)
def test_a_cr_that_is_not_there_is_told_to_who_knows_the_secret(shared: Running, path: str) -> None:
    answer = shared.post({"ref": "v1"}, path=path)
    assert (answer.status, answer.body["message"]) == (404, "no such GatewaySync")
    assert shared.post({"ref": "v1"}, path=path, secret="wrong").status == 401


def test_a_namespace_that_is_not_watched_has_no_crs(run: Callable[..., Running]) -> None:
    running = run(namespaces=("plant",))
    running.api.make("site", "elsewhere")
    assert running.post({"ref": "v1"}).status == 202
    answer = running.post({"ref": "v1"}, path="/webhook/elsewhere/site")
    assert answer.status == 404


def test_a_cr_that_the_watch_has_not_seen_yet_is_found(
    api: CrsApi, run: Callable[..., Running]
) -> None:
    api.fault = lambda asked: [HANG] if "watch=1" in asked.target else None
    running = run()
    api.make("new")
    assert running.post({"ref": "v1"}, path="/webhook/plant/new").status == 202
    assert api.annotations("new")[REF] == "v1"


# --- The API server ---


def refuses(*steps: Step) -> Callable[[Asked], list[Step] | None]:
    return lambda asked: [*steps] if asked.method == "PATCH" else None


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (status(403, "Forbidden"), "Forbidden"),
        (status(500, "InternalError"), "InternalError"),
        (status(429, "TooManyRequests"), "TooManyRequests"),
        (reply(200, b"no JSON"), "not JSON"),
        ([RESET], "broke off"),
        ([HANG], "within the time"),
    ],
)
def test_an_api_server_that_does_not_do_it_is_503_with_the_cause_in_the_log(
    running: Running, capfd: pytest.CaptureFixture[str], steps: list[Step], told: str
) -> None:
    running.api.fault = refuses(*steps)
    answer = running.post({"ref": "v1"})
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert answer.body == {"accepted": False, "message": "the API server cannot be reached"}
    log = capfd.readouterr().err
    assert told in log
    assert "Traceback" not in log
    running.api.fault = lambda _: None
    assert running.post({"ref": "v1"}).status == 202


def test_it_is_over_after_its_time_whatever_hangs(run: Callable[..., Running]) -> None:
    running = run(write_seconds=0.5)
    running.api.fault = refuses(HANG)
    answer = running.post({"ref": "v1"})
    assert answer.status == 503
    assert answer.seconds < 1.5


def test_a_cr_that_has_gone_meanwhile_is_not_there(running: Running) -> None:
    running.api.fault = refuses(*status(404, "NotFound"))
    assert running.post({"ref": "v1"}).status == 404


def test_a_change_by_somebody_else_is_read_and_kept(running: Running) -> None:
    def meanwhile(asked: Asked) -> None:
        if asked.method == "PATCH" and len(running.api.asked("PATCH", "gatewaysyncs")) <= 2:
            running.api.annotate("site", other="kept")

    running.api.before = meanwhile
    assert running.post({"ref": "v1"}).status == 202
    written = running.api.annotations("site")
    assert (written[REF], written["stoker.io/other"]) == ("v1", "kept")
    assert len(running.api.asked("PATCH", "gatewaysyncs")) == 3


def test_who_is_always_changed_first_is_told_to_come_again(running: Running) -> None:
    running.api.before = lambda asked: (
        running.api.annotate("site", other=str(len(running.api.server.asked)))
        if asked.method == "PATCH"
        else None
    )
    assert running.post({"ref": "v1"}).status == 503
    assert len(running.api.asked("PATCH", "gatewaysyncs")) == 5


def test_what_another_replica_wrote_later_stays(running: Running) -> None:
    def later(asked: Asked) -> None:
        if asked.method == "PATCH":
            running.api.before = lambda _: None
            at = json.loads(asked.body)["metadata"]["annotations"][AT]
            running.api.annotate("site", requested_ref="v9", requested_at=at)

    running.api.before = later
    answer = running.post({"ref": "v1"})
    assert (answer.status, answer.body["message"]) == (202, "superseded by a later request")
    assert running.api.annotations("site")[REF] == "v9"


def test_a_thousand_at_once_cost_a_few_writes_and_each_is_answered(
    run: Callable[..., Running],
) -> None:
    running = run(source_rate=MUCH, cr_rate=MUCH)
    first, go_on = threading.Event(), threading.Event()

    def wait(asked: Asked) -> None:
        if asked.method == "PATCH":
            first.set()
            go_on.wait(5)

    running.api.before = wait
    with ThreadPoolExecutor(60) as pool:
        many = [pool.submit(running.post, {"ref": f"v{number % 3}"}) for number in range(60)]
        assert first.wait(5)
        assert eventually(lambda: running.app.entered == 60)
        go_on.set()
        answers = [one.result() for one in many]
    assert {answer.status for answer in answers} == {202}
    assert {answer.body["ref"] for answer in answers} == {"v0", "v1", "v2"}
    assert len(running.api.patches) <= 3
    assert len(running.api.asked("GET", "gatewaysyncs")) == 1


def test_crs_do_not_wait_for_one_another(running: Running) -> None:
    running.api.make("other")
    running.knows("other")
    running.api.fault = lambda asked: (
        [HANG] if asked.method == "PATCH" and asked.path.endswith("/site") else None
    )
    with ThreadPoolExecutor(1) as pool:
        stuck = pool.submit(running.post, {"ref": "v1"})
        answer = running.post({"ref": "v1"}, path="/webhook/plant/other")
        assert (answer.status, stuck.done()) == (202, False)
        assert answer.seconds < 1
        assert stuck.result().status == 503


# --- The log ---


def test_who_asked_for_what_from_where_is_one_line(
    running: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    headers = {"X-GitHub-Event": "release", "X-GitHub-Delivery": "72d3162e-cc78-11e3"}
    running.post((PAYLOADS / "github_release.json").read_bytes(), headers)
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["logger"] for line in lines] == ["audit"]
    told: dict[str, Any] = {name: lines[0][name] for name in lines[0] if name != "time"}
    user = told.pop("user")
    assert user
    assert told == {
        "level": "info", "logger": "audit", "message": "webhook", "namespace": "plant",
        "cr": "site", "source": "github", "result": "set", "address": "127.0.0.1",
        "ref": "v1.4.0", "delivery": "72d3162e-cc78-11e3",
    }  # fmt: skip


def test_a_flood_of_refusals_is_a_few_lines(
    run: Callable[..., Running], capfd: pytest.CaptureFixture[str]
) -> None:
    running = run(refusal_seconds=0.01, source_rate=Rate(1, 40))
    for _ in range(80):
        running.post({"ref": "v1"}, secret="wrong")
    told = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    lines = [line for line in told if line["logger"] == "receiver"]
    assert [line["status"] for line in lines] == [401, 429]
    assert lines[0]["address"] == "127.0.0.1"
    assert "same secret" in lines[0]["reason"]


def test_no_secret_is_in_answers_or_in_the_log(
    running: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    said = []
    for headers in (
        {"Authorization": f"Bearer {GLOBAL}"},
        {"Authorization": f"Basic {GLOBAL}"},
        {"X-Gitlab-Token": GLOBAL + "x"},
        {"X-GitHub-Delivery": GLOBAL},
        {"Content-Type": GLOBAL},
    ):
        said.append(running.post({"ref": GLOBAL}, headers))
        said.append(running.post({"ref": "a b", "user": GLOBAL}, headers))
        said.append(running.post(b"{", headers, path=f"/webhook/plant/{GLOBAL}"))
    running.api.fault = refuses(*status(500, GLOBAL))
    said.append(running.post({"ref": "v1"}))
    log = capfd.readouterr().err
    assert log.count("\n") >= 5
    for name, secret in (("global", GLOBAL), ("account", "planted-account-token")):
        assert secret not in log, name
    # What somebody sends as a ref comes back to them, and to nobody else.
    others = [one.raw.decode() for one in said if one.body.get("ref") != GLOBAL]
    assert not any(GLOBAL in one for one in others)
