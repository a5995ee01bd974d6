"""What the agent and the process that works on its files say to each other.

Each message is a pickle with its length in front. Both ends are the same program, one forked from
the other, so a pickle is as safe here as an argument of a call, and nothing else can speak on this
socket.

The values of the core are pickled as they are. An error is named by its class and fields, as
`BaseException` would lose those that are given by name. Some classes live in modules that the
agent never loads (they would bring a library along): such an error arrives as `Distant`, which
says the same and has the same disposition.
"""

from __future__ import annotations

import io
import pickle
import struct
import sys
from typing import TYPE_CHECKING, Any, Final

from attrs import field, fields, frozen

from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.errors import Disposition, Permanent, StokerError
from stoker.entrypoints.engine.hands import unexpected
from stoker.entrypoints.engine.memory import Memory
from stoker.entrypoints.engine.observations import Observation
from stoker.entrypoints.engine.progress import Step

if TYPE_CHECKING:
    import socket


_LENGTH: Final = struct.Struct("!Q")
_AT_ONCE: Final = 1 << 20


Reduced = Any
"""As pickle wants it: a function and its arguments, or `NotImplemented`."""


@frozen
class Task:
    """What the child is to do."""

    what: ef.Question | ef.Order
    token: str | StokerError | None = field(default=None, repr=False)
    """The credential for the repository as it is now, or why there is none."""


@frozen
class Ready:
    """The child has come so far that it can read its first task."""


@frozen
class End:
    """The last message about a task: it is done, or failed."""

    memory: Memory
    event: ev.Event | None = None
    """The answer to a question."""
    error: StokerError | None = None
    """Why an order was not carried out."""


@frozen
class Complaint:
    """Something failed that nobody waits for."""

    doing: str
    error: StokerError


Message = Task | Ready | Step | Observation | Complaint | End


@frozen
class Distant(StokerError):
    """An error of a class that is not known here."""

    kind: str = field(kw_only=True)
    retry: Disposition = field(default=Permanent(), kw_only=True)
    told: str = field(default="", kw_only=True)

    @property
    def disposition(self) -> Disposition:
        """As that of the error itself."""
        return self.retry

    def __str__(self) -> str:
        """What the error itself would say."""
        return self.told


def dumps(message: Message) -> bytes:
    """A message as bytes."""
    file = io.BytesIO()
    _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(message)
    return file.getvalue()


def loads(data: bytes) -> Message:
    """The message in these bytes."""
    message: Message = pickle.loads(data)  # noqa: S301 - from a fork of ours, as said above
    return message


class _Pickler(pickle.Pickler):
    def reducer_override(self, thing: object) -> Reduced:
        """An error by its class and fields; everything else as ever."""
        return _reduced(thing) if isinstance(thing, StokerError) else NotImplemented


def _reduced(error: StokerError) -> Reduced:
    kind = type(error)
    given = {each.alias: getattr(error, each.name) for each in fields(kind) if each.init}
    distant = {
        "message": error.message,
        "where": error.where,
        "cure": error.cure,
        "kind": kind.reason,
        "retry": error.disposition,
        "told": str(error),
    }
    # Values of modules that are not loaded there must not load them by being unpickled.
    return _revived, (kind.__module__, kind.__qualname__, pickle.dumps(given), distant)


def _revived(module: str, name: str, given: bytes, distant: dict[str, Any]) -> StokerError:
    kind = getattr(sys.modules.get(module), name, None)
    if kind is None:
        return Distant(**distant)
    made: StokerError = kind(**pickle.loads(given))  # noqa: S301 - as above
    return made


def as_error(error: Exception) -> StokerError:
    """An error that can be told of."""
    return error if isinstance(error, StokerError) else unexpected(error)


def send(connection: socket.socket, message: Message) -> None:
    """Send a message; raises `OSError`."""
    data = dumps(message)
    connection.sendall(_LENGTH.pack(len(data)) + data)


def receive(connection: socket.socket) -> Message | None:
    """The next message; None where the other end is gone. Raises `OSError`."""
    head = _exactly(connection, _LENGTH.size)
    if head is None:
        return None
    data = _exactly(connection, _LENGTH.unpack(head)[0])
    return None if data is None else loads(data)


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        piece = connection.recv(min(size - len(data), _AT_ONCE))
        if not piece:
            return None
        data += piece
    return bytes(data)
