"""A decision that was carried out is followed by one with nothing to do.

One question can lead to the next (a token, then the refs), and an answer to what it is written to;
after that, at the same instant, there is nothing left. Also: decisions wake later than now, and
neither an earlier nor a later clock makes a storm.
"""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st

from property.strategies.reports import NOW
from property.strategies.snapshots import (
    A,
    B,
    C,
    World,
    a_snapshot,
    a_spec,
    advertised,
    settle,
    snapshots,
    specs,
    worlds,
)
from stoker.core.errors import InvalidDocument
from stoker.core.names import (
    REQUESTED_REF,
    changes_config_map,
    metadata_config_map,
    status_config_map,
)
from stoker.core.reconcile import (
    AddFinalizer,
    DeleteObject,
    EmitEvent,
    EnsureBinding,
    EnsureConfigMap,
    EnsureRole,
    ExchangeToken,
    ObjectName,
    RemoveFinalizer,
    Resolve,
    Snapshot,
    WriteMetadata,
    WriteStatus,
    agent_rules,
    decide,
    turn_of,
)
from stoker.core.spec import GatewaySyncSpec

ASKS = (Resolve, ExchangeToken)


@given(snapshots(), worlds)
def test_quiescence(snapshot: Snapshot, world: World) -> None:
    """Seen to fail with an answer that did not count its failure, and an event without memory.

    Also with rows that told the time of the look, and without the ownership check of `upkeep`.
    """
    decision = decide(snapshot, NOW)
    after, world = world.carry_out(snapshot, decision, NOW)
    if not any(isinstance(action, ASKS) for action in decision.actions):
        assert decide(after, NOW).actions == ()
    # At most: a token, the refs, what follows from them.
    settle(after, NOW, world, rounds=3)


@given(snapshots(), worlds, specs())
def test_quiescence_after_an_edit(
    snapshot: Snapshot, world: World, edited: GatewaySyncSpec | InvalidDocument
) -> None:
    """Seen to fail with a status that was written whenever the generation is not the first."""
    settled, _ = settle(snapshot, NOW, world)
    metadata = evolve(settled.metadata, generation=settled.metadata.generation + 1)
    settle(evolve(settled, spec=edited, metadata=metadata), NOW + timedelta(seconds=7), world)


BRANCHES = {"main": A, "next": B, "later": C}
edits = st.lists(
    st.tuples(st.sampled_from(sorted(BRANCHES)), st.none() | st.sampled_from(sorted(BRANCHES))),
    min_size=1,
    max_size=5,
)


@given(edits)
def test_each_edit_and_each_request_gets_its_own_answer(
    steps: list[tuple[str, str | None]],
) -> None:
    """Seen to fail with an answer that was taken for that of another question."""
    snapshot, world = a_snapshot(), World(git=advertised(**BRANCHES))
    for number, (ref, requested) in enumerate(steps, start=2):
        asked = {} if requested is None else {REQUESTED_REF: requested}
        metadata = evolve(snapshot.metadata, generation=number, annotations=asked)
        edited = evolve(snapshot, spec=a_spec(ref=ref), metadata=metadata)
        snapshot, _ = settle(edited, NOW + timedelta(seconds=number), world)
        told = snapshot.owned.metadata
        assert told is not None
        assert (told.ref, told.commit) == (requested or ref, BRANCHES[requested or ref])
        assert snapshot.status.last_sync_commit == told.commit


@given(snapshots(), worlds, st.sampled_from((-86_400, -61, -1, 0, 1, 29, 31, 61, 86_400)))
def test_a_clock_that_jumps_makes_one_question_each_at_most(
    snapshot: Snapshot, world: World, jump: int
) -> None:
    """Seen to fail with a poll that was due for as long as the clock was behind the answer."""
    settled, _ = settle(snapshot, NOW, world)
    then = NOW + timedelta(seconds=jump)
    again, after = settle(settled, then, evolve(world, done=()))
    for kind in ASKS:
        assert sum(isinstance(action, kind) for action in after.done) <= 1
    assert decide(again, then).actions == ()


@given(snapshots(), worlds)
def test_what_fails_is_tried_again_after_the_wait_and_not_before(
    snapshot: Snapshot, world: World
) -> None:
    """Seen to fail with a `wake_at` that left out the questions."""
    settled, _ = settle(snapshot, NOW, world)
    wake = decide(settled, NOW).wake_at
    told = settled.status.conditions.get("RefResolved")
    if told is not None and "next try at" in told.message and not snapshot.metadata.deleting:
        assert wake is not None
        assert wake <= NOW + timedelta(seconds=30)
    if wake is None:
        return
    assert NOW + timedelta(seconds=1) <= wake <= NOW + timedelta(seconds=3600)
    between = NOW + (wake - NOW) / 2
    if (wake - NOW) > timedelta(seconds=4):
        early = decide(settled, between)
        assert not any(isinstance(action, ASKS) for action in early.actions)


@given(snapshots(), worlds)
def test_order_of_actions(snapshot: Snapshot, world: World) -> None:
    """Seen to fail with events in front of the status that they tell of."""
    settled, _ = settle(snapshot, NOW, world)
    for look in (snapshot, evolve(settled, spec=snapshot.spec)):
        actions = decide(look, NOW).actions
        ranks = [_RANK[type(action)] for action in actions]
        assert ranks == sorted(ranks)
        turns = [turn_of(action) for action in actions]
        assert turns == sorted(turns)


_RANK: dict[type, int] = {
    AddFinalizer: 0,
    ExchangeToken: 1,
    Resolve: 2,
    EnsureRole: 3,
    EnsureBinding: 4,
    WriteMetadata: 5,
    WriteStatus: 6,
    EmitEvent: 7,
    EnsureConfigMap: 8,
    DeleteObject: 9,
    RemoveFinalizer: 10,
}


@given(snapshots(), worlds)
def test_a_pause_asks_git_nothing_and_moves_no_commit(snapshot: Snapshot, world: World) -> None:
    """Seen to fail with a paused CR that wrote its resolution into the metadata."""
    spec = snapshot.spec
    assume(not isinstance(spec, InvalidDocument) and not snapshot.metadata.deleting)
    assert isinstance(spec, GatewaySyncSpec)
    assume(not snapshot.namespace_terminating)
    settled, _ = settle(snapshot, NOW, world)
    told = settled.owned.metadata
    paused = evolve(settled, spec=evolve(spec, paused=True))
    after, world = settle(paused, NOW, evolve(world, done=()))
    assert not any(isinstance(action, Resolve) for action in world.done)
    now_told = after.owned.metadata
    assert now_told is not None
    assert now_told.paused
    if told is not None:
        assert now_told == evolve(told, paused=True)


@given(snapshots(), worlds)
def test_the_end_leaves_nothing_of_ours_and_all_of_others(snapshot: Snapshot, world: World) -> None:
    """Seen to fail with a farewell that deleted every object with our label."""
    metadata = evolve(snapshot.metadata, deleting=False)
    alive = evolve(snapshot, metadata=metadata, namespace_terminating=False)
    settled, _ = settle(alive, NOW, world)
    leaving = evolve(settled, metadata=evolve(settled.metadata, deleting=True))
    gone, _ = settle(leaving, NOW, evolve(world, done=()))
    assert gone.owned.objects == settled.owned.objects & {ObjectName("ConfigMap", "somebody-s")}
    assert "stoker.io/finalizer" not in gone.metadata.finalizers


@given(st.lists(st.sampled_from(("blue-0", "blue-1", "red-0")), max_size=5))
def test_agents_may_touch_what_the_contract_names_and_nothing_else(pods: list[str]) -> None:
    """Seen to fail with a rule without names where there are no pods: it would allow them all."""
    rules = agent_rules("site", pods)
    reach = {
        (verb, name)
        for rule in rules
        if rule.resource == "configmaps"
        for verb in rule.verbs
        for name in rule.names or ("*",)
    }
    reports = {f("site", pod) for pod in pods for f in (status_config_map, changes_config_map)}
    assert reach == {
        *((verb, metadata_config_map("site")) for verb in ("get", "list", "watch")),
        *((verb, name) for verb in ("get", "update", "patch") for name in reports),
    }
    others = [rule for rule in rules if rule.resource != "configmaps"]
    assert [(rule.resource, rule.verbs, rule.names) for rule in others] == [
        ("events", ("create",), ())
    ]
