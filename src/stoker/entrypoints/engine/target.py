"""`Target`: what one commit wants of one gateway, and what a plan for it may build upon.

The `basis` is a digest of everything but the commit that decides which file goes where and how it
looks: two commits with one basis differ, for this gateway, by nothing but the files that differ
between their trees, and by the files that name the commit or the ref themselves (`restless`). So a
plan from one to the other has to look at these alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from stoker.core import IgnoreFile, TemplateContext, pod_ordinal
from stoker.core.ignition import projects_of
from stoker.core.mapping import IGNORE_FILE, FileSpec, Survey, survey
from stoker.core.paths import ROOT, RelPath
from stoker.core.profile import profile_key
from stoker.core.tree import Blob, Tree

if TYPE_CHECKING:
    from stoker.core.agent import Assignment, Identity
    from stoker.core.manifest import Digest, Manifest
    from stoker.core.planning import Kept

FORM: Final = 1
"""Grows when the same commit would be laid out otherwise than by an earlier version."""

_OF_THE_COMMIT: Final = frozenset({"Commit", "Ref"})


@frozen
class Target:
    """A commit, as one gateway is to have it."""

    commit: str
    ref: str
    tree: Tree
    survey: Survey
    basis: str


def target_of(
    assignment: Assignment,
    identity: Identity,
    commit: str,
    tree: Tree,
    read: Callable[[Digest], bytes],
) -> Target:
    """What `commit` wants; raises `MappingError` where the profile does not fit it."""
    context = TemplateContext(
        gateway_name=assignment.gateway,
        pod_name=assignment.pod_name,
        pod_ordinal=pod_ordinal(assignment.pod_name, assignment.labels),
        namespace=identity.namespace,
        ref=assignment.ref,
        commit=commit,
        cr_name=identity.cr_name,
        labels=assignment.labels,
        vars={},
    )
    found = tree.find(IGNORE_FILE)
    ignored = found.id if isinstance(found, Blob) else None
    text = read(ignored).decode("utf-8", "replace") if ignored else ""
    surveyed = survey(tree, assignment.profile, context, IgnoreFile.parse(text))
    return Target(commit, assignment.ref, tree, surveyed, _basis(surveyed, ignored))


def _basis(surveyed: Survey, ignored: Digest | None) -> str:
    steady = {
        name: dict(value) if isinstance(value, Mapping) else value
        for name, value in surveyed.context.named().items()
        if name not in _OF_THE_COMMIT
    }
    placed = [
        [each.source, each.destination, type(each.node).__name__] for each in surveyed.placements
    ]
    said = [FORM, profile_key(surveyed.profile), steady, placed, ignored]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def restless(manifest: Manifest) -> frozenset[RelPath]:
    """The files that name the commit or the ref, so that they differ with every commit."""
    return frozenset(
        path for path, origin in manifest.origins.items() if origin.used & _OF_THE_COMMIT
    )


def every_file(target: Target) -> tuple[tuple[FileSpec, ...], tuple[Kept, ...]]:
    """All files that the commit wants, and what of it is left alone.

    They are many: nothing keeps them but the caller.
    """
    looked_at = evolve(target.survey)
    return looked_at.files, looked_at.kept


def managed_projects(target: Target) -> tuple[str, ...]:
    """The projects that this gateway gets from the commit, without a look at all their files."""
    candidates = set[RelPath]()
    for placement in target.survey.placements:
        candidates |= _below_projects(placement.destination, placement.node)
    return projects_of(candidates)


def _below_projects(destination: RelPath, node: Tree | Blob | None) -> set[RelPath]:
    """For each project that a mapping reaches, some path in it."""
    match node:
        case Blob():
            return {destination}
        case Tree() if len(destination.names) > 1 or destination == "projects":
            return _children(destination, node)
        case Tree(entries={"projects": Tree() as projects}) if destination == ROOT:
            return _children(RelPath("projects"), projects)
        case _:
            return set()


def _children(destination: RelPath, node: Tree) -> set[RelPath]:
    return {
        destination.child(name).child("project.json")
        for name, below in node.entries.items()
        if isinstance(below, Tree) or destination != "projects"
    }
