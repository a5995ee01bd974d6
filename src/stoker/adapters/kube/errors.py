"""What can go wrong between Stoker and the API server, as values.

A refusal is a `Status` document; its `code` and `reason` choose the class, its message is repeated
in ours, short and without control characters. What is not such a document (a proxy's page, half an
answer) is judged by the HTTP status alone.

Classes that add no field are plain ones: fields and freezing are those of their parent,
and an agent that starts need not wait until a dozen times the same is generated.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from attrs import field, frozen

from stoker.core.errors import Disposition, Permanent, Retryable, StokerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_READ: Final = 1 << 16
"""Bytes of a refusal that are looked at."""

_MOST_TOLD: Final = 400
_MOST_CAUSES: Final = 100
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+")
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


@frozen
class ApiFailed(StokerError):
    """The API server did not do it; `where` is the request.

    `status` is that of HTTP, 0 when no answer came; `code` is what Kubernetes calls the reason.
    """

    status: int = field(default=0, kw_only=True)
    code: str = field(default="", kw_only=True)
    retry: Disposition = field(default=Permanent(), kw_only=True)

    reason: ClassVar[str] = "KubernetesAPIFailed"

    @property
    def disposition(self) -> Disposition:
        """Whether the same request may be answered better later."""
        return self.retry


class NotFound(ApiFailed):
    """There is no such object; `code` is empty when there is not even such a kind of object."""

    reason: ClassVar[str] = "NotFound"


class AlreadyExists(ApiFailed):
    """An object of this name is there."""

    reason: ClassVar[str] = "AlreadyExists"


class Conflict(ApiFailed):
    """Somebody else changed the object meanwhile, or owns what was to be changed."""

    reason: ClassVar[str] = "Conflict"


class Gone(ApiFailed):
    """The version, or the place in a list, that was named is too old."""

    reason: ClassVar[str] = "Expired"


class Forbidden(ApiFailed):
    """The API server does not know us, or does not let us."""

    reason: ClassVar[str] = "Forbidden"


class NamespaceTerminating(ApiFailed):
    """The namespace is being deleted, so nothing new can be made in it."""

    reason: ClassVar[str] = "NamespaceTerminating"


class Invalid(ApiFailed):
    """The API server does not take the document, or the request."""

    reason: ClassVar[str] = "Invalid"


class Busy(ApiFailed):
    """The API server cannot do it now; `disposition` has how long it asks to be left alone."""

    reason: ClassVar[str] = "APIServerBusy"


@frozen
class Unreachable(ApiFailed):
    """No whole answer came. A write may have been done all the same."""

    retry: Disposition = field(default=Retryable(), kw_only=True)

    reason: ClassVar[str] = "APIServerUnreachable"


class Silent(Unreachable):
    """A watch brought nothing for too long, not even a bookmark."""


@frozen
class Unreadable(ApiFailed):
    """An answer came, and is not what this API answers, or too much."""

    retry: Disposition = field(default=Retryable(), kw_only=True)

    reason: ClassVar[str] = "APIAnswerUnreadable"


@frozen
class NoCluster(StokerError):
    """It is not known how to reach an API server; `where` is the file that should say so."""

    reason: ClassVar[str] = "NoCluster"


@frozen
class NotLeading(StokerError):
    """A write was held back, as another replica may lead by now."""

    reason: ClassVar[str] = "NotLeading"

    @property
    def disposition(self) -> Disposition:
        """Leading may come back."""
        return Retryable()


_CLASSES: Final[Mapping[int, type[ApiFailed]]] = {
    400: Invalid,
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    413: Invalid,
    422: Invalid,
    429: Busy,
}
_CURES: Final[Mapping[int, str]] = {
    401: "check the token, or whatever else says who we are",
    403: "check the roles that are bound to our service account",
}
_SERVER: Final = range(500, 600)


def refused(where: str, status: int, body: bytes, retry_after: str = "") -> ApiFailed:
    """The error for an answer that is none of success; `body` may be anything, or cut off."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict) and document.get("kind") == "Status":
        return of_status(where, document, status, retry_after)
    return _error(where, status, "", f"the API server answered with HTTP {status}", retry_after)


def of_status(
    where: str, document: Mapping[str, Any], status: int = 0, retry_after: str = ""
) -> ApiFailed:
    """The error for a `Status` document, such as that of an ERROR event."""
    told = document.get("code")
    number = status or (told if type(told) is int else 0)
    code = _text(document.get("reason"))
    message = _text(document.get("message")) or f"the API server answered with {code or number}"
    details = document.get("details")
    if isinstance(details, dict) and not _SECONDS.fullmatch(retry_after):
        retry_after = str(details.get("retryAfterSeconds") or "")
    error = _error(where, number, code, message, retry_after)
    if isinstance(error, Forbidden | Conflict) and "NamespaceTerminating" in _causes(details):
        return NamespaceTerminating(message, where=where, status=number, code=code)
    return error


def _error(where: str, status: int, code: str, message: str, retry_after: str) -> ApiFailed:
    kind = _CLASSES.get(status, Busy if status in _SERVER else ApiFailed)
    if kind is Conflict and code == "AlreadyExists":
        kind = AlreadyExists
    retry: Disposition = Permanent()
    if kind is Busy:
        retry = Retryable(float(retry_after) if _SECONDS.fullmatch(retry_after) else None)
    elif kind is Conflict:
        retry = Retryable()
    cure = _CURES.get(status, "")
    if kind is NotFound and not code:
        cure = "check that the kind of object is installed, and the address of the API server"
    return kind(message, where=where, cure=cure, status=status, code=code, retry=retry)


def _causes(details: object) -> Iterator[str]:
    causes = details.get("causes") if isinstance(details, dict) else None
    for cause in causes[:_MOST_CAUSES] if isinstance(causes, list) else ():
        if isinstance(cause, dict):
            yield str(cause.get("reason"))


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    plain = _UNPRINTABLE.sub(" ", value).strip()
    return plain if len(plain) <= _MOST_TOLD else f"{plain[:_MOST_TOLD]}…"
