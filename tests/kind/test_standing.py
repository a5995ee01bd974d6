"""`kubectl stoker` in a cluster, with the rights of people.

The users are ServiceAccounts that are bound to `view` and `edit` of the namespace as the chart
widens these, to nothing, and to GatewaySyncs alone. Each command is called by kubectl itself once
(`call`); what else is asked of it is asked in this process (`ask`), which spares half a second
each time. What is in the works is made once; the tests look at it, and the last ones change it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from cluster import Cluster
from kit import Space, charts, eventually, manifests
from kit.plants import gateway_pod
from kit.speaking import with_token
from kit.works import Injected, Works, profiles

from stoker.entrypoints.cli.invoking import PLUGIN, answer_to
from support.standalone import VIEW, project

ROOT: Final = Path(__file__).resolve().parents[2]
PERIOD: Final = 5
USERS: Final = ("viewer", "editor", "looker", "nobody")
LOOKS_ONLY: Final = {
    "apiGroups": ["stoker.io"],
    "resources": ["gatewaysyncs"],
    "verbs": ["get", "list"],
}
Called = subprocess.CompletedProcess[str]


# --- Who calls ---


def role_binding(name: str, kind: str, role: str) -> dict[str, Any]:
    made = manifests.of_kind("RoleBinding", name, "rbac.authorization.k8s.io/v1")
    api = "rbac.authorization.k8s.io"
    return {
        **made,
        "roleRef": {"apiGroup": api, "kind": kind, "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": name}],
    }


@pytest.fixture(scope="module")
def users(shared_space: Space, cluster: Cluster) -> Iterator[Callable[..., dict[str, str]]]:
    """A function that gives a user's environment, in which kubectl finds the plugin."""
    widened = charts.render(shared_space.helm, {}, templates=["rbac/users"])
    looks = manifests.of_kind("Role", "looker", "rbac.authorization.k8s.io/v1")
    shared_space.apply(
        *widened,
        *(manifests.of_kind("ServiceAccount", name) for name in USERS),
        {**looks, "rules": [LOOKS_ONLY]},
        role_binding("viewer", "ClusterRole", "view"),
        role_binding("editor", "ClusterRole", "edit"),
        role_binding("looker", "Role", "looker"),
    )
    original = yaml.safe_load(cluster.kubeconfig.read_text())
    with tempfile.TemporaryDirectory() as folder:
        programs = Path(folder)
        _install(programs)
        (programs / "kubectl").symlink_to(cluster.kubectl)

        def environment(user: str, **more: str) -> dict[str, str]:
            file = programs / f"{user}.kubeconfig"
            if not file.exists():
                token = shared_space.kubectl("create", "token", user, "--duration", "2h").strip()
                file.touch(mode=0o600)
                file.write_text(json.dumps(with_token(original, token, shared_space.name)))
            path = f"{programs}:{os.environ['PATH']}"
            return {"PATH": path, "KUBECONFIG": str(file), "HOME": folder, **more}

        yield environment
    for role in charts.of_kind(widened, "ClusterRole"):
        shared_space.kubectl(
            "delete", "clusterrole", role["metadata"]["name"], "--ignore-not-found"
        )


def _install(folder: Path) -> None:
    """The program as pip makes it of what `pyproject.toml` declares."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, function = declared["kubectl-stoker"].partition(":")
    program = folder / "kubectl-stoker"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n"
    )
    program.chmod(0o755)


@pytest.fixture(scope="module")
def call(users: Callable[..., dict[str, str]]) -> Callable[..., Called]:
    """`call("viewer", "status", …)` is `kubectl stoker status …`."""

    def called(user: str, *words: str, **more: str) -> Called:
        return subprocess.run(  # noqa: S603 - the plugin, by way of kubectl
            ["kubectl", "stoker", *words],  # noqa: S607 - kubectl is found by PATH, as by a user
            env=users(user, **more),
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    return called


@pytest.fixture(scope="module")
def ask(users: Callable[..., dict[str, str]]) -> Callable[..., Called]:
    """The same without kubectl and without a process."""

    def asked(user: str, *words: str) -> Called:
        given = [*words, "--kubeconfig", users(user)["KUBECONFIG"]]
        answer = answer_to(given, {}, PLUGIN)
        complaints = "".join(f"{line}\n" for line in answer.complaints)
        return Called(given, answer.code, str(answer.out), complaints)

    return asked


# --- What there is ---


class Plant:
    """Four GatewaySyncs in one namespace."""

    def __init__(self, new_works: Callable[..., Works]) -> None:
        quiet = {"interval": "1h"}  # what is not asked for does not happen
        self.healthy = new_works("line-a", polling=quiet, sync=profiles(syncPeriod=PERIOD))
        self.mixed = new_works("line-b", polling=quiet, sync=self.two())
        self.paused = new_works("line-c", paused=True)
        self.lost = new_works("line-d", ref="nowhere")
        for works in (self.healthy, self.mixed):
            works.push(project())
        self.gateways = [self.healthy.start(f"line-a-{number}") for number in range(2)]
        self.broken = self.mixed.start("line-b-0")
        self.dry = self.mixed.start("line-b-1", annotations={"stoker.io/profile": "dry"})

    def two(self, **broken: Any) -> dict[str, Any]:
        """A profile that works unless it is `broken`, and one that only shows."""
        good = profiles(syncPeriod=PERIOD)["profiles"]["default"]
        return {"profiles": {"default": {**good, **broken}, "dry": {**good, "dryRun": True}}}

    def settle(self) -> None:
        """Break what is to be broken, once everything runs."""
        for agent in (*self.gateways, self.broken, self.dry):
            agent.ready()
        self.mixed.space.apply(gateway_pod("line-b-2", "line-b", agent=False))
        needed = {"source": "nowhere", "destination": "projects/none", "required": True}
        self.mixed.change(sync=self.two(mappings=[needed]))
        self.broken.will_say("Error", text="nowhere")
        self.dry.will_say("DryRun")

        def told() -> bool:
            rows = self.mixed.gateways()
            states = {name: row["syncStatus"] for name, row in rows.items()}
            return states == {
                "line-b-0": "Error",
                "line-b-1": "DryRun",
                "line-b-2": "MissingSidecar",
            }

        eventually(told, what="line-b tells of its three gateways")
        self.healthy.is_ready_at(self.healthy.source.head())
        self.paused.says("Ready", "False", "Paused")


@pytest.fixture(scope="module")
def plant(new_works: Callable[..., Works]) -> Plant:
    made = Plant(new_works)
    made.settle()
    return made


def document(done: Called) -> dict[str, Any]:
    assert done.stderr == "", done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# --- Status ---


def test_the_fleet_is_seen_by_who_may_view(
    plant: Plant, call: Callable[..., Called], ask: Callable[..., Called]
) -> None:
    done = call("viewer", "status")
    assert (done.returncode, done.stderr) == (0, "")
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line}
    head = plant.healthy.source.head()[:7]
    assert lines["line-a"].split()[:5] == ["line-a", "main", head, "2/2", "yes"]
    assert "1 failed, 1 missing sidecar, 1 dry run" in lines["line-b"]
    assert lines["line-c"].split()[4] == "paused"
    assert "the repository has no such ref" in lines["line-d"]
    assert "1 of 4 GatewaySyncs ready, 2 of 5 gateways synced" in done.stdout
    ready = {one["name"]: one["ready"] for one in document(ask("viewer", "status", "-o", "json"))[
        "gatewaySyncs"
    ]}  # fmt: skip
    assert ready == {"line-a": True, "line-b": False, "line-c": False, "line-d": False}


def test_each_trouble_is_told_with_what_to_do(plant: Plant, ask: Callable[..., Called]) -> None:
    namespace = plant.mixed.space.name
    told = document(ask("viewer", "status", "line-b", "--output", "json"))
    steps = [(step["kind"], step["pods"]) for step in told["next"]]
    assert steps == [
        ("MissingSidecar", ["line-b-2"]),
        ("SyncFailed", ["line-b-0"]),
        ("DryRun", ["line-b-1"]),
    ]
    assert told["hidden"] == []
    assert {one["pod"]: one["wouldAdd"] for one in told["gateways"]}["line-b-1"] == 3
    shown = ask("viewer", "status", "line-b").stdout
    assert f"kubectl delete pod -n {namespace} line-b-2" in shown
    assert "the commit has no 'nowhere'" in shown
    healthy = ask("viewer", "status", "line-a").stdout
    assert "is ready for" in healthy
    assert "What to do" not in healthy
    assert "is paused for" in ask("viewer", "status", "line-c").stdout
    assert "no commit can be had for the ref" in ask("viewer", "status", "line-d").stdout


def test_a_script_learns_by_the_exit_code(plant: Plant, ask: Callable[..., Called]) -> None:
    assert plant.healthy.name == "line-a"
    assert ask("viewer", "status", "line-a", "--wait", "--timeout", "20s").returncode == 0
    done = ask("viewer", "status", "line-b", "--wait", "--timeout", "1s")
    assert done.returncode == 1
    assert "line-b is not ready for" in done.stdout or "is stuck for" in done.stdout
    assert done.stderr.startswith("stoker: error: not ready within 1s: ")
    done = ask("viewer", "status", "--exit-code")
    assert (done.returncode, done.stderr.count("/line-")) == (1, 3)
    assert ask("viewer", "status", "line-a", "--exit-code").returncode == 0


# --- Diff ---


def test_a_dry_run_shows_what_a_sync_would_change(
    plant: Plant, call: Callable[..., Called], ask: Callable[..., Called]
) -> None:
    done = call("viewer", "diff", "line-b", "--gateway", "line-b-1")
    assert (done.returncode, done.stderr) == (0, "")
    head = plant.mixed.source.head()[:7]
    assert f"line-b-1  dry run of {head}" in done.stdout
    assert "would be 3 added, 0 modified, 0 deleted\n" in done.stdout
    assert f"  + {VIEW}/view.json\n" in done.stdout
    both = ask("viewer", "diff", "line-a").stdout
    assert "line-a-0, line-a-1  sync of" in both, "the same change is shown once"
    assert "!" not in both
    assert "line-b-2  no agent, and so no list" in ask("viewer", "diff", "line-b").stdout


# --- Rights ---


def test_who_may_too_little_is_told_which_right_is_missing(
    plant: Plant, ask: Callable[..., Called]
) -> None:
    space = plant.healthy.space.name
    who = f"system:serviceaccount:{space}"
    for user, words, told in (
        ("nobody", ("status",), f"{who}:nobody may not list gatewaysyncs"),
        ("nobody", ("status", "line-a"), f"{who}:nobody may not get gatewaysyncs"),
        ("viewer", ("status", "-A"), f"all namespaces: {who}:viewer may not list gatewaysyncs"),
        ("viewer", ("sync", "line-a"), f"{who}:viewer may not patch gatewaysyncs"),
        ("looker", ("logs", "line-a"), f"{who}:looker may not list pods"),
        ("looker", ("diff", "line-a"), f"{who}:looker may not list configmaps"),
    ):
        done = ask(user, *words)
        assert (done.returncode, done.stdout) == (1, ""), words
        assert told in done.stderr
        assert "ask for the ClusterRole " in done.stderr
        assert done.stderr.count("\n") == 1


def test_what_cannot_be_seen_is_named_and_the_rest_is_shown(
    plant: Plant, ask: Callable[..., Called]
) -> None:
    assert plant.healthy.name == "line-a"
    told = document(ask("looker", "status", "line-b", "-o", "json"))
    assert [one["pod"] for one in told["gateways"]] == ["line-b-0", "line-b-2", "line-b-1"]
    assert [one.partition(" may not ")[2].partition(" (")[0] for one in told["hidden"]] == [
        "list configmaps", "list pods", "get pods", "list events",
    ]  # fmt: skip


def test_a_name_that_is_nearly_right_is_guessed(plant: Plant, ask: Callable[..., Called]) -> None:
    space = plant.healthy.space.name
    for words in (("status", "lina-a"), ("logs", "lina-a"), ("sync", "lina-a")):
        done = ask("editor", *words)
        assert done.returncode == 1
        assert f"there is no such GatewaySync (did you mean {space}/line-" in done.stderr


# --- Logs ---


def test_the_logs_of_all_agents_come_in_the_order_of_time(
    plant: Plant, call: Callable[..., Called]
) -> None:
    done = call("viewer", "logs", "line-a", "--tail", "-1")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    times = [line.split()[0] for line in lines]
    assert times == sorted(times)
    assert {line.split()[1] for line in lines} == {"line-a-0", "line-a-1"}
    head = plant.healthy.source.head()
    assert f"sync of {head[:7]} (main): synced, 3 added" in done.stdout
    audits = call("viewer", "logs", "line-a", "--audit", "--raw", "--gateway", "line-a-0")
    records = [json.loads(line) for line in audits.stdout.splitlines()]
    assert {record["logger"] for record in records} == {"audit"}
    assert records[0]["commit"] == head
    assert call("viewer", "logs", "line-a", "--tail", "1").stdout.count("\n") == 2


class Following:
    """`kubectl stoker logs --follow`, and what it has printed so far."""

    def __init__(self, environment: dict[str, str], folder: Path, *words: str) -> None:
        self.file = folder / "followed"
        with self.file.open("w") as out:
            self.process = subprocess.Popen(  # noqa: S603 - as above
                ["kubectl", "stoker", "logs", *words],  # noqa: S607 - as above
                env=environment, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def says(self, text: str) -> None:
        eventually(
            lambda: text in self.file.read_text(),
            what=f"the log that is followed has {text!r}",
            within=30,
            tell=[self.file.read_text],
        )

    def ends(self) -> int:
        """Its exit code; SIGTERM, as whoever runs tests in the background ignores SIGINT."""
        self.process.terminate()
        try:
            return self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()


def test_a_log_that_is_followed_goes_on_with_the_pod_that_takes_the_place(
    plant: Plant, users: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    works, agent = plant.healthy, plant.gateways[1]
    followed = Following(users("viewer"), tmp_path, "line-a", "-f", "--tail", "1")
    try:
        followed.says("line-a-0 |")
        agent.pod.delete()
        again: Injected = works.start("line-a-1")
        followed.says("line-a-1 | the gateway is Pending")
        again.ready()
        again.will_say("Synced", works.source.head())
        followed.says(f"line-a-1 | the gateway is Synced  commit={works.source.head()[:7]}")
        before = followed.file.read_text()
        assert before.count("line-a-1 | the gateway is Pending") == 1, "each line comes once"
        assert "error" not in before
    finally:
        code = followed.ends()
    assert code == 143


# --- Sync ---


def test_a_sync_that_is_asked_for_reaches_the_gateways(
    plant: Plant, call: Callable[..., Called]
) -> None:
    works = plant.healthy
    plant.healthy.is_ready_at(works.source.head())
    commit = works.source.commit({f"{VIEW}/view.json": '{"root": {"asked": true}}'})
    done = call("editor", "sync", "line-a", "--wait", "--timeout", "60s", "-o", "json")
    told = document(done)
    assert (done.returncode, told["result"], told["commit"]) == (0, "synced", commit)
    assert told["gateways"] == 2
    for agent in plant.gateways:
        works.agent(agent.name).will_hold(f"{VIEW}/view.json", '{"root": {"asked": true}}')
    found = works.document()["metadata"]
    assert found["annotations"]["stoker.io/requested-by"] == "generic"
    managers = {entry["manager"] for entry in found["managedFields"]}
    assert "kubectl-stoker" in managers, "it can be seen who asked"


def test_another_ref_is_followed_and_one_that_is_not_there_is_refused(
    plant: Plant, ask: Callable[..., Called]
) -> None:
    works = plant.healthy
    before = works.source.head()
    release = works.source.commit({"projects/line/x.json": "{}"}, branch="release")
    done = ask("editor", "sync", "line-a", "--ref", "release", "--wait", "--timeout", "60s")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"is synced at {release}: 2 gateways\n" in done.stdout
    assert "Ref         release, requested by generic" in ask("viewer", "status", "line-a").stdout
    done = ask("editor", "sync", "line-a", "--ref", "v99", "--wait", "--timeout", "30s")
    assert done.returncode == 1
    assert "v99: the repository has no such ref" in done.stderr
    steps = document(ask("viewer", "status", "line-a", "-o", "json"))["next"]
    assert [step["kind"] for step in steps] == ["RequestIgnored"]
    works.is_ready_at(before)


def test_one_that_is_paused_says_that_it_has_to_wait(
    plant: Plant, ask: Callable[..., Called]
) -> None:
    assert plant.paused.name == "line-c"
    done = ask("editor", "sync", "line-c")
    assert done.returncode == 0
    assert "but not before spec.paused is false" in done.stdout
    done = ask("editor", "sync", "line-c", "--wait")
    assert done.returncode == 1
    assert "it is paused (set spec.paused to false)" in done.stderr
