"""The doers: each carries out one effect of the step machine, and says what came of it.

A doer translates and calls. It takes an effect with a ticket and returns the event that answers
it; an error becomes the failure that the machine knows. What the machine has not decided is not
decided here either: when to sync, whether to go on, when to try again.

They are called by one thread, one after the other, so what they remember between two effects (the
plan of the round, what was seen to have drifted) needs no lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import define, evolve

from stoker.adapters.fs.execute import Drifted, carry_out, roll_back, settle
from stoker.adapters.fs.store import Head
from stoker.adapters.git.errors import RepositoryCorrupt
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.agent.facts import OnDisk, PlanSummary
from stoker.core.errors import StokerError
from stoker.core.ignition import projects_of, resources_of, scans_for
from stoker.core.journal import begin, commit
from stoker.core.refs import CommitId, RefName
from stoker.core.report import list_changes
from stoker.core.scan import Readiness, Succeeded, Unreachable
from stoker.entrypoints.engine.calm import calm
from stoker.entrypoints.engine.fetching import fetch, resolved
from stoker.entrypoints.engine.planner import Planner, Prepared
from stoker.entrypoints.engine.progress import Stage, Step
from stoker.entrypoints.engine.target import Target, managed_projects, restless, target_of
from stoker.entrypoints.engine.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from stoker.adapters.ignition import Gateway
    from stoker.core.agent import Assignment
    from stoker.core.manifest import Manifest, Stamp
    from stoker.core.paths import RelPath
    from stoker.core.planning import Create, Replace


@define
class Doers:
    """The hands of one agent, and what they hold."""

    place: Workplace
    prepared: Prepared | None = None
    """The plan of the round."""
    target: Target | None = None
    """What the files were last planned for."""
    unwatched: bool = True
    """Nobody can say what others did to the files since they were last looked at as a whole."""
    applied_at_ms: int = 0

    def answer(self, question: ef.Question) -> ev.Event:
        """Carry out `question`; an error that has a name is an answer too."""
        doer = _DOERS[type(question)]
        try:
            return doer(self, question)
        except StokerError as error:
            return failed(question, error, self.place.now())

    def obey(self, order: ef.Order) -> None:
        """Carry out what nobody waits for; raises `StokerError`."""
        match order:
            case ef.Adopt():
                self._adopt(order)
            case ef.Release():
                self._release()

    def readiness(self) -> Readiness:
        """How far the gateway's start has come."""
        gateway = self.place.gateway
        return Readiness.DOWN if gateway is None else gateway.readiness()

    def recover(self, question: ef.Recover) -> ev.Event:
        """Settle what an interrupted sync has left; nobody else may work here from now on."""
        place = self.place
        place.store.lock()
        head = settle(place.data, place.store)
        self.unwatched = True
        on_disk = OnDisk(head.commit, head.ref)
        return ev.Recovered(place.now(), question.ticket, on_disk, self.readiness())

    def fetch(self, question: ef.Fetch) -> ev.Event:
        """Have the commit in the repository."""
        place, assignment = self.place, question.assignment
        remote = place.remote_for(assignment)
        wanted = CommitId(
            assignment.commit or resolved(remote, RefName.parse(assignment.ref)).commit
        )
        self._have(assignment, wanted)
        author = place.repository.author(wanted)
        return ev.Fetched(place.now(), question.ticket, wanted, author)

    def plan(self, question: ef.Plan) -> ev.Event:
        """Plan the round."""
        place = self.place
        place.progress(Step(Stage.PLAN))
        commit = CommitId(question.commit)
        with calm():
            try:
                self.prepared = self.prepare(question.assignment, commit)
            except RepositoryCorrupt:
                # Damage shows where it is read, and all of it can be fetched again.
                place.repository.rebuild()
                self._have(question.assignment, commit)
                self.prepared = self.prepare(question.assignment, commit)
        summary = summarised(self.prepared, dry_run=question.assignment.profile.dry_run)
        return ev.Planned(place.now(), question.ticket, summary)

    def prepare(self, assignment: Assignment, commit: CommitId) -> Prepared:
        """The plan for `commit`; raises `StokerError`."""
        place = self.place
        tree = place.repository.tree(commit)
        self.target = target_of(assignment, place.identity, commit, tree, place.repository.read)
        return self.planner.prepare(self.target, whole=self.unwatched)

    def _have(self, assignment: Assignment, commit: CommitId) -> None:
        place = self.place
        remote = place.remote_for(assignment)
        fetch(place.repository, remote, commit, assignment.ref, place.progress)

    def list_designers(self, question: ef.ListDesigners) -> ev.Event:
        """Ask who has the Designer open."""
        listed, now_ms = self._gateway().designers()
        return ev.DesignersListed(self.place.now(), question.ticket, listed, now_ms)

    def lock(self, question: ef.Lock) -> ev.Event:
        """Keep the gateway from scanning."""
        if self.place.gateway is not None:
            self.place.gateway.lock(question.kinds)
        return ev.Locked(self.place.now(), question.ticket)

    def apply(self, question: ef.Apply) -> ev.Event:
        """Carry out the plan of the round."""
        place, prepared = self.place, self._round()
        self.applied_at_ms = self._now_ms()
        try:
            with calm():
                self._carry_out(prepared)
        except Drifted as drifted:
            settle(place.data, place.store)
            self.unwatched = True
            return ev.ApplyDrifted(place.now(), question.ticket, drifted.where)
        self.unwatched = False
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
        self.unwatched = False

    def scan(self, question: ef.Scan) -> ev.Event:
        """Have the gateway scan."""
        self.place.progress(Step(Stage.SCAN, question.kind.value))
        outcome = self._gateway().scan(question.kind)
        return ev.ScanFinished(self.place.now(), question.ticket, outcome)

    def verify(self, question: ef.Verify) -> ev.Event:
        """Ask the gateway what it has loaded."""
        outcome = self._gateway().verify(question.resources, self.applied_at_ms)
        if isinstance(outcome, Succeeded):
            return ev.Verified(self.place.now(), question.ticket)
        return ev.VerifyFailed(self.place.now(), question.ticket, outcome)

    def roll_back(self, question: ef.Rollback) -> ev.Event:
        """Put back what the last apply replaced."""
        place = self.place
        self.unwatched = True
        roll_back(place.data, place.store)
        return ev.RolledBack(place.now(), question.ticket)

    def _release(self) -> None:
        place, self.prepared = self.place, None
        place.store.drop()
        head = place.store.head()
        place.repository.keep([CommitId(head.commit)] if head.commit else [])
        place.repository.tidy()

    def check_drift(self, question: ef.CheckDrift) -> ev.Event:
        """Count what differs from what was applied."""
        place = self.place
        if self.target is None:
            return ev.DriftChecked(place.now(), question.ticket, 0)
        drift = self.planner.drift(self.target)
        if drift.refreshed:
            self._remember(drift.refreshed)
        found = len(drift.changed) + len(drift.missing) + len(drift.strangers)
        return ev.DriftChecked(place.now(), question.ticket, found)

    def _remember(self, stamps: Mapping[RelPath, Stamp]) -> None:
        """These files are as they were applied, however they look: the next check need not read."""
        store = self.place.store
        known = store.covering(stamps)
        store.update(stamps, evolve(known, stamps={**known.stamps, **stamps}), store.head())

    @property
    def planner(self) -> Planner:
        """Who plans."""
        return Planner(self.place.data, self.place.store, self.place.repository)

    def _gateway(self) -> Gateway:
        if self.place.gateway is None:
            raise StokerError("there is no gateway to ask", cure="give its address")
        return self.place.gateway

    def _round(self) -> Prepared:
        if self.prepared is None:
            raise AssertionError("an apply comes after its plan")
        return self.prepared

    def _head(self, prepared: Prepared, manifest: Manifest) -> Head:
        target, before = prepared.target, self.place.store.head()
        unconsidered = before.restless - prepared.considered
        return Head(
            commit=target.commit,
            ref=target.ref,
            basis=target.basis,
            restless=unconsidered | restless(manifest),
        )

    def _now_ms(self) -> int:
        return int(self.place.now().timestamp() * 1000)


_DOERS: Final[Mapping[type, Callable[[Doers, Any], ev.Event]]] = {
    ef.Recover: Doers.recover,
    ef.Fetch: Doers.fetch,
    ef.Plan: Doers.plan,
    ef.ListDesigners: Doers.list_designers,
    ef.Lock: Doers.lock,
    ef.Apply: Doers.apply,
    ef.Scan: Doers.scan,
    ef.Verify: Doers.verify,
    ef.Rollback: Doers.roll_back,
    ef.CheckDrift: Doers.check_drift,
}


def failed(question: ef.Question, error: StokerError, now: datetime) -> ev.Event:
    """The answer to a question that came to nothing."""
    match question:
        case ef.ListDesigners(ticket):
            return ev.DesignersUnavailable(now, ticket, str(error))
        case ef.Scan(ticket):
            return ev.ScanFinished(now, ticket, Unreachable(str(error)))
        case ef.Verify(ticket):
            return ev.VerifyFailed(now, ticket, Unreachable(str(error)))
        case _:
            return _FAILURES[type(question)](now, question.ticket, error)


_FAILURES: Final[Mapping[type, Callable[[datetime, int, StokerError], ev.Event]]] = {
    ef.Recover: ev.RecoverFailed,
    ef.Fetch: ev.FetchFailed,
    ef.Plan: ev.PlanFailed,
    ef.Lock: ev.LockFailed,
    ef.Apply: ev.ApplyFailed,
    ef.Rollback: ev.RollbackFailed,
    ef.CheckDrift: ev.DriftCheckFailed,
}


def summarised(prepared: Prepared, *, dry_run: bool) -> PlanSummary:
    """As much of a plan as decisions and reports need."""
    planned, touched = prepared.plan, prepared.touched
    written = (*planned.added, *planned.modified)
    return PlanSummary(
        changes=list_changes(
            commit=prepared.target.commit,
            added=planned.added,
            modified=planned.modified,
            deleted=planned.deleted,
            dry_run=dry_run,
        ),
        drifted=len(planned.drifted),
        projects=projects_of(touched),
        managed_projects=managed_projects(prepared.target),
        resources=resources_of(written),
        scans=scans_for(touched),
    )
