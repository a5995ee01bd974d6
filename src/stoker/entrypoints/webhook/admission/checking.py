"""GatewaySyncs that are made or changed: `syncs`, in a thread.

What is checked of a large one takes tens of milliseconds, and no pod is to wait for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from attrs import define, field

from stoker.adapters.logs import structured as logs
from stoker.adapters.metrics.webhook import ValidationResult
from stoker.core.injection import Admission, Allowed, Denied
from stoker.core.spec.rules import Site
from stoker.entrypoints.webhook.admission.syncs import admit_sync

if TYPE_CHECKING:
    from stoker.adapters.codec.admission import AdmissionRequest

THREADS: Final = 2
_KIND: Final = "GatewaySync"


def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="checking")


@define
class SyncJudge:
    """Decides about GatewaySyncs."""

    site: Site
    validated: Callable[[ValidationResult, float], None]
    """Counts: result, seconds."""
    _pool: ThreadPoolExecutor = field(factory=_pool, init=False)
    _log: logs.Logger = field(factory=lambda: logs.logger("admission"), init=False, repr=False)

    async def judge(self, request: AdmissionRequest, seconds: float) -> Admission:
        """Whether it is let in."""
        if request.kind != _KIND:
            return Allowed()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                return await loop.run_in_executor(self._pool, admit_sync, request, self.site)
        except TimeoutError:
            return Denied(
                f"checking it took longer than {seconds:g} s: make it smaller, or try again",
                code=HTTPStatus.SERVICE_UNAVAILABLE,
            )

    def told(self, request: AdmissionRequest, admission: Admission, seconds: float) -> None:
        """One line for each that was refused; a dry run is not counted."""
        if not request.dry_run:
            self.validated(_result(admission), seconds)
        if isinstance(admission, Denied):
            self._log.info(
                "denied",
                namespace=request.namespace,
                gatewaysync=request.name,
                why=admission.message,
                **({"dry_run": True} if request.dry_run else {}),
            )


def _result(admission: Admission) -> ValidationResult:
    match admission:
        case Denied(code=code):
            return "error" if code >= HTTPStatus.INTERNAL_SERVER_ERROR else "denied"
        case Allowed(warnings=warnings) if warnings:
            return "warned"
        case _:
            return "allowed"
