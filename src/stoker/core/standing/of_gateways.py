"""What may be wrong with gateways; those with the same problem share a step."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.conditions import ConditionReason, ConditionStatus, ConditionType
from stoker.core.spec.status import SyncStatus
from stoker.core.standing.gateway import gateways
from stoker.core.standing.of_sync import where
from stoker.core.standing.steps import Step, StepKind
from stoker.core.standing.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stoker.core.standing.facts import Facts, PodFacts
    from stoker.core.standing.gateway import GatewayStanding
    from stoker.core.standing.summary import Summary

SOON: Final = timedelta(seconds=90)
"""How long a container may take to start before anybody needs to look."""
BEHIND: Final = timedelta(seconds=30)
"""How long the status may lack what an agent has reported."""

_STARTING: Final = frozenset({"", "PodInitializing", "ContainerCreating"})
_CURES: Final = {
    "ErrImagePull": "see that the image exists, and that imagePullSecrets let the node pull it",
    "ImagePullBackOff": "see that the image exists, and that imagePullSecrets let the node pull it",
    "InvalidImageName": "correct agentImage of the chart, or spec.agent.image",
    "CreateContainerConfigError": "make the Secret or the key that the message names",
}


@frozen
class _Trouble:
    """What several gateways may have in common."""

    kind: StepKind
    what: str
    cure: str


def of_gateways(facts: Facts) -> Iterator[Step]:
    """Their steps, in no order."""
    summary = summarise(facts.metadata, facts.spec, facts.status)
    found: dict[_Trouble, list[str]] = defaultdict(list)
    for gateway in gateways(facts):
        for trouble in _troubles(facts, gateway):
            found[trouble].append(gateway.row.pod_name)
    for trouble, pods in found.items():
        yield Step(
            kind=trouble.kind,
            what=trouble.what,
            cure=trouble.cure,
            command=_command(trouble.kind, summary, pods),
            gateways=tuple(pods),
        )
    yield from _silent(facts, summary)


def _troubles(facts: Facts, gateway: GatewayStanding) -> Iterator[_Trouble]:
    pod = facts.pods.get(gateway.row.pod_name)
    held_up = tuple(_of_pod(facts, pod)) if pod else ()
    yield from held_up
    match gateway.status:
        case SyncStatus.MISSING_SIDECAR:
            what = "it runs without an agent: the webhook was not there when the pod was made"
            cure = "delete the pod, so that it is made again with one"
            yield _Trouble(StepKind.MISSING_SIDECAR, what, cure)
        case SyncStatus.ERROR if not held_up:
            yield _failed(gateway)
        case SyncStatus.ROLLED_BACK:
            yield _rolled_back(gateway)
        case SyncStatus.BLOCKED:
            yield _blocked(gateway)
        case SyncStatus.PAUSED:
            yield from _paused(facts)
        case SyncStatus.DRY_RUN:
            what = "its profile is a dry run: what a sync would change is listed, and not written"
            cure = "look at the list, then take dryRun from the profile"
            yield _Trouble(StepKind.DRY_RUN, what, cure)
    if gateway.row.drift:
        what = "files differ from what was applied: somebody has changed them on the gateway"
        cure = "commit what is to stay; driftAction: restore puts the rest back"
        yield _Trouble(StepKind.DRIFT, what, cure)
    yield from _behind(facts, gateway)


def _of_pod(facts: Facts, pod: PodFacts) -> Iterator[_Trouble]:
    """What keeps the agent from running."""
    agent, age = pod.agent, facts.now - (pod.pod.created or facts.now)
    if pod.unscheduled:
        what = f"no node takes the pod: {pod.unscheduled}"
        yield _Trouble(
            StepKind.POD_NOT_STARTED, what, "make room, or correct what the pod asks for"
        )
    elif agent.waiting == "CrashLoopBackOff":
        ended = f", the last time by {agent.last_end}" if agent.last_end else ""
        what = f"its agent ends again and again{ended}"
        yield _Trouble(StepKind.AGENT_RESTARTS, what, "see what it said before it ended")
    elif agent.waiting not in _STARTING or (agent.waiting and age > SOON):
        told = f": {agent.message}" if agent.message else ""
        cure = _CURES.get(agent.waiting, "see the events of the pod")
        what = f"its agent does not start: {agent.waiting}{told}"
        yield _Trouble(StepKind.POD_NOT_STARTED, what, cure)


def _failed(gateway: GatewayStanding) -> _Trouble:
    what = gateway.row.error_message or "the last sync failed"
    return _Trouble(
        StepKind.SYNC_FAILED, what, "put right what it names; it is tried again by itself"
    )


def _rolled_back(gateway: GatewayStanding) -> _Trouble:
    said = gateway.row.error_message or gateway.row.last_scan_result
    what = f"the gateway refused the commit, and its files were put back: {said}"
    return _Trouble(StepKind.ROLLED_BACK, what, "correct the files and push; the log has more")


def _blocked(gateway: GatewayStanding) -> _Trouble:
    number = gateway.designers
    open_ones = f"{number} Designer session{'s are' if number != 1 else ' is'} open"
    what = open_ones if number else "a Designer is open"
    cure = "have the Designers save and close, or set designerSessionPolicy: proceed"
    return _Trouble(StepKind.DESIGNER_OPEN, f"{what} in what the sync would change", cure)


def _paused(facts: Facts) -> Iterator[_Trouble]:
    ready = facts.status.conditions.get(ConditionType.READY)
    if ready is not None and ready.reason == ConditionReason.PAUSED:
        return  # the GatewaySync itself is paused, which is told once
    what = "its profile is paused: the gateway keeps what it has"
    yield _Trouble(StepKind.PROFILE_PAUSED, what, "take paused from the profile when it may go on")


def _behind(facts: Facts, gateway: GatewayStanding) -> Iterator[_Trouble]:
    """An agent that has told of trouble which nobody has written down."""
    told, at = gateway.reported, gateway.reported_at
    is_late = at is not None and facts.now - at > BEHIND
    if gateway.status is SyncStatus.SYNCED and is_late and told not in {None, SyncStatus.SYNCED}:
        what = f"its agent reports {told}, and the status does not say so"
        cure = "see that the controller runs: nobody keeps this status up to date"
        yield _Trouble(StepKind.STATUS_BEHIND, what, cure)


def _silent(facts: Facts, summary: Summary) -> Iterator[Step]:
    """Agents that nobody hears of; the condition is the one that knows since when."""
    condition = facts.status.conditions.get(ConditionType.AGENT_READY)
    if condition is not None and condition.status is ConditionStatus.FALSE:
        yield Step(
            kind=StepKind.AGENT_SILENT,
            what=condition.message,
            cure="see whether their pods run and reach the API server",
            command=f"kubectl stoker logs {where(summary)}",
        )


def _command(kind: StepKind, summary: Summary, pods: Sequence[str]) -> str:
    sync, namespace = where(summary), summary.namespace
    one = f" --gateway {pods[0]}" if len(pods) == 1 else ""
    commands = {
        StepKind.MISSING_SIDECAR: f"kubectl delete pod -n {namespace} {' '.join(pods)}",
        StepKind.POD_NOT_STARTED: f"kubectl describe pod -n {namespace} {pods[0]}",
        StepKind.AGENT_RESTARTS: f"kubectl stoker logs {sync} --gateway {pods[0]} --previous",
        StepKind.DRY_RUN: f"kubectl stoker diff {sync}{one}",
        StepKind.STATUS_BEHIND: "kubectl get pods -A -l app.kubernetes.io/part-of=stoker",
        StepKind.PROFILE_PAUSED: f"kubectl edit gatewaysync {sync}",
    }
    return commands.get(kind, f"kubectl stoker logs {sync}{one}")
