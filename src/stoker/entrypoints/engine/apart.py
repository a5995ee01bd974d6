"""`Apart`: the `Hands` of an agent that stays small, since another process works on the files.

A plan of a large repository needs a lot of memory, and so does the library that reads it. Both are
in a child that is forked for the first question of a sync and ends when the sync is over; what is
known beyond that is kept here, as small values. Questions of the gateway are asked from here.

The child may die: the kernel ends the largest process where memory runs out. Then the question
fails with an error that says so, and the next one is asked of a new child. What the dead one left
half done on the disk is told by its journal; a new child settles that before it does anything else
but what is about the journal itself.

How long a child is kept that nobody asks anything: as long as a plan is decided about that only it
knows; for some time while the files that it wrote are not judged, as its next order is near; else
for a moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from attrs import define, field

from stoker.adapters.fs import lock
from stoker.adapters.fs.glance import looks_the_same
from stoker.adapters.fs.handles import DataDirectory
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.errors import StokerError
from stoker.core.paths import ROOT
from stoker.entrypoints.engine import shared, wire
from stoker.entrypoints.engine.child import serve
from stoker.entrypoints.engine.forking import Child, forked, reap_strays
from stoker.entrypoints.engine.gateway_doers import Asked, GatewayDoers
from stoker.entrypoints.engine.hands import failed
from stoker.entrypoints.engine.losing import Lost, lost
from stoker.entrypoints.engine.memory import Memory
from stoker.entrypoints.engine.observations import Observe, nobody_counts
from stoker.entrypoints.engine.progress import Progress, Step, nobody_waits
from stoker.entrypoints.engine.site import Site
from stoker.entrypoints.memory import give_back

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from datetime import datetime

    from stoker.adapters.ignition import Gateway
    from stoker.core.scan import Readiness

DECIDED_ABOUT: Final = 30.0
"""Seconds without any question for which a plan is kept; Designers are asked for every ten."""
UNJUDGED: Final = 15.0
"""Seconds for which a child is kept whose files the gateway may be about to judge."""
A_MOMENT: Final = 1.0
"""Seconds for which a child is kept that has nothing to wait for."""

TO_START: Final = 120.0
"""Seconds that a child has to begin: a lock that it takes may have been a lost thread's."""

_CHANGES_JOURNAL: Final = ef.Recover | ef.Apply | ef.Rollback | ef.Release
_SETTLES: Final = ef.Recover | ef.Rollback
_OWN_TICKET: Final = -1


@define
class Apart:
    """The hands of one agent, whose work on files is done by a child."""

    site: Site
    data: DataDirectory
    asking: GatewayDoers
    complain: Callable[[str, Exception], None]
    monotonic: Callable[[], float] = time.monotonic
    memory: Memory = field(factory=Memory)
    """What the last child knew."""
    child: Child | None = None
    _lock: int | None = None
    _unsettled: bool = False
    """A child died while it changed the journal, or what the journal tells of."""
    _is_ready: bool = False
    _has_plan: bool = False
    _patience: float = A_MOMENT
    _since: float = 0.0
    _is_closed: bool = False

    @property
    def gateway(self) -> Gateway | None:
        """Whom to ask."""
        return self.asking.gateway

    @gateway.setter
    def gateway(self, gateway: Gateway | None) -> None:
        self.asking.gateway = gateway

    def readiness(self) -> Readiness:
        """How far the gateway's start has come."""
        return self.asking.readiness()

    def answer(self, question: ef.Question) -> ev.Event:
        """Carry out `question`; an error that has a name is an answer too.

        A child lives no longer than the thread that asks.
        """
        try:
            if isinstance(question, Asked):
                return self.asking.answer(question)
            return self._answer(question)
        except StokerError as error:
            return failed(question, error, self.asking.now())
        finally:
            self._since = self.monotonic()

    def obey(self, order: ef.Order) -> None:
        """Carry out what nobody waits for; raises `StokerError`."""
        try:
            self._obey(order)
        finally:
            self._patience, self._since = A_MOMENT, self.monotonic()

    def idle(self) -> float | None:
        """End the child when it is not needed any more."""
        reap_strays()
        if self.child is None:
            return None
        left = self._since + self._patience - self.monotonic()
        if left > 0:
            return left
        self.child.end()
        self._forget_child()
        give_back()
        return None

    def close(self) -> None:
        """End the child, whatever it does, and let others have the data directory."""
        self._is_closed = True
        if self.child is not None:
            self.child.kill()
        if self._lock is not None:
            lock.release(self._lock)
            self._lock = None

    def _answer(self, question: ef.Question) -> ev.Event:
        if isinstance(question, ef.Recover) and self._lock is None:
            # Held by this process, whatever becomes of its children, who inherit it.
            self._lock = lock.acquire(self.data)
        if isinstance(question, ef.CheckDrift) and (count := self._still_drifted()) is not None:
            return ev.DriftChecked(self.asking.now(), question.ticket, count)
        self.asking.note(question)
        event = self._ask(question).event
        if event is None:
            raise AssertionError(question)
        self._patience = _patience(event)
        return self.asking.attended(event)

    def _still_drifted(self) -> int | None:
        """How many files have drifted, if nothing has changed since that was counted."""
        seen = self.memory.seen
        if seen is None or seen.glance is None or not looks_the_same(self.data, seen.glance):
            return None
        return seen.count

    def _obey(self, order: ef.Order) -> None:
        if (error := self._ask(order).error) is not None:
            raise error

    def _ask(self, what: ef.Question | ef.Order) -> wire.End:
        """What a child makes of it, once the disk is fit for it."""
        if self._is_closed:
            raise Lost("no work on files is begun any more")
        if self.child is not None and not self.child.is_alive():
            self.complain("keep a process for the files", self._lose(self.child))
        if isinstance(what, ef.Apply | ef.Adopt) and not self._has_plan:
            raise Lost("the plan was lost before it was carried out", cure="it is made anew")
        if self._unsettled and not isinstance(what, _SETTLES):
            self._settle()
        return self._asked(what)

    def _settle(self) -> None:
        """Have the journal settled that a child left as it died."""
        event = self._asked(ef.Recover(_OWN_TICKET)).event
        if isinstance(event, ev.RecoverFailed):
            raise event.error

    def _asked(self, what: ef.Question | ef.Order) -> wire.End:
        child = self.child or self._forked()
        try:
            end = self._heard(child, wire.Task(what, self._token(what)))
        except BaseException:
            # Nobody knows what it would say next.
            self._lose(child)
            raise
        if end is None:
            error = self._lose(child)
            self._unsettled |= isinstance(what, _CHANGES_JOURNAL)
            raise error
        self._learn(end)
        return end

    def _heard(self, child: Child, task: wire.Task) -> wire.End | None:
        """The last message about the task; None where the child is gone."""
        try:
            wire.send(child.socket, task)
            child.socket.settimeout(None if self._is_ready else TO_START)
            while (message := wire.receive(child.socket)) is not None:
                match message:
                    case wire.End():
                        return message
                    case Step():
                        self.asking.progress(message)
                    case wire.Complaint(doing, error):
                        self.complain(doing, error)
                    case wire.Ready():
                        self._is_ready = True
                        child.socket.settimeout(None)
                    case wire.Task():
                        raise AssertionError(message)
                    case observation:
                        self.asking.observe(observation)
        except TimeoutError as error:
            raise Lost("the work on files does not begin", cure="please report this") from error
        except OSError:
            return None
        return None

    def _learn(self, end: wire.End) -> None:
        self.memory = end.memory
        self._has_plan |= isinstance(end.event, ev.Planned)
        self._unsettled &= not isinstance(end.event, ev.Recovered | ev.RolledBack)

    def _forget_child(self) -> None:
        self.child, self._is_ready, self._has_plan = None, False, False

    def _lose(self, child: Child) -> Lost:
        self._forget_child()
        self.memory = self.memory.uncertain()
        return lost(child.kill())

    def _forked(self) -> Child:
        site, data, memory, now = self.site, self.data, self.memory, self.asking.now

        def work(connection: socket.socket) -> None:
            serve(connection, site, data, memory, now)

        data.forget()
        keep = [data.folder(ROOT)] if self._lock is None else [data.folder(ROOT), self._lock]
        try:
            self.child = forked(work, keep)
        except OSError as error:
            raise Lost(
                f"no process for the work on files can be started: {error.strerror}",
                cure="see whether the limits of processes and memory leave room for it",
            ) from error
        return self.child

    def _token(self, what: ef.Question | ef.Order) -> str | StokerError | None:
        """The credential, which is asked for here: whoever gives it keeps it from call to call."""
        token = self.site.access.token
        if token is None or not isinstance(what, ef.Fetch | ef.Plan):
            return None
        try:
            return token()
        except StokerError as error:
            return error


def _patience(event: ev.Event) -> float:
    match event:
        case ev.Planned(summary=summary) if summary.size and not summary.changes.dry_run:
            return DECIDED_ABOUT
        case ev.Applied():
            return UNJUDGED
        case _:
            return A_MOMENT


@contextmanager
def apart(
    site: Site,
    now: Callable[[], datetime],
    progress: Progress = nobody_waits,
    observe: Observe = nobody_counts,
    *,
    complain: Callable[[str, Exception], None],
) -> Iterator[Apart]:
    """The hands that work at `site`; raises `StokerError` where it cannot be entered.

    Nothing is forked before the first question.
    """
    shared.load()
    with site.entered() as data:
        asking = GatewayDoers(site.gateway, now, progress, observe)
        hands = Apart(site, data, asking, complain)
        try:
            yield hands
        finally:
            hands.close()
