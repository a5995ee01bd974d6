"""`stoker trigger`, to a receiver at an address, and through a cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.receiver import running as receivers
from integration.receiver.running import GLOBAL, OWN, Running
from stoker.adapters.clock import utc_now
from stoker.core.payload import Rate
from stoker.core.spec.document import rfc3339
from stoker.entrypoints.cli.answers import DONE, FAILED, INVALID, Answer
from stoker.entrypoints.cli.invoking import answer_to
from support.crs_api import CrsApi
from support.scripted_server import Asked, ClosedPort, ScriptedServer, Step, reply, self_signed
from support.small_api import status

REF, BY = "stoker.io/requested-ref", "stoker.io/requested-by"
COMMIT = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
RECEIVER = {"secretRef": {"name": "hook", "key": "secret"}}


def trigger(*arguments: str | Path) -> Answer:
    return answer_to(["trigger", *map(str, arguments)])


def complaint(answer: Answer) -> str:
    """The one line of an error."""
    (line,) = answer.complaints
    assert line.startswith("stoker: error: ")
    return line.removeprefix("stoker: error: ")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUBECONFIG", "STOKER_RECEIVER_URL", "STOKER_WEBHOOK_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setenv("LOGNAME", "alice")


@pytest.fixture
def url(running: Running) -> str:
    return f"http://127.0.0.1:{running.port}"


# --- By its address ---


def test_a_signed_request_sets_the_ref(
    running: Running, url: str, secret_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = trigger("plant/site", "--ref", "v1.2.3", "--url", url, "--secret-file", secret_file)
    assert (answer.code, answer.complaints) == (DONE, ())
    assert answer.out == f"plant/site is to follow v1.2.3 ({url})\n"
    written = running.api.annotations("site")
    assert (written[REF], written[BY]) == ("v1.2.3", "generic")
    assert '"user":"alice"' in capfd.readouterr().err
    again = trigger(
        "plant/site", "--ref", "v1.2.3", "--url", f"{url}/", "--secret-file", secret_file
    )
    assert again.out == f"plant/site is to follow v1.2.3: ref already set ({url})\n"


def test_json_is_one_document(url: str, secret_file: Path) -> None:
    answer = trigger(
        "plant/site", "--ref", "v1", "--url", url, "--secret-file", secret_file, "--output", "json"
    )
    assert json.loads(str(answer.out)) == {
        "result": "accepted", "namespace": "plant", "name": "site", "ref": "v1", "message": "",
        "receiver": url, "commit": None, "gateways": None, "error": None,
    }  # fmt: skip
    failed = trigger("plant/gone", "--ref", "v1", "--url", url, "--output", "json")
    assert json.loads(str(failed.out))["result"] == "error"


def test_the_secret_may_come_from_the_environment_or_standard_input(
    running: Running, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STOKER_WEBHOOK_SECRET", f"{GLOBAL}\n")
    assert trigger("plant/site", "--ref", "v1", "--url", url).code == DONE
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "stoker", "trigger", "plant/site", "--ref", "v2", "--url", url,
         "--secret-file", "-"],
        input=GLOBAL, env={"PATH": os.defpath}, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (DONE, "")
    assert running.api.annotations("site")[REF] == "v2"


def test_tls_needs_an_authority_that_is_trusted(
    api: CrsApi, account: tuple[Any, Path], secret_file: Path, tmp_path: Path
) -> None:
    tls, authority = self_signed(tmp_path, name="hooks")
    running = receivers.start(api, account[1], hmac_file=secret_file, tls=tls)
    try:
        url = f"https://127.0.0.1:{running.port}"
        given = ("plant/site", "--ref", "v1", "--url", url, "--secret-file", secret_file)
        assert "certificate" in complaint(trigger(*given)).lower()
        assert trigger(*given, "--ca-file", authority).code == DONE
    finally:
        receivers.stop(running)


def test_each_refusal_names_its_cure(
    run: Callable[..., Running], secret_file: Path, tmp_path: Path
) -> None:
    running = run(cr_rate=Rate(0.1, 1))
    url = f"http://127.0.0.1:{running.port}"
    wrong = tmp_path / "wrong"
    wrong.write_text("another-planted-secret")
    given = ("--ref", "v1", "--url", url, "--secret-file")
    answer = trigger("plant/site", *given, wrong)
    assert answer.code == FAILED
    assert complaint(answer) == (
        f"{url}: it does not accept the secret from {wrong} (use the secret of the GatewaySync, "
        "or the receiver's where it has none)"
    )
    told = complaint(trigger("plant/gone", *given, secret_file))
    assert told == f"{url}: there is no GatewaySync plant/gone (check namespace and name)"
    assert trigger("plant/site", *given, secret_file).code == DONE
    told = complaint(trigger("plant/site", *given, secret_file))
    assert told == f"{url}: too many requests (try again in 10 seconds)"
    running.api.fault = lambda asked: (
        status(500, "InternalError") if asked.method == "PATCH" else None
    )
    running.api.make("other")
    running.knows("other")
    told = complaint(trigger("plant/other", *given, secret_file))
    assert told.startswith(f"{url}: the API server cannot be reached (try again")


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (reply(200, b"<html>"), "what answers there is no receiver: HTTP 200 (check the address)"),
        (reply(404, b"none"), "what answers there is no receiver: HTTP 404 (check the address)"),
        (reply(301, b"", Location="https://x"), "what answers there is no receiver: HTTP 301"),
        (reply(202, b"[]"), "what answers there is no receiver: HTTP 202"),
        ([b"nonsense\r\n\r\n"], "the receiver does not answer"),
        ([b""], "the receiver does not answer"),
    ],
)
def test_what_is_no_receiver_is_told(secret_file: Path, steps: list[Step], told: str) -> None:
    with ScriptedServer(lambda _: steps) as server:
        answer = trigger(
            "plant/site", "--ref", "v1", "--url", server.url, "--secret-file", secret_file
        )
    assert answer.code == FAILED
    assert told in complaint(answer)


def test_where_nobody_listens_is_told(secret_file: Path) -> None:
    with ClosedPort() as url:
        told = complaint(trigger("a/b", "--ref", "v1", "--url", url, "--secret-file", secret_file))
    assert told.startswith(f"{url}: the receiver does not answer: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["site", "--ref", "v1"],
        ["plant/", "--ref", "v1"],
        ["plant/site/x", "--ref", "v1"],
        ["plant/site", "--ref", "a b"],
        ["plant/site", "--ref=-x"],
        ["plant/site"],
        ["plant/site", "--ref", "v1", "--url", "hooks.example"],
        ["plant/site", "--ref", "v1", "--url", "https://user:pass@hooks.example"],
        ["plant/site", "--ref", "v1", "--url", "http://x", "--service", "a/b"],
        ["plant/site", "--ref", "v1", "--url", "http://x", "--ca-file", __file__],
        ["plant/site", "--ref", "v1", "--url", "http://x", "--secret-file", "/nonexistent/f"],
        ["plant/site", "--ref", "v1", "--timeout", "soon"],
        ["plant/site", "--ref", "v1", "--secret", "planted"],
    ],
)
def test_what_does_not_hold_together_is_invalid(arguments: list[str]) -> None:
    answer = trigger(*arguments)
    assert answer.code == INVALID
    assert "(" in complaint(answer)
    assert "pass@" not in complaint(answer)


def test_an_empty_secret_is_none(url: str, tmp_path: Path) -> None:
    file = tmp_path / "empty"
    file.write_text("\n")
    answer = trigger("plant/site", "--ref", "v1", "--url", url, "--secret-file", file)
    assert "the secret is empty" in complaint(answer)


# --- Through the cluster ---


@pytest.fixture
def kubeconfig(api: CrsApi, account: tuple[Any, Path], tmp_path: Path) -> Path:
    file = tmp_path / "kubeconfig"
    authority = str(account[1] / "ca.crt")
    there = {"server": api.server.url, "certificate-authority": authority}
    nowhere = {"server": "https://127.0.0.1:1"}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "there",
        "clusters": [{"name": "a", "cluster": there}, {"name": "b", "cluster": nowhere}],
        "users": [{"name": "me", "user": {"token": "planted-account-token"}}],
        "contexts": [
            {"name": "there", "context": {"cluster": "a", "user": "me"}},
            {"name": "nowhere", "context": {"cluster": "b", "user": "me"}},
        ],
    }
    file.write_text(yaml.safe_dump(document))
    return file


def a_service(name: str, **port: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "stoker-system", "name": name},
        "spec": {"ports": [{"port": 9444, **port}]},
    }


@pytest.fixture
def passing(running: Running) -> Iterator[list[dict[str, Any]]]:
    """An API server that passes requests on to the receiver, and the Services that it has."""
    there = [a_service("stoker-receiver")]

    def passed(asked: Asked) -> list[Step] | None:
        if asked.path.endswith("/services"):
            mine = there if "component%3Dreceiver" in asked.target else []
            return reply(200, {"metadata": {"resourceVersion": "1"}, "items": mine})
        if "/services/" not in asked.path:
            return None
        if "/proxy/" not in asked.path:
            name = asked.path.rpartition("/")[2]
            found = [one for one in there if one["metadata"]["name"] == name]
            return reply(200, found[0]) if found else status(404, "NotFound")
        assert "/namespaces/stoker-system/services/http:stoker-receiver:9444/proxy/" in asked.path
        assert asked.headers["authorization"] == "Bearer planted-account-token"
        kept = {"x-hub-signature-256", "content-type"}
        headers = {name: text for name, text in asked.headers.items() if name in kept}
        path = asked.path.partition("/proxy")[2]
        answer = running.post(asked.body, headers, path, secret=None)
        more = {"Retry_After": "7"} if answer.status == 429 else {}
        return reply(answer.status, answer.raw, **more)

    running.api.fault = passed
    yield there
    running.api.fault = lambda _: None


@pytest.mark.usefixtures("passing")
def test_the_receiver_and_the_secret_are_found_in_the_cluster(
    running: Running, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.api.keep("hook", secret=f"{OWN}\n")
    running.api.make("line-a", receiver=RECEIVER)
    running.knows("line-a")
    answer = trigger("plant/line-a", "--ref", "v1", "--kubeconfig", kubeconfig)
    where = "Service stoker-system/stoker-receiver:9444"
    assert answer.out == f"plant/line-a is to follow v1 ({where})\n"
    assert running.api.annotations("line-a")[REF] == "v1"
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    for service in ("stoker-system/stoker-receiver", "stoker-system/stoker-receiver:9444"):
        assert trigger("plant/line-a", "--ref", "v2", "--service", service).code == DONE
    assert trigger("plant/line-a", "--ref", "v2", "--context", "nowhere").code == FAILED


@pytest.mark.usefixtures("passing")
def test_what_is_missing_in_the_cluster_is_told_with_the_cure(
    running: Running, kubeconfig: Path, passing: list[dict[str, Any]], secret_file: Path
) -> None:
    given = ("--ref", "v1", "--kubeconfig", kubeconfig)
    told = complaint(trigger("plant/site", *given))
    assert "spec.receiver.secretRef: it has no secret of its own" in told
    assert "--secret-file or $STOKER_WEBHOOK_SECRET" in told
    assert "there is no such GatewaySync" in complaint(trigger("plant/gone", *given))
    running.api.make("line-a", receiver=RECEIVER)
    told = complaint(trigger("plant/line-a", *given))
    assert told.startswith("Secret plant/hook: there is no such Secret")
    signed = (*given, "--secret-file", secret_file)
    told = complaint(trigger("plant/site", *signed, "--service", "stoker-system/x"))
    assert told == "Service stoker-system/x: there is no such Service (check its name)"
    passing.append(a_service("other-receiver"))
    told = complaint(trigger("plant/site", *signed))
    assert "several receivers: stoker-system/stoker-receiver:9444, stoker-system/other" in told
    passing.clear()
    told = complaint(trigger("plant/site", *signed))
    assert told.startswith("there is no receiver in this cluster (install the chart with ")


@pytest.mark.parametrize(
    ("answered", "told"),
    [
        (status(403, "Forbidden"), "Forbidden (ask for the right to create services/proxy"),
        (status(503, "Away"), "Away (see that the pods of the receiver are ready"),
    ],
)
def test_an_api_server_that_does_not_pass_it_on_is_not_taken_for_the_receiver(
    running: Running, kubeconfig: Path, secret_file: Path, answered: list[Step], told: str
) -> None:
    running.api.fault = lambda asked: answered if "/proxy/" in asked.path else None
    answer = trigger(
        "plant/site", "--ref", "v1", "--kubeconfig", kubeconfig, "--secret-file", secret_file,
        "--service", "stoker-system/stoker-receiver:9444",
    )  # fmt: skip
    assert answer.code == FAILED
    assert f"the API server has not passed the request on: it is {told}" in complaint(answer)


def test_without_a_cluster_that_is_told(secret_file: Path, tmp_path: Path) -> None:
    given = ("plant/site", "--ref", "v1", "--secret-file", secret_file)
    told = complaint(trigger(*given, "--kubeconfig", tmp_path / "none"))
    assert "how to reach the API server cannot be read" in told


# --- Until it is there ---


def ready(api: CrsApi, ref: str, *, reason: str = "SyncSucceeded", is_true: bool = True) -> None:
    """What the controller would write."""
    condition = {
        "type": "Ready", "status": "True" if is_true else "False", "reason": reason,
        "message": "2/2 synced" if is_true else "1/2 synced", "observedGeneration": 1,
        "lastTransitionTime": rfc3339(utc_now().replace(microsecond=0)),
    }  # fmt: skip
    gateways = [
        {"name": name, "namespace": "plant", "podName": name, "syncStatus": "Synced"}
        for name in ("a-0", "b-0")
    ]
    api.crs["plant", "site"]["status"] = {
        "observedGeneration": 1, "lastSyncRef": ref, "lastSyncCommit": COMMIT,
        "conditions": [condition], "discoveredGateways": gateways,
    }  # fmt: skip


@pytest.fixture
def waiting(
    passing: list[dict[str, Any]], kubeconfig: Path, secret_file: Path
) -> Callable[..., Answer]:
    assert passing

    def wait(ref: str, *more: str) -> Answer:
        return trigger(
            "plant/site", "--ref", ref, "--wait", "--kubeconfig", kubeconfig, "--secret-file",
            secret_file, *more,
        )  # fmt: skip

    return wait


def test_who_waits_is_told_the_commit(running: Running, waiting: Callable[..., Answer]) -> None:
    ready(running.api, "main")
    looks = iter(range(100))

    def look(asked: Asked) -> None:
        if asked.method == "GET" and asked.path.endswith("/site"):
            match next(looks):
                case 1:
                    ready(running.api, "v1.2.3", is_true=False)
                case 2:
                    ready(running.api, "v1.2.3")

    running.api.before = look
    answer = waiting("v1.2.3")
    assert (answer.code, answer.complaints) == (DONE, ())
    assert str(answer.out).endswith(f"\nplant/site is synced at {COMMIT}: 2 gateways\n")
    as_json = json.loads(str(waiting("v1.2.4", "--timeout", "1s", "--output", "json").out))
    assert as_json["error"]["kind"] == "NotSynced"


def test_a_ref_that_was_in_force_has_to_stay_ready(
    running: Running, waiting: Callable[..., Answer]
) -> None:
    ready(running.api, "main")
    began = time.monotonic()
    answer = waiting("main", "--timeout", "2s")
    assert answer.code == DONE
    assert time.monotonic() - began >= 1.0


def test_who_waits_in_vain_is_told_how_far_it_is(
    running: Running, waiting: Callable[..., Answer]
) -> None:
    ready(running.api, "v2", is_true=False)
    told = complaint(waiting("v2", "--timeout", "1s"))
    assert told == (
        "GatewaySync plant/site: not synced within 1 s: 1/2 synced (see stoker status plant/site)"
    )


def test_who_waits_for_what_is_paused_or_not_there_is_told_at_once(
    running: Running, waiting: Callable[..., Answer]
) -> None:
    ready(running.api, "v2", reason="Paused", is_true=False)
    assert "it is paused" in complaint(waiting("v3"))
    ready(running.api, "v2")
    event = {
        "lastTimestamp": rfc3339(utc_now().replace(microsecond=0, year=2099)),
        "message": "the requested ref is ignored: v4: the repository has no such ref",
        "metadata": {},
    }
    passed = running.api.fault
    running.api.fault = lambda asked: (
        reply(200, {"metadata": {"resourceVersion": "1"}, "items": [event]})
        if asked.path.endswith("/events")
        else passed(asked)
    )
    assert "the repository has no such ref" in complaint(waiting("v4"))
