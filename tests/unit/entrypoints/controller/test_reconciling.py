"""The loop where something fails; tests/kind/test_controller.py has it on a real API server.

`Hands` and the rest are stand-ins that fail on request, which no API server does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from attrs import define, evolve, field

from property.strategies.reports import NOW
from property.strategies.snapshots import A, B, advertised
from stoker.adapters.codec.owned import metadata_object, status_object
from stoker.adapters.githubapp import GitHubAppFailed, InstallationToken
from stoker.adapters.kube.errors import (
    Busy,
    Conflict,
    Forbidden,
    Invalid,
    NamespaceTerminating,
    NotLeading,
)
from stoker.core.reconcile import (
    Action,
    AddFinalizer,
    EmitEvent,
    EnsureConfigMap,
    ExchangeToken,
    Memory,
    Resolve,
    Settings,
    Token,
    WriteMetadata,
    WriteStatus,
    token_key,
)
from stoker.core.spec import GatewaySyncSpec, ObjectMeta
from stoker.core.spec.types import GitHubAppAuth
from stoker.entrypoints.controller.acting import NameTaken
from stoker.entrypoints.controller.cluster import Cluster
from stoker.entrypoints.controller.queue import Key, WorkQueue
from stoker.entrypoints.controller.recollection import MOST_ROUNDS
from stoker.entrypoints.controller.reconciling import Reconciler
from support.sightings import SPEC, a_cr, a_pod, a_report, version

KEY = ("plant", "a")
OTHER = ("plant", "b")
APP = {"appId": 7, "installationId": 8, "privateKeySecretRef": {"name": "app", "key": "pem"}}
WITH_APP = {**SPEC, "git": {**SPEC["git"], "auth": {"githubApp": APP}}}


@define
class Hands:
    """Writes into the cluster's shelves what an API server would answer."""

    cluster: Cluster
    failing: dict[Key, Callable[[Action], Exception | None]] = field(factory=dict)
    """What an action of a CR's fails with, if it does."""
    done: list[tuple[Key, Action]] = field(factory=list)
    tokens: list[str] = field(factory=list)
    looks: int = 0

    def write(self, cr: ObjectMeta, action: Action) -> None:
        key = (cr.namespace, cr.name)
        fails = self.failing.get(key)
        error = None if fails is None else fails(action)
        if error is not None:
            raise error
        self.done.append((key, action))
        seen = self.cluster.cr(key)
        assert seen is not None
        document = a_cr(cr.name, self.specs.get(cr.name, SPEC))
        document["metadata"]["finalizers"] = ["stoker.io/finalizer"]
        if isinstance(action, WriteStatus):
            document["status"] = status_object(cr, action.status)["status"]
        else:
            document["status"] = status_object(cr, seen.status)["status"]
        if isinstance(action, WriteMetadata):
            told = metadata_object(cr, action.metadata)
            self.cluster.saw(self.cluster.notes, version(told), ours=True)
        if isinstance(action, WriteStatus | AddFinalizer):
            self.cluster.saw(self.cluster.crs, version(document), ours=True)

    specs: dict[str, Any] = field(factory=dict)

    def look_for_token(self, cr: ObjectMeta) -> None:
        self.looks += 1
        if not self.tokens:
            self.cluster.has_no_token((cr.namespace, cr.name))

    def store_token(self, cr: ObjectMeta, token: Token, text: str) -> None:
        self.tokens.append(text)
        self.cluster.has_token((cr.namespace, cr.name), token)


@define
class Neighbours:
    """Whoever is asked, told or counted."""

    asked: list[tuple[Key, Resolve]] = field(factory=list)
    exchanges: list[tuple[Key, ExchangeToken]] = field(factory=list)
    told: list[EmitEvent] = field(factory=list)
    results: list[tuple[str, str]] = field(factory=list)
    forgotten: list[object] = field(factory=list)
    complaints: list[tuple[Key, str]] = field(factory=list)
    mute: Exception | None = None

    def ask(self, key: Key, resolve: Resolve) -> None:
        self.asked.append((key, resolve))

    def exchange(self, key: Key, exchange: ExchangeToken) -> None:
        self.exchanges.append((key, exchange))

    def forget(self, *key: object) -> None:
        self.forgotten.append(key)

    def tell(self, _: ObjectMeta, event: EmitEvent) -> None:
        if self.mute is not None:
            raise self.mute
        self.told.append(event)

    def reconciled(self, _: str, name: str, result: str, __: float) -> None:
        self.results.append((name, result))

    def resolved(self, *_: object) -> None: ...

    def show(self, *_: object) -> None: ...

    def complain(self, key: Key, _: str, error: Exception) -> None:
        self.complaints.append((key, str(error)))


class World:
    """A reconciler with a clock of its own."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.queue = WorkQueue(clock=lambda: self.time)
        self.cluster = Cluster(lambda: NOW, self.queue.add)
        self.hands = Hands(self.cluster)
        self.near = Neighbours()
        near: Any = self.near
        hands: Any = self.hands
        self.reconciler = Reconciler(
            cluster=self.cluster,
            queue=self.queue,
            hands=hands,
            herald=near,
            asking=near,
            meter=near,
            settings=Settings(auto_bind_agent=False),
            now=lambda: NOW + timedelta(seconds=self.time - 1000.0),
            complain=self.near.complain,
            clock=lambda: self.time,
        )

    def add(self, name: str, spec: object = SPEC) -> None:
        self.hands.specs[name] = spec
        self.cluster.saw(self.cluster.crs, a_cr(name, spec))

    def work(self, seconds: float = 1.0) -> None:
        """Let that much time pass, with everything done that is due in it."""
        until = self.time + seconds
        while self.time <= until:
            key = self.queue.take_now()
            if key is None:
                self.time += 0.05
                continue
            self.reconciler.look(key)
            self.queue.done(key)

    def answer(self) -> None:
        """Have the git server answer everything that was asked."""
        asked, self.near.asked = self.near.asked, []
        for key, resolve in asked:
            self.reconciler.settled(key, resolve.question, advertised(main=A))


@pytest.fixture
def world() -> World:
    return World()


def kinds(world: World, key: Key = KEY) -> list[str]:
    return [type(action).__name__ for of, action in world.hands.done if of == key]


def test_a_cr_comes_to_rest(world: World) -> None:
    world.add("a")
    world.work()
    world.answer()
    world.work()
    written = len(world.hands.done)
    assert kinds(world)[0] == "AddFinalizer"
    assert kinds(world).count("WriteStatus") == 2
    world.work(20.0)
    assert len(world.hands.done) == written
    assert len(world.near.asked) <= 1


def test_one_question_is_asked_once_however_often_one_looks(world: World) -> None:
    world.add("a")
    world.work()
    for _ in range(5):
        world.queue.add(KEY)
        world.work()
    assert len(world.near.asked) == 1


def test_polls_go_on(world: World) -> None:
    world.add("a")
    world.work()
    for _ in range(3):
        world.answer()
        assert world.near.asked == []
        world.work(61.0)
        assert len(world.near.asked) == 1


def test_a_poll_that_finds_nothing_new_ends_with_its_answer(world: World) -> None:
    """Seen to fail with a look for each answer: that was half of what a fleet at rest costs."""
    world.add("a")
    world.work()
    world.answer()
    world.work()
    world.work(61.0)
    looks = len(world.near.results)
    world.answer()
    world.work()
    assert len(world.near.results) == looks
    world.work(61.0)
    assert len(world.near.asked) == 1


def test_a_poll_that_finds_another_commit_is_looked_at(world: World) -> None:
    world.add("a")
    world.work()
    world.answer()
    world.work(62.0)
    ((_, resolve),) = world.near.asked
    written = kinds(world).count("WriteMetadata")
    world.reconciler.settled(KEY, resolve.question, advertised(main=B))
    world.work()
    assert kinds(world).count("WriteMetadata") == written + 1


def test_where_many_wait_all_agents_are_told_before_the_first_user(world: World) -> None:
    """Seen to fail without giving way: each CR was done with before the next."""
    for name in ("a", "b", "c"):
        world.add(name)
        world.cluster.saw(world.cluster.pods, a_pod(f"gw-{name}", name))
    world.work()
    world.answer()
    world.hands.done.clear()
    world.work()
    done = [type(action).__name__ for _, action in world.hands.done]
    assert done[:3] == ["WriteMetadata"] * 3
    assert done.count("WriteMetadata") == done.count("WriteStatus") == 3


def test_who_waits_for_nobody_does_all_at_once(world: World) -> None:
    world.add("a")
    world.cluster.saw(world.cluster.pods, a_pod("gw-0", "a"))
    assert world.queue.take_now() == KEY
    world.reconciler.look(KEY)
    assert kinds(world)[0] == "AddFinalizer"
    assert {"WriteStatus", "EnsureConfigMap"} <= set(kinds(world))


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (Busy("later"), "error"),
        (Forbidden("no"), "error"),
        (ValueError("a defect"), "error"),
        (Conflict("changed"), "conflict"),
        (NotLeading("no"), "abandoned"),
    ],
)
def test_a_failure_is_its_own_crs_affair(world: World, error: Exception, result: str) -> None:
    world.hands.failing[KEY] = lambda _: error
    world.add("a")
    world.add("b")
    world.work()
    assert ("a", result) in world.near.results
    assert ("b", "success") in world.near.results
    assert kinds(world, OTHER)[0] == "AddFinalizer"
    assert kinds(world) == []


def test_nothing_behind_a_failed_action_is_done(world: World) -> None:
    """Events tell of the status, so they wait until it is written."""
    world.hands.failing[KEY] = lambda one: Busy("x") if isinstance(one, WriteStatus) else None
    world.add("a")
    world.work()
    world.answer()
    world.work()
    assert world.near.told == []
    world.hands.failing.clear()
    world.work(120.0)
    assert [event.reason for event in world.near.told][:1] == ["RefResolved"]


def test_a_name_that_is_taken_keeps_only_its_own_pod_waiting(world: World) -> None:
    def fails(action: Action) -> Exception | None:
        if isinstance(action, EnsureConfigMap) and action.name.startswith("stoker-changes"):
            return NameTaken("of another", where=action.name)
        return None

    world.hands.failing[KEY] = fails
    world.cluster.saw(world.cluster.pods, a_pod("gw-0", "a"))
    world.add("a")
    world.work()
    world.answer()
    world.work()
    assert {"WriteMetadata", "WriteStatus"} <= {*kinds(world)}
    assert world.near.results[-1] == ("a", "error")
    assert "of another" in world.near.complaints[-1][1]
    # It is no reason to look all the time, and is seen when it is over.
    before = len(world.near.results)
    world.work(60.0)
    assert len(world.near.results) - before < 15
    world.hands.failing.clear()
    world.work(61.0)
    assert any(
        isinstance(one, EnsureConfigMap) and one.name == "stoker-changes-a-gw-0"
        for _, one in world.hands.done
    )


def test_waits_grow_and_end_with_success(world: World) -> None:
    world.hands.failing[KEY] = lambda _: Busy("x")
    world.add("a")
    world.work(60.0)
    assert 4 <= len(world.near.results) <= 10
    world.hands.failing.clear()
    world.work(61.0)
    assert world.near.results[-1] == ("a", "success")


def test_a_namespace_that_ends_is_left_alone(world: World) -> None:
    world.hands.failing[KEY] = lambda _: NamespaceTerminating("ending")
    world.add("a")
    world.work(30.0)
    assert len(world.near.results) == 2
    assert world.near.complaints == []


def test_a_cr_that_is_refused_as_a_whole_still_gets_its_status(world: World) -> None:
    world.hands.failing[KEY] = lambda one: Invalid("x") if isinstance(one, AddFinalizer) else None
    world.add("a", {"git": 5})
    world.work(0.5)
    assert "WriteStatus" in kinds(world)


def test_one_that_cannot_be_marked_goes_on_where_many_wait(world: World) -> None:
    """Seen to fail when a mark that was refused counted as a step: it gave way for ever."""
    world.hands.failing[KEY] = lambda one: Invalid("x") if isinstance(one, AddFinalizer) else None
    for name in ("a", "b", "c"):
        world.add(name)
    world.queue.take_now()
    for _ in range(3):
        world.reconciler.look(KEY)
    assert kinds(world).count("WriteStatus") == 1
    assert ("a", "error") not in world.near.results


def test_what_never_comes_to_rest_is_slowed_down_and_complained_about(world: World) -> None:
    def undone(action: Action) -> Exception | None:
        # Somebody takes the finalizer away whenever it was added.
        if isinstance(action, AddFinalizer):
            world.hands.done.append((KEY, action))
            world.cluster.saw(world.cluster.crs, a_cr("a"))
        return None

    def write(cr: ObjectMeta, action: Action) -> None:
        del cr
        undone(action)

    world.reconciler.hands = type("Undone", (), {"write": staticmethod(write)})()
    world.add("a")
    world.work(30.0)
    assert any("does not come to rest" in text for _, text in world.near.complaints)
    assert len(world.hands.done) < MOST_ROUNDS + 12


def test_a_cr_that_has_much_to_tell_is_not_taken_for_one_that_never_rests(world: World) -> None:
    """Every look writes a new status, because agents go on reporting."""
    world.add("a")
    world.cluster.saw(world.cluster.pods, a_pod("gw-0", "a"))
    world.work()
    world.answer()
    world.work()
    for number in range(3 * MOST_ROUNDS):
        world.cluster.saw(world.cluster.notes, a_report("a", "gw-0", number + 1, drift=number))
        world.work(0.15)
    seen = world.cluster.cr(KEY)
    assert seen is not None
    assert seen.status.discovered_gateways[0].drift == 3 * MOST_ROUNDS - 1
    assert world.near.complaints == []


def test_an_event_that_cannot_be_written_stops_nothing(world: World) -> None:
    world.near.mute = Forbidden("no events")
    world.add("a")
    world.work()
    world.answer()
    world.work()
    assert ("a", "error") not in world.near.results
    assert "no events" in world.near.complaints[0][1]


def test_who_begins_to_lead_does_not_act_on_what_it_learnt_before(world: World) -> None:
    """Another one led meanwhile, and has told the agents of a newer commit."""
    world.add("a")
    world.work()
    world.answer()
    world.work()
    known = len(world.hands.done)
    world.reconciler.start_over()
    world.queue.add(KEY)
    world.work()
    assert "WriteMetadata" not in kinds(world)[known:]
    assert len(world.near.asked) == 1
    # Nor on an answer that it was still waiting for.
    assert (KEY,) in world.near.forgotten


def test_a_look_that_began_before_it_led_again_writes_nothing_more(world: World) -> None:
    def interrupted(action: Action) -> Exception | None:
        if isinstance(action, AddFinalizer):
            world.reconciler.start_over()
        return None

    world.hands.failing[KEY] = interrupted
    world.add("a")
    world.work(0.04)
    assert kinds(world) == ["AddFinalizer"]
    assert world.near.results == [("a", "abandoned")]
    world.hands.failing.clear()
    world.queue.add(KEY)
    world.work()
    assert "WriteStatus" in kinds(world)


def test_a_cr_that_is_gone_is_forgotten_by_all(world: World) -> None:
    world.add("a")
    world.work()
    world.cluster.lost(world.cluster.crs, a_cr("a"))
    world.work()
    assert world.near.forgotten == [(KEY,), (KEY,), KEY]
    # An answer that comes too late is nobody's.
    world.answer()
    world.work()
    assert world.near.results[-1] == ("a", "success")


class TestTokens:
    """GitHub Apps."""

    def exchange(self, world: World) -> ExchangeToken:
        world.add("a", WITH_APP)
        world.work()
        ((_, exchange),) = world.near.exchanges
        return exchange

    def test_come_first_and_the_question_after(self, world: World) -> None:
        exchange = self.exchange(world)
        assert world.near.asked == []
        token = InstallationToken("ghs_x", (NOW.timestamp() + 3600))
        world.reconciler.token_came(KEY, exchange, token)
        world.work()
        assert world.hands.tokens == ["ghs_x"]
        assert [key for key, _ in world.near.asked] == [KEY]
        seen = world.cluster.snapshot(KEY, Memory(), Settings())
        assert seen is not None
        assert isinstance(seen.spec, GatewaySyncSpec)
        auth = seen.spec.git.auth.method
        assert isinstance(auth, GitHubAppAuth)
        assert seen.owned.token is not None
        assert seen.owned.token.key == token_key(auth)

    def test_are_asked_for_once_until_the_answer_comes(self, world: World) -> None:
        self.exchange(world)
        for _ in range(3):
            world.queue.add(KEY)
            world.work()
        assert len(world.near.exchanges) == 1

    def test_a_refusal_is_told_in_the_status(self, world: World) -> None:
        exchange = self.exchange(world)
        world.reconciler.token_came(KEY, exchange, GitHubAppFailed("HTTP 401", status=401))
        world.work()
        status = world.cluster.cr(KEY)
        assert status is not None
        told = status.status.conditions.get("RefResolved")
        assert told is not None
        assert told.reason == "GitHubAppExchangeFailed"

    def test_one_that_cannot_be_stored_counts_as_failed(self, world: World) -> None:
        exchange = self.exchange(world)

        def refuse(*_: object) -> None:
            raise Forbidden("no Secrets", where="secrets")

        world.reconciler.hands = evolve_hands(world.hands, refuse)
        token = InstallationToken("ghs_x", (NOW.timestamp() + 3600))
        world.reconciler.token_came(KEY, exchange, token)
        world.work()
        seen = world.cluster.cr(KEY)
        assert seen is not None
        told = seen.status.conditions.get("RefResolved")
        assert told is not None
        assert "no Secrets" in told.message

    def test_the_secret_is_looked_for_now_and_then_and_not_each_time(self, world: World) -> None:
        self.exchange(world)
        for _ in range(5):
            world.queue.add(KEY)
            world.work()
        assert world.hands.looks == 1
        world.time += 61.0
        world.queue.add(KEY)
        world.work()
        assert world.hands.looks == 2

    def test_one_that_is_gone_is_missed_when_the_git_server_cannot_be_asked(
        self, world: World
    ) -> None:
        exchange = self.exchange(world)
        token = InstallationToken("ghs_x", (NOW.timestamp() + 3600))
        world.reconciler.token_came(KEY, exchange, token)
        world.work()
        ((_, resolve),) = world.near.asked
        world.hands.tokens.clear()
        world.time += 31.0  # not twice within half a minute
        world.reconciler.settled(KEY, resolve.question, GitHubAppFailed("there is no such Secret"))
        world.work()
        assert len(world.near.exchanges) == 2


def evolve_hands(hands: Hands, store: Callable[..., None]) -> Any:
    made: Any = evolve(hands)
    return type(
        "Refusing",
        (),
        {"write": made.write, "look_for_token": made.look_for_token, "store_token": store},
    )
