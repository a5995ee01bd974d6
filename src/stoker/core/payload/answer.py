"""What the receiver does about a request, and what it answers.

`answer` decides from the request, from what the CR follows and from what was requested before.
The decision says what is to be done; `reply` says it to the sender. Everything that can go wrong
has its reply here too, so that the handler only looks up and writes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, assert_never

from attrs import field, frozen

from stoker.core.errors import SignatureError, StokerError
from stoker.core.payload.requests import Ignored, PushedRef, RefRequest, RequestKind
from stoker.core.refs import RefName, RequestSource, SemverRange, same_ref

Followed = RefName | SemverRange


@frozen
class Accepted:
    """Write the request into the CR's annotations."""

    ref: RefName
    source: RequestSource


@frozen
class AlreadySet:
    """Nothing to write: this very ref is in force. Failures before it are forgiven all the same."""

    ref: RefName


@frozen
class Superseded:
    """Nothing to write: a later request has been written already."""

    ref: RefName


@frozen
class TriggerResolve:
    """Resolve now: what the CR follows was pushed."""

    ref: RefName


@frozen
class IgnoredPush:
    """Do nothing: what was pushed is none of what the CR follows."""

    ref: RefName


Decision = Accepted | AlreadySet | Superseded | TriggerResolve | IgnoredPush | Ignored


@frozen
class Reply:
    """A response: status, JSON body, further headers."""

    status: int
    body: Mapping[str, object]
    headers: Mapping[str, str] = field(factory=dict)


def answer(
    request: RefRequest | Ignored, spec: Followed | None, requested: RefName | None = None
) -> Decision:
    """What to do about `request` for a CR with this spec and this `stoker.io/requested-ref`.

    Without a spec, where it cannot be read, only what was requested counts.
    """
    if isinstance(request, Ignored):
        return request
    if request.kind is RequestKind.SET:
        return _set(request, spec, requested)
    followed = [one for one in (requested, spec) if one is not None]
    for pushed in request.pushed:
        if any(_names(pushed, one) for one in followed):
            return TriggerResolve(pushed.ref)
    return IgnoredPush(request.ref)


def _set(request: RefRequest, spec: Followed | None, requested: RefName | None) -> Decision:
    """Set, unless it is.

    Against an earlier request the comparison is exact: `v1.2.3` must be able to correct a
    `1.2.3` that the repository does not have. Against the spec it is the one that would drop the
    request at once.
    """
    if requested is not None:
        is_set = request.ref == requested
    else:
        is_set = isinstance(spec, RefName) and same_ref(request.ref, spec)
    return AlreadySet(request.ref) if is_set else Accepted(request.ref, request.source)


def _names(pushed: PushedRef, followed: Followed) -> bool:
    """Whether a push can change what `followed` resolves to."""
    match followed:
        case SemverRange():
            tag = pushed.ref.removeprefix("refs/tags/")
            return tag != pushed.ref and followed.matches(tag)
        case "HEAD":
            # Which branch is the default one, only the repository knows.
            return pushed.ref.startswith("refs/heads/")
        case _:
            return bool({*pushed.ref.candidates} & {*followed.candidates})


def reply(decision: Decision) -> Reply:
    """The response to a request that was understood: 202 in any case."""
    match decision:
        case Accepted(ref=ref) | TriggerResolve(ref=ref):
            return Reply(202, {"accepted": True, "ref": str(ref)})
        case AlreadySet(ref=ref):
            return Reply(202, {"accepted": True, "ref": str(ref), "message": "ref already set"})
        case Superseded(ref=ref):
            said = "superseded by a later request"
            return Reply(202, {"accepted": True, "ref": str(ref), "message": said})
        case IgnoredPush(ref=ref):
            return Reply(202, {"accepted": False, "ref": str(ref), "message": "ignored"})
        case Ignored():
            return Reply(202, {"accepted": False, "message": "ignored"})
        case _:
            assert_never(decision)


def refusal(error: StokerError) -> Reply:
    """The response to a request that is not authentic (401, without a hint) or illegal (400)."""
    if isinstance(error, SignatureError):
        return UNAUTHORIZED
    return _refused(400, str(error))


def slow_down(after: float) -> Reply:
    """The response to a sender that asks too often: 429, with the seconds to wait."""
    return _refused(429, "too many requests", {"Retry-After": str(max(1, math.ceil(after)))})


def _refused(status: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, {"accepted": False, "message": message}, headers or {})


UNAUTHORIZED: Final = _refused(401, "unauthorized", {"WWW-Authenticate": "Bearer"})
NOT_FOUND: Final = _refused(404, "no such GatewaySync")
NO_SUCH_PATH: Final = _refused(404, "no such path: requests go to /webhook/NAMESPACE/NAME")
ONLY_POST: Final = _refused(405, "only POST is answered here", {"Allow": "POST"})
TOO_SLOW: Final = _refused(408, "the body took too long")
TOO_LARGE: Final = _refused(413, "the body is larger than 1 MiB")
FAILED: Final = _refused(500, "the request could not be answered")
CROWDED: Final = _refused(503, "too many requests at a time", {"Retry-After": "2"})
UNAVAILABLE: Final = _refused(503, "the API server cannot be reached", {"Retry-After": "5"})
