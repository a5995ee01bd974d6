"""The webhook's answer to a GatewaySync that is made or changed.

The rules are those of `stoker validate`. What cannot be right is refused, all of it at once; what
is legal and unwise is a warning. A change is not held responsible for what was wrong before it: who
pauses a GatewaySync in a hurry must not have to correct it first. And nothing but a changed spec is
looked at, so a finalizer can always be taken off, and a webhook can always leave its request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from stoker.adapters.codec.crd import decode_gateway_sync
from stoker.core.errors import DecodeError, InvalidDocument, Problem
from stoker.core.injection import Admission, Allowed, Denied
from stoker.core.spec import GatewaySync
from stoker.core.spec.rules import warnings

if TYPE_CHECKING:
    from stoker.adapters.codec.admission import AdmissionRequest
    from stoker.core.spec.rules import Site

_LOOKED_AT: Final = ("CREATE", "UPDATE")
_GENERATED: Final = "00000"


@frozen
class _Reading:
    """What a document says, or what is wrong with it."""

    sync: GatewaySync | None = None
    problems: tuple[Problem, ...] = ()


def admit_sync(request: AdmissionRequest, site: Site) -> Admission:
    """The answer; `site` is an entrance. Large documents take tens of milliseconds."""
    document, before = request.object, request.old_object or {}
    if document is None or request.subresource or request.operation not in _LOOKED_AT:
        return Allowed()
    if _is_leaving(document) or (before and before.get("spec") == document.get("spec")):
        return Allowed()
    reading = _read(document, site)
    if not reading.problems:
        return Allowed(_told(reading.sync, site))
    known = _read(before, site).problems if before else ()
    if all(problem in known for problem in reading.problems):
        return Allowed(tuple(f"wrong already: {problem}" for problem in reading.problems))
    invalid = InvalidDocument.of("the GatewaySync", reading.problems)
    return Denied(str(invalid), reading.problems)


def _read(document: dict[str, Any], site: Site) -> _Reading:
    try:
        return _Reading(decode_gateway_sync(_with_name(document), site=site))
    except InvalidDocument as invalid:
        return _Reading(problems=invalid.problems)
    except DecodeError as error:
        return _Reading(problems=(Problem(error.where, error.message, error.cure),))


def _told(sync: GatewaySync | None, site: Site) -> tuple[str, ...]:
    return () if sync is None else tuple(map(str, warnings(sync.spec, site)))


def _is_leaving(document: dict[str, Any]) -> bool:
    metadata = document.get("metadata")
    return isinstance(metadata, dict) and metadata.get("deletionTimestamp") is not None


def _with_name(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the name that it will have, where that is still to be made up."""
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("name"):
        return document
    beginning = metadata.get("generateName")
    if not isinstance(beginning, str) or not beginning:
        return document
    return {**document, "metadata": {**metadata, "name": f"{beginning}{_GENERATED}"}}
