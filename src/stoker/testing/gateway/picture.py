"""A gateway's state as JSON, for the page and for other processes; it holds no secret."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from attrs import asdict, fields_dict

from stoker.testing.gateway.access import HEADER, holder_of
from stoker.testing.gateway.designers import DORMANT
from stoker.testing.gateway.settings import Settings
from stoker.testing.gateway.tags import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stoker.core.ignition import ScanKind
    from stoker.testing.gateway.loaded import Collection, Loaded, LoadReport, Project
    from stoker.testing.gateway.model import Model, Received
    from stoker.testing.gateway.resources import LoadedResource
    from stoker.testing.gateway.scans import Scans
    from stoker.testing.gateway.tags import Provider

Json = dict[str, object]

_NAMES: Final = 100
_TAGS: Final = 500
_REPORTS: Final = 12
_LINES: Final = 200
_REQUESTS: Final = 60
_HIDDEN: Final = "***"


def picture(model: Model, revision: int) -> Json:
    """What the page shows; long lists are cut."""
    settings = model.settings
    return {
        "revision": revision,
        "name": settings.name,
        "version": settings.version,
        "release": settings.release,
        "role": settings.role,
        "leads": model.leads,
        "deployment_mode": settings.deployment_mode,
        "phase": model.phase,
        "fault": model.fault,
        "restarts": model.restarts,
        "script": len(model.faults) + len(model.saves) + len(model.timed_saves),
        "projects": [_project(one) for one in model.loaded.projects.values()],
        "collections": [_collection(one) for one in model.loaded.collections.values()],
        "tags": [_provider(one) for one in model.loaded.tags.values()],
        "scans": [_scans(kind, model.scans[kind]) for kind in model.kinds()],
        "designers": [
            {"user": one.user, "project": one.project, "dormant": one.silent_for >= DORMANT}
            for one in model.designers
        ],
        "reports": [report(one) for one in list(model.reports)[: -_REPORTS - 1 : -1]],
        "failures": failures(model)[:_NAMES],
        "log": [one.as_json() for one in list(model.log.lines)[: -_LINES - 1 : -1]],
        "requests": [received(one) for one in list(model.requests)[: -_REQUESTS - 1 : -1]],
    }


def _project(project: Project) -> Json:
    return {
        "name": project.name,
        "title": project.title,
        "enabled": project.enabled,
        "inheritable": project.inheritable,
        "parent": project.parent,
        "types": _types(project.resources.values()),
    }


def _collection(collection: Collection) -> Json:
    return {
        "name": collection.name,
        "title": collection.title,
        "enabled": collection.enabled,
        "parent": collection.parent,
        "types": _types(collection.resources.values()),
    }


def _types(resources: Iterable[LoadedResource]) -> list[Json]:
    def kind(resource: LoadedResource) -> str:
        return f"{resource.path.module}/{resource.path.type}"

    found = []
    for name, group in groupby(sorted(resources, key=lambda one: (kind(one), one.path)), kind):
        members = list(group)
        names = [{"name": one.path.name, "enabled": one.enabled} for one in members[:_NAMES]]
        found.append({"type": name, "count": len(members), "names": names})
    return found


def _provider(provider: Provider) -> Json:
    return {
        "name": provider.name,
        "types": sorted(provider.types),
        "count": len(provider.tags),
        "unknown": sum(kind == UNKNOWN for kind in provider.tags.values()),
        "tags": sorted(provider.tags.items())[:_TAGS],
    }


def _scans(kind: ScanKind, scans: Scans) -> Json:
    return {
        "kind": kind,
        "active": scans.active,
        "wanted": scans.wanted,
        "count": scans.count,
        "last_timestamp": scans.last_timestamp,
        "last_duration": scans.last_duration,
        "locked_by": scans.hold.holder if scans.hold else None,
    }


def report(one: LoadReport) -> Json:
    """One report in short: how many, and the first of the changed files."""
    first = [*one.changed, *one.added, *one.removed][:1]
    many = len(one.added) + len(one.changed) + len(one.removed) > 1
    return {
        "kind": one.kind,
        "timestamp": one.timestamp,
        "duration": one.duration,
        "boot": one.boot,
        "added": len(one.added),
        "changed": len(one.changed),
        "removed": len(one.removed),
        "failures": len(one.failures),
        "example": f"{first[0]}{' …' if many else ''}" if first else "",
    }


def failures(model: Model) -> list[str]:
    """What the last scan of each half could not load."""
    last = {one.kind: one for one in model.reports}
    return [failure.message for one in last.values() for failure in one.failures]


def received(one: Received) -> Json:
    """One request, without the secret of its token."""
    request = one.request
    headers = dict(request.headers)
    if HEADER in headers:
        headers[HEADER] = f"{holder_of(request)}:{_HIDDEN}"
    return {
        "endpoint": request.endpoint() + (f"?{request.query}" if request.query else ""),
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": headers,
        "body": request.body.decode(errors="replace"),
        "secure": request.secure,
        "received_ms": request.received_ms,
        "status": one.status,
    }


def everything(loaded: Loaded) -> Json:
    """All files with their digests, all resources, all tags."""
    return {
        "files": loaded.files(),
        "resources": [
            {
                "home": one.path.home,
                "module": one.path.module,
                "type": one.path.type,
                "name": one.path.name,
                "enabled": one.enabled,
                "actor": one.actor,
                "signature": one.signature,
            }
            for one in loaded.resources()
        ],
        "tags": {name: dict(one.tags) for name, one in loaded.tags.items()},
    }


def switches(settings: Settings) -> Json:
    """All settings, without the secrets of tokens."""
    shown: Json = {name: getattr(settings, name) for name in fields_dict(Settings)}
    shown["tokens"] = [{**asdict(one), "secret": _HIDDEN} for one in settings.tokens]
    return shown
