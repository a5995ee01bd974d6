"""The thread that writes: the status first, then the list of changes, then events.

Whoever has something to tell leaves it here and goes on. The newest status replaces one that waits,
and so does the newest list. What the API server does not take is tried again for ever, events
apart; a failure is complained about when it begins and not each time.

The status is written again and again, as a sign of life. The answer tells when its ConfigMap has
been made anew; then the list of changes is written again as well. Whether that is still where it
was written is looked at now and then besides, as it may be days until there is a new one.
"""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Final

from attrs import evolve

from stoker.adapters.codec.report import (
    CHANGES_KEY,
    decode_report,
    encode_changes,
    encode_report,
)
from stoker.adapters.kube.errors import AlreadyExists, ApiFailed, NotFound
from stoker.adapters.kube.resources import EVENTS
from stoker.core import names
from stoker.core.errors import DecodeError, StokerError
from stoker.entrypoints.agent.reporting.desk import Desk
from stoker.entrypoints.agent.reporting.events import Speaker, Tale, Tales, document_of
from stoker.entrypoints.agent.reporting.sheets import Sheet

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from stoker.adapters.kube.client import Client
    from stoker.core.report import ChangeList, GatewayReport
    from stoker.entrypoints.agent.following import Owner

CALL: Final = 10.0
"""Seconds that a write may take."""
READING: Final = 3.0
"""Seconds that the own status may take to be read at the start."""
LOOKING: Final = 600.0
"""Seconds between two looks at whether the list of changes is still where it was written."""

_PAUSE: Final = 1.0
"""Seconds until it is looked again whether the CR is known, for which events wait."""


class Reporter:
    """Tells what it is told to tell; it may be told by any thread."""

    def __init__(  # noqa: PLR0913 - who speaks to whom, and how
        self,
        client: Client,
        *,
        namespace: str,
        cr: str,
        pod: str,
        pod_uid: str,
        owner: Callable[[], Owner | None],
        now: Callable[[], datetime],
        complain: Callable[[str, Exception], None],
        clean: Callable[[str], str] = str,
        monotonic: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Nothing is written before `start`. `clean` takes secrets out of a text."""
        self._client = client
        self._speaker = Speaker(namespace, pod, pod_uid)
        self._owner = owner
        self._now = now
        self._complain = complain
        self._clean = clean
        self._monotonic = monotonic
        self._chance = chance
        self._moved = threading.Condition()
        status = Sheet(namespace, names.status_config_map(cr, pod), names.STATUS_KEY)
        changes = Sheet(namespace, names.changes_config_map(cr, pod), CHANGES_KEY)
        self._status = Desk("write the status", status, self._moved, complain)
        self._changes = Desk("write the list of changes", changes, self._moved, complain)
        self._tales = Tales()
        self._looked = monotonic()
        self._over = False
        self._until: float | None = None
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def last(self) -> GatewayReport | None:
        """What this pod's agent told last, in an earlier life; None if that cannot be had.

        To be called before `start`. A pod of the same name that is gone was somebody else.
        """
        try:
            text = self._status.sheet.read(self._client.within(READING))
            report = decode_report(text, pod_name=self._speaker.pod) if text else None
        except NotFound:
            return None  # the controller is about to make it
        except (ApiFailed, DecodeError) as error:
            self._complain("read what was reported last", error)
            return None
        if report is None or report.pod_uid != self._speaker.pod_uid:
            return None
        return report

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it writes."""
        return self._thread.is_alive()

    @property
    def trouble(self) -> str:
        """Why the status does not reach the API server; "" as long as it does."""
        error = self._status.error
        return "" if error is None else f"the status cannot be written: {error}"

    # --- What there is to tell ---

    def report(self, report: GatewayReport) -> None:
        """The state of the gateway."""
        error, scan = self._clean(report.error_message), self._clean(report.last_scan_result)
        report = evolve(report, error_message=error, last_scan_result=scan)
        self._status.put(encode_report(report))

    def publish(self, changes: ChangeList) -> None:
        """What the last sync changed, or would change."""
        self._changes.put(encode_changes(changes))

    def event(self, kind: str, reason: str, message: str, *, commit: str = "") -> None:
        """An event of the CR, `Normal` or `Warning`; `commit` is the one that it is about."""
        tale = Tale(kind, reason, self._clean(message), self._now())
        with self._moved:
            self._tales.add(tale, commit, self._monotonic())
            self._moved.notify_all()

    def flush(self, seconds: float) -> bool:
        """Write what there is, and end; whether all of it was written in time."""
        self._until = self._monotonic() + seconds
        self._status.hurry()
        self._changes.hurry()
        with self._moved:
            self._tales.hurry()
            self._moved.notify_all()
            done = self._moved.wait_for(self._is_empty, seconds) if self.alive else False
            self._over = True
            self._moved.notify_all()
        return done

    def _is_empty(self) -> bool:
        now = self._monotonic()
        waits = [self._status.slot.due(now), self._changes.slot.due(now)]
        if self._owner() is not None:
            waits.append(self._tales.due(now))
        return all(wait is None for wait in waits)

    # --- The thread ---

    def _run(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except Exception as error:  # noqa: BLE001 - a defect must not end the thread
                self._complain("report", error)
                time.sleep(_PAUSE)

    def _next(self) -> Callable[[], None] | None:
        """What to do next, once it is due; None: no more."""
        with self._moved:
            while not self._over:
                waits = self._waits(self._monotonic())
                for wait, task in waits:
                    if wait <= 0:
                        return task
                self._moved.wait(min((wait for wait, _ in waits), default=None))
        return None

    def _waits(self, now: float) -> list[tuple[float, Callable[[], None]]]:
        """What there is to do, what matters most first, and how soon."""
        asked: list[tuple[float | None, Callable[[], None]]] = [
            (self._status.slot.due(now), self._write_status),
            (self._changes.slot.due(now), self._write_changes),
            (self._due_tale(now), self._tell),
            (self._due_look(now), self._look),
        ]
        return [(wait, task) for wait, task in asked if wait is not None]

    def _due_tale(self, now: float) -> float | None:
        wait = self._tales.due(now)
        return wait if wait is None or self._owner() is not None else _PAUSE

    def _due_look(self, now: float) -> float | None:
        if self._changes.slot.written is None:
            return None
        return max(self._looked + LOOKING - now, 0.0)

    def _write_status(self) -> None:
        sheet = self._status.sheet
        before = sheet.uid
        self._status.write(self._hasty(), self._monotonic, self._chance())
        if before and sheet.uid not in {"", before}:
            self._changes.lost()

    def _write_changes(self) -> None:
        self._changes.write(self._hasty(), self._monotonic, self._chance())
        self._looked = self._monotonic()

    def _look(self) -> None:
        """See whether the list of changes is still where it was written."""
        sheet = self._changes.sheet
        before, self._looked = sheet.uid, self._monotonic()
        try:
            sheet.look(self._hasty())
        except ApiFailed as error:
            self._complain("look for the list of changes", error)
        if sheet.uid != before:
            self._changes.lost()

    def _tell(self) -> None:
        owner = self._owner()
        with self._moved:
            tale = self._tales.first()
        if owner is None:
            return
        try:
            document = document_of(tale, self._speaker, owner)
            self._hasty().create(EVENTS, self._speaker.namespace, document)
        except AlreadyExists:
            pass  # told by a try whose answer was lost
        except StokerError as error:
            with self._moved:
                again = self._tales.failed(tale, self._monotonic(), self._chance())
                self._moved.notify_all()
            if not again:
                self._complain(f"tell the event {tale.reason}", error)
            return
        with self._moved:
            self._tales.settled(tale)
            self._moved.notify_all()

    def _hasty(self) -> Client:
        """The client, with as much time as there is."""
        until = self._until
        left = CALL if until is None else max(until - self._monotonic(), 0.1)
        return self._client.within(min(CALL, left))
