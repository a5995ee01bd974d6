"""What a webhook says, whether it may say so, and what is to be done about it.

The receiver has no decision of its own: `authenticate` proves the sender, `parse_payload` reads
the body of any supported system, `answer` decides, `reply` and `refusal` give the response.

- `requests`: what a body is read as
- `formats`: how each system's body is recognised and read
- `signature`: proofs that the sender knows the secret
- `answer`: the decision, and the response to it
"""

from __future__ import annotations

from stoker.core.payload.answer import (
    NOT_FOUND,
    TOO_LARGE,
    UNAVAILABLE,
    Accepted,
    AlreadySet,
    Decision,
    IgnoredPush,
    Reply,
    TriggerResolve,
    answer,
    refusal,
    reply,
    slow_down,
)
from stoker.core.payload.formats import MAX_BODY, parse_payload
from stoker.core.payload.requests import Ignored, PushedRef, RefRequest, RequestKind
from stoker.core.payload.signature import ReceiverSecret, authenticate, sign

__all__ = [
    "MAX_BODY",
    "NOT_FOUND",
    "TOO_LARGE",
    "UNAVAILABLE",
    "Accepted",
    "AlreadySet",
    "Decision",
    "Ignored",
    "IgnoredPush",
    "PushedRef",
    "ReceiverSecret",
    "RefRequest",
    "Reply",
    "RequestKind",
    "TriggerResolve",
    "answer",
    "authenticate",
    "parse_payload",
    "refusal",
    "reply",
    "sign",
    "slow_down",
]
