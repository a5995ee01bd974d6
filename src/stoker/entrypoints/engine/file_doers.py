"""The doers of files: recover, fetch, plan, apply, put back, and look for drift.

They are called one after the other, so what they hold between two effects (the plan of the round)
needs no lock. What has to outlast them, because they work in a process that ends, is small and a
value: `Memory`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import define, evolve, field

from stoker.adapters.fs.execute import Drifted, carry_out, roll_back, settle
from stoker.adapters.git.errors import RepositoryCorrupt
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.agent.facts import OnDisk
from stoker.core.errors import StokerError
from stoker.core.journal import begin, commit
from stoker.core.manifest import Manifest
from stoker.core.refs import CommitId, RefName
from stoker.core.scan import Readiness
from stoker.entrypoints.engine.calm import calm
from stoker.entrypoints.engine.fetching import resolved
from stoker.entrypoints.engine.getting import Getting
from stoker.entrypoints.engine.looking import look
from stoker.entrypoints.engine.memory import Memory
from stoker.entrypoints.engine.observations import Result, RolledBack
from stoker.entrypoints.engine.planner import Planner, Prepared
from stoker.entrypoints.engine.progress import Stage, Step
from stoker.entrypoints.engine.summaries import summarised
from stoker.entrypoints.engine.target import Target, restless, target_of
from stoker.entrypoints.engine.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from stoker.adapters.fs.store import Head
    from stoker.core.agent import Assignment
    from stoker.core.manifest import Stamp
    from stoker.core.paths import RelPath
    from stoker.core.planning import Create, Replace


@define
class FileDoers:
    """Who works on the files, and what they hold."""

    place: Workplace
    memory: Memory = field(factory=Memory)
    prepared: Prepared | None = None
    """The plan of the round."""
    target: Target | None = None
    """What the files were last planned for, as far as it was made by these doers."""
    getting: Getting = field(init=False)

    def __attrs_post_init__(self) -> None:
        """The repository is opened when it is first needed."""
        self.getting = Getting(self.place)

    def answer(self, question: ef.Question) -> ev.Event:
        """Carry out a `question` of files; raises `StokerError`."""
        if isinstance(question, ef.Plan | ef.Apply):
            self.memory = self.memory.changed()
        return _DOERS[type(question)](self, question)

    def obey(self, order: ef.Order) -> None:
        """Carry out `order`; raises `StokerError`."""
        match order:
            case ef.Adopt():
                self._adopt(order)
            case ef.Release():
                self._release()
            case ef.NoteCommissioned():
                self._note_commissioned()

    def recover(self, question: ef.Recover) -> ev.Event:
        """Settle what an interrupted sync has left; the caller holds the lock."""
        place = self.place
        self._unwatch()
        head = settle(place.data, place.store)
        on_disk = OnDisk(head.commit, head.ref, head.commissioned)
        return ev.Recovered(place.now(), question.ticket, on_disk, Readiness.DOWN)

    def fetch(self, question: ef.Fetch) -> ev.Event:
        """Have the commit in the repository."""
        place, assignment = self.place, question.assignment
        remote = place.remote_for(assignment)
        wanted = CommitId(
            assignment.commit or resolved(remote, RefName.parse(assignment.ref)).commit
        )
        self.getting.have(assignment, wanted)
        author = place.repository.author(wanted)
        return ev.Fetched(place.now(), question.ticket, wanted, author)

    def plan(self, question: ef.Plan) -> ev.Event:
        """Plan the round."""
        place, assignment = self.place, question.assignment
        place.progress(Step(Stage.PLAN))
        commit = CommitId(question.commit)
        self.getting.open()
        with calm():
            try:
                self.prepared = self.prepare(assignment, commit, restores=question.restores)
            except RepositoryCorrupt:
                # Damage shows where it is read, and all of it can be fetched again.
                place.repository.rebuild()
                self.getting.have(assignment, commit)
                self.prepared = self.prepare(assignment, commit, restores=question.restores)
        summary = summarised(self.prepared, dry_run=assignment.profile.dry_run)
        return ev.Planned(place.now(), question.ticket, summary)

    def prepare(
        self, assignment: Assignment, commit: CommitId, *, restores: bool = True
    ) -> Prepared:
        """The plan for `commit`; raises `StokerError`."""
        self.target = self._target(assignment, commit)
        self.memory = evolve(self.memory, assignment=assignment, commit=commit)
        return self.planner.prepare(self.target, whole=self.memory.unwatched, restores=restores)

    def _target(self, assignment: Assignment, commit: CommitId) -> Target:
        repository = self.place.repository
        tree = repository.tree(commit)
        return target_of(assignment, self.place.identity, commit, tree, repository.read)

    def apply(self, question: ef.Apply) -> ev.Event:
        """Carry out the plan of the round."""
        place, prepared = self.place, self._round()
        try:
            with calm():
                self._carry_out(prepared)
        except Drifted as drifted:
            self._unwatch()
            settle(place.data, place.store)
            return ev.ApplyDrifted(place.now(), question.ticket, drifted.where)
        self._has_seen_all()
        return ev.Applied(place.now(), question.ticket)

    def _carry_out(self, prepared: Prepared) -> None:
        place, store = self.place, self.place.store
        store.begin(
            begin(prepared.plan, prepared.applied),
            before=store.head(),
            after=self._head(prepared, prepared.desired),
        )

        planner = self.planner

        def content(op: Create | Replace) -> bytes | Iterable[bytes]:
            return planner.content(prepared, op.path, op.entry)

        def size(op: Create | Replace) -> int:
            return planner.size(prepared, op.path, op.entry)

        def advanced(done: int, total: int) -> None:
            place.progress(Step(Stage.APPLY, done=done, total=total))

        receipts = carry_out(place.data, store, prepared.plan, content, advanced, size=size)
        manifest = commit(prepared.applied, prepared.plan, receipts, prepared.desired.origins)
        store.update(prepared.considered, manifest, self._head(prepared, manifest))

    def _adopt(self, order: ef.Adopt) -> None:
        prepared = self.prepared
        if prepared is None or prepared.target.commit != order.commit:
            return
        manifest = commit(prepared.applied, prepared.plan, {}, prepared.desired.origins)
        head = self._head(prepared, manifest)
        if manifest != prepared.applied or head != self.place.store.head():
            self.place.store.update(prepared.considered, manifest, head)
        self._has_seen_all()

    def roll_back(self, question: ef.Rollback) -> ev.Event:
        """Put back what the last apply replaced."""
        place = self.place
        self._unwatch()
        try:
            roll_back(place.data, place.store)
        except StokerError:
            place.observe(RolledBack(Result.ERROR))
            raise
        place.observe(RolledBack(Result.SUCCESS))
        return ev.RolledBack(place.now(), question.ticket)

    def _release(self) -> None:
        place, self.prepared = self.place, None
        place.store.drop()
        self.getting.open()
        head = place.store.head()
        place.repository.keep([CommitId(head.commit)] if head.commit else [])
        place.repository.tidy()

    def _note_commissioned(self) -> None:
        store = self.place.store
        head = store.head()
        if not head.commissioned:
            store.update((), Manifest(), evolve(head, commissioned=True))

    def check_drift(self, question: ef.CheckDrift) -> ev.Event:
        """Count what differs from what was applied."""
        place, target = self.place, self._last_target()
        if target is None:
            return ev.DriftChecked(place.now(), question.ticket, 0)
        looked = look(self.planner, target, self.memory.seen)
        if looked.drift.refreshed:
            self._remember(looked.drift.refreshed)
        self.memory = evolve(self.memory, seen=looked.seen)
        return ev.DriftChecked(place.now(), question.ticket, looked.count)

    def _last_target(self) -> Target | None:
        """What the files were last planned for, be it by doers before these."""
        assignment = self.memory.assignment
        if self.target is None and assignment is not None:
            self.getting.open()
            self.target = self._target(assignment, CommitId(self.memory.commit))
        return self.target

    def _remember(self, stamps: Mapping[RelPath, Stamp]) -> None:
        """These files are as they were applied, however they look: the next check need not read."""
        store = self.place.store
        known = store.covering(stamps)
        store.update(stamps, evolve(known, stamps={**known.stamps, **stamps}), store.head())

    @property
    def planner(self) -> Planner:
        """Who plans."""
        return Planner(self.place.data, self.place.store, self.place.repository)

    def _unwatch(self) -> None:
        self.memory = self.memory.uncertain()

    def _has_seen_all(self) -> None:
        self.memory = evolve(self.memory, unwatched=False)

    def _round(self) -> Prepared:
        if self.prepared is None:
            raise AssertionError("an apply comes after its plan")
        return self.prepared

    def _head(self, prepared: Prepared, manifest: Manifest) -> Head:
        target, before = prepared.target, self.place.store.head()
        unconsidered = before.restless - prepared.considered
        return evolve(
            before,
            commit=target.commit,
            ref=target.ref,
            basis=target.basis,
            restless=unconsidered | restless(manifest),
        )


_DOERS: Final[Mapping[type, Callable[[FileDoers, Any], ev.Event]]] = {
    ef.Recover: FileDoers.recover,
    ef.Fetch: FileDoers.fetch,
    ef.Plan: FileDoers.plan,
    ef.Apply: FileDoers.apply,
    ef.Rollback: FileDoers.roll_back,
    ef.CheckDrift: FileDoers.check_drift,
}
