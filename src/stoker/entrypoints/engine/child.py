"""The process that works on files: it reads tasks from its socket until that is closed.

Everything that it loads and holds is gone with it. It takes from its parent the data directory's
handle, and what must not be forgotten, as values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, evolve

from stoker.core.agent import effects as ef
from stoker.core.errors import StokerError
from stoker.entrypoints.engine import wire
from stoker.entrypoints.engine.hands import failed

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from datetime import datetime

    from stoker.adapters.fs.handles import DataDirectory
    from stoker.core.agent import events as ev
    from stoker.entrypoints.engine.file_doers import FileDoers
    from stoker.entrypoints.engine.memory import Memory
    from stoker.entrypoints.engine.site import Site


class Serving:
    """One child at work."""

    def __init__(
        self, doers: FileDoers, now: Callable[[], datetime], say: Callable[[wire.Message], None]
    ) -> None:
        """What is told beside the answers goes to `say`."""
        self.doers = doers
        self.now = now
        self.say = say

    def do(self, what: ef.Question | ef.Order) -> wire.End:
        """Carry out one task, whatever comes of it."""
        if isinstance(what, ef.Order):
            return self._obeyed(what)
        event = self._answer(what)
        return wire.End(self.doers.memory, event)

    def _answer(self, question: ef.Question) -> ev.Event:
        try:
            return self.doers.answer(question)
        except StokerError as error:
            return failed(question, error, self.now())
        except Exception as error:  # noqa: BLE001 - somebody waits for the answer
            surprise = wire.as_error(error)
            self.say(wire.Complaint(type(question).__name__, surprise))
            return failed(question, surprise, self.now())

    def _obeyed(self, order: ef.Order) -> wire.End:
        try:
            self.doers.obey(order)
        except Exception as error:  # noqa: BLE001 - as above
            return wire.End(self.doers.memory, error=wire.as_error(error))
        return wire.End(self.doers.memory)


@define
class Credential:
    """The token that came with the last task; a `StokerError` where there is none."""

    token: str | StokerError | None = None

    def __call__(self) -> str:
        """The token as it is now."""
        if isinstance(self.token, StokerError):
            raise self.token
        return self.token or ""


def serve(
    connection: socket.socket,
    site: Site,
    data: DataDirectory,
    memory: Memory,
    now: Callable[[], datetime],
) -> None:
    """Work until the other end closes the connection."""
    # Here and not above: the parent loads none of this.
    from stoker.adapters.fs.store import Store  # noqa: PLC0415
    from stoker.adapters.git.repository import Repository  # noqa: PLC0415
    from stoker.entrypoints.engine.file_doers import FileDoers  # noqa: PLC0415
    from stoker.entrypoints.engine.workplace import Workplace  # noqa: PLC0415

    def say(message: wire.Message) -> None:
        wire.send(connection, message)

    credential = Credential()
    if site.access.token is not None:
        site = evolve(site, access=evolve(site.access, token=credential))
    place = Workplace(
        identity=site.identity,
        data=data,
        store=Store(data, lambda error: say(wire.Complaint("read what was remembered", error))),
        repository=Repository(site.repository, site.repository_limit),
        remote_for=site.remote_for,
        now=now,
        progress=say,
        observe=say,
    )
    serving = Serving(FileDoers(place, memory), now, say)
    say(wire.Ready())
    while isinstance(task := wire.receive(connection), wire.Task):
        credential.token = task.token
        say(serving.do(task.what))
