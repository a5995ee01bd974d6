"""The thread that looks after certificates: it looks, acts and rests, as `core.authority` says.

Watches of the three objects wake it up; their contents it reads itself, in the order that matters.
Whatever fails is complained about once until it is well again, and tried again later. What is
served stays served through all of it, and what the Secret held when it was last whole stays in
memory.
"""

from __future__ import annotations

import random
import threading
import time
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.adapters.certs import Showing
from stoker.adapters.kube.errors import AlreadyExists, ApiFailed, Conflict
from stoker.adapters.kube.resources import SECRETS
from stoker.adapters.kube.watch import Watch
from stoker.adapters.logs import structured as logs
from stoker.core import authority as core
from stoker.core.authority import Look, Publish, Rest, Revision, Serve, Standing, Terms, Write
from stoker.core.errors import Retryable
from stoker.entrypoints.webhook.certificates.cluster import Cluster, Place, places
from stoker.entrypoints.webhook.certificates.vault import Vault

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from stoker.adapters.kube.client import Client, Document

LIFE: Final = timedelta(days=90)
AUTHORITY_LIFE: Final = timedelta(days=3650)
GRACE: Final = timedelta(minutes=1)
"""How long an authority is published before anything that it signed is served."""
BREATH: Final = timedelta(seconds=1)
"""How long after its publication an authority counts as known to every API server."""

_CALL: Final = 10.0
_PAUSE: Final = 1.0
_GAP: Final = 0.1
_LEAVING: Final = 2.0
_FOUGHT: Final = 10


@frozen
class _Wakener:
    """The sink of a watch: what it tells is looked at by the thread."""

    keeper: CertificateKeeper
    place: Place

    def put(self, document: Document) -> None:
        """It was added or changed."""
        self.keeper.hear(self.place, str(document["metadata"].get("resourceVersion")))

    def gone(self, document: Document) -> None:  # noqa: ARG002 - as a sink has it
        """It is not there any more."""
        self.keeper.hear(self.place, "")

    def keep_only(self, namespace: str, keys: AbstractSet[tuple[str, str]]) -> None:  # noqa: ARG002 - as a sink has it
        """It is there, or not."""
        if not keys:
            self.keeper.hear(self.place, "")


class CertificateKeeper:
    """One replica's part in it; what is public may be asked by any thread."""

    def __init__(  # noqa: PLR0913 - what to look after, and on what terms
        self,
        client: Client,
        *,
        namespace: str,
        secret: str,
        names: Sequence[str],
        mutating: str,
        validating: str,
        now: Callable[[], datetime],
        complain: Callable[[str, Exception], None],
        life: timedelta = LIFE,
        authority_life: timedelta = AUTHORITY_LIFE,
        grace: timedelta = GRACE,
        breath: timedelta = BREATH,
        on_change: Callable[[datetime], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is read or written before `start`; raises `StokerError` for terms that are none.

        `on_change` is told until when what is served from now on is good.
        """
        own = tuple(map(_normal, names))
        terms = Terms(
            names=frozenset(own),
            life=life,
            authority_life=authority_life,
            grace=grace.total_seconds(),
            breath=breath.total_seconds(),
        )
        watched = places(mutating, validating)
        self._cluster = Cluster(client.within(_CALL), Place(SECRETS, secret, namespace), watched)
        self._now, self._clock = now, clock
        self._complain, self._on_change = complain, on_change
        self._standing = Standing(terms, tuple(watched), clock())
        self._vault = Vault(own, authority_life)
        self._showing = Showing()
        self._told: dict[str, str] = {}
        self._broken = ""
        self._log = logs.logger("certificates")
        self._stopped, self._woken = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="certificates", daemon=True)
        self._watches = [
            Watch(
                client,
                place.resource,
                _Wakener(self, place),
                namespace=place.namespace,
                fields=f"metadata.name={place.name}",
                metadata_only=True,
                now=now,
                complain=complain,
            )
            for place in (self._cluster.secret, *watched.values())
        ]

    @property
    def context(self) -> ssl.SSLContext:
        """What the listener serves with; it is the same for ever."""
        return self._showing.context

    @property
    def trouble(self) -> str:
        """Why the API server does not trust us yet; "" is well."""
        found = core.concerns(self._standing, self._clock())
        return "; ".join([*found, *dict.fromkeys(self._told.values())]) if found else ""

    @property
    def not_after(self) -> datetime | None:
        """Until when what is served is good."""
        serving = self._standing.serving
        return serving.not_after if serving else None

    def start(self) -> None:
        """Begin; nothing is served until the Secret was read."""
        self._thread.start()
        for watch in self._watches:
            watch.start()

    def stop(self) -> None:
        """End; what is served stays as it is."""
        self._stopped.set()
        self._woken.set()
        for watch in self._watches:
            watch.stop()
        if self._thread.is_alive():
            self._thread.join(_LEAVING)

    def hear(self, place: Place, version: str) -> None:
        """A watch has told of an object."""
        if not self._cluster.has_read(place, version):
            self._woken.set()

    # --- The thread ---

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001 - a defect must not end the thread
                self._ill("looking after the certificate", error)
                self._failed(core.LOOKING)
                self._stopped.wait(_PAUSE)

    def _turn(self) -> None:
        if self._woken.is_set():
            # In a storm of changes each look has to do for several of them.
            self._stopped.wait(max(0.0, min(_GAP, self._standing.seen + _GAP - self._clock())))
            self._woken.clear()
            self._standing = core.noticed(self._standing)
        match core.move(self._standing, self._now(), self._clock()):
            case Rest(seconds):
                self._woken.wait(seconds)
                self._standing = core.rested(self._standing)
            case Look():
                self._look()
            case Serve():
                self._serve()
            case Write(revision):
                self._write(revision)
            case Publish(configuration):
                self._publish(configuration)

    def _look(self) -> None:
        unread: dict[str, ApiFailed] = {}
        try:
            view = self._cluster.look(unread)
        except ApiFailed as error:
            self._failed(core.LOOKING, error)
            return
        self._well(core.LOOKING)
        for key in self._cluster.configurations:
            if refusal := unread.get(key):
                self._ill(f"reading {key}", refusal)
            else:
                self._well(f"reading {key}")
        self._tell_broken()
        now, clock = self._now(), self._clock()
        self._standing = core.looked(self._standing, view, now, clock, _chance())
        self._vault.remember(self._standing.memory, self._cluster.content)

    def _tell_broken(self) -> None:
        broken = self._cluster.content.trouble
        if broken and broken != self._broken and self._vault.memory.leaf:
            self._log.warning("the Secret cannot be used as it is", why=broken)
        self._broken = broken

    def _serve(self) -> None:
        leaf = self._cluster.content.leaf
        view = self._standing.view
        if leaf is None or view is None or view.held.serving is None:
            return
        self._showing.show(leaf.pair)
        self._vault.serves(leaf, self._cluster.content)
        self._standing = core.served(self._standing, view.held.serving, self._clock())
        self._log.info(
            "a certificate is served", until=leaf.pair.not_after, names=sorted(leaf.names)
        )
        self._on_change(leaf.pair.not_after)

    def _write(self, revision: Revision) -> None:
        cluster = self._cluster
        content = self._vault.made(revision, cluster.content, cluster.roots, self._now())
        try:
            cluster.write(content)
        except (Conflict, AlreadyExists) as error:
            self._refused(core.SECRET, error)
            return
        except ApiFailed as error:
            self._failed(core.SECRET, error)
            return
        self._well(core.SECRET)
        now, clock = self._now(), self._clock()
        self._standing = core.wrote(self._standing, content.held, now, clock)
        self._vault.remember(self._standing.memory, self._cluster.content)
        self._log.info("the certificates were written", why=revision.why)

    def _publish(self, key: str) -> None:
        try:
            said = self._cluster.publish(key)
        except Conflict as error:
            self._refused(key, error)
            return
        except ApiFailed as error:
            self._failed(key, error)
            return
        self._well(key)
        now, clock = self._now(), self._clock()
        self._standing = core.published(self._standing, key, said, now, clock)
        self._log.info("our authorities were published", configuration=key)

    # --- What does not work ---

    def _failed(self, key: str, error: ApiFailed | None = None) -> None:
        asked = 0.0
        if error is not None:
            self._ill(key, error)
            match error.disposition:
                case Retryable(after=float() | int() as seconds):
                    asked = float(seconds)
        self._standing = core.failed(self._standing, key, self._clock(), _chance(), asked)

    def _refused(self, key: str, error: ApiFailed) -> None:
        """Somebody else was first, which is as it should be unless it is so all the time."""
        self._standing = core.refused(self._standing, key, self._clock(), _chance())
        if self._standing.waits[key].failures >= _FOUGHT:
            self._ill(key, error)

    def _ill(self, key: str, error: Exception) -> None:
        told = str(error)
        if self._told.get(key) != told:
            self._told[key] = told
            self._complain(f"the certificates could not be looked after: {key}", error)

    def _well(self, key: str) -> None:
        self._told.pop(key, None)


def _normal(name: str) -> str:
    """A name as it comes back from a certificate."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name.lower()


def _chance() -> float:
    return random.random()  # noqa: S311 - replicas must not try at the same moment
