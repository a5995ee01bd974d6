"""`Placement`: one mapping with its paths rendered and its source looked up in the commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from attrs import frozen

from stoker.core import template
from stoker.core.errors import ManyProblems, PathError, Problem, StokerError, TemplateError
from stoker.core.globs import CompiledGlob, compile_glob
from stoker.core.ignition import refused_destination
from stoker.core.mapping.filespec import FileSpec, Treatment
from stoker.core.paths import ROOT, RelPath
from stoker.core.spec import MappingType, SourceMapping
from stoker.core.tree import Blob, Link, Node, Submodule, Tree

if TYPE_CHECKING:
    from stoker.core.profile import ResolvedProfile
    from stoker.core.template import TemplateContext


@frozen
class MappingError(ManyProblems):
    """The profile does not fit the commit: every reason at once."""

    reason: ClassVar[str] = "MappingFailed"


@frozen
class PatchRule:
    """The patches of one entry of `patches`, and the files that they are for."""

    files: CompiledGlob | None
    fields: dict[str, str]

    def is_for(self, below: RelPath) -> bool:
        """Whether the file at `below`, relative to the patches' folder, is one of them."""
        return self.files is None or self.files.matches(below)


@frozen
class Placement:
    """A mapping whose paths are known, and what the commit holds at its source."""

    source: RelPath
    destination: RelPath
    node: Tree | Blob | None
    mapping: SourceMapping
    variables: Mapping[str, str]
    patches: tuple[PatchRule, ...] = ()

    def find(self, path: RelPath) -> Node | None:
        """What the commit holds for destination `path`, by this mapping."""
        if not isinstance(self.node, Tree):
            return self.node if path == self.destination else None
        if not path.is_within(self.destination):
            return None
        return self.node.find(path.relative_to(self.destination))

    def source_of(self, path: RelPath) -> RelPath | None:
        """Where the file that this mapping has for destination `path` would come from."""
        if not isinstance(self.node, Tree):
            return self.source if path == self.destination else None
        if not path.is_within(self.destination):
            return None
        return self.source / path.relative_to(self.destination)

    def destination_of(self, source: RelPath) -> RelPath | None:
        """Where this mapping puts the file at `source`."""
        if not source.is_within(self.source):
            return None
        below = source.relative_to(self.source)
        return self.destination if below == ROOT else self.destination / below

    def spec_for(self, path: RelPath, source: RelPath, blob: Blob) -> FileSpec:
        """The file at destination `path`, with what this mapping does to it."""
        return FileSpec(path, source, blob.id, blob.mode, self._treatment(path))

    def _treatment(self, path: RelPath) -> Treatment | None:
        engine = self.mapping.template_engine if self.mapping.template else None
        fields = self._patches_for(path) if self.patches else ()
        if engine is None and not fields:
            return None
        return Treatment(engine, fields, self.mapping.template_engine, self.variables)

    def _patches_for(self, path: RelPath) -> tuple[Mapping[str, str], ...]:
        folder = self.destination if isinstance(self.node, Tree) else self.destination.parent
        below = path.relative_to(folder)
        return tuple(patch.fields for patch in self.patches if patch.is_for(below))


def place(profile: ResolvedProfile, tree: Tree, context: TemplateContext) -> tuple[Placement, ...]:
    """The profile's mappings in their order; raises `MappingError` with all that is wrong."""
    placements = []
    problems: list[Problem] = []
    for index, mapping in enumerate(profile.mappings):
        where = f"spec.sync.profiles.{profile.name}.mappings[{index}]"
        try:
            placements.append(_placed(mapping, where, tree, context))
        except _Misfit as misfit:
            problems += misfit.problems
    if problems:
        raise MappingError.of_problems(problems)
    return tuple(placements)


@frozen
class _Misfit(Exception):
    problems: tuple[Problem, ...]


def _placed(mapping: SourceMapping, where: str, tree: Tree, context: TemplateContext) -> Placement:
    source = _path(mapping.source, f"{where}.source", mapping, context)
    destination = _path(mapping.destination, f"{where}.destination", mapping, context)
    if refusal := refused_destination(destination):
        raise _misfit(f"{where}.destination", refusal.message, refusal.cure)
    node = _source_node(tree.find(source), source, f"{where}.source", mapping)
    if isinstance(node, Blob) and destination == ROOT:
        raise _misfit(
            f"{where}.destination",
            "'.' is the data directory, and the source is a file",
            "give the file's path below the data directory",
        )
    patches = tuple(
        PatchRule(None if patch.file is None else _glob(patch.file, where), dict(patch.set))
        for patch in mapping.patches
    )
    if isinstance(node, Tree) and any(patch.files is None for patch in patches):
        raise _misfit(
            f"{where}.patches",
            "a patch of a directory mapping does not say which files it is for",
            "set 'file' to a glob relative to the destination",
        )
    return Placement(source, destination, node, mapping, context.vars, patches)


def _path(text: str, where: str, mapping: SourceMapping, context: TemplateContext) -> RelPath:
    try:
        if "{" in text:  # without one no engine changes anything, and none has to be imported
            text = template.render_with(mapping.template_engine, text, context)
        return RelPath.parse(text)
    except TemplateError as error:
        raise _misfit(where, error.message, "check the template and the variables") from error
    except PathError as error:
        raise _misfit(where, f"{error.message}: {error.where!r}", error.cure) from error


def _glob(pattern: str, where: str) -> CompiledGlob:
    try:
        return compile_glob(pattern)
    except StokerError as error:
        raise _misfit(f"{where}.patches", f"{error.message}: {pattern!r}", error.cure) from error


def _source_node(
    node: Node | None, source: RelPath, where: str, mapping: SourceMapping
) -> Tree | Blob | None:
    if isinstance(node, Link | Submodule):
        raise _misfit(where, *_unfollowed(node, source))
    if node is None and mapping.required:
        raise _misfit(
            where,
            f"the commit has no '{source}', and the mapping is required",
            "correct the path, or set required: false",
        )
    if node is not None and mapping.type not in {None, (found := _type_of(node))}:
        raise _misfit(
            where,
            f"'{source}' is a {found} in the commit, and the mapping says type: {mapping.type}",
            f"set type: {found}, or leave type out",
        )
    return node


def _type_of(node: Tree | Blob) -> MappingType:
    return MappingType.DIR if isinstance(node, Tree) else MappingType.FILE


def _unfollowed(node: Link | Submodule, source: RelPath) -> tuple[str, str]:
    kind = "symbolic link" if isinstance(node, Link) else "submodule"
    return f"'{source}' is a {kind}, which is never followed", "commit the files themselves"


def unfollowed(node: Link | Submodule, source: RelPath) -> Problem:
    """The problem of an entry inside a mapped source that is no file and no directory."""
    return Problem(source, *_unfollowed(node, source))


def _misfit(path: str, message: str, cure: str) -> _Misfit:
    return _Misfit((Problem(path, message, cure),))
