"""What the contract says of the controller, on the real API server.

The controller runs on this machine as the chart's ServiceAccount, so it has the chart's rights and
no others. Repositories are served by `git daemon`. Gateways are pods that nobody starts, and their
agents' reports are written by the pods' own account.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from functools import partial
from itertools import count
from typing import Any

import pytest
from kit import CommandFailed, Space, eventually, manifests
from kit.api import Api
from kit.local_controller import LocalController
from kit.plants import (
    ACCOUNT,
    MAPPING,
    Plant,
    Repository,
    account,
    gateway_pod,
    gateway_sync,
    report_of,
)

from support.git_servers import GitDaemon

pytestmark = pytest.mark.usefixtures("definition")


@pytest.fixture
def repository(git: GitDaemon, space: Space) -> Repository:
    return Repository.create(git, space.name)


@pytest.fixture
def plant(space: Space, repository: Repository, controller: LocalController) -> Plant:
    """A CR that follows `main`, in a namespace with the gateways' account."""
    controller.ready()
    repository.commit()
    space.apply(account(), gateway_sync("site", repository.url))
    return Plant(space, "site")


def shows(plant: Plant, state: str) -> bool:
    """Whether the CR shows its one gateway in this state."""
    return bool(plant.gateways()["gw-0"]["syncStatus"] == state)


def test_a_new_cr_is_resolved_and_told_of(plant: Plant, repository: Repository) -> None:
    commit = repository.head()
    plant.says("RefResolved", "True", "RefResolved", text=commit)
    plant.says("AllGatewaysSynced", "False", "NoGatewaysDiscovered", text="0/0 synced")
    plant.says("Ready", "False", "Reconciling")
    document = plant.document()
    assert document["metadata"]["finalizers"] == ["stoker.io/finalizer"]
    status = document["status"]
    assert status["observedGeneration"] == 1
    assert (status["lastSyncRef"], status["lastSyncCommit"]) == ("main", commit)
    assert status["lastSyncCommitShort"] == commit[:7]
    assert (status["refResolutionStatus"], status["profileCount"]) == ("Resolved", 1)
    told = plant.metadata()
    assert {name: told[name] for name in told if name != "profiles"} == {
        "commit": commit,
        "ref": "main",
        "gitURL": repository.url,
        "paused": "false",
        "authType": "none",
        "gatewayPort": "8088",
        "gatewayTLS": "false",
    }
    assert json.loads(told["profiles"])["default"]["syncPeriod"] == 30
    assert plant.names("role") == plant.names("rolebinding") == ["stoker-agent-site"]
    eventually(lambda: "RefResolved" in plant.reasons(), what="an event tells of it")


def test_kubectl_shows_what_matters(plant: Plant) -> None:
    plant.says("RefResolved", "True")
    shown = plant.space.kubectl("get", "gs", plant.name).splitlines()
    assert shown[0].split() == ["NAME", "REF", "GATEWAYS", "READY", "STATUS", "AGE"]
    assert shown[1].split()[:4] == ["site", "main", "0/0", "synced"]


def test_an_agents_report_reaches_the_status_within_a_second(
    plant: Plant, repository: Repository
) -> None:
    """The median of several, as this machine has other things to do too."""
    commit = repository.head()
    plant.space.apply(gateway_pod("gw-0"))
    plant.says("AllGatewaysSynced", "False", "SyncInProgress", text="0/1 synced")
    plant.can_report("gw-0")
    uid = plant.uid("gw-0")
    took = []
    for seq in range(1, 8):
        state = "Synced" if seq % 2 else "Syncing"
        began = time.monotonic()
        plant.write("gw-0", report_of("gw-0", uid, commit, state, seq=seq))
        written = time.monotonic()
        eventually(partial(shows, plant, state), what=f"it is {state}")
        took.append(time.monotonic() - written)
        assert time.monotonic() - began < 15
    assert sorted(took)[3] < 1.0, took
    plant.says("Ready", "True", "SyncSucceeded", text="1/1 synced")


def test_what_is_said_again_counts_up_its_event_in_one_request(
    plant: Plant, repository: Repository, controller: LocalController
) -> None:
    commit, seq = repository.head(), count(1)
    plant.space.apply(gateway_pod("gw-0"))
    plant.can_report("gw-0")

    def is_synced_anew(times: int) -> Counter[tuple[str, str]]:
        """What was asked of events, until all are synced for the so-manieth time."""
        plant.report("gw-0", commit, "Syncing", seq=next(seq))
        plant.says("Ready", "False")
        before = controller.asked()
        plant.report("gw-0", commit, seq=next(seq))
        eventually(lambda: plant.events("1/1 synced") == [times], what=f"it is told {times} times")
        asked = controller.asked() - before
        return Counter({key: number for key, number in asked.items() if key[1] == "events"})

    assert is_synced_anew(1) == {("POST", "events"): 1}
    assert is_synced_anew(2) == {("PATCH", "events"): 1}
    plant.space.kubectl("delete", "events", "--all")
    assert is_synced_anew(1) == {("PATCH", "events"): 1, ("POST", "events"): 1}
    assert is_synced_anew(2) == {("PATCH", "events"): 1}


class TestReady:
    """Ready means ready: the table of the contract, row by row."""

    def synced(self, plant: Plant, repository: Repository) -> str:
        commit = repository.head()
        plant.space.apply(gateway_pod("gw-0"), gateway_pod("gw-1"))
        plant.can_report("gw-0", "gw-1")
        for pod in ("gw-0", "gw-1"):
            plant.report(pod, commit)
        plant.says("Ready", "True", "SyncSucceeded", text="2/2 synced")
        return commit

    def test_and_every_way_in_which_it_is_not(self, plant: Plant, repository: Repository) -> None:
        commit = self.synced(plant, repository)
        # A gateway that says Synced of another commit is not.
        plant.report("gw-1", "0" * 40, seq=2)
        plant.says("Ready", "False", "Reconciling")
        plant.says("RefSkew", "True", "Skewed")
        assert plant.gateways()["gw-1"]["syncStatus"] == "Pending"
        plant.report("gw-1", commit, "Error", seq=3, errorMessage="disk full")
        plant.says("Ready", "False", text="disk full")
        plant.says("RefSkew", "False", "InStep")
        plant.report("gw-1", commit, "RolledBack", seq=4)
        plant.says("Stalled", "True")
        # Drift alone does not make it unready: the contract says so.
        plant.report("gw-1", commit, seq=5, drift=3)
        plant.says("Drifted", "True", "DriftDetected", text="3 file(s)")
        plant.says("Ready", "True", "SyncSucceeded")
        plant.report("gw-1", commit, seq=6)
        plant.says("Drifted", "False", "NoDrift")
        # A pod whose injection failed.
        plant.space.apply(gateway_pod("gw-2", agent=False))
        plant.says("SidecarInjected", "False", "SidecarMissing", text="gw-2")
        plant.says("Ready", "False")
        plant.says("AllGatewaysSynced", "False", text="2/3 synced (1 missing sidecar)")
        plant.space.kubectl("delete", "pod", "gw-2", "--now")
        plant.says("Ready", "True", "SyncSucceeded", text="2/2 synced")
        # A new commit: nobody is synced any more, until they say so of that commit.
        pushed = repository.commit('{"title": "new"}')
        plant.says("RefResolved", "True", text=pushed)
        plant.says("Ready", "False", "Reconciling")
        assert plant.metadata()["commit"] == pushed
        plant.report("gw-0", pushed, seq=2)
        plant.says("AllGatewaysSynced", "False", "SyncInProgress", text="1/2 synced")
        plant.report("gw-1", pushed, seq=7)
        plant.says("Ready", "True", "SyncSucceeded", text="2/2 synced")

    def test_not_with_a_ref_that_is_not_there(self, plant: Plant, repository: Repository) -> None:
        commit = self.synced(plant, repository)
        plant.change(git={"ref": "nowhere"})
        told = plant.says("RefResolved", "False", "RefResolutionFailed", text="no such ref")
        assert "next try at" in told["message"]
        plant.says("Ready", "False", "Reconciling")
        # Agents keep what they have.
        assert plant.metadata()["commit"] == commit
        plant.change(git={"ref": "main"})
        plant.says("Ready", "True", "SyncSucceeded")

    def test_not_with_a_profile_that_is_none(self, plant: Plant, repository: Repository) -> None:
        self.synced(plant, repository)
        bad = {**MAPPING, "destination": "{{"}
        plant.change(sync={"profiles": {"default": {"mappings": [bad]}}})
        told = plant.says("ProfilesValid", "False", "ProfilesInvalid")
        assert "spec.sync.profiles.default.mappings[0].destination" in told["message"]
        plant.says("Ready", "False", "Reconciling")
        plant.says("Stalled", "True", "ProfilesInvalid")


def test_agents_may_touch_what_is_theirs_and_nothing_else(plant: Plant) -> None:
    space = plant.space
    space.apply(
        gateway_pod("gw-0"), manifests.config_map("others", {"a": "b"}), manifests.secret("s", {})
    )
    plant.can_report("gw-0")
    allowed = {
        ("get", "configmaps/stoker-metadata-site"),
        ("watch", "configmaps/stoker-metadata-site"),
        ("patch", "configmaps/stoker-changes-site-gw-0"),
        ("update", "configmaps/stoker-status-site-gw-0"),
        ("create", "events"),
    }
    refused = {
        ("patch", "configmaps/stoker-metadata-site"),
        ("delete", "configmaps/stoker-status-site-gw-0"),
        ("get", "configmaps/others"),
        ("list", "configmaps"),
        ("create", "configmaps"),
        ("get", "secrets/s"),
        ("list", "secrets"),
        ("get", "pods"),
        ("get", "gatewaysyncs"),
        ("patch", "gatewaysyncs/site"),
        ("list", "events"),
        ("patch", "roles/stoker-agent-site"),
        ("patch", "configmaps/stoker-status-site-gw-9"),
    }
    may = {one for one in allowed | refused if plant.may(*one)}
    assert may == allowed
    # Asking is one thing, doing another.
    with pytest.raises(CommandFailed, match=r"forbidden|Forbidden"):
        plant.as_agent("get", "configmap", "others")
    evil = ("--type", "merge", "--patch", '{"data": {"commit": "evil"}}')
    with pytest.raises(CommandFailed, match=r"forbidden|Forbidden"):
        plant.as_agent("patch", "configmap", "stoker-metadata-site", *evil)
    # The right goes with the pod.
    space.kubectl("delete", "pod", "gw-0", "--now")
    eventually(lambda: "stoker-status-site-gw-0" not in plant.names("cm"), what="it is tidied away")
    eventually(
        lambda: not plant.may("patch", "configmaps/stoker-status-site-gw-0"), what="as is the right"
    )


def test_what_somebody_changed_by_hand_is_put_right(plant: Plant, repository: Repository) -> None:
    plant.says("RefResolved", "True")
    kubectl, role = plant.space.kubectl, "stoker-agent-site"
    wide = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
    kubectl.patch("role", role, {"rules": wide})
    kubectl.patch("configmap", "stoker-metadata-site", {"data": {"commit": "0" * 40}})
    kubectl("delete", "rolebinding", role)

    def right() -> bool:
        rules = kubectl.json("get", "role", role)["rules"]
        bound = kubectl.json("get", "rolebinding", role)
        assert bound["roleRef"]["name"] == role, bound
        assert "secrets" not in str(rules)
        return plant.metadata()["commit"] == repository.head()

    eventually(right, what="all of it is as it was")


def test_a_binding_of_this_name_to_another_role_is_replaced(
    space: Space, repository: Repository, controller: LocalController
) -> None:
    """What a binding binds can never be changed, so it has to be deleted first."""
    controller.ready()
    role, group = "stoker-agent-site", "rbac.authorization.k8s.io"
    admin = {"apiGroup": group, "kind": "ClusterRole", "name": "view"}
    space.apply({**manifests.of_kind("RoleBinding", role, f"{group}/v1"), "roleRef": admin})
    repository.commit()
    space.apply(account(), gateway_sync("site", repository.url))
    Plant(space, "site").says("RefResolved", "True")
    bound = space.kubectl.json("get", "rolebinding", role)
    assert bound["roleRef"]["kind"] == "Role"


class TestRequestedRef:
    """What a webhook asks for."""

    def test_is_in_force_until_the_spec_says_the_same(
        self, plant: Plant, repository: Repository
    ) -> None:
        plant.says("RefResolved", "True", text=repository.head())
        release = repository.commit('{"v": 2}', branch="release")
        at = "2026-01-01T00:00:00Z"
        plant.annotate(requested_ref="release", requested_at=at, requested_by="kargo")
        plant.says("RefResolved", "True", text=release)
        assert (plant.metadata()["ref"], plant.metadata()["commit"]) == ("release", release)
        assert plant.status()["lastSyncRef"] == "release"
        plant.change(git={"ref": "release"})

        def removed() -> bool:
            annotations = plant.document()["metadata"].get("annotations", {})
            return not any("requested" in name for name in annotations)

        eventually(removed, what="the request is taken away")
        assert plant.metadata()["commit"] == release

    def test_that_is_not_there_is_told_of_once_and_ignored(
        self, plant: Plant, repository: Repository
    ) -> None:
        commit = repository.head()
        plant.says("RefResolved", "True", text=commit)
        plant.annotate(requested_ref="nowhere", requested_at="2026-01-01T00:00:00Z")
        eventually(lambda: "RequestedRefUnresolvable" in plant.reasons(), what="an event tells")
        plant.says("RefResolved", "True", text=commit)
        assert plant.metadata()["ref"] == "main"
        time.sleep(6)  # one more poll
        assert plant.reasons().count("RequestedRefUnresolvable") == 1


def test_a_pause_keeps_everything_as_it_is(plant: Plant, repository: Repository) -> None:
    commit = repository.head()
    plant.says("RefResolved", "True", text=commit)
    plant.change(paused=True)
    plant.says("Ready", "False", "Paused")
    eventually(lambda: plant.metadata()["paused"] == "true", what="the agents are told")
    pushed = repository.commit('{"v": 3}')
    time.sleep(7)  # more than the interval of polls
    assert plant.metadata()["commit"] == commit
    # The pods of a paused CR can report all the same.
    plant.space.apply(gateway_pod("gw-0"))
    plant.can_report("gw-0")
    plant.change(paused=False)
    plant.says("RefResolved", "True", text=pushed)
    eventually(lambda: plant.metadata()["commit"] == pushed, what="the agents are told")


def test_a_cr_leaves_nothing_behind(plant: Plant) -> None:
    space = plant.space
    space.apply(gateway_pod("gw-0"), gateway_pod("gw-1"))
    eventually(
        lambda: {"stoker-status-site-gw-0", "stoker-changes-site-gw-1"} <= {*plant.names("cm")},
        what="everything is there",
    )
    token = manifests.secret("stoker-github-token-site", {"token": "x"})
    space.apply(token, manifests.config_map("stoker-status-mine", {"a": "b"}))
    # That something is missing already is no error.
    space.kubectl("delete", "configmap", "stoker-changes-site-gw-0")
    space.kubectl("delete", "gatewaysync", "site", patience=30)
    assert plant.names("cm") == ["stoker-status-mine"]
    assert plant.names("role") == plant.names("rolebinding") == []
    assert plant.names("secret") == []


def test_a_namespace_goes_with_the_crs_in_it(
    spaces: Any, git: GitDaemon, controller: LocalController
) -> None:
    with spaces.new("leaving") as space:
        repository = Repository.create(git, space.name)
        repository.commit()
        crs = [gateway_sync(f"site-{number}", repository.url) for number in range(10)]
        space.apply(account(), *crs, *(gateway_pod(f"gw-{n}", f"site-{n}") for n in range(10)))
        for number in range(10):
            Plant(space, f"site-{number}").says("AllGatewaysSynced", "False", "SyncInProgress")
        space.kubectl("delete", "namespace", space.name, patience=60)
    controller.ready()
    assert "traceback" not in controller.log.read_text()


def test_two_crs_and_pods_that_name_none(plant: Plant, repository: Repository) -> None:
    plant.space.apply(gateway_pod("gw-0"), gateway_pod("gw-1", "site"))
    plant.says("AllGatewaysSynced", "False", text="0/2 synced")
    plant.space.apply(gateway_sync("second", repository.url))
    plant.says("AllGatewaysSynced", "False", text="0/1 synced")
    assert [*plant.gateways()] == ["gw-1"]
    plant.space.kubectl("delete", "gatewaysync", "second")
    plant.says("AllGatewaysSynced", "False", text="0/2 synced")


def test_status_of_another_crs_pod_is_not_taken_over(
    plant: Plant, repository: Repository, api: Api
) -> None:
    """CR `site`, pod `b-c`, and CR `site-b`, pod `c`: by the contract both have one name."""
    del api
    space = plant.space
    space.apply(gateway_pod("b-c", "site"))
    shared = "stoker-status-site-b-c"
    eventually(lambda: shared in plant.names("cm"), what="the first one has it")
    space.apply(gateway_sync("site-b", repository.url), gateway_pod("c", "site-b"))
    time.sleep(3)
    second = Plant(space, "site-b")
    eventually(lambda: "NameTaken" in second.reasons(), what="the second one says why")
    second.says("AllGatewaysSynced", "False", "SyncInProgress")
    label = space.kubectl.json("get", "cm", shared)["metadata"]["labels"]["stoker.io/cr-name"]
    assert label == "site"
    assert ACCOUNT in str(space.kubectl.json("get", "rolebinding", "stoker-agent-site")["subjects"])
