"""A webhook from start to end.

Probes answer at once, and so does admission: what is not in memory yet is read live. Ready is who
has listed the GatewaySyncs, and is trusted by the API server.

At the end it goes on answering for a while, no longer ready, since who sends requests hears late
that somebody is going; meanwhile each answer is the last of its connection. Then the ports are
closed, and the rest has some seconds.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from attrs import evolve

from stoker import __version__
from stoker.adapters.clock import utc_now
from stoker.adapters.codec.crd import SITE
from stoker.adapters.kube.client import Client, connect
from stoker.adapters.kube.inside import HOST, inside
from stoker.adapters.logs import structured as logs
from stoker.adapters.metrics.webhook import WebhookMetrics
from stoker.entrypoints.serving import (
    About,
    Limits,
    Listener,
    ServedCertificate,
    Servers,
    reviewer_of,
)
from stoker.entrypoints.signals import heard
from stoker.entrypoints.webhook.admission import (
    MUTATE_PODS,
    VALIDATE_SYNCS,
    Judge,
    PodJudge,
    admission,
)
from stoker.entrypoints.webhook.known import KnownCrs

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from stoker.adapters.kube.resources import Resource
    from stoker.entrypoints.webhook.settings import WebhookSettings

NAME: Final = "stoker-webhook"
ADMISSION: Final = Limits(answer=20.0, idle=180.0, connections=600, per_source=300)
"""The API server keeps a connection for 90 seconds; it has to be the one who closes it."""
GRACEFUL: Final = 3
"""Seconds that answers on their way have at the end."""
LEAVING: Final = 6.0
"""Seconds after which nothing is waited for any more."""
EVERY: Final = 3.0
"""Seconds between two looks at certificates."""
POOL: Final = 20
"""Connections to the API server, where they are pooled."""
SWITCH: Final = 0.001
"""Seconds that a thread which computes may keep the one that answers waiting."""


class Keeper(Protocol):
    """What keeps the certificate of admission good, and the API server's trust in it."""

    @property
    def context(self) -> ssl.SSLContext:
        """What to serve with; changed in place."""
        ...

    @property
    def trouble(self) -> str:
        """Why the API server does not trust us yet; "" is well."""
        ...

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End."""
        ...


def run(settings: WebhookSettings) -> int:
    """Work until told to end; the exit code."""
    logs.configure(settings.log_level, dev=settings.log_dev_mode)
    logs.tell_uncaught()
    sys.setswitchinterval(SWITCH)
    webhook = Webhook(settings)
    # What there is by now stays: to look through it for garbage would keep an answer waiting.
    gc.collect()
    gc.freeze()
    return webhook.run()


class Webhook:
    """All parts of a webhook, and how they begin and end."""

    def __init__(self, settings: WebhookSettings) -> None:
        """Nothing happens before `run`; raises `StokerError` for what cannot be used."""
        self.settings = settings
        self.log = logs.logger("webhook")
        self.stopped = threading.Event()
        self.metrics = WebhookMetrics()
        self.client = _connected(settings)
        self.client.observer = self._asked
        self.known = KnownCrs(self.client, settings.namespaces, utc_now, self._complain)
        self.keeper: Keeper | None = None
        about = About(settings, self, self.metrics.registry, reviewer_of(self.client))
        self.chores: list[Callable[[], None]] = list(about.chores)
        listeners = list(about.listeners)
        if settings.admits:
            listeners.append(self._admission())
        if settings.receives:
            listeners.append(self._receiver())
        self.servers = Servers(listeners, chores=self.chores, every=EVERY, graceful=GRACEFUL)

    def run(self) -> int:
        """Work until SIGTERM or SIGINT."""
        stop = self.stopped.set
        with heard({signal.SIGTERM: stop, signal.SIGINT: stop}):
            self.log.info("starting", version=__version__, namespaces=self.settings.namespaces)
            try:
                self.known.start()
                self.servers.start()
                if self.keeper is not None:
                    self.keeper.start()
                self.log.info("serving", **self.servers.ports)
                self.stopped.wait()
                self._drain()
            finally:
                self._end()
        return 0

    # --- Health, as the probes ask for it ---

    def alive(self) -> str:
        """Why this process should be started anew; empty if it should not."""
        return self.known.stuck

    def ready(self) -> str:
        """Why nothing should be sent here; empty if it may.

        Who is told to end stays ready: its Service leaves it out because it ends, and comes back to
        it where there is nobody else.
        """
        return self.known.trouble or ("" if self.keeper is None else self.keeper.trouble)

    # --- The end ---

    def _drain(self) -> None:
        self.log.info("ending", seconds=self.settings.drain)
        self.servers.drain()
        self.stopped.clear()
        self.stopped.wait(self.settings.drain)  # a second signal makes an end of it

    def _end(self) -> None:
        leaving = threading.Thread(target=self._leave, name="leaving", daemon=True)
        leaving.start()
        leaving.join(LEAVING)
        self.log.info("stopped")

    def _leave(self) -> None:
        self.servers.stop()
        if self.keeper is not None:
            self.keeper.stop()
        self.known.stop()
        self.client.close()

    # --- Parts ---

    def _admission(self) -> Listener:
        # Here, so that a receiver does not bring along what checks and signs.
        from stoker.entrypoints.webhook.admission.checking import SyncJudge  # noqa: PLC0415

        settings = self.settings
        protocols = settings.injection.allowed_protocols
        site = evolve(SITE, allowed_protocols=protocols, is_entrance=True)
        judges: dict[str, Judge] = {
            MUTATE_PODS: PodJudge(self.known, settings.injection, self.metrics.injected),
            VALIDATE_SYNCS: SyncJudge(site, self.metrics.validated),
        }
        return Listener(
            what="admission",
            address=settings.admission_address,
            app=admission(judges),
            context=self._certified(),
            limits=ADMISSION,
        )

    def _receiver(self) -> Listener:
        from stoker.core.payload import Rate  # noqa: PLC0415 - as above
        from stoker.entrypoints.webhook.receiver import (  # noqa: PLC0415 - as above
            ReceiverSettings,
            receiver,
        )

        given = self.settings.receiver
        settings = ReceiverSettings(
            hmac_file=given.hmac_file,
            token_file=given.token_file,
            allow_unauthenticated=given.allow_unauthenticated,
            source_rate=Rate(given.source_rate, given.source_burst),
            cr_rate=Rate(given.cr_rate, given.cr_burst),
            trusted_proxies=given.trusted_proxies,
            body_seconds=given.body_seconds,
        )
        context = None
        if given.certificates is not None:
            served = ServedCertificate(given.certificates, utc_now, what="the receiver")
            self.chores.append(served.look)
            context = served.context
        return Listener(
            what="receiver",
            address=self.settings.receiver_address,
            app=receiver(self.known, self.client, self.metrics, settings),
            context=context,
            limits=settings.limits,
        )

    def _certified(self) -> ssl.SSLContext:
        settings = self.settings.certificate
        if settings.folder is not None:
            served = ServedCertificate(settings.folder, utc_now, what="admission")
            self.chores += [served.look, lambda: self.metrics.certificate(served.not_after)]
            return served.context
        # Here, so that only who makes certificates brings along what makes them.
        from stoker.entrypoints.webhook.certificates import CertificateKeeper  # noqa: PLC0415

        self.keeper = CertificateKeeper(
            self.client,
            namespace=settings.namespace,
            secret=settings.secret,
            names=settings.names,
            mutating=settings.mutating,
            validating=settings.validating,
            now=utc_now,
            complain=self._complain,
            life=timedelta(seconds=settings.life),
            authority_life=timedelta(seconds=settings.authority_life),
            on_change=self.metrics.certificate,
        )
        return self.keeper.context

    # --- What is told ---

    def _asked(self, method: str, resource: Resource | None, status: int, seconds: float) -> None:
        del seconds
        self.metrics.api_request(method, "" if resource is None else resource.plural, status)

    def _complain(self, doing: str, error: Exception) -> None:
        self.log.warning(doing, error=error)


def _connected(settings: WebhookSettings) -> Client:
    agent = f"{NAME}/{__version__}"
    if settings.kubeconfig is None and os.environ.get(HOST):
        account = settings.service_account
        return inside(user_agent=agent, field_manager=NAME, folder=account, environ=os.environ)
    client = connect(settings.kubeconfig, user_agent=agent, pool=POOL)
    client.field_manager = NAME
    return client
