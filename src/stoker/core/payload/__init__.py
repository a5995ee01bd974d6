"""What a webhook says, whether it may say so, and what is to be done about it.

The receiver has no decision of its own: `authenticate` proves the sender, `parse_payload` reads
the body of any supported system, `answer` decides, `reply` and `refusal` give the response.

- `requests`: what a body is read as
- `formats`: how each system's body is recognised and read
- `signature`: proofs that the sender knows the secret
- `answer`: the decision, and the response to it
- `settling`: what several requests to one CR come to, and what is written of them
- `origin`, `throttle`: where a request comes from, and how often that may ask
"""

from __future__ import annotations

from stoker.core.payload.answer import (
    CROWDED,
    FAILED,
    NO_SUCH_PATH,
    NOT_FOUND,
    ONLY_POST,
    TOO_LARGE,
    TOO_SLOW,
    UNAUTHORIZED,
    UNAVAILABLE,
    Accepted,
    AlreadySet,
    Decision,
    Followed,
    IgnoredPush,
    Reply,
    Superseded,
    TriggerResolve,
    answer,
    refusal,
    reply,
    slow_down,
)
from stoker.core.payload.formats import MAX_BODY, parse_payload
from stoker.core.payload.origin import Network, Origin, origin
from stoker.core.payload.requests import Ignored, PushedRef, RefRequest, RequestKind
from stoker.core.payload.settling import Order, Settlement, Standing, settle, standing
from stoker.core.payload.signature import ReceiverSecret, authenticate, sign
from stoker.core.payload.throttle import Rate, Taken, take

__all__ = [
    "CROWDED",
    "FAILED",
    "MAX_BODY",
    "NOT_FOUND",
    "NO_SUCH_PATH",
    "ONLY_POST",
    "TOO_LARGE",
    "TOO_SLOW",
    "UNAUTHORIZED",
    "UNAVAILABLE",
    "Accepted",
    "AlreadySet",
    "Decision",
    "Followed",
    "Ignored",
    "IgnoredPush",
    "Network",
    "Order",
    "Origin",
    "PushedRef",
    "Rate",
    "ReceiverSecret",
    "RefRequest",
    "Reply",
    "RequestKind",
    "Settlement",
    "Standing",
    "Superseded",
    "Taken",
    "TriggerResolve",
    "answer",
    "authenticate",
    "origin",
    "parse_payload",
    "refusal",
    "reply",
    "settle",
    "sign",
    "slow_down",
    "standing",
    "take",
]
