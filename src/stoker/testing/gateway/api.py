"""The gateway's REST API, and the two pages that say how it is, on the model.

The order of the refusals is a gateway's: how far its start has come, whether this release knows the
request at all, who asks, and only then what is asked for. Refusals are pages, not JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from attrs import field, frozen

from stoker.core.ignition import ScanKind
from stoker.testing.gateway.access import OK, holder_of, judge
from stoker.testing.gateway.designers import listing
from stoker.testing.gateway.messages import (
    API,
    Request,
    Response,
    json_response,
    page_response,
)
from stoker.testing.gateway.scans import Reply
from stoker.testing.gateway.settings import Release, Role
from stoker.testing.gateway.startup import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stoker.testing.gateway.model import Model

WELCOME: Final = Response(302, headers={"Location": "/welcome"})
_LONGEST: Final = 3600.0


@frozen
class LockWanted:
    """A lock that could not be had at once; it may be asked for again until `seconds` are over."""

    kind: ScanKind
    holder: str
    seconds: float
    hold: float


@frozen
class RestartWanted:
    """A restart, to begin when the answer was sent."""

    response: Response = field(factory=lambda: json_response({}))


Answer = Response | LockWanted | RestartWanted


@frozen
class Asked:
    """A request, when it came."""

    request: Request
    now: float
    calendar_ms: int


def answer(model: Model, asked: Asked) -> Answer:
    """What the gateway answers to a request that is not for the fake's own controls."""
    request = asked.request
    match request.path:
        case "/StatusPing":
            return _status_ping(model.phase)
        case "/system/gwinfo":
            return _gwinfo(model)
    refusal = _by_phase(model, request)
    if refusal is not None:
        return refusal
    if not request.path.startswith(f"{API}/") or model.settings.release is Release.V81:
        return page_response(404, "There is nothing here.")
    status, told = judge(request, model.settings)
    return _routed(model, asked) if status == OK else page_response(status, told)


def _by_phase(model: Model, request: Request) -> Response | None:
    match model.phase:
        case Phase.RUNNING:
            return None
        case Phase.COMMISSIONING:
            if request.method == "POST" and request.path.startswith(f"{API}/scan"):
                return page_response(400, "The gateway is not commissioned.")
            return WELCOME if request.path != "/welcome" else page_response(200, "Welcome.")
        case _:
            return page_response(503, "The gateway is not available.")


def _status_ping(phase: Phase) -> Response:
    match phase:
        case Phase.STARTING:
            return json_response({"state": "STARTING"})
        case Phase.COMMISSIONING:
            return json_response({"state": "RUNNING", "details": "COMMISSIONING"})
        case Phase.RUNNING:
            return json_response({"state": "RUNNING"})
        case Phase.FAULTED:
            return json_response({"state": "FAULTED"})
        case _:
            return page_response(503, "The gateway is not available.")


def _gwinfo(model: Model) -> Response:
    if model.phase.boots:
        return page_response(503, "The gateway is not available.")
    faulted = model.phase is Phase.FAULTED
    role = model.settings.role
    told = {
        "ContextStatus": "FAULTED" if faulted else "RUNNING",
        "RedundancyStatus": "Independent" if role is Role.INDEPENDENT else role.value,
        "RedundantState": "Good",
        "RedundantNodeActiveStatus": "Active" if model.leads else "Inactive",
    }
    text = "".join(f"{name}={value};" for name, value in told.items())
    return Response(200, text.encode(), "text/plain;charset=utf-8")


def _routed(model: Model, asked: Asked) -> Answer:
    request = asked.request
    names = [unquote(name) for name in request.path.removeprefix(f"{API}/").split("/")]
    match request.method, names:
        case ("GET" | "POST") as method, ["scan", "projects" | "config" as kind]:
            scan = _ask_for_scan if method == "POST" else _scan_status
            return scan(model, asked, ScanKind(kind))
        case "POST", ["scan-lock", "projects" | "config" as kind]:
            return _lock(asked, ScanKind(kind))
        case "POST", ["restart-tasks", "restart"]:
            if request.parameter("confirm") != "true":
                return page_response(400, "A restart has to be confirmed.")
            return RestartWanted()
        case "GET", _:
            found = _looked_up(model, asked, names)
            return page_response(404, "No such endpoint.") if found is None else found
        case _:
            return page_response(404, "No such endpoint.")


def _looked_up(model: Model, asked: Asked, names: list[str]) -> Response | None:
    listed = _listed(model, asked, names)
    if listed is not None:
        number = len(listed)
        metadata = {"total": number, "matching": number, "limit": number, "offset": 0}
        return json_response({"items": listed, "metadata": metadata})
    match names:
        case ["designers"]:
            limit = asked.request.number("limit", 100)
            offset = asked.request.number("offset", 0)
            return json_response(listing(model.designers, asked.calendar_ms, limit, offset))
        case ["gateway-info" | "redundancy" as what]:
            told = _gateway_info(model) if what == "gateway-info" else _redundancy(model)
            return json_response(told)
        case _:
            return None


def _listed(model: Model, asked: Asked, names: list[str]) -> list[dict[str, object]] | None:
    match names:
        case ["resources", "names", module, type_]:
            return model.loaded.names(module, type_)
        case ["projects", "names" | "list"]:
            return [_project(model, name) for name in model.loaded.projects]
        case ["logs"]:
            lines = model.log.since(asked.request.number("startTime", 0))
            return [line.as_json() for line in lines]
        case ["modules", "healthy" | "quarantined" as state]:
            return _modules(model, state)
        case _:
            return None


def _project(model: Model, name: str) -> dict[str, object]:
    project = model.loaded.projects[name]
    return {
        "name": project.name,
        "title": project.title,
        "description": project.description,
        "enabled": project.enabled,
        "inheritable": project.inheritable,
        "parent": project.parent,
    }


def _gateway_info(model: Model) -> Mapping[str, object]:
    settings = model.settings
    return {
        "name": settings.name,
        "redundancyRole": settings.role.value,
        "edition": settings.edition,
        "ignitionVersion": settings.version,
        "deploymentMode": settings.deployment_mode,
    }


def _redundancy(model: Model) -> Mapping[str, object]:
    return {
        "role": model.settings.role.value,
        "activeStatus": "Active" if model.leads else "Inactive",
        "state": "Good",
    }


def _modules(model: Model, state: str) -> list[dict[str, object]]:
    quarantined = model.settings.quarantined
    if state == "quarantined":
        return [{"id": one, "state": "QUARANTINED"} for one in quarantined]
    healthy = (one for one in model.settings.modules if one not in quarantined)
    return [{"id": one, "state": "RUNNING"} for one in healthy]


def _scan_status(model: Model, _: Asked, kind: ScanKind) -> Response:
    scans = model.scans[kind]
    return json_response(
        {
            "scanActive": scans.active or scans.wanted,
            "lastScanTimestamp": scans.last_timestamp,
            "lastScanDuration": scans.last_duration,
        }
    )


def _ask_for_scan(model: Model, asked: Asked, kind: ScanKind) -> Response:
    reply = model.ask_for_scan(kind, holder_of(asked.request), asked.now)
    if reply is Reply.LOCKED:
        return lock_refused(model)
    return _scan_status(model, asked, kind)


def _lock(asked: Asked, kind: ScanKind) -> Answer:
    document = asked.request.document()
    acquire = _seconds(document.get("acquireTimeout"), 10.0)
    hold = _seconds(document.get("holdTimeout"), 60.0)
    if acquire is None or hold is None:
        return page_response(400, "acquireTimeout and holdTimeout are numbers of seconds.")
    return LockWanted(kind, holder_of(asked.request), acquire, hold)


def _seconds(value: object, otherwise: float) -> float | None:
    if value is None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value <= _LONGEST else None


def lock_refused(model: Model) -> Response:
    """The answer to whoever met somebody else's lock."""
    return page_response(model.settings.lock_conflict_status, "Somebody else holds the scan lock.")
