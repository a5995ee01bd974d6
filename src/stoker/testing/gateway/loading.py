"""From the files of a survey to what the gateway has loaded.

Projects and collections are read alike: a descriptor, and below it folders of resources. What
cannot be loaded becomes a `Failure`; whether the old one stays is a switch. No failure ends the
scan. A resource whose files are the same as before, by size, time and inode, is not read again.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from attrs import define, evolve, field

from stoker.core.ignition import ResourcePath
from stoker.testing.gateway.loaded import Collection, Loaded, Project
from stoker.testing.gateway.resources import (
    Failure,
    LoadedResource,
    Read,
    Unreadable,
    document_of,
    json_object,
    key_of,
    load_resource,
    spelled,
)
from stoker.testing.gateway.settings import Failed, Restamp, Settings
from stoker.testing.gateway.signatures import Signature
from stoker.testing.gateway.tags import load_tags
from stoker.testing.gateway.tree import Folder

if TYPE_CHECKING:
    from collections.abc import Mapping


PROJECT_FILE: Final = "project.json"
MODE_FILE: Final = "config-mode.json"
PROJECTS: Final = "projects"
COLLECTIONS: Final = "config/resources"
_BUILT_IN: Final = ("external", "core", "local")
"""Collections that need no descriptor, and may be anybody's parent."""

Resources = dict[ResourcePath, LoadedResource]


@define
class Loading:
    """One pass over one half of the files."""

    settings: Settings
    read: Read
    failures: list[Failure] = field(factory=list)
    stale: list[Folder] = field(factory=list)
    """Folders of resources that have to be signed anew."""
    found: list[tuple[LoadedResource, Folder]] = field(factory=list)

    def projects(self, root: Folder, before: Loaded) -> Loaded:
        """What is loaded after a scan of the projects."""
        self._tell_oddities(root)
        top = root.folders.get(PROJECTS)
        folders = top.folders if top else {}
        fresh: dict[str, Project] = {}
        for name in sorted(folders):
            project = self._project(name, folders[name], before.projects.get(name))
            if project is not None:
                fresh[name] = project
        broken = self._broken_by_parents(fresh, folders)
        for name in broken:
            fresh.pop(name)
        if self.settings.failed is Failed.KEEP:
            kept = {n: p for n, p in before.projects.items() if n in folders and n not in fresh}
            fresh |= kept
        return evolve(before, projects=dict(sorted(fresh.items())))

    def _project(self, name: str, folder: Folder, before: Project | None) -> Project | None:
        document = self._descriptor(folder, PROJECT_FILE, f"project '{name}'")
        if document is None:
            return None
        content, values = document
        return Project(
            name,
            _text(values, "title"),
            _text(values, "description"),
            enabled=values.get("enabled", True) is not False,
            inheritable=values.get("inheritable") is True,
            parent=_text(values, "parent"),
            digest=hashlib.sha256(content).hexdigest(),
            resources=self._resources(folder, before.resources if before else {}),
        )

    def _descriptor(
        self, folder: Folder, name: str, what: str
    ) -> tuple[bytes, dict[str, object]] | None:
        file = folder.files.get(name)
        if file is None:
            self._fail(folder, f"{what} could not be loaded: it has no {name}")
            return None
        try:
            content = self.read(file)
            return content, json_object(content, name)
        except Unreadable as error:
            self._fail(folder, f"{what} could not be loaded: {error.path}: {error.why}")
        except ValueError as error:
            self._fail(folder, f"{what} could not be loaded: {error}")
        return None

    def _fail(self, folder: Folder, message: str) -> None:
        self.failures.append(Failure(folder.path, message))

    def _broken_by_parents(
        self, projects: Mapping[str, Project], folders: Mapping[str, Folder]
    ) -> set[str]:
        broken: set[str] = set()
        for name, project in projects.items():
            why = _why_no_parent(project, projects)
            if why:
                broken.add(name)
                self._fail(folders[name], f"project '{name}' could not be loaded: {why}")
        # A child of what is broken is broken as well.
        while orphans := {n for n, p in projects.items() if n not in broken and p.parent in broken}:
            broken |= orphans
            for name in sorted(orphans):
                parent = projects[name].parent
                self._fail(
                    folders[name],
                    f"project '{name}' could not be loaded: its parent '{parent}' is not loaded",
                )
        return broken

    def config(self, root: Folder, before: Loaded) -> Loaded:
        """What is loaded after a scan of the configuration."""
        self._tell_oddities(root)
        top = root.at(COLLECTIONS)
        folders = top.folders if top else {}
        fresh: dict[str, Collection] = {}
        for name in _active(self.settings.deployment_mode):
            if name in folders:
                old = before.collections.get(name)
                collection = self._collection(name, folders[name], old)
                if collection is None and self.settings.failed is Failed.KEEP:
                    collection = old
                if collection is not None:
                    fresh[name] = collection
        tags, failures = load_tags(self.found, before.tags, self.read)
        self.failures += failures
        return evolve(before, collections=fresh, tags=tags)

    def _collection(
        self, name: str, folder: Folder, before: Collection | None
    ) -> Collection | None:
        values: dict[str, object] = {}
        content = b""
        if MODE_FILE in folder.files or name not in _BUILT_IN:
            document = self._descriptor(folder, MODE_FILE, f"collection '{name}'")
            if document is None:
                return None
            content, values = document
        return Collection(
            name,
            _text(values, "title"),
            enabled=values.get("enabled", True) is not False,
            parent=_text(values, "parent"),
            digest=hashlib.sha256(content).hexdigest() if content else "",
            resources=self._resources(folder, before.resources if before else {}),
        )

    def _resources(self, home: Folder, before: Mapping[ResourcePath, LoadedResource]) -> Resources:
        loaded: Resources = {}
        for folder in home.walk():
            inside = folder.path[len(home.path) + 1 :].split("/")
            self._tell_oddities(folder)
            if len(inside) < _MODULE_AND_TYPE or document_of(folder) is None:
                continue
            module, kind, *name = inside
            path = ResourcePath(home.path, module, kind, "/".join(name))
            resource = self._resource(folder, path, before.get(path))
            if resource is not None:
                loaded[path] = resource
        return loaded

    def _tell_oddities(self, folder: Folder) -> None:
        # A file that a resource lists fails that resource; a folder nobody can enter is told here.
        if document_of(folder) is None:
            for file in folder.files.values():
                if file.problem:
                    self.failures.append(Failure(file.path, f"{file.path}: {file.problem}"))

    def _resource(
        self, folder: Folder, path: ResourcePath, before: LoadedResource | None
    ) -> LoadedResource | None:
        if path.module in self.settings.quarantined:
            why = f"resource {spelled(path)} could not be loaded: its module is quarantined"
            self.failures.append(Failure(folder.path, why, path))
            return None
        same = before is not None and before.key == key_of(folder)
        result = before if before and same else load_resource(folder, path, self.read)
        if isinstance(result, LoadedResource):
            result = self._signed(result, folder)
        if isinstance(result, Failure):
            self.failures.append(result)
            held = before if self.settings.failed is Failed.KEEP else None
        else:
            held = result
        if held is not None:
            self.found.append((held, folder))
        return held

    def _signed(self, resource: LoadedResource, folder: Folder) -> LoadedResource | Failure:
        if resource.signature is not Signature.STALE:
            return resource
        match self.settings.restamp:
            case Restamp.SKIP:
                why = "its signature does not fit its files"
                told = f"resource {resource.title} was skipped: {why}"
                return Failure(folder.path, told, resource.path)
            case Restamp.RESTAMP:
                self.stale.append(folder)
        return resource


_MODULE_AND_TYPE: Final = 2


def _active(mode: str) -> tuple[str, ...]:
    """The collections that count, from the lowest to the highest."""
    return ("external", "core", *((mode,) if mode and mode not in _BUILT_IN else ()), "local")


def _why_no_parent(project: Project, projects: Mapping[str, Project]) -> str:
    if not project.parent:
        return ""
    parent = projects.get(project.parent)
    if parent is None:
        return f"its parent '{project.parent}' is not loaded"
    if not parent.inheritable:
        return f"its parent '{project.parent}' is not inheritable"
    seen = {project.name}
    while parent is not None and parent.name not in seen:
        seen.add(parent.name)
        parent = projects.get(parent.parent)
    if parent is not None and parent.name == project.name:
        return "it is its own ancestor"
    return ""


def _text(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""
