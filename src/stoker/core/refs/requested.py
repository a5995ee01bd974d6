"""Refs that webhooks asked for, and which ref is in force.

A webhook leaves three annotations on the CR: which ref, when, by whom. The requested ref is in
force instead of the spec's until the spec names it too (someone committed the new version); then
the annotations are to be removed. Of several requests the latest counts; the order is total, so
neither duplicates nor the order of delivery can matter. Without a ref the annotations ask for no
more than a look: what the CR follows was pushed, or is asked for once more.

A request that is malformed, or that the repository does not have, is reported and ignored: a
webhook must never be able to stop a CR that works.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.errors import Problem, RefError
from stoker.core.names import REQUESTED_AT, REQUESTED_BY, REQUESTED_REF
from stoker.core.refs.advertisement import PEELED, Advertisement, resolve_ref
from stoker.core.refs.names import CommitId, RefName
from stoker.core.refs.semver import SemverRange, resolve_semver

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a request without a time was made: any request with a time is later."""

_RFC3339: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_VERSION_PREFIX: Final = re.compile(r"^v(?=[0-9])")


class RequestSource(StrEnum):
    """Who asks: what the contract allows as `stoker.io/requested-by`."""

    GITHUB = "github"
    GITLAB = "gitlab"
    BITBUCKET = "bitbucket"
    GITEA = "gitea"
    ARGOCD = "argocd"
    KARGO = "kargo"
    GENERIC = "generic"


@frozen
class RequestedRef:
    """One request: what, when, by whom."""

    ref: RefName
    at: datetime
    by: RequestSource = RequestSource.GENERIC

    @property
    def rank(self) -> tuple[datetime, str, str]:
        """The total order of requests: by time, then by ref and source so that no tie is left."""
        return (self.at, self.ref, self.by)


@frozen
class Look:
    """A request to see at once what the CR follows by now: when, by whom."""

    at: datetime
    by: RequestSource = RequestSource.GENERIC


Request = RequestedRef | Look


@frozen
class RequestAnnotations:
    """What the annotations of a CR ask for, or what is wrong with them."""

    request: Request | None = None
    problem: Problem | None = None


@frozen
class EffectiveRef:
    """The ref in force, the request that it comes from, and whether requests are done with."""

    ref: RefName
    request: RequestedRef | None
    """None: the spec's own ref is in force."""
    clear: bool
    """Whether the annotations are to be removed: the spec names the requested ref."""


@frozen
class Resolution:
    """What a CR follows, resolved."""

    ref: RefName
    commit: CommitId
    request: RequestedRef | None = None
    """The request that is in force, if one is."""
    clear: bool = False
    unresolvable: tuple[RequestedRef, RefError] | None = None
    """A request that was ignored because the repository does not have its ref."""


def read_request(annotations: Mapping[str, object]) -> RequestAnnotations:
    """Read the annotations of a CR; never raises, whatever stands in them.

    A request without a time, as someone writes it by hand, counts as older than any other. An
    unknown source counts as `generic`.
    """
    text = annotations.get(REQUESTED_REF)
    at, by = _read_time(annotations.get(REQUESTED_AT)), _read_source(annotations.get(REQUESTED_BY))
    if text is None:
        return RequestAnnotations(None if at in {None, LONG_AGO} else Look(at, by))
    if not isinstance(text, str):
        return _malformed(REQUESTED_REF, "the requested ref is not text")
    try:
        ref = RefName.parse(text)
    except RefError as error:
        return _malformed(REQUESTED_REF, f"'{error.where}': {error.message}")
    if at is None:
        return _malformed(REQUESTED_AT, "the time of the request is not RFC 3339")
    return RequestAnnotations(RequestedRef(ref, at, by))


def write_request(request: Request) -> dict[str, str]:
    """The annotations that say `request`; `read_request` reads them back.

    Those of a `Look` leave a ref that was requested before as it is: it is looked at once more.
    """
    at = request.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    ref = {REQUESTED_REF: str(request.ref)} if isinstance(request, RequestedRef) else {}
    return {**ref, REQUESTED_AT: at, REQUESTED_BY: request.by.value}


def same_ref(one: str, other: str) -> bool:
    """Whether two refs are the same, but for a leading `v` before a digit."""
    return _VERSION_PREFIX.sub("", one) == _VERSION_PREFIX.sub("", other)


def effective_ref(spec_ref: RefName, requests: Iterable[RequestedRef]) -> EffectiveRef:
    """Which ref is in force: that of the latest request, unless the spec names it already."""
    latest = _latest(requests)
    if latest is None:
        return EffectiveRef(spec_ref, None, clear=False)
    if same_ref(latest.ref, spec_ref):
        return EffectiveRef(spec_ref, None, clear=True)
    return EffectiveRef(latest.ref, latest, clear=False)


def ref_prefixes(*wanted: RefName | SemverRange) -> tuple[str, ...]:
    """Which part of the advertisement answers for all of `wanted`: full names, or `refs/tags/`.

    They are meant for the `ref-prefix` of git's protocol version 2. A prefix that ends in `/`
    needs a `*` behind it as a pattern of `git ls-remote`. A commit id needs none.
    """
    prefixes: dict[str, None] = {}
    for one in wanted:
        if isinstance(one, SemverRange):
            prefixes["refs/tags/"] = None
            continue
        for name in one.candidates:
            prefixes[name] = None
            # A branch cannot be an annotated tag, and HEAD is a branch.
            if name != "HEAD" and not name.startswith("refs/heads/"):
                prefixes[name + PEELED] = None
    return tuple(prefixes)


def resolve_tracked(
    advertised: Advertisement, spec: RefName | SemverRange, requests: Iterable[RequestedRef]
) -> Resolution:
    """The commit that a CR is to be at, or `RefError` when only the spec could say and cannot.

    For a range, the tag that it resolves to now is the spec's ref: a request is in force until
    the range arrives at the same tag.
    """
    latest = _latest(requests)
    if latest is None:
        return Resolution(*_resolve_spec(advertised, spec))
    if _has_arrived(advertised, spec, latest):
        return Resolution(*_resolve_spec(advertised, spec), clear=True)
    try:
        return Resolution(latest.ref, resolve_ref(advertised, latest.ref), latest)
    except RefError as error:
        return Resolution(*_resolve_spec(advertised, spec), unresolvable=(latest, error))


def _latest(requests: Iterable[RequestedRef]) -> RequestedRef | None:
    return max(requests, key=lambda request: request.rank, default=None)


def _resolve_spec(
    advertised: Advertisement, spec: RefName | SemverRange
) -> tuple[RefName, CommitId]:
    if isinstance(spec, SemverRange):
        return resolve_semver(advertised, spec)
    return spec, resolve_ref(advertised, spec)


def _has_arrived(
    advertised: Advertisement, spec: RefName | SemverRange, request: RequestedRef
) -> bool:
    if isinstance(spec, RefName):
        return same_ref(request.ref, spec)
    try:
        return same_ref(request.ref, resolve_semver(advertised, spec)[0])
    except RefError:
        return False


def _malformed(annotation: str, message: str) -> RequestAnnotations:
    cure = "correct the annotations of the request, or remove them"
    return RequestAnnotations(problem=Problem(f"metadata.annotations.{annotation}", message, cure))


def _read_time(text: object) -> datetime | None:
    """The instant in UTC; None for what is no time."""
    if text is None:
        return LONG_AGO
    parts = _RFC3339.fullmatch(text) if isinstance(text, str) else None
    if parts is None:
        return None
    day, clock, fraction, zone = parts.groups()
    zone = "+00:00" if zone in "Zz" else zone
    try:
        at = datetime.fromisoformat(f"{day}T{clock}.{fraction or '0':0<6.6}{zone}")
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _read_source(text: object) -> RequestSource:
    try:
        return RequestSource(text)  # type: ignore[arg-type] # a lookup: anything may be asked for
    except ValueError:
        return RequestSource.GENERIC
