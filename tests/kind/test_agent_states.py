"""Every state of a gateway and every reason to skip a sync, each produced once, in pods.

Both lists are the product's enumerations: a member for which nothing here produces it is a test
that fails. The states are read from the status of the GatewaySync, so each has gone all the way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from kit import eventually
from kit.plants import gateway_pod
from kit.works import Injected, Works, profiles

from stoker.core.agent.effects import SkipReason
from stoker.core.spec import SyncStatus
from support.git_servers import Trickle
from support.standalone import VIEW, project

PERIOD: Final = 5
"""Seconds between two regular looks, the shortest that there are: skips are counted at them."""
LOOKS: Final = 30.0

PROFILES: Final[Mapping[str, Mapping[str, Any]]] = {
    "default": {},
    "paused": {"paused": True},
    "dry": {"dryRun": True},
    "cautious": {"designerSessionPolicy": "fail"},
    "patient": {"designerSessionPolicy": "wait"},
}


def sync() -> dict[str, Any]:
    made = {
        name: profiles(syncPeriod=PERIOD, **more)["profiles"]["default"]
        for name, more in PROFILES.items()
    }
    return {"profiles": made}


CAST: Final = (
    *(("site", profile) for profile in PROFILES),
    *((works, "default") for works in ("broken", "slow", "refusing")),
    ("orphaning", "dry"),
)
"""The pods that the scenes need, by GatewaySync and profile."""


class Stage:
    """All of them; they start together, and each is waited for when it is wanted."""

    def __init__(self, new_works: Callable[..., Works]) -> None:
        self.new = new_works
        self._works: dict[str, Works] = {}
        self._agents: dict[tuple[str, str], Injected] = {}
        for works, profile in CAST:
            marks = {"stoker.io/profile": profile}
            started = self.works(works).start(f"{works}-{profile}", annotations=marks)
            self._agents[works, profile] = started

    def works(self, name: str = "site") -> Works:
        if name not in self._works:
            made = self._works[name] = self.new(name, sync=sync())
            made.push(project())
        return self._works[name]

    def agent(self, profile: str = "default", works: str = "site") -> Injected:
        """One that is ready."""
        return self._agents[works, profile].ready()


@pytest.fixture(scope="module")
def stage(new_works: Callable[..., Works]) -> Stage:
    return Stage(new_works)


def shown(agent: Injected, status: SyncStatus, text: str = "") -> dict[str, Any]:
    """The row of the CR once it has that status."""

    def told() -> dict[str, Any]:
        row = agent.row()
        assert row.get("syncStatus") == status, row
        assert text in row.get("errorMessage", ""), row
        return row

    what = f"the CR shows {agent.name} as {status}"
    return eventually(told, what=what, within=LOOKS, tell=[agent.tail])


def pending(stage: Stage) -> None:
    """Nobody has resolved anything, so there is nothing to sync; the gateway does not start."""
    works = stage.new("unresolved", ref="nowhere", sync=sync())
    agent = works.start("unresolved-0")
    works.can_report("unresolved-0")
    agent.will_say("Pending")
    shown(agent, SyncStatus.PENDING)
    assert agent.probe("/startupz") == 503
    assert agent.probe("/healthz") == 200
    agent.pod.delete(wait=False)


def synced(stage: Stage) -> None:
    works, agent = stage.works(), stage.agent()
    shown(agent, SyncStatus.SYNCED)
    assert agent.row()["syncedCommit"] == works.source.head()


def error(stage: Stage) -> None:
    works, agent = stage.works("broken"), stage.agent(works="broken")
    shown(agent, SyncStatus.SYNCED)
    works.change(sync={"profiles": {"default": {"mappings": [required()]}}})
    row = shown(agent, SyncStatus.ERROR, "nowhere")
    assert row["syncedCommit"] == works.source.head(), "what is on disk is told on"


def required() -> dict[str, Any]:
    return {"source": "nowhere", "destination": "projects/none", "required": True}


def missing_sidecar(stage: Stage) -> None:
    works = stage.works()
    works.space.apply(gateway_pod("bare", works.name, agent=False))

    def told() -> bool:
        return bool(works.gateways()["bare"]["syncStatus"] == SyncStatus.MISSING_SIDECAR)

    eventually(told, what="it is told that there is no sidecar")


def syncing(stage: Stage) -> None:
    """A pack that comes in drops keeps the agent in the middle of a sync."""
    works, agent = stage.works("slow"), stage.agent(works="slow")
    shown(agent, SyncStatus.SYNCED)
    with works.git.failing(Trickle(pause=2, size=10)):
        commit = works.push({"projects/line/more.json": "{}"})
        shown(agent, SyncStatus.SYNCING)
        assert agent.row()["syncedCommit"] != commit
    works.git.door.reset()


def blocked(stage: Stage) -> None:
    works, agent = stage.works(), stage.agent("patient")
    agent.gateway.tell("designers", [{"user": "ada", "project": "line"}])
    works.push({f"{VIEW}/view.json": '{"root": {"blocked": true}}'})
    shown(agent, SyncStatus.BLOCKED, "Designer")
    agent.gateway.tell("designers", [])
    shown(agent, SyncStatus.SYNCED)


def paused(stage: Stage) -> None:
    agent = stage.agent("paused")
    shown(agent, SyncStatus.PAUSED)
    assert agent.files() == {}, "it has started on what there was"


def dry_run(stage: Stage) -> None:
    works, agent = stage.works(), stage.agent("dry")
    shown(agent, SyncStatus.DRY_RUN)
    report = agent.report()
    assert report["dryRun"] is True
    assert report["dryRunDiffAdded"] == len(works.source.upstream.git(*_LIST).split(b"\n")) - 1
    assert agent.changes()["dryRun"] is True
    assert agent.files() == {}


_LIST: Final = ("ls-tree", "-r", "--name-only", "main", "projects")


def rolled_back(stage: Stage) -> None:
    """The gateway takes what was asked of it, and then does not load a resource."""
    works, agent = stage.works("refusing"), stage.agent(works="refusing")
    shown(agent, SyncStatus.SYNCED)
    before = agent.files()
    first = works.source.head()
    broken = json.dumps({"scope": "G", "version": 1, "files": ["absent.json"], "attributes": {}})
    works.push({f"{VIEW}/resource.json": broken})
    row = shown(agent, SyncStatus.ROLLED_BACK)
    assert row["syncedCommit"] == first
    assert row["errorMessage"]
    eventually(lambda: agent.files() == before, what="what was there is there again")
    assert agent.metric("rollback_total") >= 1


SCENES: Final[Mapping[SyncStatus, Callable[[Stage], None]]] = {
    SyncStatus.PENDING: pending,
    SyncStatus.SYNCED: synced,
    SyncStatus.ERROR: error,
    SyncStatus.MISSING_SIDECAR: missing_sidecar,
    SyncStatus.SYNCING: syncing,
    SyncStatus.BLOCKED: blocked,
    SyncStatus.PAUSED: paused,
    SyncStatus.DRY_RUN: dry_run,
    SyncStatus.ROLLED_BACK: rolled_back,
}


@pytest.mark.parametrize("status", SyncStatus)
def test_every_state_comes_about(stage: Stage, status: SyncStatus) -> None:
    SCENES[status](stage)


def skip_unchanged(stage: Stage) -> Injected:
    return stage.agent()


def skip_paused(stage: Stage) -> Injected:
    return stage.agent("paused")


def skip_profile_error(stage: Stage) -> Injected:
    """The profile goes while its gateway runs."""
    works = stage.works("orphaning")
    agent = stage.agent("dry", works="orphaning")
    works.change(sync={"profiles": {"dry": None}})
    shown(agent, SyncStatus.ERROR, "dry")
    return agent


def skip_designer_blocked(stage: Stage) -> Injected:
    works, agent = stage.works(), stage.agent("cautious")
    agent.gateway.tell("designers", [{"user": "ada", "project": "line"}])
    works.push({f"{VIEW}/view.json": '{"root": {"fails": true}}'})
    shown(agent, SyncStatus.BLOCKED, "Designer")
    return agent


def skip_backoff(stage: Stage) -> Injected:
    works, agent = stage.works("broken"), stage.agent(works="broken")
    works.change(sync={"profiles": {"default": {"mappings": [required()]}}})
    shown(agent, SyncStatus.ERROR)
    return agent


SKIPS: Final[Mapping[SkipReason, Callable[[Stage], Injected]]] = {
    SkipReason.COMMIT_UNCHANGED: skip_unchanged,
    SkipReason.PAUSED: skip_paused,
    SkipReason.PROFILE_ERROR: skip_profile_error,
    SkipReason.DESIGNER_BLOCKED: skip_designer_blocked,
    SkipReason.BACKOFF: skip_backoff,
}


@pytest.mark.parametrize("reason", SkipReason)
def test_every_reason_to_skip_comes_about(stage: Stage, reason: SkipReason) -> None:
    agent = SKIPS[reason](stage)
    what = f"a sync of {agent.name} is skipped: {reason}"
    eventually(lambda: agent.skipped(reason) >= 1, what=what, within=LOOKS, tell=[agent.tail])


def test_the_lists_are_complete() -> None:
    assert {*SCENES} == {*SyncStatus}
    assert {*SKIPS} == {*SkipReason}
