"""The ways in which a git server may fail, and what it has seen."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from attrs import field, frozen


@frozen
class Refuse:
    """Every request is answered with this status."""

    status: int
    headers: Mapping[str, str] = field(factory=dict)


@frozen
class Hang:
    """Every request is taken, and none is answered."""


@frozen
class BreakOff:
    """The connection is reset after so many bytes of a pack."""

    after: int = 1000


@frozen
class Trickle:
    """A pack comes in pieces of `size` bytes, each followed by a pause; `after` bytes at once."""

    pause: float
    size: int = 1000
    after: int = 0


@frozen
class Redirect:
    """Every request is sent elsewhere, with its path behind `to`."""

    to: str
    status: int = 301


@frozen
class Swap:
    """Whoever asks for the object `wanted` is given the object `given`."""

    wanted: str
    given: str


@frozen
class Flood:
    """The advertisement of refs never ends."""


Fault = Refuse | Hang | BreakOff | Trickle | Redirect | Swap | Flood


@frozen
class Seen:
    """A request as it arrived; the names of the headers are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def authorization(self) -> str:
        return self.headers.get("authorization", "")

    @property
    def password(self) -> str:
        """What basic authentication said, as `user:password`."""
        return base64.b64decode(self.authorization.removeprefix("Basic ")).decode()
