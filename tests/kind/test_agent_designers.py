"""Designers that have the gateway open while a commit arrives: policies and scopes.

A commit that changes the project `line` arrives while somebody has a Designer open there, or in
another project, or while the gateway does not list its Designers.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, Final

import pytest
from kit.works import Injected, Works, profiles

from support.standalone import VIEW, project

ADA: Final = [{"user": "ada", "project": "line"}]
ELSEWHERE: Final = [{"user": "bob", "project": "another"}]
ASLEEP: Final = [{"user": "eve", "project": "line", "silent_for": 3600}]
UNLISTED: Final = {"on": "GET /designers", "action": "status", "status": 403, "times": None}
_numbers = count(1)


@pytest.fixture(scope="module")
def works(new_works: Callable[..., Works]) -> Works:
    kinds = {
        "default": {"designerSessionPolicy": "proceed"},
        "wait": {"designerSessionPolicy": "wait"},
        "fail": {"designerSessionPolicy": "fail"},
        "wary": {"designerSessionPolicy": "fail", "designerSessionScope": "gateway"},
    }
    made = {
        name: profiles(syncPeriod=5, **one)["profiles"]["default"] for name, one in kinds.items()
    }
    works = new_works("site", sync={"profiles": made})
    works.push(project())
    return works


@pytest.fixture(scope="module")
def agents(works: Works) -> dict[str, Injected]:
    names = ("default", "wait", "fail", "wary")
    made = {one: works.start(f"gw-{one}", annotations={"stoker.io/profile": one}) for one in names}
    for agent in made.values():
        agent.ready().will_say("Synced", works.source.head())
    return made


def push(works: Works) -> tuple[str, str]:
    view = f'{{"root": {{"n": {next(_numbers)}}}}}'
    return works.push({f"{VIEW}/view.json": view}), view


def has(agent: Injected, view: str) -> bool:
    return agent.holds(f"{VIEW}/view.json", view)


def everyone(agents: dict[str, Injected], designers: list[Any]) -> None:
    for agent in agents.values():
        agent.gateway.tell("designers", designers)


def test_somebody_is_at_work_in_the_project(works: Works, agents: dict[str, Injected]) -> None:
    everyone(agents, ADA)
    commit, view = push(works)
    agents["default"].will_say("Synced", commit)
    for name in ("wait", "fail", "wary"):
        report = agents[name].will_say("Blocked", text="Designer")
        assert report["designerSessionsBlocked"] == 1
        assert report["syncedCommit"] != commit
        assert not has(agents[name], view)
        assert agents[name].metric("designer_sessions_blocked") == 1
        assert agents[name].metric("designer_sessions_active") == 1
    assert "next try" not in agents["wait"].report()["errorMessage"], "it waits, and has not failed"
    works.says("Ready", "False")
    agents["wait"].gateway.tell("designers", [])
    agents["wait"].will_say("Synced", commit, within=30)
    everyone(agents, [])
    for name in ("fail", "wary"):
        agents[name].will_say("Synced", commit, within=60)
        agents[name].will_hold(f"{VIEW}/view.json", view)
    works.is_ready_at(commit)


def test_somebody_is_at_work_in_another_project(works: Works, agents: dict[str, Injected]) -> None:
    everyone(agents, ELSEWHERE)
    commit, view = push(works)
    for name in ("default", "wait", "fail"):
        agents[name].will_say("Synced", commit)
        assert has(agents[name], view)
    agents["wary"].will_say("Blocked")
    everyone(agents, [])
    # A new commit resets the wait.
    commit, _ = push(works)
    agents["wary"].will_say("Synced", commit)


def test_who_is_asleep_blocks_nobody(works: Works, agents: dict[str, Injected]) -> None:
    everyone(agents, ASLEEP)
    commit, _ = push(works)
    for agent in agents.values():
        agent.will_say("Synced", commit)
    everyone(agents, [])


def test_nobody_knows_who_is_at_work(works: Works, agents: dict[str, Injected]) -> None:
    """Under `wait` and `fail` it fails closed."""
    for agent in agents.values():
        agent.gateway.tell("script", UNLISTED)
    commit, view = push(works)
    agents["default"].will_say("Synced", commit)
    for name in ("wait", "fail", "wary"):
        report = agents[name].will_say("Blocked", text="does not list")
        assert report["syncedCommit"] != commit
        assert not has(agents[name], view)
    for agent in agents.values():
        agent.gateway.pod.ask(8099, "/_fake/script", method="DELETE")
    agents["wait"].will_say("Synced", commit, within=30)
    newer, _ = push(works)
    for agent in agents.values():
        agent.will_say("Synced", newer)
