"""One ConfigMap of the agent, what is to stand in it, and how it gets there.

What is to stand there is left here by any thread, and written by one. It is kept as long as the
agent lives, in case the ConfigMap is made anew; a long text is kept compressed.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from stoker.core.errors import Retryable, StokerError
from stoker.entrypoints.agent.reporting.outbox import Slot

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Condition

    from stoker.adapters.kube.client import Client
    from stoker.entrypoints.agent.reporting.sheets import Sheet


class Desk:
    """One of them; whatever changes is told to whoever waits for `moved`."""

    def __init__(
        self,
        what: str,
        sheet: Sheet,
        moved: Condition,
        complain: Callable[[str, Exception], None],
    ) -> None:
        """Nothing is to stand there yet; `what` says in complaints what was tried."""
        self.sheet = sheet
        self.slot = Slot()
        self.error: StokerError | None = None
        """Why it could not be written last."""
        self._what = what
        self._moved = moved
        self._complain = complain

    def put(self, text: str) -> None:
        """This is to stand there."""
        kept = zlib.compress(text.encode("utf-8", "replace"), 1)
        self._became(lambda slot: slot.put(kept))

    def hurry(self) -> None:
        """Try at once, as there may be no later."""
        self._became(Slot.hurried)

    def lost(self) -> None:
        """It is another ConfigMap than the one that was written."""
        self._became(Slot.lost)

    def write(self, client: Client, now: Callable[[], float], chance: float) -> None:
        """Write what is to stand there; what goes wrong is complained about when it begins to."""
        said = self.slot.said or b""
        text = zlib.decompress(said).decode() if said else ""
        self._became(Slot.begun)
        before = self.error
        try:
            self.sheet.write(client, text)
        except StokerError as error:
            self.error, asked = error, _asked(error)
            self._became(lambda slot: slot.failed(now(), chance, asked))
            if type(before) is not type(error):
                self._complain(self._what, error)
            return
        self.error = None
        self._became(lambda slot: slot.done(said))

    def _became(self, change: Callable[[Slot], Slot]) -> None:
        with self._moved:
            self.slot = change(self.slot)
            self._moved.notify_all()


def _asked(error: StokerError) -> float:
    """How long the server wants to be left alone."""
    match error.disposition:
        case Retryable(after=float() | int() as seconds):
            return float(seconds)
    return 0.0
