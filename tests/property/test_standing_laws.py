"""What people are told of a GatewaySync, whatever agents, pods and the controller have written."""

from __future__ import annotations

import json

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.conditions import Condition, Conditions, ConditionStatus, ConditionType
from stoker.core.spec.status import DiscoveredGateway, SyncStatus
from stoker.core.standing import AgentState, Facts, PodFacts, next_steps
from stoker.entrypoints.cli.standing import sync_text
from stoker.entrypoints.cli.standing.document import sync_document
from stoker.entrypoints.cli.standing.gathering import Gathered
from stoker.entrypoints.cli.standing.layout import Look
from support.standing import COMMIT, NOW, OTHER, ago, facts, pod, report, row

IN_NEED = {
    SyncStatus.ERROR, SyncStatus.MISSING_SIDECAR, SyncStatus.ROLLED_BACK, SyncStatus.BLOCKED,
    SyncStatus.DRY_RUN,
}  # fmt: skip

texts = st.text(max_size=30)
commits = st.sampled_from(["", COMMIT, OTHER])
moments = st.sampled_from([None, NOW, ago(seconds=5), ago(hours=3)])
statuses = st.sampled_from(SyncStatus)


@st.composite
def rows(draw: st.DrawFn) -> list[DiscoveredGateway]:
    names = draw(st.lists(st.sampled_from(["a-0", "a-1", "b-0"]), unique=True))
    return [
        row(
            name,
            draw(statuses),
            name=draw(st.sampled_from([name, "north"])),
            error_message=draw(texts),
            synced_commit=draw(commits),
            last_sync_time=draw(moments),
            drift=draw(st.integers(0, 2)),
        )
        for name in names
    ]


@st.composite
def conditions(draw: st.DrawFn) -> Conditions:
    kinds = draw(st.lists(st.sampled_from([*ConditionType, "OfTomorrow"]), unique=True))
    reasons = st.sampled_from(["Paused", "NoGatewaysDiscovered", "Because"])
    return Conditions.of(
        Condition(
            kind, draw(st.sampled_from(ConditionStatus)), draw(reasons), draw(texts), ago(hours=1)
        )
        for kind in kinds
    )


@st.composite
def agents(draw: st.DrawFn, name: str) -> PodFacts:
    waiting = draw(st.sampled_from(["", "PodInitializing", "CrashLoopBackOff", "Odd"]))
    known = pod(name, uid=draw(st.sampled_from([f"uid-{name}", "other"])))
    agent = AgentState(waiting=waiting, message=draw(texts), last_end=draw(texts))
    return PodFacts(pod=known.pod, agent=agent, unscheduled=draw(st.sampled_from(["", "no room"])))


@st.composite
def anything(draw: st.DrawFn) -> Facts:
    found = draw(rows())
    names = [one.pod_name for one in found]
    return facts(
        *found,
        status={
            "conditions": draw(conditions()),
            "last_sync_commit": draw(commits),
            "last_sync_ref": draw(texts),
            "observed_generation": draw(st.integers(0, 2)),
        },
        reports=[
            report(name, draw(statuses), reported_at=draw(moments))
            for name in names
            if draw(st.booleans())
        ],
        pods=[draw(agents(name)) for name in names if draw(st.booleans())],
    )


@pytest.mark.parametrize("status", sorted(IN_NEED))
@given(known=anything())
def test_no_gateway_in_need_is_passed_over(status: SyncStatus, known: Facts) -> None:
    """Seen to fail without a step for blocked gateways."""
    rows_ = (*known.status.discovered_gateways, row("z-0", status))
    known = evolve(known, status=evolve(known.status, discovered_gateways=rows_))
    told = {name for step in next_steps(known) for name in step.gateways}
    for gateway in known.status.discovered_gateways:
        if gateway.sync_status in IN_NEED or gateway.drift:
            assert gateway.pod_name in told


@given(anything())
def test_every_step_has_a_cure_and_they_come_in_one_order(known: Facts) -> None:
    steps = next_steps(known)
    assert all(step.cure for step in steps)
    assert [step.rank for step in steps] == sorted(step.rank for step in steps)
    assert len(set(steps)) == len(steps), "nothing is told twice"


@given(anything(), st.sampled_from([None, 64, 80, 120]))
def test_whatever_was_written_a_terminal_shows_text_and_no_more(
    known: Facts, width: int | None
) -> None:
    """Seen to fail with the message of an error shown as it is."""
    shown = sync_text.text(Gathered(known), Look(width=width))
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert json.loads(json.dumps(sync_document(Gathered(known))))["name"] == "line-a"
