"""`stoker status` and `kubectl stoker` where something is in the way: a scripted API server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from stoker.entrypoints.cli.answers import DONE, FAILED, INVALID, UNHEARD, Answer
from stoker.entrypoints.cli.invoking import Program, answer_to
from stoker.entrypoints.cli.plugin.app import app
from support.command import STOKER, environment
from support.crs_api import CrsApi
from support.scripted_server import HANG, Asked, ClosedPort, Step, reply, self_signed
from support.small_api import STREAM, status

PLUGIN = (sys.executable, "-c", "from stoker.entrypoints.programs import plugin; plugin()")
KUBECTL = Program("kubectl stoker", lambda: app)
COMMIT = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"


def stoker(*arguments: str | Path) -> Answer:
    return answer_to(list(map(str, arguments)))


def plugin(*arguments: str | Path) -> Answer:
    return answer_to(list(map(str, arguments)), program=KUBECTL)


def complaint(answer: Answer, code: int = FAILED) -> str:
    """The one line of an error."""
    (line,) = answer.complaints
    assert (answer.code, answer.out) == (code, "")
    assert line.startswith("stoker: error: ")
    return line.removeprefix("stoker: error: ")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "STOKER_OUTPUT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def api(tls: tuple[Any, Path]) -> Iterator[CrsApi]:
    with CrsApi(tls[0]) as made:
        made.make("line-a")
        written(made, "line-a")
        yield made


def written(api: CrsApi, name: str, namespace: str = "plant", **more: Any) -> None:
    """What a controller would have written of it: one gateway, synced."""
    ready = {
        "type": "Ready", "status": "True", "reason": "SyncSucceeded", "message": "1/1 synced",
        "observedGeneration": 1, "lastTransitionTime": "2026-01-31T12:00:00Z",
    }  # fmt: skip
    row = {
        "name": f"{name}-0", "namespace": namespace, "podName": f"{name}-0", "profile": "default",
        "syncStatus": "Synced", "syncedCommit": COMMIT, "syncedRef": "main",
    }  # fmt: skip
    api.crs[namespace, name]["status"] = {
        "observedGeneration": 1, "lastSyncRef": "main", "lastSyncCommit": COMMIT,
        "conditions": [ready], "discoveredGateways": [row], **more,
    }  # fmt: skip


@pytest.fixture
def kubeconfig(api: CrsApi, tls: tuple[Any, Path], tmp_path: Path) -> Path:
    file = tmp_path / "kubeconfig"
    there = {"server": api.server.url, "certificate-authority": str(tls[1])}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "there",
        "clusters": [
            {"name": "a", "cluster": there},
            {"name": "b", "cluster": {"server": "https://127.0.0.1:1"}},
            {"name": "c", "cluster": {"server": api.server.url}},
        ],
        "users": [{"name": "me", "user": {"token": "planted-account-token"}}],
        "contexts": [
            {"name": "there", "context": {"cluster": "a", "user": "me", "namespace": "plant"}},
            {"name": "bare", "context": {"cluster": "a", "user": "me"}},
            {"name": "away", "context": {"cluster": "b", "user": "me"}},
            {"name": "untrusted", "context": {"cluster": "c", "user": "me"}},
        ],
    }
    file.write_text(yaml.safe_dump(document))
    return file


def pods(*names: str, **metadata: Any) -> list[Step]:
    items = [
        {
            "metadata": {
                "name": name, "namespace": "plant", "uid": f"uid-{name}",
                "annotations": {"stoker.io/cr-name": "line-a"}, **metadata,
            },
            "spec": {"initContainers": [{"name": "stoker-agent"}]},
        }
        for name in names
    ]  # fmt: skip
    return reply(200, {"metadata": {"resourceVersion": "1"}, "items": items})


EMPTY = reply(200, {"metadata": {"resourceVersion": "1"}, "items": []})


def answering(**answers: list[Step]) -> Callable[[Asked], list[Step] | None]:
    """The answer for a path that ends like this, `log` before `pods`; else there is nothing."""
    known = {"configmaps": EMPTY, "events": EMPTY, "pods": EMPTY, **answers}

    def answer(asked: Asked) -> list[Step] | None:
        return next((steps for end, steps in known.items() if asked.path.endswith(f"/{end}")), None)

    return answer


# --- The way to the cluster ---


def test_without_a_kubeconfig_that_is_told(tmp_path: Path) -> None:
    for words in (("status",), ("status", "plant/line-a"), ("status", "--kubeconfig", tmp_path)):
        told = complaint(stoker(*words))
        assert "how to reach the API server cannot be read" in told
        assert "(name a kubeconfig" in told
    assert complaint(plugin("logs", "line-a")).startswith("/nonexistent/.kube/config: ")


def test_a_context_that_is_not_there_is_told(kubeconfig: Path) -> None:
    told = complaint(stoker("status", "--kubeconfig", kubeconfig, "--context", "gone"))
    assert "gone" in told


def test_a_cluster_that_cannot_be_reached_is_named(kubeconfig: Path, tls: tuple[Any, Path]) -> None:
    assert tls
    given = ("status", "--kubeconfig", kubeconfig, "--context")
    assert complaint(stoker(*given, "away")) == (
        "https://127.0.0.1:1: the API server does not answer: nobody listens there (see that the "
        "cluster runs and can be reached from here, or choose another one with --context)"
    )
    assert "its certificate is not trusted" in complaint(stoker(*given, "untrusted"))
    with ClosedPort() as url:
        text = kubeconfig.read_text().replace("https://127.0.0.1:1", url)
        kubeconfig.write_text(text)
        assert "does not answer" in complaint(stoker(*given, "away"))


@pytest.mark.parametrize(
    ("answered", "told"),
    [
        (status(401, "Unauthorized"), "the API server does not know you (log in again"),
        (reply(404, b"404 page not found"), "this cluster does not know GatewaySyncs (install the"),
        (status(500, "InternalError"), "the API server does not list gatewaysyncs: it is Internal"),
        (reply(200, b"<html>"), "the API server does not list gatewaysyncs: the answer is not"),
        (status(403, "Forbidden"), "namespace plant: you may not list gatewaysyncs (ask for the"),
    ],
)
def test_what_the_api_server_refuses_is_told_in_words(
    api: CrsApi, kubeconfig: Path, answered: list[Step], told: str
) -> None:
    api.fault = lambda _: answered
    assert told in complaint(stoker("status", "--kubeconfig", kubeconfig))
    failed = stoker("status", "--kubeconfig", kubeconfig, "-o", "json")
    document = json.loads(str(failed.out))
    assert {*document} == {"result", "error"}
    assert document["result"] == "error"


def test_whom_the_cluster_takes_one_for_is_told(api: CrsApi, kubeconfig: Path) -> None:
    message = 'gatewaysyncs.stoker.io is forbidden: User "mara" cannot list resource'
    body = {"kind": "Status", "code": 403, "reason": "Forbidden", "message": message}
    api.fault = lambda _: reply(403, body)
    told = complaint(stoker("status", "-A", "--kubeconfig", kubeconfig))
    assert told == (
        "all namespaces: mara may not list gatewaysyncs (ask for the ClusterRole view for the "
        "whole cluster, or name a namespace with -n)"
    )


# --- Which one ---


def test_the_namespace_is_that_of_the_context(
    api: CrsApi, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.fault = answering()
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    for words in (("line-a",), ("plant/line-a",), ("line-a", "-n", "plant"), ("line-a", "-nplant")):
        assert str(stoker("status", *words).out).startswith("plant/line-a is ready for ")
    assert "\nline-a  " in str(stoker("status").out)
    assert "\nplant      line-a  " in str(stoker("status", "-A").out)
    bare = stoker("status", "--context", "bare")
    assert bare.out == "There is no GatewaySync in namespace default; see all with -A\n"
    api.drop("line-a")
    assert stoker("status", "-A").out == "There is no GatewaySync in this cluster\n"


def test_a_name_that_is_not_there_is_told_with_what_may_be_meant(
    api: CrsApi, kubeconfig: Path
) -> None:
    api.make("north", "other")

    def told(*words: str) -> str:
        return complaint(stoker("status", *words, "--kubeconfig", kubeconfig))

    assert told("lina-a") == (
        "GatewaySync plant/lina-a: there is no such GatewaySync (did you mean plant/line-a?)"
    )
    assert "(did you mean other/north?)" in told("north")
    assert "(namespace plant has line-a)" in told("zzz")
    assert "(check its name, the namespace (empty) and the context)" in told("empty/zzz")
    gone = status(404, "NotFound")
    api.fault = lambda asked: gone if asked.path.endswith("/zzz") else status(403, "Forbidden")
    assert "(check its name, the namespace (plant) and the context)" in told("zzz")


@pytest.mark.parametrize(
    ("run", "words", "told"),
    [
        (stoker, ("status", "a/b/c"), "'a/b/c' names no GatewaySync (write line-a, or plant/"),
        (stoker, ("status", "/b"), "'/b' names no GatewaySync"),
        (stoker, ("status", "a/"), "'a/' names no GatewaySync"),
        (stoker, ("status", "x/a", "-n", "y"), "two namespaces are named: x and y (name one)"),
        (stoker, ("status", "a", "-A"), "a name and --all-namespaces exclude each other"),
        (stoker, ("status", "-n", "y", "-A"), "--namespace and --all-namespaces exclude each"),
        (stoker, ("status", "--watch", "--wait"), "--watch and --wait exclude each other"),
        (stoker, ("status", "--wait", "--timeout", "soon"), "'soon' is not a duration"),
        (plugin, ("diff",), "Missing argument '[NAMESPACE/]NAME' (see kubectl stoker diff"),
        (plugin, ("diff", ""), "no GatewaySync is named"),
        (plugin, ("sync", "a", "--ref", "a b"), "the ref"),
        (plugin, ("logs", "a", "-f", "-p"), "--follow and --previous exclude each other"),
        (plugin, ("logs", "a", "--since", "0s"), "--since: '0s' is no time that has passed"),
        (plugin, ("logs", "a", "--since", "x"), "'x' is not a duration"),
        (plugin, ("bogus",), "(see kubectl stoker --help)"),
    ],
)
def test_what_does_not_hold_together_is_invalid(
    run: Callable[..., Answer], words: tuple[str, ...], told: str
) -> None:
    assert told in complaint(run(*words), INVALID)


def test_a_watch_has_no_document() -> None:
    answer = stoker("status", "--watch", "-o", "json")
    assert answer.code == INVALID
    assert "--watch and --output json exclude each other" in answer.complaints[0]
    assert json.loads(str(answer.out))["result"] == "error"


# --- Waiting ---


def test_who_waits_gets_the_status_whatever_comes_of_it(api: CrsApi, kubeconfig: Path) -> None:
    api.fault = answering()
    api.make("line-b")
    given = ("--kubeconfig", kubeconfig, "--wait", "--timeout", "200ms")
    answer = stoker("status", *given)
    assert answer.code == FAILED
    assert "line-b" in str(answer.out)
    assert answer.complaints == ("stoker: error: not ready within 200ms: plant/line-b",)
    assert stoker("status", "line-a", *given).code == DONE
    api.before = lambda asked: written(api, "line-b") if asked.path.endswith("line-b") else None
    assert stoker("status", "line-b", *given).code == DONE
    api.crs["plant", "line-a"]["status"]["conditions"][0].update(status="False", reason="Paused")
    began = time.monotonic()
    paused = stoker("status", "line-a", "--kubeconfig", kubeconfig, "--wait")
    assert (paused.code, time.monotonic() - began < 5) == (FAILED, True)


# --- What is hidden ---


def test_half_of_the_picture_is_not_taken_for_the_whole(api: CrsApi, kubeconfig: Path) -> None:
    refused = status(403, "Forbidden")
    api.fault = answering(configmaps=refused, events=refused, pods=refused, **{"line-a-0": refused})
    answer = stoker("status", "line-a", "--kubeconfig", kubeconfig)
    assert answer.code == DONE
    shown = str(answer.out)
    for hidden in ("configmaps", "pods", "events"):
        assert f"Not shown   namespace plant: you may not list {hidden} (ask for " in shown
    api.fault = answering(configmaps=status(500, "Odd"))
    assert "does not list configmaps" in complaint(
        stoker("status", "line-a", "--kubeconfig", kubeconfig)
    )


# --- Asking for a sync ---


def test_a_sync_is_asked_for_by_annotations(api: CrsApi, kubeconfig: Path) -> None:
    given = ("line-a", "--kubeconfig", kubeconfig)
    answer = plugin("sync", *given)
    assert answer.out == "plant/line-a is looked at now: it follows main\n"
    asked = api.annotations("line-a")
    assert {*asked} == {"stoker.io/requested-at", "stoker.io/requested-by"}
    assert asked["stoker.io/requested-by"] == "generic"
    document = json.loads(str(plugin("sync", *given, "--ref", "v2", "-o", "json").out))
    assert document == {
        "result": "accepted", "namespace": "plant", "name": "line-a", "ref": "v2",
        "paused": False, "commit": None, "gateways": None, "error": None,
    }  # fmt: skip
    assert api.annotations("line-a")["stoker.io/requested-ref"] == "v2"
    assert plugin("sync", *given).out == "plant/line-a is looked at now: it follows v2\n"
    assert api.annotations("line-a")["stoker.io/requested-ref"] == "v2", "a look leaves it"
    assert all("uid" in change["metadata"] for change in api.patches)
    assert "fieldManager=kubectl-stoker" in api.asked("PATCH", "gatewaysyncs")[0].target


def test_a_sync_that_is_refused_has_its_own_document(api: CrsApi, kubeconfig: Path) -> None:
    """Seen to fail with the document of `stoker sync`, which has lists of files."""
    api.fault = lambda asked: status(403, "Forbidden") if asked.method == "PATCH" else None
    given = ("sync", "line-a", "--kubeconfig", kubeconfig)
    assert complaint(plugin(*given)) == (
        "namespace plant: you may not patch gatewaysyncs (ask for the ClusterRole edit in "
        "namespace plant)"
    )
    document = json.loads(str(plugin(*given, "--output", "json").out))
    assert {*document} == {"result", "error"}


def test_who_waits_for_a_sync_is_told_the_commit(api: CrsApi, kubeconfig: Path) -> None:
    given = ("sync", "line-a", "--kubeconfig", kubeconfig, "--wait", "--timeout")
    answer = plugin(*given, "1s")
    assert str(answer.out).endswith(f"plant/line-a is synced at {COMMIT}: 1 gateway\n")
    document = json.loads(str(plugin(*given, "1s", "-o", "json").out))
    assert (document["result"], document["commit"], document["gateways"]) == ("synced", COMMIT, 1)
    written(api, "line-a", observedGeneration=0)
    assert complaint(plugin(*given, "200ms")) == (
        "GatewaySync plant/line-a: not synced within 0.2 s: the controller has not seen the latest"
        " spec yet (see stoker status plant/line-a)"
    )


def test_a_sync_of_what_is_paused_or_unreadable_is_asked_for(api: CrsApi, kubeconfig: Path) -> None:
    given = ("sync", "line-a", "--kubeconfig", kubeconfig)
    api.make("line-a", paused=True)
    written(api, "line-a")
    told = plugin(*given).out
    assert told == (
        "plant/line-a is looked at now: it follows main, but not before spec.paused is false\n"
    )
    api.make("line-a", git={"repo": 7})
    written(api, "line-a", lastSyncRef="kept")
    assert plugin(*given).out == "plant/line-a is looked at now: it follows kept\n"


# --- Diff ---


def listed(name: str, **changes: Any) -> list[Step]:
    """A ConfigMap as the agent of that pod has written it."""
    told = {"commit": COMMIT, "totals": {"added": 1}, "added": ["projects/a"], **changes}
    head = {"name": f"stoker-changes-line-a-{name}", "namespace": "plant"}
    found = {"metadata": head, "data": {"changes": json.dumps(told)}}
    return reply(200, {"metadata": {"resourceVersion": "1"}, "items": [found]})


def test_a_diff_reads_what_the_agents_have_listed(api: CrsApi, kubeconfig: Path) -> None:
    api.fault = answering(configmaps=listed("line-a-0"))
    given = ("diff", "line-a", "--kubeconfig", kubeconfig)
    assert plugin(*given).out == (
        "plant/line-a: main is 6113728\n\n"
        "line-a-0  sync of 6113728: 1 added, 0 modified, 0 deleted\n  + projects/a\n"
    )
    asked = next(one.target for one in api.server.asked if "configmaps" in one.path)
    assert "stoker.io%2Fcr-name%3Dline-a%2Cstoker.io%2Fcontent%3Dchanges" in asked
    document = json.loads(str(plugin(*given, "-o", "json").out))
    assert document["gateways"][0]["changes"]["added"] == ["projects/a"]
    assert "did you mean line-a-0?" in complaint(plugin(*given, "--gateway", "lina-a-0"))
    api.fault = answering(configmaps=status(403, "Forbidden"))
    assert "you may not list configmaps" in complaint(plugin(*given))


# --- Logs ---


def log_line(second: int, text: str) -> str:
    return f"2026-01-31T12:00:{second:02}.5Z {text}\n"


def logs_of(**said: list[Step]) -> Callable[[Asked], list[Step] | None]:
    def answer(asked: Asked) -> list[Step] | None:
        if asked.path.endswith("/log"):
            assert "timestamps=true" in asked.target
            assert "container=stoker-agent" in asked.target
            return said[asked.path.split("/")[-2].replace("-", "_")]
        names = [name.replace("_", "-") for name in said]
        return answering(pods=pods(*names))(asked)

    return answer


def test_logs_are_merged_and_what_is_missing_is_told(
    api: CrsApi, kubeconfig: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    one = log_line(1, '{"message": "first"}') + log_line(3, "plain \x1b[31m")
    waits = {"kind": "Status", "code": 400, "reason": "BadRequest", "message": "waiting to start"}
    api.fault = logs_of(
        line_a_0=reply(200, one.encode()),
        line_a_1=reply(200, log_line(2, "half").rstrip().encode()),
        line_a_2=reply(400, waits),
        line_a_3=status(404, "NotFound"),
    )
    given = ("logs", "line-a", "--kubeconfig", kubeconfig)
    answer = plugin(*given)
    shown = [line.partition(" line-a-")[2] for line in capfd.readouterr().out.splitlines()]
    assert shown == ["0 | first", "1 | half", "0 | plain \\x1b[31m"]
    assert (answer.code, answer.complaints) == (
        DONE,
        (
            "stoker: error: line-a-2: waiting to start",
            "stoker: error: line-a-3: the pod is gone",
        ),
    )
    assert plugin(*given, "--gateway", "line-a-0", "--raw").code == DONE
    assert capfd.readouterr().out == '{"message": "first"}\nplain \x1b[31m\n'
    api.fault = logs_of(line_a_0=reply(400, waits))
    assert plugin(*given).code == FAILED, "there was nothing at all to show"


def test_what_is_asked_of_the_kubelet(api: CrsApi, kubeconfig: Path) -> None:
    api.fault = logs_of(line_a_0=reply(200, b""))
    given = ("logs", "line-a", "--kubeconfig", kubeconfig)
    for more, has, has_not in (
        ((), "tailLines=50", "since"),
        (("--tail", "3", "--since", "90s"), "tailLines=3&sinceSeconds=90", "previous"),
        (("--since", "1m"), "sinceSeconds=60", "tailLines"),
        (("--tail", "-1"), "timestamps=true", "tailLines"),
        (("--audit", "--tail", "1"), "timestamps=true", "tailLines"),
        (("-p",), "previous=true", "follow"),
    ):
        assert plugin(*given, *more).code == DONE
        asked = [one.target for one in api.server.asked if "/log" in one.path][-1]
        assert has in asked
        assert has_not not in asked


def test_rights_and_gateways_that_are_missing(api: CrsApi, kubeconfig: Path) -> None:
    given = ("logs", "line-a", "--kubeconfig", kubeconfig)
    api.fault = logs_of(line_a_0=status(403, "Forbidden"))
    assert "you may not get pods/log (ask for the ClusterRole view" in complaint(plugin(*given))
    api.fault = logs_of(line_a_0=status(500, "Odd"))
    assert "the API server does not get pods/log" in complaint(plugin(*given))
    api.fault = answering(**{"line-a-0": status(404, "NotFound")})
    assert complaint(plugin(*given)) == (
        "GatewaySync plant/line-a: it has no gateway with an agent (see stoker status plant/line-a)"
    )
    api.fault = answering(pods=pods(*(f"line-a-{number}" for number in range(61))))
    assert "61 agents are more than" in complaint(plugin(*given))


def test_an_agent_that_was_written_by_hand_is_found_by_the_status(
    api: CrsApi, kubeconfig: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    single = {
        "metadata": {"name": "line-a-0", "namespace": "plant", "uid": "u"},
        "spec": {"containers": [{"name": "stoker-agent"}]},
    }
    said = reply(200, log_line(1, "by hand").encode())
    api.fault = answering(log=said, **{"line-a-0": reply(200, single)})
    assert plugin("logs", "line-a", "--kubeconfig", kubeconfig).code == DONE
    assert "line-a-0 | by hand" in capfd.readouterr().out


def test_a_log_that_breaks_off_is_taken_up_where_it_ended(
    api: CrsApi, kubeconfig: Path, tmp_path: Path
) -> None:
    """Seen to fail with the lines of the last second shown twice."""
    lines = [log_line(second, f"n{second}") for second in range(1, 6)]
    tries = iter(["".join(lines[:2]), "".join(lines[1:4]), "".join(lines[3:])])

    def chunk(text: str) -> bytes:
        return f"{len(text):x}\r\n{text}\r\n".encode()

    def answer(asked: Asked) -> list[Step] | None:
        if not asked.path.endswith("/log"):
            return answering(pods=pods("line-a-0"))(asked)
        if "follow=true" not in asked.target:
            return reply(200, log_line(0, "n0").encode())
        text = next(tries, "")
        return [STREAM, chunk(text)] if text else [STREAM, HANG]

    api.fault = answer
    out = tmp_path / "out"
    with out.open("w") as file:
        followed = subprocess.Popen(  # noqa: S603 - our own command
            [*PLUGIN, "logs", "line-a", "-f", "--kubeconfig", str(kubeconfig)],
            stdout=file, stderr=subprocess.STDOUT, env=environment(),
        )  # fmt: skip
    try:
        until = time.monotonic() + 30
        while "n5" not in out.read_text() and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        followed.send_signal(signal.SIGINT)
        code = followed.wait(10)
    shown = [line.rpartition(" ")[2] for line in out.read_text().splitlines()]
    assert shown == ["n0", "n1", "n2", "n3", "n4", "n5"]
    assert code == 130
    since = [one.target for one in api.server.asked if "sinceTime" in one.target]
    assert "sinceTime=2026-01-31T12%3A00%3A00.5Z" in since[0]
    assert "sinceTime=2026-01-31T12%3A00%3A02.5Z" in since[1]


def test_who_hangs_up_on_a_log_is_no_failure(api: CrsApi, kubeconfig: Path) -> None:
    many = "".join(log_line(1, "x" * 500) for _ in range(3_000))
    api.fault = logs_of(line_a_0=reply(200, many.encode()))
    with subprocess.Popen(  # noqa: S603 - our own command
        [*PLUGIN, "logs", "line-a", "--tail", "-1", "--kubeconfig", str(kubeconfig)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == UNHEARD


# --- The program ---


def test_help_of_the_plugin_loads_none_of_the_heavy_packages() -> None:
    code = (
        "import sys; from stoker.entrypoints.cli.plugin import main; main(['--help'])\n"
        "print([m for m in ('kubernetes', 'pygit2', 'yaml', 'rich', 'cattrs', 'httpx', 'jinja2',"
        " 'cryptography', 'stoker.core.spec', 'stoker.core.standing', 'stoker.entrypoints.cli.app')"
        " if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment()
    )
    assert done.stderr == "[]\n"
    assert done.stdout.startswith("Usage: kubectl stoker ")


@pytest.mark.parametrize("command", ["status", "diff", "sync", "logs"])
def test_every_command_of_the_plugin_explains_itself(command: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        [*PLUGIN, command, "--help"], capture_output=True, text=True, check=True, env=environment()
    )
    assert f"Usage: kubectl stoker {command} " in done.stdout
    assert f"\n    kubectl stoker {command} " in done.stdout
    assert done.stderr == ""


def test_a_table_on_a_terminal_has_colours_unless_nobody_wants_them(
    api: CrsApi, kubeconfig: Path
) -> None:
    import pty  # noqa: PLC0415 - where there are terminals

    api.fault = answering()
    for no_colour in ("", "1"):
        parent, child = pty.openpty()
        with os.fdopen(parent, "rb", buffering=0) as shown:
            subprocess.run(  # noqa: S603 - our own command
                [*STOKER, "status", "line-a", "--kubeconfig", str(kubeconfig)],
                stdout=child, check=True, env=environment(NO_COLOR=no_colour, COLUMNS="60"),
            )  # fmt: skip
            os.close(child)
            text = shown.read(65536).decode()
        assert ("\x1b[" in text) == (not no_colour)
        assert "is ready for" in text
