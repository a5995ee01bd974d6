"""Trees as gateways of real plants have them, from a seed.

A site is a list of folders, each a resource: what kind of files, and how large. The list depends on
the size and the seed alone, a folder's bytes on the seed, its place in the list and a revision. So
nothing has to be remembered: any file can be made again at any time, `change` makes some folders
again with another revision, and the same calls give the same commit ids.

The shape follows what public repositories of Ignition show: 37 % `resource.json`, a quarter
images, sizes from a log-normal law with a long tail, spaces in names, one path of 219 characters
and 17 levels.
"""

# ruff: noqa: S311 - the same numbers every time are the point, and nothing here is a secret

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Final, Self

from attrs import field, frozen

from stoker.core.ignition import UNARY_NAME
from stoker.testing.repositories.contents import noise, resource_json, script, view

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stoker.core.refs import CommitId
    from stoker.testing.repositories.upstream import Upstream


@frozen
class Size:
    """How many files, and how many bytes they have together (within a few per cent)."""

    files: int
    bytes: int


SIZES: Final[Mapping[str, Size]] = {
    "S": Size(830, 500_000),
    "M": Size(2_000, 20_000_000),
    "L": Size(14_000, 75_000_000),
    "XL": Size(100_000, 750_000_000),
}

LARGEST: Final = 4_000_000
LONGEST_PATH: Final = 219
DEEPEST: Final = 17
_SIGMA: Final = 2.0
_RESOURCE_JSON: Final = 380
_FILES_OF_A_PROJECT: Final = 2_000

_PROJECTS: Final = "projects/Plant{}"
_TAGS: Final = "config/resources/core/ignition/tag-definition/default"
_VIEWS: Final = "com.inductiveautomation.perspective/views"
_PLACES: Final = (
    *("Area1", "Area2", "Packaging", "Utilities", "LineWest", "Overview", "Common", "Templates"),
    *("Embedded", "Popups", "Alarming", "Reports", "Navigation", "Mobile", "Admin", "Boiler House"),
)
_NAMES: Final = ("Pump", "TankDetail", "Motor", "Valve", "BatchList", "Header", "Trend", "Oven")
_DEPTHS: Final = (0, 1, 1, 2, 2, 2, 3, 3, 4, 6)


@frozen
class Kind:
    """A kind of resource: where it stands below its project, its files, and how many in 100."""

    below: str
    files: tuple[str, ...]
    share: int

    @property
    def document(self) -> str:
        """The name of the file that describes it."""
        return UNARY_NAME if self is _TAG else "resource.json"


_VIEW: Final = Kind(_VIEWS, ("view.json", "thumbnail.png"), 62)
_SCRIPT: Final = Kind("ignition/script-python", ("code.py",), 14)
_QUERY: Final = Kind("ignition/named-query", ("query.sql",), 12)
_WINDOW: Final = Kind("com.inductiveautomation.vision/windows", ("window.bin",), 4)
_TAG: Final = Kind(_TAGS, ("tags.json", "udts.json"), 8)
_KINDS: Final = (_VIEW, _SCRIPT, _QUERY, _WINDOW, _TAG)


@frozen
class Folder:
    """One resource: its place in the site, its kind, and how large each of its files is."""

    number: int
    path: str
    kind: Kind
    sizes: tuple[int, ...]


@frozen
class Site:
    """A tree of a given size; the first file of a folder is what a change changes."""

    size: Size
    seed: int = 0
    folders: tuple[Folder, ...] = field(init=False, repr=False, eq=False)

    @folders.default
    def _make_folders(self) -> tuple[Folder, ...]:
        return tuple(_folders(self.size, Random(f"site {self.seed}")))

    @classmethod
    def of(cls, size: str, seed: int = 0) -> Self:
        """The site of a size that `SIZES` names."""
        return cls(SIZES[size], seed)

    def commit(self, upstream: Upstream, branch: str | None = None) -> CommitId:
        """Commit the whole site."""
        return upstream.commit_all(self.files(), "Begin the site", branch)

    def change(
        self, upstream: Upstream, count: int, revision: int = 1, branch: str | None = None
    ) -> CommitId:
        """Commit a change of exactly `count` files; a revision of one's own for each."""
        changed = self.changed(count, revision)
        return upstream.commit_all(changed, f"Change {count} files", branch)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """All files of the first commit, one after the other."""
        yield "config/resources/core/config-mode.json", b'{"title": "core", "enabled": true}'
        for number in range(_projects(self.size)):
            yield _project(number, revision=0)
        for folder in self.folders:
            yield from self._in_folder(folder, revision=0).items()

    def changed(self, count: int, revision: int) -> Iterator[tuple[str, bytes]]:
        """`count` files with other contents; two for each resource that somebody saved."""
        random = Random(f"change {self.seed} {revision}")
        if count % 2:
            yield _project(random.randrange(_projects(self.size)), revision)
        for folder in random.sample(self.folders, count // 2):
            files = self._in_folder(folder, revision)
            for name in (folder.kind.files[0], folder.kind.document):
                path = f"{folder.path}/{name}"
                yield path, files[path]

    def _in_folder(self, folder: Folder, revision: int) -> dict[str, bytes]:
        random = Random(f"folder {self.seed} {folder.number} {revision}")
        first, *others = folder.kind.files
        files = {first: _content(first, random, folder.sizes[0], revision)}
        for name, size in zip(others, folder.sizes[1:], strict=True):
            still = Random(f"still {self.seed} {folder.number} {name}")
            files[name] = _content(name, still, size, 0)
        document = resource_json(random, files, unary=folder.kind is _TAG)
        complete = {**files, folder.kind.document: document}
        return {f"{folder.path}/{name}": content for name, content in complete.items()}


def _content(name: str, random: Random, size: int, revision: int) -> bytes:
    match name.rpartition(".")[2]:
        case "json":
            return view(random, size, revision)
        case "py" | "sql":
            return script(random, size, revision)
        case _:
            return noise(random, size, revision)


def _project(number: int, revision: int) -> tuple[str, bytes]:
    document = {"title": f"Plant {number}", "description": f"revision {revision}", "enabled": True}
    return _PROJECTS.format(number) + "/project.json", json.dumps(document).encode()


def _projects(size: Size) -> int:
    return 1 + size.files // _FILES_OF_A_PROJECT


def _folders(size: Size, random: Random) -> Iterator[Folder]:
    kinds = list(_kinds(size.files - 1 - _projects(size), random))
    raw = [random.lognormvariate(0, _SIGMA) for kind in kinds for _ in kind.files]
    scale = (size.bytes - len(kinds) * _RESOURCE_JSON) / sum(raw)
    sizes = iter([min(LARGEST, round(each * scale)) for each in raw])
    groups = [random.choices(_PLACES, k=depth) for depth in _DEPTHS for _ in range(2)]
    for number, kind in enumerate(kinds):
        project = random.randrange(_projects(size))
        names = (*random.choice(groups), f"{random.choice(_NAMES)}{number}")
        path = _path(project, kind, names) if number else _longest_path()
        yield Folder(number, path, kind, tuple(next(sizes) for _ in kind.files))


def _kinds(files: int, random: Random) -> Iterator[Kind]:
    """Kinds of resources that have `files` files together, the `resource.json` counted."""
    yield _VIEW
    left = files - 1 - len(_VIEW.files)
    shares = [kind.share for kind in _KINDS]
    while left > 1:
        # Two or three files for each, and never one that is left alone.
        fitting = _SCRIPT if left in {2, 4} else _VIEW
        kind = fitting if left < _ENOUGH else random.choices(_KINDS, shares)[0]
        yield kind
        left -= 1 + len(kind.files)


_ENOUGH: Final = 6


def _path(project: int, kind: Kind, names: tuple[str, ...]) -> str:
    above = kind.below if kind is _TAG else f"{_PROJECTS.format(project)}/{kind.below}"
    return "/".join((above, *names))


def _longest_path() -> str:
    """The folder whose longest files stand at 219 characters and 17 levels."""
    names = [_PROJECTS.format(0), *_VIEWS.split("/")]
    longest = max(map(len, (_VIEW.document, *_VIEW.files)))
    while len("/".join(names).split("/")) < DEEPEST - 2:
        names.append("Deep Folder")
    rest = LONGEST_PATH - len("/".join(names)) - longest - 2
    return "/".join((*names, "x" * rest))
