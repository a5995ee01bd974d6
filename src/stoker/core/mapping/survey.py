"""`Survey`: all placements of a profile over one commit, and the questions they answer together."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from stoker.core.errors import Problem
from stoker.core.globs import Excludes, IgnoreFile
from stoker.core.ignition import UNARY_NAME
from stoker.core.mapping.bounds import Bounds, Found
from stoker.core.mapping.filespec import FileSpec
from stoker.core.mapping.placement import MappingError, Placement, place, unfollowed
from stoker.core.paths import ROOT, RelPath
from stoker.core.planning import Kept, KeptReason, Policy, Root, Spare
from stoker.core.profile import ResolvedProfile
from stoker.core.template import TemplateContext
from stoker.core.tree import Blob, Tree

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping


SIGNED_NAMES: Final = ("resource.json", UNARY_NAME)
"""The files that carry the signature of their folder."""

NOTHING_IGNORED: Final = IgnoreFile.parse("")


@frozen(slots=False)
class Survey:
    """A profile applied to one commit for one gateway."""

    placements: tuple[Placement, ...]
    profile: ResolvedProfile
    context: TemplateContext
    """What to render the files with: the caller's, with the profile's variables."""
    bounds: Bounds

    @cached_property
    def files(self) -> tuple[FileSpec, ...]:
        """Every file, sorted by destination; raises `MappingError` with all that is wrong."""
        chosen = {each.path: each for each in self._found if isinstance(each, FileSpec)}
        problems = [each for each in self._found if isinstance(each, Problem)]
        problems += _clashes(chosen)
        if problems:
            raise MappingError.of_problems(sorted(problems, key=lambda each: each.path))
        return tuple(_with_companions(chosen))

    @cached_property
    def kept(self) -> tuple[Kept, ...]:
        """What the commit holds and the gateway owns: it is left alone, and said so."""
        chosen = {each.path for each in self._found if isinstance(each, FileSpec)}
        kept = {each for each in self._found if isinstance(each, Kept) and each.path not in chosen}
        return tuple(sorted(kept, key=lambda each: each.path))

    @cached_property
    def _found(self) -> tuple[Found, ...]:
        return tuple(found for each in self.placements for found in self.bounds.walk(each))

    def at(self, path: RelPath) -> FileSpec | None:
        """The file for one destination: as in `files`, without looking at the others."""
        spec = self._alone_at(path)
        if spec is None or path.name not in SIGNED_NAMES:
            return spec
        folder = path.parent
        beside = (self._alone_at(folder.child(name)) for name in self._names_in(folder))
        return _accompanied(spec, {each.path: each for each in beside if each is not None})

    def reached_by(self, sources: Iterable[RelPath]) -> frozenset[RelPath]:
        """The destinations whose file can differ when these files of the repository differ."""
        reached = set()
        for source in sources:
            for placement in self.placements:
                path = placement.destination_of(source)
                if path is not None and path != ROOT:
                    # A signature covers its neighbours.
                    reached.update({path, *(path.parent / name for name in SIGNED_NAMES)})
        return frozenset(reached)

    def policy(
        self, *, managed_elsewhere: int = 0, chosen: Container[RelPath] = frozenset()
    ) -> Policy:
        """What the plan for this commit may delete.

        `chosen` are paths of `files`. Where nothing is ignored, no plan has to be kept from them,
        and nobody has to find that out again for each.
        """
        directories = [each for each in self.placements if isinstance(each.node, Tree)]
        roots = dict.fromkeys(each.destination for each in directories)
        return Policy(
            prune=self.profile.prune,
            prune_limit_percent=self.profile.prune_limit_percent,
            roots=tuple(Root(path, self._is_populated(path)) for path in roots),
            held=tuple(each.destination for each in self.placements if each.node is None),
            spare=self._sparing(chosen),
            managed_elsewhere=managed_elsewhere,
        )

    def _sparing(self, chosen: Container[RelPath]) -> Spare:
        # One mapping may want a file whose source another one has, where it is ignored.
        if self.bounds.ignored.lines:
            return self.spare
        return lambda path: None if path in chosen else self.spare(path)

    def spare(self, path: RelPath) -> KeptReason | None:
        """Why no plan may touch `path`, or None."""
        return self.bounds.spares(self.placements, path)

    def _is_populated(self, root: RelPath) -> bool:
        return any(
            isinstance(found, FileSpec)
            for placement in self.placements
            if (below := _overlap(placement, root)) is not None
            for found in self.bounds.walk(placement, below)
        )

    def _alone_at(self, path: RelPath) -> FileSpec | None:
        for placement in reversed(self.placements):
            source = placement.source_of(path)
            leaf = None if source is None else placement.find(path)
            if source is None or leaf is None or isinstance(leaf, Tree):
                continue
            if self.bounds.leaves_out(placement, path, source) is None:
                if not isinstance(leaf, Blob):
                    raise MappingError.of_problems([unfollowed(leaf, source)])
                return placement.spec_for(path, source, leaf)
        return None

    def _names_in(self, folder: RelPath) -> Iterator[str]:
        for placement in self.placements:
            node = placement.find(folder)
            if isinstance(node, Tree):
                yield from node.entries
            elif isinstance(placement.node, Blob) and placement.destination.parent == folder:
                yield placement.destination.name


def survey(
    tree: Tree,
    profile: ResolvedProfile,
    context: TemplateContext,
    ignored: IgnoreFile = NOTHING_IGNORED,
) -> Survey:
    """The profile applied to a commit; raises `MappingError` where its mappings do not fit.

    `ignored` is the commit's `.stokerignore`, which the caller reads.
    """
    # What the caller sets, such as a command line's --var, is over the profile's.
    complete = evolve(context, vars={**profile.vars, **context.vars})
    bounds = Bounds(Excludes(profile.exclude_patterns), ignored)
    return Survey(place(profile, tree, complete), profile, complete, bounds)


def select(
    tree: Tree,
    profile: ResolvedProfile,
    context: TemplateContext,
    ignored: IgnoreFile = NOTHING_IGNORED,
) -> tuple[FileSpec, ...]:
    """Every file of the commit that the profile wants on the gateway, sorted by destination."""
    return survey(tree, profile, context, ignored).files


def _overlap(placement: Placement, root: RelPath) -> RelPath | None:
    """Where, below the placement's own root, it can hold files below `root`."""
    if placement.destination.is_within(root):
        return ROOT
    return (
        root.relative_to(placement.destination) if root.is_within(placement.destination) else None
    )


def _clashes(chosen: Mapping[RelPath, FileSpec]) -> Iterator[Problem]:
    checked = set[str]()
    for path in chosen:
        above = path.rpartition("/")[0]
        while above and above not in checked:
            checked.add(above)
            if above in chosen:
                yield Problem(
                    above,
                    f"'{chosen[RelPath(above)].source}' is mapped to a file here, and "
                    f"'{chosen[path].source}' to a file below it",
                    "change the destination of one of them",
                )
            above = above.rpartition("/")[0]


def _with_companions(chosen: Mapping[RelPath, FileSpec]) -> Iterator[FileSpec]:
    treated = {path.parent for path, spec in chosen.items() if spec.treatment is not None}
    folders: dict[RelPath, dict[RelPath, FileSpec]] = {folder: {} for folder in treated}
    for path, spec in chosen.items():
        if treated and path.parent in treated:
            folders[path.parent][path] = spec
    for path in sorted(chosen):
        signs = treated and path.name in SIGNED_NAMES
        yield _accompanied(chosen[path], folders.get(path.parent, {})) if signs else chosen[path]


def _accompanied(spec: FileSpec, folder: Mapping[RelPath, FileSpec]) -> FileSpec:
    # Where nothing in the folder is treated, every signature is as good as it was in the commit.
    if all(each.treatment is None for each in folder.values()):
        return spec
    beside = {path.name: each for path, each in folder.items() if path != spec.path}
    return evolve(spec, companions=beside)
