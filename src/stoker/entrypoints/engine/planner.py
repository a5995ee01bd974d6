"""From a target to a plan, at the cost of what can differ.

Planning is local: what happens to a path depends on what is wanted, was applied and is there at
this path and in its way. So the planner first says which paths can differ at all:

- everything, when nothing is known that a plan could build upon;
- else the files that differ between the two commits, those that name the commit themselves, and
  the strangers beside them where the profile mirrors;
- and what the drift check finds, when the whole disk is to be put in order: at the same commit,
  or after a time in which nobody watched.

Then it asks the three states for these paths alone. Whatever the scope, the operations for a path
in it are the same; `managed_elsewhere` lets the limits count the rest.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from attrs import evolve, field, frozen

from stoker.adapters.fs.drift import Drift, check_drift
from stoker.adapters.fs.handles import DataDirectory
from stoker.adapters.fs.observe import Observer
from stoker.adapters.fs.store import Store
from stoker.adapters.git.errors import GitError
from stoker.adapters.git.repository import Repository
from stoker.core.ignition import protects_everything_below
from stoker.core.manifest import Digest, Entry, Manifest, Observed
from stoker.core.paths import ROOT, RelPath
from stoker.core.planning import Kept, Plan, Policy, plan
from stoker.core.refs import CommitId
from stoker.core.rendering import desired_manifest, render
from stoker.core.spec import PruneMode
from stoker.core.tree import changes
from stoker.entrypoints.engine.target import Target, every_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stoker.adapters.fs.store import Head
    from stoker.core.mapping import FileSpec

AT_ONCE: Final = 1 << 20
"""Bytes of a file that are held in memory as a whole."""

_NO_DRIFT: Final = Drift()


@frozen
class Prepared:
    """A plan, and what carrying it out needs beside it."""

    target: Target
    plan: Plan
    desired: Manifest
    """What is wanted at the considered paths."""
    applied: Manifest
    """What was applied at the considered paths."""
    considered: AbstractSet[RelPath]
    kept: tuple[Kept, ...]
    large: set[Digest] = field(factory=set, eq=False)
    """Blobs that nobody holds in memory as a whole, as far as their size was asked for."""

    @property
    def touched(self) -> tuple[RelPath, ...]:
        """Every file that the plan writes or deletes, sorted."""
        return tuple(sorted((*self.plan.added, *self.plan.modified, *self.plan.deleted)))


@frozen
class Planner:
    """What a plan is made from: the disk, what is remembered of it, and the repository."""

    data: DataDirectory
    store: Store
    repository: Repository

    def prepare(self, target: Target, *, whole: bool, restores: bool = True) -> Prepared:
        """The plan for `target`; `whole`: look also at what others have changed since.

        What they changed is put in order, or with `restores=False` counted as drifted and left as
        it is, unless the commit wants something else there than was applied.
        """
        head = self.store.head()
        old = self._build_upon(head, target)
        if old is None:
            return self._everything(target, restores=restores)
        survey = target.survey
        considered = set(survey.reached_by(changes(old.tree, target.tree)))
        if head.commit != target.commit or head.ref != target.ref:
            considered |= head.restless
        drift = self.drift(target) if whole or head.commit == target.commit else _NO_DRIFT
        considered.update(drift.changed, drift.missing, drift.strangers, drift.restamped)
        return self._some(target, considered, restores=restores)

    def drift(self, target: Target) -> Drift:
        """What differs on the disk from what was last applied."""
        return check_drift(
            self.data,
            self.store.rows(),
            self.original(target),
            self._mirrored(target),
            _closed_to(target),
            spare=target.survey.spare,
        )

    def content(self, prepared: Prepared, path: RelPath, entry: Entry) -> bytes | Iterable[bytes]:
        """The bytes that the plan writes to `path`."""
        if path in prepared.desired.origins:
            return self.rendered(prepared.target, path)
        if entry.digest in prepared.large:
            return self.repository.chunks(entry.digest)
        return self.repository.whole(entry.digest)

    def size(self, prepared: Prepared, path: RelPath, entry: Entry) -> int:
        """How many bytes these are, before they are asked for; rendered files are small."""
        if path in prepared.desired.origins:
            return 0
        size = self.repository.size(entry.digest)
        if size > AT_ONCE:
            prepared.large.add(entry.digest)
        return size

    def original(self, target: Target) -> Callable[[RelPath, Entry], bytes | None]:
        """The bytes that were applied at a path, as far as they can be had again."""

        def bytes_of(path: RelPath, entry: Entry) -> bytes | None:
            if path not in self.store.covering([path]).origins:
                with suppress(GitError):
                    return self.repository.read(entry.digest)
                return None
            spec = target.survey.at(path)
            if spec is None or spec.is_verbatim:
                return None
            made = render(spec, self.repository.read, target.survey.context)
            return made.content if made.entry == entry else None

        return bytes_of

    def _build_upon(self, head: Head, target: Target) -> Target | None:
        known = bool(head.basis) and head.basis == target.basis
        if not known or self.store.is_under_way():
            return None
        commit = CommitId(head.commit)
        if not self.repository.has(commit):
            return None
        return evolve(target, commit=commit, tree=self.repository.tree(commit))

    def _everything(self, target: Target, *, restores: bool) -> Prepared:
        applied = self.store.everything()
        specs, kept = every_file(target)
        desired = self._desired(specs, target, applied)
        del specs
        named = desired.entries.keys() | applied.entries.keys()
        observer = Observer(self.data, self.original(target))
        like = _any_digest(desired)
        folders = self._mirrored(target)
        if folders:
            actual = observer.below(folders, named, applied, skip=_closed_to(target), like=like)
        else:
            actual = observer.at(named, applied, like=like)
        policy = self._policy(target, desired, applied, restores=restores)
        if not restores:
            policy = _with_new_roots(policy, applied)
        prepared = _planned(target, policy, desired, applied, actual)
        return evolve(prepared, kept=_by_path({*prepared.kept, *kept}))

    def _some(self, target: Target, considered: set[RelPath], *, restores: bool) -> Prepared:
        observer = Observer(self.data, self.original(target))
        considered |= self._strangers_beside(target, considered, observer)
        applied = self.store.covering(considered)
        specs = [spec for path in sorted(considered) if (spec := target.survey.at(path))]
        desired = self._desired(specs, target, applied)
        actual = observer.at(considered, applied, like=_any_digest(desired))
        in_the_way = actual.entries.keys() - considered
        if in_the_way:
            applied = self.store.covering(considered | in_the_way)
        policy = self._policy(target, desired, applied, restores=restores)
        return _planned(target, policy, desired, applied, actual)

    def _strangers_beside(
        self, target: Target, considered: set[RelPath], observer: Observer
    ) -> set[RelPath]:
        """What lies beside the considered files and nobody knows: a mirror has to look at it."""
        if not considered or not self._mirrored(target):
            return set()
        beside = observer.neighbours(considered) - considered
        known = self.store.covering(beside).entries.keys()
        return {path for path in beside - known if target.survey.at(path) is None}

    def _policy(
        self, target: Target, desired: Manifest, applied: Manifest, *, restores: bool
    ) -> Policy:
        elsewhere = self.store.count() - len(applied.entries)
        policy = target.survey.policy(
            managed_elsewhere=max(elsewhere, 0), chosen=desired.entries.keys()
        )
        return evolve(policy, restores=restores)

    def _desired(self, specs: Iterable[FileSpec], target: Target, applied: Manifest) -> Manifest:
        return desired_manifest(specs, self.repository.read, target.survey.context, applied)

    def rendered(self, target: Target, path: RelPath) -> bytes:
        """The bytes of a file that is not written as it is in the commit."""
        spec = target.survey.at(path)
        if spec is None:  # the survey itself named this path
            raise AssertionError(path)
        return render(spec, self.repository.read, target.survey.context).content

    def _mirrored(self, target: Target) -> tuple[RelPath, ...]:
        """The folders in which strangers are looked for; never the data directory itself."""
        if target.survey.profile.prune is not PruneMode.MIRROR:
            return ()
        roots = target.survey.policy().roots
        return tuple(root.path for root in roots if root.path != ROOT)


def _planned(
    target: Target,
    policy: Policy,
    desired: Manifest,
    applied: Manifest,
    actual: Observed,
) -> Prepared:
    planned = plan(desired, applied, actual, policy)
    wanted, known = desired.entries.keys(), applied.entries.keys()
    return Prepared(
        target=target,
        plan=planned,
        desired=desired,
        applied=applied,
        considered=wanted if known <= wanted else wanted | known,
        kept=_by_path(planned.kept),
    )


def _by_path(kept: Iterable[Kept]) -> tuple[Kept, ...]:
    return tuple(sorted(kept, key=lambda each: each.path))


def _with_new_roots(policy: Policy, applied: Manifest) -> Policy:
    """The policy, which says where nothing was applied yet: there nobody can have changed it."""
    known = {above for path in applied.entries for above in path.ancestors()}
    return evolve(
        policy, roots=tuple(evolve(root, is_new=root.path not in known) for root in policy.roots)
    )


def _closed_to(target: Target) -> Callable[[RelPath], bool]:
    excludes = target.survey.bounds.excludes

    def skips(folder: RelPath) -> bool:
        return protects_everything_below(folder) or excludes.skips_directory(folder)

    return skips


def _any_digest(desired: Manifest) -> Digest | None:
    return next((entry.digest for entry in desired.entries.values()), None)
