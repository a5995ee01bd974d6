"""What the receiver tells of its requests: one line for each that was let in, few for the others.

The line of a request that was let in is its audit record: who asked for what, by which system, from
where, and what became of it. Refusals are counted; of each kind the first is told at once, so that
who sets up a sender sees why, and after that their number, now and then: a flood must not fill the
log.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from attrs import define, field

from stoker.adapters.logs import structured as logs
from stoker.core.payload import (
    Accepted,
    AlreadySet,
    IgnoredPush,
    RefRequest,
    Superseded,
    TriggerResolve,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stoker.core.errors import StokerError
    from stoker.core.payload import Decision, Ignored, Origin, Reply
    from stoker.entrypoints.webhook.receiver.own_secrets import Key

QUIET: Final = 30.0
"""Seconds between two lines about refusals of a kind."""

_LONGEST: Final = 80
_MOST_KINDS: Final = 50
_DELIVERIES: Final = (
    "x-github-delivery",
    "x-gitea-delivery",
    "x-gitlab-event-uuid",
    "x-request-uuid",
    "x-request-id",
)
_DONE: Final[Mapping[type, str]] = {
    Accepted: "set",
    AlreadySet: "already set",
    Superseded: "superseded",
    TriggerResolve: "resolve",
    IgnoredPush: "ignored",
}


@define
class _Kind:
    """Refusals of one kind since the last line about them."""

    number: int = 0
    origin: str = ""


@define
class Telling:
    """Tells it to the log; for one event loop."""

    audit: logs.Logger = field(factory=lambda: logs.logger("audit"))
    log: logs.Logger = field(factory=lambda: logs.logger("receiver"))
    quiet: float = QUIET
    _kinds: dict[tuple[int, str], _Kind] = field(factory=dict, repr=False)

    def settled(
        self,
        key: Key,
        request: RefRequest | Ignored,
        decision: Decision,
        origin: Origin,
        headers: Mapping[str, str],
    ) -> None:
        """A request was let in, and something became of it."""
        fields = {
            "namespace": key[0],
            "cr": key[1],
            "source": str(request.source),
            "result": _DONE.get(type(decision), "ignored"),
            "address": origin.address,
        }
        if isinstance(request, RefRequest):
            fields |= {"ref": str(request.ref), "user": request.user}
        delivery = next((headers[name] for name in _DELIVERIES if name in headers), "")
        fields["delivery"] = shown(delivery)
        self.audit.info("webhook", **{name: text for name, text in fields.items() if text})

    def refused(self, status: int, origin: Origin, key: Key, reason: str) -> None:
        """A request was not let in, or could not be answered."""
        kind = (status, reason)
        if kind not in self._kinds and len(self._kinds) >= _MOST_KINDS:
            kind = (status, "")
        if (known := self._kinds.get(kind)) is not None:
            known.number, known.origin = known.number + 1, origin.address
            return
        self._kinds[kind] = _Kind()
        asyncio.get_running_loop().call_later(self.quiet, self._sum_up, kind)
        self.log.warning(
            "a request was refused",
            status=status,
            reason=reason,
            address=origin.address,
            path=shown("/".join(key)),
        )

    def complain(self, what: str, error: StokerError, **fields: str) -> None:
        """Something is wrong that no request is to blame for."""
        self.log.warning(what, error=error, **fields)

    def _sum_up(self, kind: tuple[int, str]) -> None:
        counted = self._kinds.pop(kind)
        if not counted.number:
            return
        self._kinds[kind] = _Kind()
        asyncio.get_running_loop().call_later(self.quiet, self._sum_up, kind)
        self.log.warning(
            "more requests were refused",
            number=counted.number,
            status=kind[0],
            reason=kind[1],
            last_address=counted.origin,
        )


def shown(text: str) -> str:
    """What somebody sent, as it may stand in a line."""
    return "".join(one if one.isprintable() else "?" for one in text[:_LONGEST])


def said(answer: Reply) -> str:
    """The message of an answer."""
    return str(answer.body.get("message", ""))
