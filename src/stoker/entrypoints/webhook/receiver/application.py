"""The way of a request through the receiver, step by step.

Path and method; how often its origin asks; its body, in bounds; whether its sender knows the
secret; and only then everything else: how often this CR is asked, what the body says, whether there
is such a CR, and what becomes of it. Until the secret is proven, nothing is looked at of which the
sender could notice anything.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from attrs import define, field

from stoker.adapters.codec.crd import Seen
from stoker.core.errors import StokerError
from stoker.core.payload import (
    FAILED,
    NOT_FOUND,
    ONLY_POST,
    UNAUTHORIZED,
    UNAVAILABLE,
    Ignored,
    Network,
    Order,
    Origin,
    RefRequest,
    Reply,
    origin,
    parse_payload,
    refusal,
    reply,
    slow_down,
)
from stoker.core.refs import RefName
from stoker.entrypoints.webhook.receiver.allowances import Allowances
from stoker.entrypoints.webhook.receiver.bodies import Bodies, Unread
from stoker.entrypoints.webhook.receiver.desk import Desk
from stoker.entrypoints.webhook.receiver.gate import Gate, Letter
from stoker.entrypoints.webhook.receiver.own_secrets import Key
from stoker.entrypoints.webhook.receiver.sending import Sending
from stoker.entrypoints.webhook.receiver.telling import Telling, said

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

UNKNOWN: Final = "unknown"
"""The source of a request that nobody has read."""

_LABEL: Final = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_NAMESPACE: Final = re.compile(_LABEL)
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")


class Meter(Protocol):
    """Counts requests."""

    def received(self, source: str, status_code: int, seconds: float) -> None:
        """A request was answered."""
        ...


class _Refused(Exception):
    """The answer of a request that goes no further; without one, there is nobody to hear it."""

    def __init__(self, answer: Reply | None, why: str = "") -> None:
        super().__init__()
        self.answer, self.why = answer, why


@define
class Visit:
    """A request on its way, and what is known of it so far."""

    key: Key
    method: str
    headers: Mapping[str, str]
    origin: Origin
    is_read: bool = False
    body: bytes = b""
    arrived: float = 0.0
    """When the body had come whole, as the loop counts."""
    at: datetime | None = None
    seen: Seen | None = None
    before: RefName | None = None
    """What the CR had been asked for when this arrived."""
    source: str = UNKNOWN

    @classmethod
    def of(cls, scope: Scope, trusted: Collection[Network]) -> Visit:
        """As it came in."""
        headers = read_headers(scope["headers"])
        peer, forwarded = scope.get("client") or ("", 0), headers.get("x-forwarded-for", "")
        named = scope["path_params"]
        return cls(
            (named["namespace"], named["name"]),
            scope["method"],
            headers,
            origin(peer[0], (forwarded,), trusted),
        )


@define
class Application:
    """Answers requests, as an ASGI application; for one event loop."""

    desk: Desk
    gate: Gate
    bodies: Bodies
    origins: Allowances
    crs: Allowances
    trusted: Collection[Network]
    write_seconds: float
    meter: Meter
    now: Callable[[], datetime]
    telling: Telling = field(factory=Telling)
    sending: Sending = field(factory=Sending)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = asyncio.get_running_loop().time()
        visit = Visit.of(scope, self.trusted)
        answer = await self._answer(visit, receive)
        if answer is None:
            return
        seconds = asyncio.get_running_loop().time() - began
        self.meter.received(visit.source, answer.status, seconds)
        if visit.is_read:
            await self.sending.answer(answer, send)
        else:
            expects = visit.headers.get("expect", "").lower() == "100-continue"
            await self.sending.cut_off(answer, receive, send, expects=expects)

    async def _answer(self, visit: Visit, receive: Receive) -> Reply | None:
        """The answer; None where there is nobody to hear it."""
        try:
            await self._come_in(visit, receive)
            request = self._parsed(visit)
            async with asyncio.timeout(self.write_seconds):
                return await self._settled(visit, request)
        except _Refused as refused:
            answer, why = refused.answer, refused.why
        except TimeoutError:
            answer, why = UNAVAILABLE, f"it was not done within {self.write_seconds:g} s"
        except StokerError as error:
            answer, why = UNAVAILABLE, str(error)
        except Exception:  # whatever happens, nobody is to see more than that it did
            self.telling.log.exception("a request failed")
            return FAILED
        if answer is not None:
            self.telling.refused(answer.status, visit.origin, visit.key, why or said(answer))
        return answer

    async def _come_in(self, visit: Visit, receive: Receive) -> None:
        """See that a request may be looked at; raises `_Refused`."""
        clock = asyncio.get_running_loop().time
        if visit.method != "POST":
            raise _Refused(ONLY_POST)
        if wait := self.origins.wait(visit.origin.share, clock()):
            raise _Refused(slow_down(wait), "too many requests from one address")
        try:
            visit.body = await self.bodies.read(visit.headers, receive)
        except Unread as unread:
            raise _Refused(unread.reply) from None
        visit.is_read, visit.arrived, visit.at = True, clock(), self.now()
        visit.seen = self.desk.known.cr(*visit.key)
        visit.before = self.desk.requested(visit.key)
        await self._let_in(visit)
        if wait := self.crs.wait(visit.key, clock()):
            raise _Refused(slow_down(wait), "too many requests for one GatewaySync")

    async def _let_in(self, visit: Visit) -> None:
        why = await self.gate.refusal(
            visit.key, visit.seen, Letter(visit.headers, visit.body), visit.arrived
        )
        if why:
            visit.body = b""  # of many who wait here, it is the largest part
            await self.gate.moment(visit.arrived)
            raise _Refused(UNAUTHORIZED, why)

    def _parsed(self, visit: Visit) -> RefRequest | Ignored:
        try:
            request = parse_payload(visit.headers, visit.body)
        except StokerError as error:
            raise _Refused(refusal(error), str(error)) from error
        visit.source = str(request.source)
        return request

    async def _settled(self, visit: Visit, request: RefRequest | Ignored) -> Reply:
        if visit.seen is None:
            visit.seen = await self.desk.look_up(visit.key) if _is_name(visit.key) else None
            if visit.seen is None:
                raise _Refused(NOT_FOUND)
            # It may have a secret of its own, of which nothing was known.
            await self._let_in(visit)
        order = Order(request, visit.at or self.now(), visit.before)
        decision = await self.desk.settle(visit.key, order)
        if decision is None:
            raise _Refused(NOT_FOUND)
        self.telling.settled(visit.key, request, decision, visit.origin, visit.headers)
        return reply(decision)


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers by their names in lower case; what comes twice is one value, as HTTP has it.

    So a second signature or token makes the first one wrong.
    """
    headers: dict[str, str] = {}
    for name, value in raw:
        lower, text = name.decode("latin-1").lower(), value.decode("utf-8", "surrogateescape")
        headers[lower] = f"{headers[lower]}, {text}" if lower in headers else text
    return headers


def _is_name(key: Key) -> bool:
    """Whether there can be such a CR at all."""
    return bool(_NAMESPACE.fullmatch(key[0]) and _NAME.fullmatch(key[1]))
