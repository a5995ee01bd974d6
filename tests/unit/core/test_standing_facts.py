"""What is read of pods and events, whatever the API server sends."""

from __future__ import annotations

from typing import Any

import pytest

from stoker.core.errors import DecodeError
from stoker.core.standing import AgentState, Happening, PodFacts


def pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a-0", "namespace": "plant", "uid": "u"}, "status": status}


def container(name: str = "stoker-agent", **state: Any) -> dict[str, Any]:
    return {"name": name, **state}


def test_a_pod_that_runs_says_nothing_of_note() -> None:
    running = container(state={"running": {}}, restartCount=0)
    facts = PodFacts.of(pod(initContainerStatuses=[container("other"), running]))
    assert facts.pod.name == "a-0"
    assert facts.agent == AgentState()
    assert facts.unscheduled == ""


def test_why_the_agent_waits_is_told_of_either_kind_of_container() -> None:
    waits = container(
        state={"waiting": {"reason": "CrashLoopBackOff", "message": "back-off\x1b[31m"}},
        lastState={"terminated": {"reason": "OOMKilled"}},
        restartCount=4,
    )
    expected = AgentState(
        waiting="CrashLoopBackOff", message="back-off\ufffd[31m", restarts=4, last_end="OOMKilled"
    )
    for kind in ("initContainerStatuses", "containerStatuses"):
        assert PodFacts.of(pod(**{kind: [waits]})).agent == expected


@pytest.mark.parametrize("restarts", [None, True, -1, "4"])
def test_a_strange_number_of_restarts_is_none(restarts: object) -> None:
    odd = container(restartCount=restarts, state="odd", lastState=[])
    assert PodFacts.of(pod(containerStatuses=[odd])).agent == AgentState()


def test_a_pod_that_no_node_takes_says_why() -> None:
    other = {"type": "Ready", "status": "False", "message": "no"}
    named = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    for condition, told in (
        ({**named, "message": "0/1 nodes are available"}, "0/1 nodes are available"),
        (named, "Unschedulable"),
        ({**named, "status": "True"}, ""),
    ):
        assert PodFacts.of(pod(conditions=[other, condition])).unscheduled == told


def test_what_is_no_pod_is_refused() -> None:
    with pytest.raises(DecodeError):
        PodFacts.of([])


@pytest.mark.parametrize(
    ("event", "at", "count"),
    [
        ({"lastTimestamp": "2026-01-31T12:00:00Z", "count": 3}, 12, 3),
        ({"firstTimestamp": "2026-01-31T11:00:00Z"}, 11, 1),
        ({"eventTime": "2026-01-31T10:00:00.123456Z", "lastTimestamp": None}, 10, 1),
        ({"eventTime": "2026-01-31T09:00:00"}, 9, 1),
        ({"series": {"lastObservedTime": "2026-01-31T08:00:00Z", "count": 7}, "count": 1}, 8, 7),
        ({"lastTimestamp": "yesterday", "count": 0}, None, 1),
        ({}, None, 1),
    ],
)
def test_an_event_says_when_it_was_last_seen(
    event: dict[str, Any], at: int | None, count: int
) -> None:
    happening = Happening.of({**event, "type": "Warning", "reason": "R", "message": "m\x00"})
    assert (happening.at.hour if happening.at else None) == at
    assert happening.at is None or happening.at.tzinfo is not None
    assert (happening.count, happening.is_warning) == (count, True)
    assert (happening.reason, happening.message) == ("R", "m\ufffd")


def test_what_is_no_event_says_nothing() -> None:
    assert Happening.of(None) == Happening(at=None, reason="", message="")
