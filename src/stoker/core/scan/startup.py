"""How far a gateway has come with its start, from two requests that need no token.

`StatusPing` knows best, but says RUNNING of a gateway that still waits to be commissioned, and a
proxy or an older release may not answer it; then it counts whether anything but 503 comes from
`gwinfo`: that is a web server that is up.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stoker.core.scan.answer import Answer

_UNAVAILABLE: Final = 503


class Readiness(StrEnum):
    """The stages of a start."""

    DOWN = "down"
    STARTING = "starting"
    COMMISSIONING = "commissioning"
    WEB_SERVER_UP = "web-server-up"
    RUNNING = "running"

    @property
    def answers(self) -> bool:
        """Whether requests for scans and Designers can be answered."""
        return self in {Readiness.RUNNING, Readiness.WEB_SERVER_UP}


def readiness(status_ping: Answer | None, gwinfo: Answer | None) -> Readiness:
    """The stage that two answers show; None for a request without an answer."""
    document = (status_ping.document() if status_ping else None) or {}
    match document.get("state"), document.get("details"):
        case "RUNNING", "COMMISSIONING":
            return Readiness.COMMISSIONING
        case "RUNNING", _:
            return Readiness.RUNNING
        case "STARTING", _:
            return Readiness.STARTING
    answers = [answer for answer in (status_ping, gwinfo) if answer]
    if any("/welcome" in answer.headers.get("location", "") for answer in answers):
        return Readiness.COMMISSIONING
    if any(answer.status != _UNAVAILABLE for answer in answers):
        return Readiness.WEB_SERVER_UP
    return Readiness.STARTING if answers else Readiness.DOWN
