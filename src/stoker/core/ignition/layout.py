"""What a path is part of: a project, a resource, and the scan that makes the gateway look at it.

`projects/<name>/…` is a project. Inside a project and inside a collection of the gateway's
configuration (`config/resources/<collection>/…`) resources lie alike: below a module's id comes the
type of the resource, and below that the resource's name, which may have several parts. Each
resource is a folder with its files.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.ignition.ownership import GATEWAY_CACHE

if TYPE_CHECKING:
    from collections.abc import Iterable

_PROJECTS: Final = "projects/"
_CONFIG: Final = "config/"
_COLLECTIONS: Final = "config/resources/"


class ScanKind(StrEnum):
    """The two halves of a gateway's files; each is scanned by itself, projects first."""

    PROJECTS = "projects"
    CONFIG = "config"


@frozen(order=True)
class ResourcePath:
    """Where a resource lives: `home` is its project or its collection, from the data directory."""

    home: str
    module: str
    type: str
    name: str


def projects_of(paths: Iterable[str]) -> tuple[str, ...]:
    """The names of the projects that hold any of `paths`, sorted."""
    return tuple(sorted({name for path in paths if (name := _project_of(path))}))


def _project_of(path: str) -> str:
    if not path.startswith(_PROJECTS):
        return ""
    name, inside, _ = path[len(_PROJECTS) :].partition("/")
    # A file right below `projects/` is no project, and the gateway's cache is none either.
    return name if inside and name != GATEWAY_CACHE else ""


def resources_of(paths: Iterable[str]) -> tuple[ResourcePath, ...]:
    """The resources that hold any of `paths` directly, sorted."""
    folders = {path.rpartition("/")[0] for path in paths}
    # Few homes, modules and types have all the resources: each is one text for all of them.
    texts: dict[str, str] = {}
    found = {resource for folder in folders if (resource := _resource_of(folder, texts))}
    # A key of its own: comparing the objects themselves takes ten times as long.
    return tuple(sorted(found, key=lambda each: (each.home, each.module, each.type, each.name)))


def _resource_of(folder: str, texts: dict[str, str]) -> ResourcePath | None:
    if folder.startswith(_COLLECTIONS):
        home_depth = 3
    elif _project_of(f"{folder}/"):
        home_depth = 2
    else:
        return None
    folders = folder.split("/")
    home, inside = folders[:home_depth], folders[home_depth:]
    match inside:
        case [module, kind, *name]:
            one = texts.setdefault
            place = "/".join(home)
            return ResourcePath(
                one(place, place), one(module, module), one(kind, kind), "/".join(name)
            )
        case _:
            return None


def touches_config(paths: Iterable[str]) -> bool:
    """Whether any of `paths` lies where the scan of the configuration looks."""
    return any(path.startswith(_CONFIG) for path in paths)


def scans_for(paths: Iterable[str]) -> tuple[ScanKind, ...]:
    """The scans after a change of `paths`, in the order in which they must be made.

    A change that lies in neither half gets both: a scan follows every change.
    """
    first_names = {path.partition("/")[0] for path in paths}
    needed = tuple(kind for kind in ScanKind if kind.value in first_names)
    return needed if needed or not first_names else tuple(ScanKind)
