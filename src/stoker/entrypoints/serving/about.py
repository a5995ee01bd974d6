"""What every process of ours serves of itself: probes, and metrics over TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from stoker.adapters.clock import utc_now
from stoker.entrypoints.serving.addresses import OFF
from stoker.entrypoints.serving.answering import Health, metrics, probes
from stoker.entrypoints.serving.certificate import ServedCertificate
from stoker.entrypoints.serving.listening import Limits, Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prometheus_client import CollectorRegistry

    from stoker.entrypoints.serving.reviewing import Reviewer

MOST_CONNECTIONS: Final = 100
"""How many connections the metrics have at a time."""


class AboutSettings(Protocol):
    """What of a command's settings is needed here."""

    @property
    def metrics_address(self) -> str: ...  # noqa: D102 - as the option
    @property
    def metrics_certificates(self) -> Path | None: ...  # noqa: D102 - as the option
    @property
    def probe_address(self) -> str: ...  # noqa: D102 - as the option


class About:
    """The listeners, and the chore that keeps their certificate good."""

    def __init__(
        self,
        settings: AboutSettings,
        health: Health,
        registry: CollectorRegistry,
        reviewer: Reviewer,
        limits: Limits | None = None,
    ) -> None:
        """Raises `CertificateUnusable` where metrics are wanted with files that cannot be used."""
        self.listeners: tuple[Listener, ...] = ()
        self.chores: tuple[Callable[[], None], ...] = ()
        self.listeners = tuple(self._listeners(settings, health, registry, reviewer, limits))

    def _listeners(
        self,
        settings: AboutSettings,
        health: Health,
        registry: CollectorRegistry,
        reviewer: Reviewer,
        limits: Limits | None,
    ) -> Iterator[Listener]:
        # No bound on connections: a liveness probe that found no place would have us killed.
        yield Listener(
            what="probes",
            address=settings.probe_address,
            app=probes(health),
            limits=limits or Limits(),
        )
        if settings.metrics_address == OFF:
            return
        certificate = ServedCertificate(settings.metrics_certificates, utc_now)
        self.chores = (certificate.look,)
        yield Listener(
            what="metrics",
            address=settings.metrics_address,
            app=metrics(registry, reviewer),
            context=certificate.context,
            limits=limits or Limits(connections=MOST_CONNECTIONS),
        )
