"""When a pod is decided from memory, and when only after another look.

Broken on purpose, and seen to fail: a refusal from memory told at once; a list that is not complete
trusted; a live reading that failed taken for an empty namespace; a dry run counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from attrs import define, evolve, field

from stoker.adapters.codec.admission import AdmissionRequest
from stoker.adapters.codec.crd import Seen, decode_seen
from stoker.adapters.kube.errors import Unreachable
from stoker.core.injection import Admission, Allowed, Denied, Injected
from stoker.entrypoints.webhook.admission.pods import PodJudge
from support.crs_api import gateway_sync
from support.pods import SETTINGS, a_pod

PROD = decode_seen(gateway_sync("prod"))
BROKEN = decode_seen({"metadata": {"name": "prod", "namespace": "plant"}, "spec": {"git": 5}})
AWAY = Unreachable("nobody answers", where="GET /apis")
UNASKED = a_pod()
del UNASKED["metadata"]["annotations"]["stoker.io/inject"]


@define
class Memory:
    """What is known, and what a live reading brings."""

    known: tuple[Seen, ...] = ()
    live: tuple[Seen, ...] | Exception | None = None
    trouble: str = ""
    elsewhere: bool = False
    read: list[str] = field(factory=list)

    def covers(self, namespace: str) -> bool:
        assert namespace == "plant"
        return not self.elsewhere

    def of(self, namespace: str) -> tuple[Seen, ...]:
        assert namespace == "plant"
        return self.known

    def ask(self, namespace: str) -> Future[tuple[Seen, ...]]:
        self.read.append(namespace)
        answer = Future[tuple[Seen, ...]]()
        match self.live:
            case None:
                pass
            case Exception() as error:
                answer.set_exception(error)
            case seen:
                answer.set_result(seen)
        return answer


def asked(pod: Any, **request: Any) -> AdmissionRequest:
    given = {"operation": "CREATE", "kind": "Pod", "namespace": "plant", **request}
    return AdmissionRequest(uid="u", object=pod, **given)


def judged(memory: Memory, pod: Any, *, seconds: float = 1.0, **request: Any) -> Admission:
    judge = PodJudge(memory, SETTINGS, lambda *_: None)
    return asyncio.run(judge.judge(asked(pod, **request), seconds))


def test_a_pod_whose_cr_is_known_waits_for_nobody() -> None:
    memory = Memory((PROD,))
    assert isinstance(judged(memory, a_pod()), Injected)
    assert memory.read == []


@pytest.mark.parametrize(
    ("pod", "request_"),
    [
        (UNASKED, {}),
        ({}, {}),
        (a_pod({"stoker.io/injected": "true"}), {}),
        (None, {}),
        (a_pod(), {"operation": "UPDATE"}),
        (a_pod(), {"operation": "DELETE"}),
        (a_pod(), {"kind": "Deployment"}),
        (a_pod(), {"subresource": "exec"}),
    ],
)
def test_what_asks_for_nothing_costs_nothing(pod: Any, request_: dict[str, Any]) -> None:
    memory = Memory(trouble="not listed yet")
    assert isinstance(judged(memory, pod, **request_), Allowed)
    assert memory.read == []


def test_a_cr_that_was_made_a_moment_ago_counts() -> None:
    memory = Memory((), (PROD,))
    assert isinstance(judged(memory, a_pod()), Injected)
    assert memory.read == ["plant"]


def test_a_refusal_is_looked_at_twice() -> None:
    memory = Memory((PROD,), (PROD,))
    match judged(memory, a_pod({"stoker.io/profile": "x"})):
        case Denied(message=message, code=403):
            assert "has no profile 'x'" in message
        case other:
            pytest.fail(str(other))
    assert memory.read == ["plant"]


def test_one_that_no_cr_would_change_is_told_at_once() -> None:
    memory = Memory((PROD,), AWAY)
    assert isinstance(judged(memory, a_pod({"stoker.io/inject": "maybe"})), Denied)
    assert memory.read == []


def test_a_list_that_is_not_complete_is_not_believed() -> None:
    other = evolve(PROD, metadata=evolve(PROD.metadata, name="other"))
    memory = Memory((PROD,), (PROD, other), trouble="not listed yet")
    match judged(memory, a_pod()):
        case Denied(message=message):
            assert "there are 2 GatewaySyncs" in message
        case decided:
            pytest.fail(str(decided))


@pytest.mark.parametrize("live", [AWAY, ValueError("a defect"), None])
def test_without_the_api_server_a_pod_that_needs_it_is_not_decided(live: Any) -> None:
    match judged(Memory((), live), a_pod(), seconds=0.05):
        case Denied(message=message, code=503):
            assert "cannot be read from the API server now" in message
            assert "create the pod again" in message
            assert "as far as is known" in message
            assert "there is no GatewaySync" in message
        case decided:
            pytest.fail(str(decided))


def test_without_the_api_server_what_memory_allows_is_allowed() -> None:
    assert isinstance(judged(Memory((PROD,), AWAY), a_pod()), Injected)


def test_a_cr_that_cannot_be_read_is_named_with_its_problems() -> None:
    match judged(Memory((BROKEN,), (BROKEN,)), a_pod()):
        case Denied(message=message, code=403):
            assert message.startswith("GatewaySync 'prod' cannot be read: spec.")
            assert "spec.git: must be an object" in message
            assert "kubectl edit" in message
        case decided:
            pytest.fail(str(decided))
    assert isinstance(judged(Memory((BROKEN,), (PROD,)), a_pod()), Injected)


def test_elsewhere_a_pod_passes_with_a_warning() -> None:
    memory = Memory((), (), elsewhere=True)
    match judged(memory, a_pod()):
        case Allowed(warnings=(warning,)):
            assert "watchNamespaces" in warning
            assert len(warning) <= 256
        case decided:
            pytest.fail(str(decided))
    assert judged(memory, UNASKED) == Allowed()
    assert memory.read == []


def test_one_who_gives_up_leaves_the_reading_to_others() -> None:
    turn = Future[tuple[Seen, ...]]()

    class Shared(Memory):
        def ask(self, namespace: str) -> Future[tuple[Seen, ...]]:
            assert namespace == "plant"
            return turn

    judge = PodJudge(Shared(), SETTINGS, lambda *_: None)

    async def both() -> list[Admission]:
        hasty = asyncio.create_task(judge.judge(asked(a_pod()), 0.02))
        patient = asyncio.create_task(judge.judge(asked(a_pod()), 5))
        await hasty
        assert not turn.cancelled()
        turn.set_result((PROD,))
        return [await hasty, await patient]

    hasty, patient = asyncio.run(both())
    assert isinstance(hasty, Denied)
    assert isinstance(patient, Injected)


@pytest.mark.parametrize(
    ("admission", "counted"),
    [
        (Injected(a_pod({"stoker.io/cr-name": "prod"})), "injected"),
        (Allowed(), "skipped"),
        (Denied("no"), "denied"),
        (Denied("no", code=503), "error"),
        (Denied("no", code=500), "error"),
    ],
)
def test_what_is_counted(
    admission: Admission, counted: str, capfd: pytest.CaptureFixture[str]
) -> None:
    counts: list[tuple[str, str, float]] = []
    count: Callable[[str, str, float], None] = lambda *one: counts.append(one)  # noqa: E731 - typed
    judge = PodJudge(Memory(), SETTINGS, count)
    judge.told(asked(a_pod()), admission, 0.5)
    assert counts == [("plant", counted, 0.5)]
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == (0 if counted == "skipped" else 1)
    judge.told(asked(a_pod(), dry_run=True), admission, 0.5)
    assert len(counts) == 1
