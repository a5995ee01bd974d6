"""`GatewaySync` documents, to and from the core's types.

Decoding is tolerant where the API server has already decided (fields that nobody knows), and
`strict` where a person should hear of a typing error. Either way the answer is the typed resource
or one `InvalidDocument` with everything that is wrong: what has the wrong form, and, of all the
rest, what breaks a rule. Only a document that is too deep or too big to be looked at in full is a
`DecodeError`.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, TypeVar

from attrs import evolve, field, frozen

from stoker.adapters.codec.plain import kind_of, plain
from stoker.adapters.codec.structure import read
from stoker.core.errors import DecodeError, InvalidDocument, Problem
from stoker.core.ignition import refused_destination
from stoker.core.names import API_VERSION, KIND
from stoker.core.profile import GLOBS
from stoker.core.spec import GatewaySync, GatewaySyncSpec, GatewaySyncStatus, SyncProfile
from stoker.core.spec.document import to_document
from stoker.core.spec.problems import (
    MAX_PROBLEMS,
    Finding,
    Place,
    listed,
    nearest,
    ranks_of,
    shown,
    unrelated,
)
from stoker.core.spec.rules import Site, check
from stoker.core.spec.schema import fields_of
from stoker.core.spec.types import ObjectMeta

if TYPE_CHECKING:
    from collections.abc import Iterator

_T = TypeVar("_T")

SITE: Final = evolve(GLOBS, refused_destination=refused_destination)
"""Where documents are used: on an Ignition gateway."""

_TOP: Final = ("apiVersion", "kind", "metadata", "spec", "status")
_META: Final = frozenset(field.json_name for field in fields_of(ObjectMeta))
_TOLD_TO_GO: Final = "1970-01-01T00:00:00Z"
"""A time of deletion; that there is one is all that is ever read of it."""


@frozen
class Seen:
    """A resource as the API server holds it, however much of it can be read."""

    metadata: ObjectMeta
    spec: GatewaySyncSpec | InvalidDocument
    status: GatewaySyncStatus
    """What was written last; an empty one when nothing, or nothing readable."""
    marks: tuple[bytes, bytes] = field(default=(b"", b""), eq=False, repr=False)
    """Of the JSON that spec and status were read from: the same is not read again."""

    def told(self, document: dict[str, Any], sent: object, status: GatewaySyncStatus) -> Seen:
        """The same resource after `status` was written, as which `sent` stands in `document`."""
        if (written := document.get("status")) != sent:
            return decode_seen(document, self)
        known = evolve(self, status=status, marks=(self.marks[0], _mark(written)))
        return decode_seen(document, known)

    def is_but_told(self, after: Seen | None, status: GatewaySyncStatus) -> bool:
        """Whether nothing is new in `after` but its version and this status."""
        if after is None:
            return False
        version = after.metadata.resource_version
        metadata = evolve(self.metadata, resource_version=version)
        return after == evolve(self, metadata=metadata, status=status)


def decode_seen(document: dict[str, Any], known: Seen | None = None) -> Seen:
    """Read what the API server sent: never raises, since one odd resource must not hide others.

    Of what is `known` of the resource, the parts that have not changed are kept.
    """
    metadata = read(_metadata(_members(document.get("metadata"))), ObjectMeta).value
    marks = _mark(document.get("spec")), _mark(document.get("status"))
    if known is not None and marks[0] and marks[0] == known.marks[0]:
        spec = known.spec
    else:
        spec = _seen_spec(document.get("spec"), metadata.name)
    if known is not None and marks[1] and marks[1] == known.marks[1]:
        status = known.status
    else:
        status = _seen_status(document.get("status"))
    return Seen(metadata, spec, status, marks)


def _mark(document: object) -> bytes:
    """Equal for equal JSON as the API server writes it, which is in one order; b"" for others."""
    try:
        text = json.dumps(document, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return b""
    return blake2b(text.encode(), digest_size=16).digest()


def _seen_spec(document: object, name: str) -> GatewaySyncSpec | InvalidDocument:
    whole = {"metadata": {"name": name}, "spec": document}
    try:
        return decode_gateway_sync(whole, rules=False).spec
    except InvalidDocument as invalid:
        return invalid
    except DecodeError as error:
        problem = Problem(error.where or "spec", error.message, error.cure)
        return InvalidDocument.of("the GatewaySync", (problem,))


def _seen_status(document: object) -> GatewaySyncStatus:
    try:
        return decode_status(document or {})
    except (InvalidDocument, DecodeError):
        return GatewaySyncStatus()


def decode_gateway_sync(
    document: object, *, strict: bool = False, rules: bool = True, site: Site = SITE
) -> GatewaySync:
    """Read a whole resource, or raise `InvalidDocument` with everything that is wrong.

    Without `rules` only the form counts: for the controller, which reports a broken profile as a
    condition and goes on with the rest.
    """
    copied, findings = _object(document)
    ranks = ranks_of(copied)
    parts: dict[str, Any] = {name: copied[name] for name in ("metadata", "spec") if name in copied}
    if isinstance(parts.get("metadata"), dict):
        parts["metadata"] = _metadata(parts["metadata"])
    return _decoded(
        "the GatewaySync",
        parts,
        GatewaySync,
        findings=(*findings, *_header(copied, strict=strict)),
        ranks=ranks,
        strict=strict,
        site=site if rules else None,
    )


def decode_profile(document: object, *, strict: bool = False, site: Site = SITE) -> SyncProfile:
    """Read the fields of one profile, which stand alone in a file."""
    copied, findings = _object(document)
    return _decoded(
        "the profile",
        copied,
        SyncProfile,
        findings=findings,
        ranks=ranks_of(copied),
        strict=strict,
        site=site,
    )


def decode_status(document: object) -> GatewaySyncStatus:
    """Read the `status` of a resource."""
    copied, findings = _object(document)
    return _decoded(
        "the status", copied, GatewaySyncStatus, findings=findings, ranks=ranks_of(copied)
    )


def encode_gateway_sync(sync: GatewaySync) -> dict[str, Any]:
    """The resource as a document, without a status."""
    metadata: dict[str, Any] = to_document(sync.metadata)
    if metadata.pop("deleting"):
        metadata["deletionTimestamp"] = _TOLD_TO_GO
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": metadata,
        "spec": to_document(sync.spec),
    }


def encode_profile(profile: SyncProfile) -> dict[str, Any]:
    """The fields of one profile."""
    document: dict[str, Any] = to_document(profile)
    return document


def encode_status(status: GatewaySyncStatus) -> dict[str, Any]:
    """A resource's `status`, without what is not known."""
    document = _said(to_document(status))
    if gateways := document.get("discoveredGateways"):
        document["discoveredGateways"] = [_said(gateway) for gateway in gateways]
    return document


def _said(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value not in ("", [])}


def _object(document: object) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    copied, findings = plain(document)
    if not isinstance(copied, dict):
        fault = Finding((), f"must be an object, not {kind_of(copied)}", "write its fields by name")
        raise InvalidDocument.of("the document", listed((*findings, fault), {}))
    return copied, findings


def _decoded(  # noqa: PLR0913 - what is read, and all that is known of it already
    what: str,
    document: dict[str, Any],
    cls: type[_T],
    *,
    findings: tuple[Finding, ...],
    ranks: dict[Place, int],
    strict: bool = False,
    site: Site | None = None,
) -> _T:
    reading = read(document, cls, strict=strict)
    known = {finding.place for finding in findings}
    found = [*findings, *(one for one in reading.misread if one.place not in known)]
    # After so many nobody reads on, and rules cost more than forms.
    if site is not None and len(found) <= MAX_PROBLEMS:
        broken = [finding.place for finding in found]
        found += unrelated(check(reading.value, (), site), broken)
    if found:
        raise InvalidDocument.of(what, listed(found, ranks))
    return reading.value


def _members(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    # Kubernetes keeps much more in an object's metadata than Stoker looks at.
    known = {name: value for name, value in metadata.items() if name in _META - {"deleting"}}
    return known | {"deleting": metadata.get("deletionTimestamp") is not None}


def _header(document: dict[str, Any], *, strict: bool) -> Iterator[Finding]:
    """What the head of the document says that it is; the API server leaves it out in lists."""
    for name, right in (("apiVersion", API_VERSION), ("kind", KIND)):
        given = document.get(name)
        if given is None and strict:
            yield Finding((name,), "is required", f"write {name}: {right}")
        elif given is not None and given != right:
            said = shown(given) if isinstance(given, str) else kind_of(given)
            yield Finding((name,), f"must be {right}, not {said}", f"write {name}: {right}")
    if strict:
        for name in document.keys() - _TOP:
            near = nearest(name, _TOP)
            cure = f"did you mean {near}?" if near else "move it below spec, or remove it"
            yield Finding((name,), "is not a field that is known here", cure)
