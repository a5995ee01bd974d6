"""What a gateway has loaded, and what a scan changed about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import field, frozen

from stoker.core.ignition import ResourcePath, ScanKind
from stoker.testing.gateway.resources import Failure, LoadedResource
from stoker.testing.gateway.tags import Provider

if TYPE_CHECKING:
    from collections.abc import Iterator


@frozen
class Project:
    """A project, by its `project.json`, with its resources."""

    name: str
    title: str = ""
    description: str = ""
    enabled: bool = True
    inheritable: bool = False
    parent: str = ""
    digest: str = ""
    """The SHA-256 of the `project.json`."""
    resources: Mapping[ResourcePath, LoadedResource] = field(factory=dict)


@frozen
class Collection:
    """A collection of the configuration, by its `config-mode.json`."""

    name: str
    title: str = ""
    enabled: bool = True
    parent: str = ""
    digest: str = ""
    resources: Mapping[ResourcePath, LoadedResource] = field(factory=dict)


@frozen
class Loaded:
    """Everything that a gateway holds: never more than what its scans have read."""

    projects: Mapping[str, Project] = field(factory=dict)
    collections: Mapping[str, Collection] = field(factory=dict)
    """From the lowest to the highest: a resource of a later one stands for those before it."""
    tags: Mapping[str, Provider] = field(factory=dict)

    def resources(self, kind: ScanKind | None = None) -> Iterator[LoadedResource]:
        """All resources, or those of one half."""
        if kind is not ScanKind.CONFIG:
            for project in self.projects.values():
                yield from project.resources.values()
        if kind is not ScanKind.PROJECTS:
            for collection in self.collections.values():
                yield from collection.resources.values()

    def files(self, kind: ScanKind | None = None) -> dict[str, str]:
        """The SHA-256 of every loaded file, by its path from the data directory."""
        found: dict[str, str] = {}
        if kind is not ScanKind.CONFIG:
            found |= {f"projects/{p.name}/project.json": p.digest for p in self.projects.values()}
        if kind is not ScanKind.PROJECTS:
            found |= {
                f"config/resources/{c.name}/config-mode.json": c.digest
                for c in self.collections.values()
                if c.digest
            }
        for resource in self.resources(kind):
            found.update(resource.files)
        return found

    def names(self, module: str, type_: str) -> list[dict[str, object]]:
        """What `/resources/names/{module}/{type}` lists: the configuration's, by name."""
        modes: dict[str, list[str]] = {}
        enabled: dict[str, bool] = {}
        for collection in self.collections.values():
            for path, resource in collection.resources.items():
                if (path.module, path.type) == (module, type_) and path.name:
                    modes.setdefault(path.name, []).append(collection.name)
                    enabled[path.name] = resource.enabled
        return [
            {"name": name, "enabled": enabled[name], "modes": modes[name]} for name in sorted(modes)
        ]


@frozen
class Reading:
    """What one half of the disk held for a scan: what will be loaded when the scan is over."""

    loaded: Loaded
    failures: tuple[Failure, ...] = ()
    fault: str = ""
    """Why the gateway is at an end; empty if it is not."""


@frozen
class LoadReport:
    """What one scan changed."""

    kind: ScanKind
    timestamp: int
    """Milliseconds of the calendar."""
    duration: int
    """Milliseconds of the gateway's clock."""
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    """Paths of files, from the data directory."""
    failures: tuple[Failure, ...] = ()
    boot: bool = False


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """What was added, changed and removed between two listings of files."""
    return (
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(p for p in after.keys() & before.keys() if after[p] != before[p])),
        tuple(sorted(before.keys() - after.keys())),
    )
