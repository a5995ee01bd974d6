"""Where a file belongs, in the words of the people who work with the gateway.

A project, a collection of the configuration, or a tag provider holds resources; a resource has a
kind (`View`, `Named query`, `Database connection`), or, where the kind is not known here, the ids
of its module and type.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.ignition import ResourcePath, projects_of, resources_of

if TYPE_CHECKING:
    from stoker.core.paths import RelPath


class HomeKind(StrEnum):
    """What holds resources, in the order in which it is shown."""

    PROJECT = "project"
    COLLECTION = "config"
    TAGS = "tags"
    OTHER = "other"


@frozen(order=True)
class HomeName:
    """A project, a collection, the tags of a provider in a collection, or everything else."""

    kind: HomeKind
    name: str = ""
    collection: str = ""
    """The collection that a tag provider's tags lie in."""


@frozen(order=True)
class ResourceName:
    """A resource, or a file that belongs to none: then `module` and `type` are empty."""

    kind: str
    name: str
    module: str = ""
    type: str = ""


_OTHER: Final = HomeName(HomeKind.OTHER)
_IA: Final = "com.inductiveautomation."
_TAGS: Final = "tag-definition"
_TAG_TYPES: Final = "tag-type-definition"

_KINDS: Final = {
    f"{_IA}perspective": {
        "views": "View",
        "page-config": "Page configuration",
        "session-props": "Session properties",
        "session-scripts": "Session event scripts",
        "session-permissions": "Session permissions",
        "general-properties": "Perspective settings",
        "style-classes": "Style class",
        "stylesheet": "Stylesheet",
        "themes": "Theme",
        "icons": "Icon library",
        "fonts": "Font",
    },
    f"{_IA}vision": {
        "windows": "Vision window",
        "templates": "Vision template",
        "client-tags": "Vision client tags",
        "client-event-scripts": "Vision client event scripts",
        "client-event": "Vision client event scripts",
        "general-properties": "Vision settings",
        "login-properties": "Vision login settings",
        "launch-properties": "Vision launch settings",
        "design-properties": "Vision design settings",
    },
    f"{_IA}reporting": {"reports": "Report", "schedules": "Report schedule"},
    f"{_IA}sqlbridge": {"transaction-groups": "Transaction group"},
    f"{_IA}alarm-notification": {
        "alarm-pipelines": "Alarm pipeline",
        "alarm-notification-profile": "Alarm notification profile",
    },
    f"{_IA}sfc": {"charts": "Sequential function chart"},
    f"{_IA}webdev": {"resources": "Web resource"},
    f"{_IA}eventstream": {"event-streams": "Event stream"},
    f"{_IA}opcua": {
        "device": "Device connection",
        "server-config": "OPC UA server settings",
        "access-control": "OPC UA access control",
    },
    f"{_IA}historian": {"historian-provider": "Historian"},
    "ignition": {
        "named-query": "Named query",
        "script-python": "Script library",
        "event-scripts": "Gateway event scripts",
        "startup": "Gateway startup script",
        "shutdown": "Gateway shutdown script",
        "update": "Gateway update script",
        "timer": "Gateway timer script",
        "scheduled": "Gateway scheduled script",
        "message": "Gateway message handler",
        "message-handler": "Gateway message handler",
        "tag-change": "Gateway tag change script",
        "global-props": "Project properties",
        "designer-properties": "Designer properties",
        "images": "Image",
        "translations": "Translations",
        "api-token": "API token",
        "audit-profile": "Audit profile",
        "database-connection": "Database connection",
        "database-driver": "Database driver",
        "database-translator": "Database translator",
        "email-profile": "E-mail profile",
        "gateway-network-connection": "Gateway network connection",
        "gateway-network-settings": "Gateway network settings",
        "general-alarm-settings": "Alarm settings",
        "alarm-journal": "Alarm journal",
        "holiday": "Holiday",
        "identity-provider": "Identity provider",
        "opc-connection": "OPC connection",
        "roster-config": "On-call roster",
        "schedule": "Schedule",
        "secret-provider": "Secret provider",
        "security-levels": "Security levels",
        "security-properties": "Security settings",
        "security-zone": "Security zone",
        "store-and-forward-engine": "Store and forward engine",
        "system-properties": "Gateway settings",
        "tag-provider": "Tag provider",
        "tag-group": "Tag group",
        _TAGS: "Tags",
        _TAG_TYPES: "UDT definitions",
        "user-source": "User source",
    },
}
_FILES: Final = {"project.json": "Project settings", "config-mode.json": "Deployment mode"}


def place_of(path: RelPath) -> tuple[HomeName, ResourceName]:
    """The home and the resource that a file belongs to."""
    for resource in resources_of([path]):
        return _home_of(resource), _named(resource)
    names = path.names
    for project in projects_of([path]):
        return HomeName(HomeKind.PROJECT, project), _loose("/".join(names[2:]))
    if path.startswith("config/resources/") and len(names) > 3:  # noqa: PLR2004 - a collection's own
        return HomeName(HomeKind.COLLECTION, names[2]), _loose("/".join(names[3:]))
    return _OTHER, _loose(path)


def _loose(name: str) -> ResourceName:
    return ResourceName(_FILES.get(name, "File"), name)


def _home_of(resource: ResourcePath) -> HomeName:
    where, _, name = resource.home.rpartition("/")
    if where == "projects":
        return HomeName(HomeKind.PROJECT, name)
    if provider := provider_of(resource):
        return HomeName(HomeKind.TAGS, provider, name)
    return HomeName(HomeKind.COLLECTION, name)


def _named(resource: ResourcePath) -> ResourceName:
    kind = _KINDS.get(resource.module, {}).get(resource.type)
    name = tag_folder(resource) or resource.name
    return ResourceName(
        kind or f"{resource.module}/{resource.type}", name, resource.module, resource.type
    )


def provider_of(resource: ResourcePath) -> str:
    """The tag provider whose tags the resource holds; empty if it holds none."""
    if resource.module != "ignition" or resource.type not in {_TAGS, _TAG_TYPES}:
        return ""
    return resource.name.partition("/")[0]


def tag_folder(resource: ResourcePath) -> str:
    """The tag path of the folder that the resource is: `[default]Plant/Tank1`; empty if none."""
    provider = provider_of(resource)
    if not provider:
        return ""
    folder = resource.name.partition("/")[2]
    types = "_types_" if resource.type == _TAG_TYPES else ""
    return f"[{provider}]" + "/".join(filter(None, (types, folder)))
