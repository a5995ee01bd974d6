"""The loop around `core.reconcile.decide`: look, decide, act, remember; then the next CR.

There is nothing here that decides about a CR. A look makes a snapshot, a decision lists actions,
and they are done in order until one fails; a name that is taken keeps only its own pod waiting.
What came of a question is remembered, and the CR is looked at again; so it is after every write,
until a look finds nothing left to do.

What was learnt is forgotten whenever this controller begins to lead: while another one led, it went
out of date, and agents would be sent back to an old commit. A look that began before is abandoned.

What fails is its CR's affair alone: the CR is looked at again later, after waits that grow, and the
others do not notice. A CR that never comes to rest, because something undoes what we write, is
taken for a failure too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from attrs import define, field

from stoker.adapters.githubapp import InstallationToken
from stoker.adapters.kube.errors import (
    ApiFailed,
    Conflict,
    Invalid,
    NamespaceTerminating,
    NotLeading,
)
from stoker.core.errors import StokerError
from stoker.core.reconcile import (
    Action,
    AddFinalizer,
    EmitEvent,
    ExchangeToken,
    Memory,
    Question,
    Resolve,
    Settings,
    Snapshot,
    Token,
    WriteStatus,
    announced,
    answered,
    decide,
    exchanged,
    may_have_token,
    quiet,
    turn_of,
)
from stoker.entrypoints.controller.acting import Hands, NameTaken
from stoker.entrypoints.controller.cluster import Cluster
from stoker.entrypoints.controller.neighbours import Asking, Meter
from stoker.entrypoints.controller.queue import Key, WorkQueue
from stoker.entrypoints.controller.recollection import Recollection
from stoker.entrypoints.controller.telling import Herald

if TYPE_CHECKING:
    from stoker.core.refs import Advertisement
    from stoker.core.spec import ObjectMeta

TOKEN_LOOK: Final = 60.0
"""Seconds after which it is seen again whether a token Secret is still there."""
SOON: Final = 0.5
"""Seconds until a CR is looked at again that somebody changed while it was worked on."""


def always(_: Key) -> bool:
    """There are no shards, or one has all of them."""
    return True


@define
class Reconciler:
    """Looks at CRs, in as many threads as call `work`."""

    cluster: Cluster
    queue: WorkQueue
    hands: Hands
    herald: Herald
    asking: Asking
    meter: Meter
    settings: Settings
    now: Callable[[], datetime]
    complain: Callable[[Key, str, Exception], None]
    """Told what was being done, of which CR, and why it failed."""
    clock: Callable[[], float] = time.monotonic
    acts: Callable[[Key], bool] = always
    """Whether a CR is ours to look at; others are looked at by other replicas."""
    _kept: dict[Key, Recollection] = field(factory=dict)
    _busy: dict[int, tuple[Key, float]] = field(factory=dict)
    _lock: threading.Lock = field(factory=threading.Lock)

    def work(self) -> None:
        """Look at one CR after the other until the queue is closed."""
        thread = threading.get_ident()
        while (key := self.queue.take()) is not None:
            self._busy[thread] = (key, self.clock())
            try:
                self.look(key)
            finally:
                self._busy.pop(thread, None)
                self.queue.done(key)

    def longest_look(self) -> tuple[Key, float] | None:
        """The CR that has been worked on for longest, and for how many seconds."""
        begun = min(self._busy.copy().values(), key=lambda one: one[1], default=None)
        return None if begun is None else (begun[0], self.clock() - begun[1])

    def start_over(self, of: Callable[[Key], bool] = always) -> None:
        """Forget what was learnt of these CRs: another controller may have led since."""
        with self._lock:
            for key, kept in self._kept.items():
                if not of(key):
                    continue
                self.asking.forget(key)
                self._kept[key] = Recollection(Memory(announced=kept.memory.announced))

    # --- What comes back from questions ---

    def settled(self, key: Key, question: Question, outcome: Advertisement | StokerError) -> None:
        """The git server answered, or did not."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return
            before, now = kept.memory, self.now()
            kept.memory = answered(before, question, outcome, now)
            if isinstance(outcome, StokerError):
                # It may be the token that is gone.
                kept.looked_for_token = None
            if kept.asked == question:
                kept.asked = None
                self.meter.resolved(*key, self.clock() - kept.asked_at)
            seen = self.cluster.cr(key)
            rest = None if seen is None else quiet(seen.spec, before, kept.memory, now)
        self.queue.add(key, rest or 0.0)

    def token_came(
        self, key: Key, exchange: ExchangeToken, outcome: InstallationToken | StokerError
    ) -> None:
        """GitHub gave a token, or did not."""
        error = outcome if isinstance(outcome, StokerError) else None
        if isinstance(outcome, InstallationToken):
            try:
                self._store(key, exchange, outcome)
            except StokerError as failure:
                error = failure
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return
            kept.exchanging = None
            kept.memory = exchanged(kept.memory, exchange.key, exchange.request, error, self.now())
        self.queue.add(key)

    def _store(self, key: Key, exchange: ExchangeToken, token: InstallationToken) -> None:
        seen = self.cluster.cr(key)
        if seen is not None and not seen.metadata.deleting:
            expires = datetime.fromtimestamp(token.expires, UTC)
            self.hands.store_token(seen.metadata, Token(exchange.key, expires), token.text)

    # --- One look ---

    def look(self, key: Key) -> None:
        """Look at one CR and do what there is to do; never raises."""
        if not self.acts(key):
            # Whoever begins to act for it looks at it; what was lost to others is forgotten.
            if self.cluster.cr(key) is None:
                self._forget(key)
            return
        began = self.clock()
        result = "success"
        try:
            self._reconcile(key)
            self.queue.succeeded(key)
        except NotLeading:
            # Whoever leads next looks at all CRs.
            result = "abandoned"
        except NamespaceTerminating:
            self.cluster.is_ending(key[0])
            self.queue.add(key, SOON)
        except Conflict:
            result = "conflict"
            self.queue.add(key, SOON)
        except Exception as error:  # noqa: BLE001 - one CR must never end the work on the others
            result = "error"
            self.queue.failed(key)
            self.complain(key, "the GatewaySync could not be looked after", error)
        self.meter.reconciled(*key, result, self.clock() - began)

    def _reconcile(self, key: Key) -> None:
        kept = self._recollection(key)
        snapshot = self._snapshot(key, kept)
        if snapshot is None:
            self._forget(key)
            return
        kept.look((snapshot.metadata.generation, snapshot.pods, snapshot.reports), self.clock())
        decision = decide(snapshot, self.now())
        kept.taken = None
        done, wrote = self._do_all(key, kept, snapshot, decision.actions)
        self._show(key, snapshot, done)
        if decision.wake_at is not None:
            self.queue.add(key, max(0.0, (decision.wake_at - self.now()).total_seconds()))
        is_restless = kept.looked_over(wrote)
        if kept.taken is not None:
            raise kept.taken
        if is_restless:
            names = ", ".join(sorted({type(one).__name__ for one in decision.actions}))
            raise StokerError(
                f"it does not come to rest: {kept.rounds} looks in a row had to write ({names})",
                cure="see whether something else writes to the objects of this GatewaySync",
            )

    def _snapshot(self, key: Key, kept: Recollection) -> Snapshot | None:
        snapshot = self.cluster.snapshot(key, kept.memory, self.settings)
        if snapshot is None or not may_have_token(snapshot):
            return snapshot
        since = kept.looked_for_token
        if since is not None and self.clock() - since < TOKEN_LOOK:
            return snapshot
        self.hands.look_for_token(snapshot.metadata)
        kept.looked_for_token = self.clock()
        return self.cluster.snapshot(key, kept.memory, self.settings)

    def _do_all(
        self, key: Key, kept: Recollection, snapshot: Snapshot, actions: tuple[Action, ...]
    ) -> tuple[tuple[Action, ...], bool]:
        """Do them in order; those that were done, and whether any was a write.

        Where other CRs wait, one that was given a step goes to their end before the next step: so
        all agents are told of a commit before the first user is, and both before what is left.
        """
        wrote, turn = False, None
        for number, action in enumerate(actions):
            if turn is not None and turn_of(action) > turn and self.queue.is_crowded:
                self.queue.add(key)
                return actions[:number], wrote
            asked = kept.asked, kept.exchanging
            did_write = self._do(key, kept, snapshot, action)
            if did_write or asked != (kept.asked, kept.exchanging):
                turn = turn_of(action)
            wrote = wrote or did_write
        return actions, wrote

    def _do(self, key: Key, kept: Recollection, snapshot: Snapshot, action: Action) -> bool:
        """Do an action; whether it was a write."""
        match action:
            case Resolve(question=question):
                if kept.asked != question:
                    kept.asked, kept.asked_at = question, self.clock()
                    self.asking.ask(key, action)
            case ExchangeToken():
                if kept.exchanging != action:
                    kept.exchanging = action
                    self.asking.exchange(key, action)
            case EmitEvent():
                self._tell(key, snapshot.metadata, action)
                with self._lock:
                    kept.memory = announced(kept.memory, action.remembered)
            case _:
                if self._kept.get(key) is not kept:
                    raise NotLeading("another replica may have led since this was decided")
                return self._write(key, kept, snapshot, action)
        return False

    def _write(self, key: Key, kept: Recollection, snapshot: Snapshot, action: Action) -> bool:
        """Do what is a write; whether anything was written."""
        try:
            self.hands.write(self._current(key, snapshot), action)
        except NameTaken as error:
            kept.taken = error
            return False
        except Invalid as error:
            # A CR that its definition refuses by now cannot be marked, but its status can be told.
            if not isinstance(action, AddFinalizer):
                raise
            self.complain(key, "the GatewaySync could not be marked", error)
            return False
        return True

    def _current(self, key: Key, snapshot: Snapshot) -> ObjectMeta:
        """The CR's metadata with the version that our own last write gave it."""
        seen = self.cluster.cr(key)
        is_same = seen is not None and seen.metadata.uid == snapshot.metadata.uid
        return seen.metadata if seen is not None and is_same else snapshot.metadata

    def _tell(self, key: Key, cr: ObjectMeta, event: EmitEvent) -> None:
        try:
            self.herald.tell(cr, event)
        except ApiFailed as error:
            self.complain(key, "an event could not be written", error)

    def _show(self, key: Key, snapshot: Snapshot, actions: tuple[Action, ...]) -> None:
        written = [action.status for action in actions if isinstance(action, WriteStatus)]
        self.meter.show(*key, snapshot.spec, written[-1] if written else snapshot.status)

    # --- What is kept ---

    def _recollection(self, key: Key) -> Recollection:
        with self._lock:
            return self._kept.setdefault(key, Recollection())

    def _forget(self, key: Key) -> None:
        with self._lock:
            self._kept.pop(key, None)
        self.asking.forget(key)
        self.herald.forget(key)
        self.meter.forget(*key)
        self.cluster.forget(key)
        self.queue.forget(key)
