"""Pods that ask for the agent: `core.injection.admit`, with the CRs that it needs to know.

What is decided from memory is decided at once. Only a refusal is looked at twice: a CR that was
made a moment before its pod may not have come to us yet, so the namespace is read live, and the
pod is judged again. Where that reading fails, the pod is refused with both reasons: it would not be
right to let it start without its files, nor to say that it will never be let in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol

from attrs import define, field

from stoker.adapters.logs import structured as logs
from stoker.adapters.metrics.webhook import InjectionResult
from stoker.core import names
from stoker.core.errors import InvalidDocument, StokerError
from stoker.core.injection import (
    Admission,
    Allowed,
    Denied,
    Injected,
    InjectionSettings,
    UnreadableSync,
    admit,
)
from stoker.core.pods.json_shapes import members, text
from stoker.core.spec import GatewaySync

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future

    from stoker.adapters.codec.admission import AdmissionRequest
    from stoker.adapters.codec.crd import Seen

_NOBODY: Final[tuple[Seen, ...]] = ()


class Known(Protocol):
    """The CRs, as `KnownCrs` has them."""

    @property
    def trouble(self) -> str:
        """Why memory cannot be trusted; "" is well."""
        ...

    def covers(self, namespace: str) -> bool:
        """Whether the namespace is one that is watched."""
        ...

    def of(self, namespace: str) -> tuple[Seen, ...]:
        """From memory."""
        ...

    def ask(self, namespace: str) -> Future[tuple[Seen, ...]]:
        """Live."""
        ...


@define
class PodJudge:
    """Decides about pods."""

    known: Known
    settings: InjectionSettings
    injected: Callable[[str, InjectionResult, float], None]
    """Counts: namespace, result, seconds."""
    _log: logs.Logger = field(factory=lambda: logs.logger("admission"), init=False, repr=False)

    async def judge(self, request: AdmissionRequest, seconds: float) -> Admission:
        """Whether the pod is let in, and with what."""
        if not request.creates_pod or request.object is None:
            return Allowed()
        if not self.known.covers(request.namespace):
            return self._elsewhere(request)
        decided = self._decided(request, self.known.of(request.namespace))
        if not self._is_doubtful(decided):
            return decided
        try:
            crs = await _within(seconds, self.known.ask(request.namespace))
        except Exception as error:  # noqa: BLE001 - whatever kept it from us, the pod waits for an answer
            return self._undecided(request, decided, error)
        return self._decided(request, crs)

    def told(self, request: AdmissionRequest, admission: Admission, seconds: float) -> None:
        """One line for each pod that was injected or refused; a dry run is not counted."""
        fields: dict[str, object] = {"namespace": request.namespace, "pod": _name(request)}
        if request.dry_run:
            fields["dry_run"] = True
        else:
            self.injected(request.namespace, _result(admission), seconds)
        match admission:
            case Injected(pod=pod):
                marks = members(members(pod.get("metadata")).get("annotations"))
                self._log.info("injected", **fields, cr=text(marks.get(names.CR_NAME)))
            case Denied(message=message):
                self._log.info("denied", **fields, why=message)
            case Allowed():
                self._log.debug("allowed as it is", **fields)

    def _decided(self, request: AdmissionRequest, crs: Iterable[Seen]) -> Admission:
        pod = request.object or {}
        return admit(pod, request.namespace, map(_as_cr, crs), self.settings)

    def _is_doubtful(self, decided: Admission) -> bool:
        """Whether another look at the CRs might change it."""
        match decided:
            case Allowed():  # it asks for nothing, or has it
                return False
            case Injected():  # of a list that is not complete it might be the wrong CR
                return bool(self.known.trouble)
            case Denied(settled=settled):
                return not settled

    def _undecided(self, request: AdmissionRequest, decided: Admission, error: Exception) -> Denied:
        if not isinstance(error, TimeoutError | StokerError):
            self._log.error("a live reading failed", namespace=request.namespace, error=error)
        why = "no answer in time" if isinstance(error, TimeoutError) else str(error)
        as_known = f"; as far as is known: {decided.message}" if isinstance(decided, Denied) else ""
        return Denied(
            f"the GatewaySyncs of namespace {request.namespace} cannot be read from the API server"
            f" now, so this is not decided: {why}; create the pod again{as_known}",
            code=HTTPStatus.SERVICE_UNAVAILABLE,
        )

    def _elsewhere(self, request: AdmissionRequest) -> Admission:
        """In a namespace of which nothing is known: another Stoker may be there for it."""
        if isinstance(self._decided(request, _NOBODY), Allowed):
            return Allowed()
        warning = (
            f"namespace {request.namespace} is none that this Stoker watches, so it gives the pod"
            " no agent: see watchNamespaces"
        )
        return Allowed((warning,))


async def _within(seconds: float, asked: Future[tuple[Seen, ...]]) -> tuple[Seen, ...]:
    # Shielded: others wait for the same reading.
    waiting = asyncio.wrap_future(asked)
    waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
    async with asyncio.timeout(seconds):
        return await asyncio.shield(waiting)


def _as_cr(seen: Seen) -> GatewaySync | UnreadableSync:
    if isinstance(seen.spec, InvalidDocument):
        return UnreadableSync(seen.metadata, seen.spec)
    return GatewaySync(metadata=seen.metadata, spec=seen.spec)


def _result(admission: Admission) -> InjectionResult:
    match admission:
        case Injected():
            return "injected"
        case Allowed():
            return "skipped"
        case Denied(code=code):
            return "error" if code >= HTTPStatus.INTERNAL_SERVER_ERROR else "denied"


def _name(request: AdmissionRequest) -> str:
    metadata = members((request.object or {}).get("metadata"))
    return request.name or text(metadata.get("name")) or text(metadata.get("generateName"))
