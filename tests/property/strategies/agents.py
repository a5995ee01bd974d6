"""Agents in any state, and anything that can happen to them; few commits, so that they meet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import get_args

from attrs import evolve
from hypothesis import strategies as st

from stoker.core.agent import Identity, State, initial
from stoker.core.agent import events as ev
from stoker.core.agent import state as at
from stoker.core.agent.assignment import Assignment
from stoker.core.agent.facts import OnDisk, PlanSummary
from stoker.core.backoff import Backoff
from stoker.core.errors import Retryable, ScanError, StokerError
from stoker.core.ignition import ResourcePath, ScanKind
from stoker.core.paths import RelPath
from stoker.core.pods import Pod, PodAnnotations
from stoker.core.profile import Metadata, ResolvedProfile
from stoker.core.report import ChangeList, GatewayReport, list_changes
from stoker.core.scan import (
    Busy,
    Designer,
    DesignerList,
    Forbidden,
    NotCommissioned,
    Readiness,
    Refused,
    ResourceFailed,
    ScanOutcome,
    Succeeded,
    TimedOut,
    Unauthorized,
    Unreachable,
    Unsupported,
)
from stoker.core.spec import DesignerPolicy, DesignerScope, DriftAction, SyncStatus

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
COMMITS = ("a" * 40, "b" * 40, "c" * 40)

times = st.one_of(
    st.integers(-700, 700).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    st.sampled_from((datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))),
)
tickets = st.integers(0, 3)
failures = st.sampled_from(
    (
        StokerError("it broke"),
        ScanError("later", retry=Retryable(after=400.0)),
        ScanError("later", retry=Retryable()),
    )
)


def pod(**annotations: str) -> Pod:
    """The pod of a gateway, with some of our annotations."""
    read = PodAnnotations.read({f"stoker.io/{key}": text for key, text in annotations.items()})
    return Pod(name="gw-0", namespace="plant", uid="u1", labels={}, annotations=read)


pods = st.sampled_from(
    (
        pod(),
        pod(),
        pod(),
        pod(profile="other"),
        pod(profile="gone"),
        evolve(pod(), annotations=PodAnnotations.read({"stoker.io/ref-override": "dev"})),
        evolve(pod(), annotations=PodAnnotations.read({"stoker.io/ref-override": COMMITS[2]})),
        evolve(pod(), annotations=PodAnnotations.read({"stoker.io/sync-period": "7"})),
    )
)

profiles = st.builds(
    ResolvedProfile,
    name=st.just("default"),
    sync_period=st.sampled_from((5, 30)),
    designer_session_policy=st.sampled_from(DesignerPolicy),
    designer_session_scope=st.sampled_from(DesignerScope),
    dry_run=st.sampled_from((*[False] * 5, True)),
    paused=st.sampled_from((*[False] * 9, True)),
    drift_action=st.sampled_from(DriftAction),
    rollback_on_scan_failure=st.sampled_from((True, True, False)),
)


@st.composite
def metadata(draw: st.DrawFn) -> Metadata:
    """What the controller says: mostly a commit and a profile."""
    return Metadata(
        commit=draw(st.sampled_from((*COMMITS[:2], *COMMITS[:2], ""))),
        ref="main",
        git_url="https://git.example/plant.git",
        paused=draw(st.sampled_from((False, False, False, True))),
        profiles=draw(
            st.fixed_dictionaries({"default": profiles}, optional={"other": profiles}) | st.just({})
        ),
    )


def changes(commit: str, *, added: int = 0, modified: int = 0, deleted: int = 0) -> ChangeList:
    """A list of so many changes."""

    def paths(kind: str, count: int) -> list[RelPath]:
        return [RelPath(f"projects/p/m/t/{kind}{index}") for index in range(count)]

    return list_changes(
        commit=commit,
        added=paths("added", added),
        modified=paths("modified", modified),
        deleted=paths("deleted", deleted),
    )


@st.composite
def summaries(draw: st.DrawFn) -> PlanSummary:
    """What a plan comes to; often nothing."""
    size = draw(st.sampled_from((0, 1, 1, 2)))
    return PlanSummary(
        changes=changes("x", added=size),
        drifted=draw(st.integers(0, 2)),
        projects=draw(st.sampled_from(((), ("p",)))),
        managed_projects=("p", "q"),
        resources=(ResourcePath("projects/p", "m", "t", "r"),),
        scans=draw(
            st.sampled_from(((ScanKind.PROJECTS,), (ScanKind.CONFIG,), tuple(ScanKind), ()))
        ),
    )


outcomes: st.SearchStrategy[ScanOutcome] = st.sampled_from(
    (
        Succeeded(1),
        Succeeded(2),
        Refused(500),
        ResourceFailed(("r",)),
        Unsupported(),
        Refused(500),
        Refused(405),
        Unauthorized(),
        Forbidden(),
        NotCommissioned(),
        Busy(),
        Busy(3.0),
        TimedOut(60.0),
        Unreachable(),
        ResourceFailed(("r",)),
    )
)

designer_lists = st.builds(
    DesignerList,
    st.lists(
        st.builds(
            Designer,
            project=st.sampled_from(("", "p", "q")),
            last_message_ms=st.sampled_from((None, 0, 10**6)),
        ),
        max_size=2,
    ).map(tuple),
    st.integers(0, 1),
)

on_disks = st.builds(OnDisk, st.sampled_from(("", *COMMITS)), st.just("main"))
readinesses = st.sampled_from(Readiness)


def told(on_disk: OnDisk, seq: int) -> GatewayReport:
    """What an earlier life of the agent told last."""
    return GatewayReport(
        gateway="gw-0",
        namespace="plant",
        seq=seq,
        synced_commit=on_disk.commit,
        synced_ref=on_disk.ref,
    )


news: st.SearchStrategy[ev.Event] = st.one_of(
    st.builds(ev.Started, times, st.none() | st.builds(told, on_disks, st.integers(0, 5))),
    st.builds(ev.MetadataChanged, times, metadata()),
    st.builds(ev.MetadataGone, times),
    st.builds(ev.PodInfoChanged, times, pods),
    st.builds(ev.SyncRequested, times),
    st.builds(ev.GatewaySeen, times, readinesses),
    st.builds(ev.Tick, times),
    st.builds(ev.Sigterm, times),
    st.builds(ev.DriftChecked, times, tickets, st.integers(-1, 3)),
    st.builds(ev.DriftCheckFailed, times, tickets, failures),
)


def answer(
    kind: type[ev.Event], with_tickets: st.SearchStrategy[int]
) -> st.SearchStrategy[ev.Event]:
    """Any answer of one kind."""
    return st.builds(kind, times, with_tickets, *_ANSWERS.get(kind, (failures,)))


_ANSWERS: Mapping[type, tuple[st.SearchStrategy[object], ...]] = {
    ev.Recovered: (on_disks, readinesses),
    ev.Fetched: (st.sampled_from(COMMITS), st.just("jane")),
    ev.Planned: (summaries(),),
    ev.DesignersListed: (designer_lists, st.sampled_from((0, 10**6))),
    ev.DesignersUnavailable: (st.sampled_from(("", "401")),),
    ev.Locked: (),
    ev.Applied: (),
    ev.ApplyDrifted: (st.just("projects/p/x"),),
    ev.ScanFinished: (outcomes,),
    ev.Verified: (),
    ev.VerifyFailed: (outcomes,),
    ev.RolledBack: (),
}
"""What the answers bear beside a ticket; those that are not here bear an error."""


def answers(with_tickets: st.SearchStrategy[int] = tickets) -> st.SearchStrategy[ev.Event]:
    """Any answer, to a question that may never have been asked."""
    return st.sampled_from(get_args(ev.Answer)).flatmap(lambda kind: answer(kind, with_tickets))


events = news | answers()

assignments = st.builds(
    Assignment,
    gateway=st.just("gw-0"),
    pod_name=st.just("gw-0"),
    commit=st.sampled_from(("", *COMMITS[:2])),
    ref=st.just("main"),
    git_url=st.just("https://git.example/plant.git"),
    gateway_port=st.just(8088),
    gateway_tls=st.booleans(),
    profile=profiles,
)
rounds = st.builds(
    at.Round,
    assignment=assignments,
    began=times,
    before=on_disks,
    commit=st.sampled_from(COMMITS),
    summary=summaries(),
    replans=st.integers(0, 4),
)
undoings = st.builds(at.Undoing, failures, st.booleans())
kinds = st.sampled_from(((ScanKind.PROJECTS,), (ScanKind.CONFIG,), tuple(ScanKind)))
outcome_maps = st.dictionaries(st.sampled_from(ScanKind), outcomes, min_size=1)
rolling_backs = st.builds(at.RollingBack, rounds, undoings)
_PHASES: Mapping[type, st.SearchStrategy[at.Phase]] = {
    at.Looking: st.builds(at.Looking, rounds),
    at.Fetching: st.builds(at.Fetching, rounds),
    at.Planning: st.builds(at.Planning, rounds),
    at.AskingForDesigners: st.builds(at.AskingForDesigners, rounds, times),
    at.AwaitingDesigners: st.builds(at.AwaitingDesigners, rounds, times, times),
    at.Locking: st.builds(at.Locking, rounds),
    at.Applying: st.builds(at.Applying, rounds),
    at.Scanning: st.builds(
        at.Scanning, rounds, kinds, outcome_maps, st.integers(0, 4), st.none() | undoings
    ),
    at.Verifying: st.builds(at.Verifying, rounds, outcome_maps),
    at.RollingBack: rolling_backs,
    at.FinishingApply: st.builds(at.FinishingApply, rounds, times),
    at.FinishingRollback: st.builds(at.FinishingRollback, rolling_backs, times),
}


def phase(kind: type[at.Phase]) -> st.SearchStrategy[at.Phase]:
    """Any phase of one kind."""
    return _PHASES[kind] if kind in _PHASES else st.builds(kind)


_STILL = (
    at.Starting,
    at.Recovering,
    at.Unrecovered,
    at.WaitingForMetadata,
    at.Idle,
    at.Paused,
    at.BackingOff,
    at.Stopped,
)
phases: st.SearchStrategy[at.Phase] = st.sampled_from((*_STILL, *_PHASES)).flatmap(phase)


def identity(*, has_gateway: bool = True) -> Identity:
    """Who the agent is."""
    return Identity(
        namespace="plant",
        pod_name="gw-0",
        pod_uid="u1",
        cr_name="plant",
        agent_version="1.2.3",
        has_gateway=has_gateway,
    )


@st.composite
def states(draw: st.DrawFn, within: st.SearchStrategy[at.Phase] = phases) -> State:
    """Any state, whether it can be reached or not."""
    return evolve(
        initial(identity(has_gateway=draw(st.booleans())), draw(pods)),
        phase=draw(within),
        metadata=draw(st.none() | metadata()),
        orphaned=draw(st.booleans()),
        gateway=draw(readinesses),
        greeted=draw(st.booleans()),
        on_disk=draw(on_disks),
        settled=draw(st.none() | assignments),
        demanded=draw(st.booleans()),
        owed=draw(kinds | st.just(())),
        unjudged=draw(st.none() | rounds),
        dirty=draw(st.booleans()),
        backoff=draw(
            st.just(Backoff())
            | st.builds(Backoff().failed, times, failures.map(lambda error: error.disposition))
        ),
        ticket=draw(tickets),
        check=draw(tickets),
        checking=draw(st.booleans()),
        gate_open=draw(st.booleans()),
        standing=at.Standing(status=draw(st.sampled_from(SyncStatus))),
        beat=draw(st.none() | times),
        seq=draw(st.none() | st.integers(0, 5)),
    )
