"""What may be wrong with a GatewaySync as a whole."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from stoker.core import names
from stoker.core.conditions import ConditionStatus, ConditionType
from stoker.core.refs import RequestedRef, read_request
from stoker.core.standing.steps import Step, StepKind
from stoker.core.standing.summary import State, summarise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.core.conditions import Condition
    from stoker.core.standing.facts import Facts
    from stoker.core.standing.summary import Summary

UNRESOLVABLE: Final = "RequestedRefUnresolvable"
"""The reason of the event by which the controller says that it ignores a request."""


def of_sync(facts: Facts) -> Iterator[Step]:
    """Its steps, in no order."""
    summary = summarise(facts.metadata, facts.spec, facts.status)
    yield from _unattended(facts, summary)
    if summary.state is State.PAUSED:
        yield _paused(summary)
    for condition in facts.status.conditions:
        if condition.status is ConditionStatus.FALSE:
            yield from _condition(condition, summary)
    yield from _ignored(facts)


def where(summary: Summary) -> str:
    """As the plugin's commands name it: `-n plant line-a`."""
    return f"-n {summary.namespace} {summary.name}"


def _unattended(facts: Facts, summary: Summary) -> Iterator[Step]:
    match summary.state:
        case State.UNSEEN if facts.status.observed_generation:
            what = "the controller has not looked at the latest change of the spec yet"
        case State.UNSEEN:
            what = "no controller has ever looked at it"
        case State.DELETING:
            yield Step(
                kind=StepKind.DELETING,
                what="it is being deleted, and waits for the controller to clear up",
                cure="see that the controller runs; its log says what keeps it",
                command="kubectl get pods -A -l app.kubernetes.io/part-of=stoker",
            )
            return
        case _:
            return
    yield Step(
        kind=StepKind.NOT_SEEN,
        what=what,
        cure="see that the controller runs, and that the chart's watchNamespaces has this"
        f" namespace ({summary.namespace}) or is empty",
        command="kubectl get pods -A -l app.kubernetes.io/part-of=stoker",
    )


def _paused(summary: Summary) -> Step:
    change = shlex.quote('{"spec":{"paused":false}}')
    return Step(
        kind=StepKind.PAUSED,
        what="spec.paused is true: no ref is resolved, and gateways keep what they have",
        cure="set it to false when syncing may go on",
        command=f"kubectl patch gatewaysync {where(summary)} --type merge -p {change}",
    )


def _condition(condition: Condition, summary: Summary) -> Iterator[Step]:
    """The step for a condition that is false."""
    match condition.type:
        case ConditionType.PROFILES_VALID:
            yield Step(
                kind=StepKind.PROFILES_INVALID,
                what=f"the spec cannot be used: {condition.message}",
                cure="correct it and apply it anew; stoker validate FILE checks a manifest before",
                command=f"kubectl edit gatewaysync {where(summary)}",
            )
        case ConditionType.REF_RESOLVED:
            yield Step(
                kind=StepKind.REF_NOT_RESOLVED,
                what=condition.message,
                cure="put right what it names; the next try comes by itself, or at once with",
                command=f"kubectl stoker sync {where(summary)}",
            )
        case ConditionType.ALL_GATEWAYS_SYNCED if not summary.gateways:
            yield Step(
                kind=StepKind.NO_GATEWAYS,
                what="no pod belongs to it",
                cure=f'give the pods\' template the annotations {names.INJECT}: "true" and'
                f" {names.CR_NAME}: {summary.name}",
                command=f"kubectl get pods -n {summary.namespace}",
            )
        case ConditionType.SSH_HOST_KEY_VERIFICATION:
            yield Step(
                kind=StepKind.HOST_KEYS_UNCHECKED,
                what="anyone on the way can answer as the git server",
                cure="put its host keys into a Secret and name that in"
                " spec.git.auth.sshKey.knownHosts",
                command="ssh-keyscan HOST",
            )


def _ignored(facts: Facts) -> Iterator[Step]:
    """A request that the controller cannot follow, as long as it stands."""
    request = read_request(facts.metadata.annotations).request
    if not isinstance(request, RequestedRef) or request.ref == facts.status.last_sync_ref:
        return
    for happening in reversed(facts.happenings):
        is_later = happening.at is not None and happening.at >= request.at.replace(microsecond=0)
        if happening.reason == UNRESOLVABLE and is_later:
            yield Step(
                kind=StepKind.REQUEST_IGNORED,
                what=happening.message,
                cure="push that ref, or ask for one that the repository has",
            )
            return
