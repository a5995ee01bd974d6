"""`PodAgent`: one gateway's agent, and everything around its step machine, put together.

The pod is read, and the probes answer. Then comes what an earlier life of this agent told last,
then the loop, and whoever brings it news: the watch of the metadata, of the pod's own labels and
annotations, of the gateway. Threads: the loop (this one), the work on files and the gateway (one,
whose children do the former), the three watches, the writer, the pages, the signals.
"""

from __future__ import annotations

import signal
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING

from attrs import evolve

from stoker import __version__
from stoker.adapters.clock import utc_now
from stoker.adapters.git.credentials import Access, token_from_file
from stoker.adapters.ignition import Gateway
from stoker.adapters.kube.inside import inside
from stoker.adapters.logs.redacting import Redactor
from stoker.adapters.metrics.agent import AgentMetrics
from stoker.adapters.metrics.exposition import CONTENT_TYPE
from stoker.core import names
from stoker.core.agent import Identity, initial
from stoker.core.agent import events as ev
from stoker.core.pods import PodAnnotations
from stoker.core.scan import Readiness
from stoker.entrypoints.agent.following import Follower
from stoker.entrypoints.agent.health import Health, Part
from stoker.entrypoints.agent.podinfo import PodInfo
from stoker.entrypoints.agent.reporting import Reporter
from stoker.entrypoints.agent.settings import AgentSettings, read_settings
from stoker.entrypoints.agent.telling import PodTeller
from stoker.entrypoints.engine.apart import Apart, apart
from stoker.entrypoints.engine.loop import GatewayWatch, Loop
from stoker.entrypoints.engine.site import Site
from stoker.entrypoints.memory import settle_down
from stoker.entrypoints.pages import NOT_FOUND, Page, Pages, Request
from stoker.entrypoints.signals import heard
from stoker.entrypoints.telling import Teller

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from stoker.adapters.kube.client import Client
    from stoker.adapters.kube.resources import Resource
    from stoker.core.pods import Pod
    from stoker.core.profile import Metadata

LAST_WORDS = 3.0
"""Seconds in which the last report has to be written when the agent ends."""


def run(environ: Mapping[str, str]) -> int:
    """Work until the process is told to end; its exit code."""
    return PodAgent(read_settings(environ), environ).run()


class PodAgent:
    """One agent and what it needs around it."""

    def __init__(self, settings: AgentSettings, environ: Mapping[str, str]) -> None:
        """Nothing happens before `run`; raises `StokerError` where there is no API server."""
        self.settings = settings
        self.metrics = AgentMetrics(utc_now())
        self.redactor = Redactor()
        self.log = Teller(utc_now, sys.stdout, self.redactor.text)
        self.client = _client(settings, environ, self.metrics)
        self.podinfo = PodInfo(
            settings.podinfo,
            settings.pod_name,
            settings.namespace,
            self._hear,
            now=utc_now,
            complain=self.log.complain,
        )
        self.pod = _as_injected(self.podinfo.read(), settings)
        self.follower = Follower(
            self.client,
            settings.namespace,
            settings.cr_name,
            self._hear,
            now=utc_now,
            complain=self.log.complain,
        )
        self.reporter = Reporter(
            self.client,
            namespace=settings.namespace,
            cr=settings.cr_name,
            pod=settings.pod_name,
            pod_uid=self.pod.uid,
            owner=lambda: self.follower.owner,
            now=utc_now,
            complain=self.log.complain,
            clean=self.redactor.text,
        )
        self.teller = PodTeller(self.log, self.reporter, self.metrics)
        self._hands: Apart | None = None
        self._loop: Loop | None = None

    def run(self) -> int:
        """Work until SIGTERM or SIGINT."""
        site = site_of(self.settings, self.pod, self._secret)
        teller = self.teller
        with apart(site, utc_now, observe=teller.observe, complain=teller.complain) as hands:
            self._hands = hands
            self._loop = loop = Loop(initial(site.identity, self.pod), hands, teller, utc_now)
            parts: dict[str, Part] = {}
            pages = self._pages(Health(self.log, loop, parts))
            watch = GatewayWatch(hands, self._hear, utc_now)
            settle_down()
            with heard(dict.fromkeys((signal.SIGTERM, signal.SIGINT), self._end)):
                for page in pages:
                    page.start()
                loop.hear(ev.Started(utc_now(), self.reporter.last()))
                for helper in (self.follower, self.reporter, self.podinfo, watch):
                    helper.start()
                parts |= {"the metadata": self.follower, "the status": self.reporter}
                try:
                    return loop.run()
                finally:
                    self.reporter.flush(LAST_WORDS)
                    for one in (self.follower, self.podinfo, watch, *pages):
                        one.stop()

    def _hear(self, event: ev.Event) -> None:
        """News, on its way to the machine."""
        if isinstance(event, ev.MetadataChanged):
            self._ask_at(event.metadata)
        if isinstance(event, ev.GatewaySeen):
            self._note_start(event.readiness)
        if self._loop is not None:
            self._loop.hear(event)

    def _end(self) -> None:
        self._hear(ev.Sigterm(utc_now()))

    def _ask_at(self, metadata: Metadata) -> None:
        """The CR tells where the gateway answers, and may tell otherwise one day."""
        where = (metadata.gateway_port, metadata.gateway_tls)
        settings = self.settings
        if self._hands is not None and where != (settings.gateway_port, settings.gateway_tls):
            self.settings = settings = evolve(settings, gateway_port=where[0], gateway_tls=where[1])
            self._hands.gateway = gateway_of(settings, self._secret)

    def _note_start(self, readiness: Readiness) -> None:
        opened = self.log.gate_opened
        if opened is not None and readiness is Readiness.RUNNING:
            self.log.gate_opened = None
            self.metrics.gateway_started((utc_now() - opened).total_seconds())

    def _pages(self, health: Health) -> tuple[Pages, Pages]:
        """The probes, and the metrics."""

        def numbers(request: Request) -> Page:
            if request.path != "/metrics":
                return NOT_FOUND
            return Page(HTTPStatus.OK, self.metrics.exposition(), CONTENT_TYPE)

        settings = self.settings
        return Pages(*settings.probes, health.answer), Pages(*settings.metrics, numbers)

    def _secret(self, path: Path) -> Callable[[], str]:
        """How to read a secret, which is seen nowhere from then on."""
        read = token_from_file(path)

        def hidden() -> str:
            text = read()
            self.redactor.hide(text)
            # A token of a gateway has a name before it, which is none.
            self.redactor.hide(text.rpartition(":")[2])
            return text

        return hidden


def _client(settings: AgentSettings, environ: Mapping[str, str], metrics: AgentMetrics) -> Client:
    client = inside(
        user_agent=f"{names.MANAGED_BY_AGENT}/{__version__}",
        field_manager=names.MANAGED_BY_AGENT,
        folder=settings.service_account,
        environ=environ,
    )

    def observed(method: str, resource: Resource | None, status: int, _: float) -> None:
        metrics.api_request(method, str(resource or ""), status)

    client.observer = observed
    return client


def _as_injected(pod: Pod, settings: AgentSettings) -> Pod:
    """What the webhook has seen stands in for a volume that a sidecar written by hand has not."""
    if pod.uid:
        return pod
    said = {
        names.GATEWAY_NAME: settings.gateway_name,
        names.PROFILE: settings.profile,
        names.SYNC_PERIOD: settings.sync_period,
    }
    given = {name: text for name, text in said.items() if text}
    return evolve(pod, uid=settings.pod_uid, annotations=PodAnnotations.read(given))


def site_of(settings: AgentSettings, pod: Pod, secret: Callable[[Path], Callable[[], str]]) -> Site:
    """Where the agent works, and what it may use."""
    return Site(
        identity=Identity(
            namespace=settings.namespace,
            pod_name=settings.pod_name,
            pod_uid=pod.uid,
            cr_name=settings.cr_name,
            agent_version=__version__,
        ),
        data=settings.data,
        repository=settings.repo / "repository.git",
        repository_limit=settings.repo_limit,
        scratch=settings.repo / "scratch",
        access=Access(
            host=settings.git_host,
            token=None if settings.token_file is None else secret(settings.token_file),
            ssh_key_file=settings.ssh_key_file,
            known_hosts_file=settings.known_hosts_file,
            insecure_skip_host_key_check=settings.skip_host_key_check,
            ca_file=settings.ca_file,
            protocols=settings.git_protocols,
        ),
        gateway=gateway_of(settings, secret),
    )


def gateway_of(settings: AgentSettings, secret: Callable[[Path], Callable[[], str]]) -> Gateway:
    """The gateway of this pod; its certificate is its own, so it is not checked on this hop."""
    scheme = "https" if settings.gateway_tls else "http"
    return Gateway(f"{scheme}://localhost:{settings.gateway_port}", secret(settings.api_key_file))
