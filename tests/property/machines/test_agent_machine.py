"""Laws 8 and 23 and the agent's own, as a machine: an agent among everything that can happen.

The world: a disk that holds one commit, a gateway that owes scans, a controller that writes
metadata, and the doers of the agent's effects, who answer well, badly, late, or twice. Clocks jump.

After every step:
- at most one question is open, and no other sync begins before it is answered;
- nothing is applied while the CR or its profile is paused, in a dry run, or past a Designer;
- a report names the commit that the disk holds, and says Synced only when the gateway has taken
  everything that was written since it was last known to have taken all;
- the startup gate opens once, and only for complete files, if of an earlier commit (or where none
  are to come: paused, dry run); no failure takes a reported commit away, only a rollback to what
  was there before; a gateway is noted as set up only after a sync that put everything right;
- the numbers of reports grow; after SIGTERM nothing begins, and the process ends.

And from wherever it has come to, good answers alone lead to Synced at the newest commit.

Seen to fail, within these few runs, when a round was begun by news while one was in flight; when
`planned` did not look at `dry_run`; when `designers_listed` locked whatever it had heard; when
`owing` was left out of `applied`; when the gate opened with every plan; when a failed scan left
nothing owed; and when `dirty` was never settled. Within a thousand runs, when a rollback kept the
new commit, and when SIGTERM in a rollback ended at once (the unit tests look at both by name).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import evolve, frozen
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from property.strategies.agents import (
    COMMITS,
    NOW,
    answers,
    changes,
    designer_lists,
    failures,
    identity,
    metadata,
    outcomes,
    pod,
    pods,
    summaries,
    told,
)
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.agent import initial, step
from stoker.core.agent import state as at
from stoker.core.agent.facts import OnDisk, PlanSummary
from stoker.core.errors import StokerError
from stoker.core.ignition import ScanKind
from stoker.core.pods import Pod
from stoker.core.profile import Metadata, ResolvedProfile
from stoker.core.scan import (
    DesignerList,
    Readiness,
    ScanOutcome,
    Succeeded,
    Verdict,
    active_designers,
)
from stoker.core.spec import DesignerPolicy, SyncStatus

Question = (
    ef.Recover
    | ef.Fetch
    | ef.Plan
    | ef.ListDesigners
    | ef.Lock
    | ef.Apply
    | ef.Scan
    | ef.Verify
    | ef.Rollback
)
some_changes = PlanSummary(
    changes=changes("x", added=1), projects=("p",), scans=(ScanKind.PROJECTS,)
)
OVERRIDDEN = "d" * 40
"""What the override of a pod's ref means, whenever it is asked."""


@frozen
class Fault:
    """What goes wrong, for every question that can be open."""

    error: StokerError
    outcome: ScanOutcome
    listed: DesignerList
    otherwise: bool


faults = st.builds(Fault, failures, outcomes, designer_lists, st.booleans())


class Agents(RuleBasedStateMachine):
    """An agent and its world."""

    @initialize(
        has_gateway=st.sampled_from((True, True, True, False)),
        first=pods,
        commit=st.sampled_from(("", *COMMITS)),
        commissioned=st.booleans(),
        seq=st.none() | st.integers(0, 9),
        good=st.integers(0, 8),
        new=metadata(),
    )
    def begin(  # noqa: PLR0913 - a life can begin in many ways
        self,
        *,
        has_gateway: bool,
        first: Pod,
        commit: str,
        commissioned: bool,
        seq: int | None,
        good: int,
        new: Metadata,
    ) -> None:
        self.now: datetime = NOW
        self.has_gateway = has_gateway
        self.state = initial(identity(has_gateway=has_gateway), first)
        self.disk = commit
        self.before = commit
        self.commissioned = commissioned
        self.restored = False
        self.owed = set(ScanKind) if has_gateway else set[ScanKind]()
        self.open: Question | None = None
        self.check: ef.CheckDrift | None = None
        self.past: list[ev.Event] = []
        self.summary = PlanSummary(changes=changes("x"))
        self.disturbed = True
        self.fulfilled = False
        self.gates = 0
        self.seqs: list[int] = []
        self.ended = False
        self.stopping = False
        self.reported: SyncStatus | None = None
        self.known = seq is not None
        self.hear(ev.Started(self.now, None if seq is None else told(OnDisk(commit), seq)))
        self.all_is_well_for_a_while(new if good else None, good, some_changes)

    # --- the world -----------------------------------------------------------------------------

    def hear(self, event: ev.Event) -> None:
        self.past.append(event)
        assert not self.ended or not self.open
        before = self.state
        self.state, effects = step(before, event)
        if self.ended:
            assert (self.state, effects) == (before, ())
        for effect in effects:
            self.see(effect)
        self.check_gate()

    def see(self, effect: ef.Effect) -> None:
        match effect:
            case ef.Report(report):
                self.told(report.seq, report.sync_status, report.synced_commit)
            case ef.Exit(code):
                assert code == 0
                assert self.stopping
                self.ended, self.open = True, None
            case ef.OpenStartupGate():
                self.gates += 1
                paused = isinstance(self.state.phase, at.Paused)
                earlier = self.known and self.disk != "" and not self.state.dirty
                assert self.fulfilled or paused or earlier
            case ef.Adopt(commit):
                self.disk = commit
                self.fulfilled = True
            case ef.CheckDrift():
                assert not self.stopping
                assert self.check is None
                self.check = effect
            case ef.NoteCommissioned():
                assert self.restored
                self.commissioned = True
            case ef.PublishChanges():
                # Of a dry run, or of files that are there.
                self.fulfilled = True
            case question if isinstance(question, Question):
                self.asked(question)
            case _:
                pass

    def asked(self, question: Question) -> None:
        assert self.open is None
        assert not self.stopping
        self.open = question
        match question:
            case ef.Fetch():
                self.disturbed = True
            case ef.Apply():
                self.begin_apply()
            case ef.Rollback():
                self.owe(self.summary.scans)
            case ef.Scan(kind=kind):
                assert isinstance(self.state.phase, at.Scanning)
                first = not self.state.phase.outcomes and not self.state.phase.repeats
                assert self.state.gateway.answers or not first
                assert kind in self.owed
            case _:
                pass

    def begin_apply(self) -> None:
        assert isinstance(self.state.phase, at.Applying)
        profile = self.state.phase.round.assignment.profile
        assert not self.state.is_paused
        assert not profile.dry_run
        assert self.state.assignment == self.state.phase.round.assignment
        if profile.designer_session_policy is not DesignerPolicy.PROCEED:
            assert not self.disturbed or not self.state.gateway.answers or self.was_down
        self.before = self.disk

    def told(self, seq: int, status: SyncStatus, commit: str) -> None:
        assert not self.seqs or seq > self.seqs[-1]
        self.seqs.append(seq)
        self.reported = status
        assert commit == (self.disk if self.known else "")
        if status is SyncStatus.SYNCED:
            assert not self.owed
            assert self.state.settled is not None
            assert commit in {self.state.settled.commit, *([OVERRIDDEN] * self.state.settled.moves)}

    def check_gate(self) -> None:
        assert self.gates <= 1
        assert self.state.gate_open is (self.gates == 1)

    @property
    def was_down(self) -> bool:
        """Whether the gateway did not answer when the plan came."""
        return self.planned_while_down

    planned_while_down = False

    # --- news ----------------------------------------------------------------------------------

    @rule(
        before=st.sampled_from((0, 0, 0, -86_400, -20, 86_400)),
        seconds=st.sampled_from((0, 1, 5, 30, 60, 400)),
    )
    def time_passes(self, before: int, seconds: int) -> None:
        self.now += timedelta(seconds=before)
        if before:
            self.hear(ev.Tick(self.now))
        self.now += timedelta(seconds=seconds)
        self.hear(ev.Tick(self.now))

    @rule(new=metadata() | st.none())
    def metadata_is_written(self, new: Metadata | None) -> None:
        same = new or self.state.metadata
        if same:
            self.hear(ev.MetadataChanged(self.now, same))

    @rule(
        news=st.one_of(
            st.just(ev.MetadataGone(NOW)),
            st.builds(ev.PodInfoChanged, st.just(NOW), pods),
            st.just(ev.SyncRequested(NOW)),
        )
    )
    def something_else_is_heard(self, news: ev.Event) -> None:
        self.hear(evolve(news, now=self.now))

    @rule(readiness=st.sampled_from((*Readiness, *[Readiness.RUNNING] * 6)))
    def the_gateway_is_seen(self, readiness: Readiness) -> None:
        first = readiness.answers and not self.state.greeted
        if first and self.has_gateway and not self.ended:
            self.owed = set(ScanKind)
        self.hear(ev.GatewaySeen(self.now, readiness))

    @precondition(lambda self: self.check is not None)
    @rule(count=st.integers(0, 2), failure=st.none() | failures)
    def drift_is_checked(self, count: int, failure: StokerError | None) -> None:
        if self.check:
            ticket, self.check = self.check.ticket, None
            self.hear(
                ev.DriftCheckFailed(self.now, ticket, failure)
                if failure
                else ev.DriftChecked(self.now, ticket, count)
            )

    @rule(data=st.data(), answer=answers(st.integers(0, 60)))
    def an_answer_comes_that_nobody_waits_for(self, data: st.DataObject, answer: ev.Event) -> None:
        """With any ticket but the open one; or one that was given before, again."""
        if self.open is None or getattr(answer, "ticket", None) != self.open.ticket:
            self.hear(evolve(answer, now=self.now))
        again = data.draw(st.sampled_from(self.past))
        if hasattr(again, "ticket"):
            self.hear(evolve(again, now=self.now))

    # --- answers -------------------------------------------------------------------------------

    @rule(new=st.none() | metadata(), count=st.integers(1, 9), summary=summaries())
    def all_is_well_for_a_while(
        self, new: Metadata | None, count: int, summary: PlanSummary
    ) -> None:
        if new:
            self.hear(ev.MetadataChanged(self.now, new))
        for _ in range(count):
            self.answer_well(summary, Readiness.RUNNING)

    def answer_well(self, summary: PlanSummary, gateway: Readiness) -> None:  # noqa: C901 - one case for each question
        question, self.open = self.open, None
        if question is None:
            return
        now, ticket = self.now, question.ticket
        match question:
            case ef.Recover():
                if self.has_gateway and gateway.answers and not self.state.greeted:
                    self.owed = set(ScanKind)
                self.known = True
                on_disk = OnDisk(self.disk, "main", commissioned=self.commissioned)
                self.hear(ev.Recovered(now, ticket, on_disk, gateway))
            case ef.Fetch(assignment=assignment):
                self.hear(ev.Fetched(now, ticket, assignment.commit or OVERRIDDEN, "jane"))
            case ef.Plan(restores=restores):
                self.restored |= restores and self.state.greeted
                self.summary = summary
                self.planned_while_down = not self.state.gateway.answers
                assert isinstance(self.state.phase, at.Planning)
                self.fulfilled |= self.state.phase.round.assignment.profile.dry_run
                self.hear(ev.Planned(now, ticket, summary))
            case ef.ListDesigners():
                self.open = question
                self.list_designers(DesignerList(), 0)
            case ef.Lock():
                self.hear(ev.Locked(now, ticket))
            case ef.Apply(commit=commit):
                self.disk = commit
                self.owe(self.summary.scans)
                self.hear(ev.Applied(now, ticket))
            case ef.Scan():
                self.open = question
                self.finish_scan(Succeeded(1))
            case ef.Verify():
                self.hear(ev.Verified(now, ticket))
            case ef.Rollback():
                self.disk = self.before
                self.hear(ev.RolledBack(now, ticket))

    def owe(self, scans: tuple[ScanKind, ...]) -> None:
        if self.has_gateway:
            self.owed |= set(scans)

    def list_designers(self, listed: DesignerList, now_ms: int) -> None:
        phase = self.state.phase
        question, self.open = self.open, None
        if isinstance(phase, at.AskingForDesigners) and isinstance(question, ef.ListDesigners):
            profile = phase.round.assignment.profile
            scope, projects = profile.designer_session_scope, self.summary.projects
            self.disturbed = active_designers(listed, now_ms, scope, projects) > 0
            self.hear(ev.DesignersListed(self.now, question.ticket, listed, now_ms))

    def finish_scan(self, outcome: ScanOutcome) -> None:
        question, self.open = self.open, None
        if isinstance(question, ef.Scan):
            if outcome.verdict is Verdict.TAKEN:
                self.owed -= {question.kind}
            self.hear(ev.ScanFinished(self.now, question.ticket, outcome))

    @rule(
        new=metadata(),
        good=st.integers(2, 7),
        summary=summaries(),
        fault=faults,
        more=st.sampled_from((0, 0, 1, 3, 9)),
    )
    def something_goes_wrong(
        self, new: Metadata, good: int, summary: PlanSummary, fault: Fault, more: int
    ) -> None:
        """After some good answers; and perhaps it goes on well then, once the wait is over."""
        self.all_is_well_for_a_while(new, good, summary)
        self.answer_badly(fault)
        if more:
            self.all_is_well_for_a_while(None, 1, summary)
            self.now += timedelta(seconds=400)
            self.hear(ev.Tick(self.now))
            self.all_is_well_for_a_while(None, more, summary)

    @rule(fault=faults)
    def the_question_is_answered_badly(self, fault: Fault) -> None:
        self.answer_badly(fault)

    def answer_badly(self, fault: Fault) -> None:  # noqa: C901, PLR0912 - as above
        question, self.open = self.open, None
        if question is None:
            return
        now, ticket, error = self.now, question.ticket, fault.error
        match question:
            case ef.Recover():
                self.hear(ev.RecoverFailed(now, ticket, error))
            case ef.Fetch():
                self.hear(ev.FetchFailed(now, ticket, error))
            case ef.Plan():
                self.hear(ev.PlanFailed(now, ticket, error))
            case ef.ListDesigners() if fault.otherwise:
                self.open = question
                self.list_designers(fault.listed, 0)
            case ef.ListDesigners():
                self.disturbed = True
                self.hear(ev.DesignersUnavailable(now, ticket, "401"))
            case ef.Lock():
                self.hear(ev.LockFailed(now, ticket, error))
            case ef.Apply() if fault.otherwise:
                self.owe(self.summary.scans)
                self.hear(ev.ApplyDrifted(now, ticket, "projects/p/x"))
            case ef.Apply():
                self.hear(ev.ApplyFailed(now, ticket, error))
            case ef.Scan():
                self.open = question
                self.finish_scan(fault.outcome)
            case ef.Verify() if fault.outcome.verdict is not Verdict.TAKEN:
                assert isinstance(self.state.phase, at.Verifying)
                self.owed |= set(self.state.phase.outcomes)
                self.hear(ev.VerifyFailed(now, ticket, fault.outcome))
            case ef.Verify():
                self.hear(ev.Verified(now, ticket))
            case ef.Rollback():
                self.hear(ev.RollbackFailed(now, ticket, error))

    # --- the end -------------------------------------------------------------------------------

    @precondition(lambda self: not self.stopping)
    @rule(
        really=st.integers(0, 5),
        new=st.none() | metadata(),
        good=st.integers(0, 9),
        fault=st.none() | faults,
    )
    def sigterm(self, really: int, new: Metadata | None, good: int, fault: Fault | None) -> None:
        self.all_is_well_for_a_while(new, good, some_changes)
        if fault:
            self.answer_badly(fault)
        working = self.state.phase
        changes_files = isinstance(working, at.Applying | at.RollingBack)
        if really and not changes_files:
            return
        self.stopping = True
        if not changes_files:
            self.open = None
        self.hear(ev.Sigterm(self.now))
        assert self.ended is not changes_files

    def teardown(self) -> None:
        if not hasattr(self, "state"):
            return
        if self.stopping:
            self.let_end()
        else:
            self.let_converge()

    def let_end(self) -> None:
        """The last seconds pass, and no doer answers any more."""
        self.now += timedelta(seconds=15)
        self.hear(ev.Tick(self.now))
        assert self.ended

    def let_converge(self) -> None:
        """Nothing but good answers from here on; time passes only where the agent waits."""
        newest = Metadata(
            commit=COMMITS[0],
            ref="main",
            git_url="https://git.example/plant.git",
            profiles={"default": ResolvedProfile("default", sync_period=30)},
        )
        self.hear(ev.PodInfoChanged(self.now, pod()))
        self.hear(ev.MetadataChanged(self.now, newest))
        self.the_gateway_is_seen(Readiness.RUNNING)
        for _ in range(60):
            if self.open is not None:
                self.answer_well(PlanSummary(changes=changes("x")), Readiness.RUNNING)
            elif self.reported is SyncStatus.SYNCED and isinstance(self.state.phase, at.Idle):
                break
            else:
                self.now += timedelta(seconds=30)
                self.hear(ev.Tick(self.now))
        assert self.reported is SyncStatus.SYNCED
        assert isinstance(self.state.phase, at.Idle)
        assert self.disk == COMMITS[0]
        assert self.gates == 1
        assert not self.state.dirty
        assert self.state.backoff.failures == 0
        assert self.state.unjudged is None
        assert self.commissioned or not self.has_gateway


_FINISHING = at.FinishingApply | at.FinishingRollback

TestAgents = Agents.TestCase
TestAgents.settings = settings(max_examples=200, stateful_step_count=20)
