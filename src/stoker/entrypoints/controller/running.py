"""A controller from start to end.

Probes answer at once. Then the watches list what there is; then the election begins, and whoever
wins looks at every CR. A controller that loses the lease keeps watching and stops acting, and what
it was about to write is held back by the fence: so it can win again without starting anew. Where
namespaces are divided among replicas, `shards` says what is followed, and who is looked at.

At the end no new look begins; those that are on their way finish; then the lease is given back, so
that the next leader need not wait for it to run out.
"""

from __future__ import annotations

import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from stoker import __version__
from stoker.adapters.clock import utc_now
from stoker.adapters.githubapp import InstallationToken
from stoker.adapters.kube.client import Client, connect
from stoker.adapters.kube.errors import ApiFailed, NotLeading
from stoker.adapters.kube.part import WHOLE
from stoker.adapters.kube.secrets import secret_value
from stoker.adapters.logs import structured as logs
from stoker.adapters.metrics.controller import ControllerMetrics
from stoker.core.errors import StokerError
from stoker.core.reconcile import EventType, Settings
from stoker.core.reconcile.news import event
from stoker.entrypoints.controller.acting import Hands
from stoker.entrypoints.controller.asking import Asker, Limits
from stoker.entrypoints.controller.cluster import Cluster
from stoker.entrypoints.controller.definition import Definition
from stoker.entrypoints.controller.electing import elector_of
from stoker.entrypoints.controller.queue import Key, WorkQueue
from stoker.entrypoints.controller.reconciling import Reconciler, always
from stoker.entrypoints.controller.shards import Shards
from stoker.entrypoints.controller.telling import Herald
from stoker.entrypoints.controller.watching import KINDS, Watches
from stoker.entrypoints.memory import settle_down
from stoker.entrypoints.serving import About, Servers, reviewer_of
from stoker.entrypoints.signals import heard

if TYPE_CHECKING:
    from stoker.adapters.kube.lease import Elector
    from stoker.adapters.kube.resources import Resource
    from stoker.adapters.kube.shards import ShardElectors
    from stoker.core.reconcile import EmitEvent, ExchangeToken, Question
    from stoker.core.refs import Advertisement
    from stoker.core.spec import SecretKeyRef
    from stoker.entrypoints.controller.settings import ControllerSettings

LONGEST_LOOK: Final = 300.0
"""Seconds after which a worker is taken to hang; each of its calls has a deadline far below."""
PATIENCE: Final = 4.0
"""Seconds that looks on their way have at the end."""
LEAVING: Final = 7.0
"""Seconds after which nothing is waited for any more, such as an API server that is silent."""
STALL_SHARE: Final = 2 / 3
"""For what part of its deadline a git server may be silent."""
_BEAT: Final = 2.0


def run(settings: ControllerSettings) -> int:
    """Work until told to end; the exit code."""
    logs.configure(settings.log_level, dev=settings.log_dev_mode)
    logs.tell_uncaught()
    controller = Controller(settings)
    settle_down()
    return controller.run()


class Controller:
    """All parts of a controller, and how they begin and end."""

    def __init__(self, settings: ControllerSettings) -> None:
        """Nothing happens before `run`; raises `NoCluster` where none is named."""
        self.settings = settings
        self.log = logs.logger("controller")
        self.stopped = threading.Event()
        self.queue = WorkQueue()
        self.metrics = ControllerMetrics(settings.shards)
        self.shards = self._shards()
        self.client = self._connected()
        self.cluster = Cluster(utc_now, self.queue.add)
        self.watches = Watches.of(
            self.client,
            self.cluster,
            settings.namespaces,
            utc_now,
            self._complain,
            part=WHOLE if self.shards is None else self.shards.part,
        )
        self.cluster.unlisted = self.watches.unlisted
        identity = "" if settings.election is None else settings.election.identity
        self.herald = Herald(self.client, utc_now, identity, told=self._told)
        self.asker = Asker(
            secrets=self._secret,
            settled=self._settled,
            exchanged=self._token_came,
            complain=self._complain,
            observe=self._observed,
            allowed_protocols=settings.allowed_protocols,
            limits=Limits(
                slots=settings.git_slots,
                deadline=settings.git_deadline,
                stall=settings.git_deadline * STALL_SHARE,
            ),
        )
        self.reconciler = Reconciler(
            cluster=self.cluster,
            queue=self.queue,
            hands=Hands(self.client, self.cluster, Definition(self.log.warning)),
            herald=self.herald,
            asking=self.asker,
            meter=self.metrics,
            settings=Settings(
                allowed_protocols=settings.allowed_protocols,
                auto_bind_agent=settings.auto_bind_agent,
            ),
            now=utc_now,
            complain=self._complain_of,
            acts=self.shards.acts if self.shards else always,
        )
        about = About(settings, self, self.metrics.registry, reviewer_of(self.client))
        self.servers = Servers(about.listeners, chores=about.chores)
        self.elector = self._elector()
        self.workers = [
            threading.Thread(target=self.reconciler.work, name=f"worker {number}", daemon=True)
            for number in range(settings.workers)
        ]

    def run(self) -> int:
        """Work until SIGTERM or SIGINT."""
        stop = self.stopped.set
        with heard({signal.SIGTERM: stop, signal.SIGINT: stop}):
            self.log.info("starting", version=__version__, namespaces=self.settings.namespaces)
            self.servers.start()
            try:
                self.queue.halt()
                self.watches.start()
                if self._synced():
                    self._begin()
                    self._wait()
            finally:
                self._end()
        return 0

    # --- Health, as the probes ask for it ---

    def alive(self) -> str:
        """Why this process should be started anew; empty if it should not."""
        now = time.monotonic()
        if stuck := self.watches.stuck(now):
            return f"the watch of {', '.join(stuck)} hangs"
        longest = self.reconciler.longest_look()
        if longest is not None and longest[1] > LONGEST_LOOK:
            return f"the look at {'/'.join(longest[0])} hangs"
        return ""

    def ready(self) -> str:
        """Why this controller cannot do its work; empty if it can."""
        if missing := self.watches.not_synced():
            return f"{', '.join(missing)} not listed yet"
        return ""

    # --- From start to end ---

    def _synced(self) -> bool:
        """Wait for all lists that are let; False when told to end before."""
        while missing := self.watches.not_synced():
            if self.stopped.wait(0.05):
                return False
        self.log.info("watching", gatewaysyncs=len(self.cluster.keys()), missing=missing)
        return True

    def _begin(self) -> None:
        for worker in self.workers:
            worker.start()
        if self.shards is not None:
            self.shards.begin(self.watches, self.cluster, self.reconciler, self.queue, self.metrics)
            self.queue.resume()
        if self.elector is None:
            self._lead(leading=True)
        else:
            self.elector.start()

    def _lead(self, leading: bool) -> None:  # noqa: FBT001 - what an elector calls
        self.metrics.leading(leading)
        if not leading:
            self.queue.halt()
            self.log.warning("not leading any more")
            return
        self.log.info("leading")
        self.reconciler.start_over()
        for key in self.cluster.keys():  # noqa: SIM118 - no mapping
            self.queue.add(key)
        self.queue.resume()

    def _wait(self) -> None:
        while not self.stopped.wait(_BEAT):
            for kind, at in self.watches.last_events().items():
                self.metrics.watch_event(kind, at.timestamp())

    def _end(self) -> None:
        self.log.info("stopping")
        self.queue.close()
        leaving = threading.Thread(target=self._leave, name="leaving", daemon=True)
        leaving.start()
        leaving.join(LEAVING)
        if leaving.is_alive():
            # The fence holds back what is still on its way; the lease runs out by itself.
            self.log.warning("ending without the API server, which does not answer")
            self.asker.close()
        self.log.info("stopped")

    def _leave(self) -> None:
        until = time.monotonic() + PATIENCE
        for worker in self.workers:
            if worker.ident is not None:
                worker.join(max(0.0, until - time.monotonic()))
        if self.elector is not None:
            # From here on the fence holds back what a look still on its way would write.
            self.elector.stop()
        if self.shards is not None:
            self.shards.end()
        self.asker.close()
        self.watches.stop()
        self.servers.stop()
        self.client.close()

    # --- Parts ---

    def _connected(self) -> Client:
        # A connection for each thread that may want one: workers, questions, watches, and more.
        watches = len(KINDS) * max(1, len(self.settings.namespaces))
        leases = self.settings.shards
        pool = self.settings.workers + self.settings.git_slots + watches + leases + 3
        client = connect(
            self.settings.kubeconfig, user_agent=f"stoker-controller/{__version__}", pool=pool
        )
        client.observer = self._asked
        return client

    def _elector(self) -> Elector | ShardElectors | None:
        election = self.settings.election
        if election is None:
            return None
        changed = None if self.shards is None else self.shards.changed
        return elector_of(
            self.client, election, lead=self._lead, changed=changed, complain=self._complain
        )

    def _shards(self) -> Shards | None:
        count = self.settings.shards
        return Shards(count, self.log.info, self._complain) if count > 1 else None

    def _secret(self, namespace: str, ref: SecretKeyRef) -> bytes:
        value = secret_value(self.client, namespace, ref)
        logs.hide(value.decode(errors="replace").strip())
        return value

    # --- What comes back, and what is told ---

    def _settled(self, key: Key, question: Question, outcome: Advertisement | StokerError) -> None:
        self.reconciler.settled(key, question, outcome)

    def _token_came(
        self, key: Key, exchange: ExchangeToken, outcome: InstallationToken | StokerError
    ) -> None:
        if isinstance(outcome, InstallationToken):
            logs.hide(outcome.text)
            auth = exchange.auth
            self.metrics.token_expiry(auth.app_id, auth.installation_id, outcome.expires)
        self.reconciler.token_came(key, exchange, outcome)

    def _asked(self, method: str, resource: Resource | None, status: int, seconds: float) -> None:
        del seconds
        self.metrics.api_request(method, "" if resource is None else resource.plural, status)

    def _observed(self, operation: str, result: str, seconds: float) -> None:
        del seconds
        self.metrics.git_request(operation, result)

    def _told(self, key: Key, event: EmitEvent) -> None:
        tell = self.log.warning if event.type is EventType.WARNING else self.log.info
        tell(event.message, reason=event.reason, namespace=key[0], name=key[1])

    def _complain(self, doing: str, error: Exception) -> None:
        self.log.warning(doing, error=error)

    def _complain_of(self, key: Key, doing: str, error: Exception) -> None:
        self.log.error(doing, namespace=key[0], name=key[1], error=error)
        seen = self.cluster.cr(key)
        if seen is None or not isinstance(error, StokerError) or isinstance(error, ApiFailed):
            return
        # Not a matter of the API server: somebody has to change something.
        told = event(EventType.WARNING, error.reason, str(error))
        with suppress(ApiFailed, NotLeading):
            self.herald.tell(seen.metadata, told)
