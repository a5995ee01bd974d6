"""Who is let in: whoever proves to know the secret of the CR that they name.

A CR that is not there is asked for with the global secret, as one that has none of its own, so
nobody learns from a refusal whether it is there. Nor from the time that it takes: all refusals are
told at the same moment after the last byte of the request, whatever was looked at until then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from stoker.core.errors import InvalidDocument, SignatureError
from stoker.core.payload import ReceiverSecret, authenticate
from stoker.entrypoints.webhook.receiver.global_secret import GlobalSecret
from stoker.entrypoints.webhook.receiver.own_secrets import OwnSecrets

if TYPE_CHECKING:
    from stoker.adapters.codec.crd import Seen
    from stoker.entrypoints.webhook.receiver.own_secrets import Key, Place


@frozen
class Letter:
    """What a sender says: headers, their names in lower case, and body."""

    headers: Mapping[str, str]
    body: bytes


@frozen
class Gate:
    """Lets requests in, or not; for one event loop."""

    everyones: GlobalSecret
    own: OwnSecrets
    allow_unauthenticated: bool
    seconds: float
    """How long after its arrival a request is refused."""

    async def refusal(self, key: Key, seen: Seen | None, letter: Letter, arrived: float) -> str:
        """Why this request is not let in to the CR; "": it is.

        No more than the words: an error would keep the body, by the frames that it came through.
        """
        try:
            place = self.own.place(key, seen)
        except InvalidDocument:
            return "the GatewaySync cannot be read, so its secret is not known"
        if place is None:
            return _proven(letter, self.everyones.now(), allowed=self.allow_unauthenticated)
        return await self._judged_by_own(place, letter, arrived + self.seconds)

    async def moment(self, arrived: float) -> None:
        """Wait until who arrived then may be told that they are not let in."""
        await asyncio.sleep(self._left(arrived + self.seconds))

    async def _judged_by_own(self, place: Place, letter: Letter, until: float) -> str:
        secret = self.own.secret(place)
        why = _proven_by_own(letter, secret, place)
        reading = self.own.refresh(place)
        if not why or reading is None:
            return why
        await asyncio.wait([asyncio.wrap_future(reading)], timeout=self._left(until))
        now = self.own.secret(place)
        return why if now == secret else _proven_by_own(letter, now, place)

    def _left(self, until: float) -> float:
        return max(0.0, until - asyncio.get_running_loop().time())


def _proven_by_own(letter: Letter, secret: ReceiverSecret | None, place: Place) -> str:
    if secret is None:
        named = f"{place.ref.name} with the key {place.ref.key!r}"
        return f"the GatewaySync's own Secret {named} could not be read (make it)"
    return _proven(letter, secret, allowed=False)


def _proven(letter: Letter, secret: ReceiverSecret, *, allowed: bool) -> str:
    try:
        authenticate(letter.headers, letter.body, secret, allow_unauthenticated=allowed)
    except SignatureError as error:
        return str(error)
    return ""
