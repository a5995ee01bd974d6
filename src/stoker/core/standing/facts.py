"""What is known of one GatewaySync when somebody asks how it stands.

All of it is from outside: the resource as the API server has it, what the agents have reported, the
pods, and what was told of late. Only the resource is always there. Whoever asks may lack the right
to see the rest; then it is simply empty, and less can be said.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

from attrs import field, frozen

from stoker.core import names
from stoker.core.errors import InvalidDocument
from stoker.core.pods import Pod
from stoker.core.pods.json_shapes import members, objects, text
from stoker.core.report import GatewayReport, report_text
from stoker.core.spec import GatewaySyncSpec, GatewaySyncStatus
from stoker.core.spec.types import ObjectMeta


@frozen(kw_only=True)
class AgentState:
    """How the agent's container is, as the kubelet tells it."""

    waiting: str = ""
    """Why it does not run, such as `ImagePullBackOff`; "" when it runs, or nothing is known."""
    message: str = field(default="", converter=report_text)
    restarts: int = 0
    last_end: str = ""
    """Why it ended the last time, such as `OOMKilled`."""


@frozen(kw_only=True)
class PodFacts:
    """A gateway's pod."""

    pod: Pod
    agent: AgentState = AgentState()
    unscheduled: str = field(default="", converter=report_text)
    """Why no node takes it."""

    @classmethod
    def of(cls, raw: object) -> Self:
        """View the JSON of a pod; `DecodeError` when it is no object at all."""
        pod = Pod.of(raw)
        status = members(members(raw).get("status"))
        return cls(pod=pod, agent=_agent(status), unscheduled=_unscheduled(status))


@frozen(kw_only=True)
class Happening:
    """One event, as Kubernetes keeps it."""

    at: datetime | None
    reason: str = field(converter=report_text)
    message: str = field(converter=report_text)
    is_warning: bool = False
    count: int = 1

    @classmethod
    def of(cls, raw: object) -> Self:
        """View the JSON of an event, whatever it holds."""
        event = members(raw)
        series = members(event.get("series"))
        times = (
            _moment(source.get(name))
            for source, name in (
                (series, "lastObservedTime"),
                (event, "lastTimestamp"),
                (event, "eventTime"),
                (event, "firstTimestamp"),
            )
        )
        count = series.get("count", event.get("count"))
        return cls(
            at=next((time for time in times if time is not None), None),
            reason=text(event.get("reason")),
            message=text(event.get("message")),
            is_warning=event.get("type") == "Warning",
            count=count if type(count) is int and count > 0 else 1,
        )


@frozen(kw_only=True)
class Facts:
    """One GatewaySync at one moment."""

    now: datetime
    metadata: ObjectMeta
    spec: GatewaySyncSpec | InvalidDocument
    status: GatewaySyncStatus
    reports: Mapping[str, GatewayReport] = field(factory=dict)
    """What the agents said last, by pod."""
    pods: Mapping[str, PodFacts] = field(factory=dict)
    """By name."""
    happenings: tuple[Happening, ...] = ()
    """The newest last."""


def _agent(status: Mapping[str, Any]) -> AgentState:
    # A native sidecar is an init container; one that was written by hand may be either.
    kinds = ("initContainerStatuses", "containerStatuses")
    for container in (one for kind in kinds for one in objects(status.get(kind))):
        if container.get("name") == names.AGENT_CONTAINER:
            waiting = members(members(container.get("state")).get("waiting"))
            ended = members(members(container.get("lastState")).get("terminated"))
            restarts = container.get("restartCount")
            return AgentState(
                waiting=text(waiting.get("reason")),
                message=text(waiting.get("message")),
                restarts=restarts if type(restarts) is int and restarts > 0 else 0,
                last_end=text(ended.get("reason")),
            )
    return AgentState()


def _unscheduled(status: Mapping[str, Any]) -> str:
    for condition in objects(status.get("conditions")):
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return text(condition.get("message")) or text(condition.get("reason"))
    return ""


def _moment(written: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text(written))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
