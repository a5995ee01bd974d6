"""What an agent makes of news: of the metadata, its pod, its gateway, and its own start.

News is kept, whatever is in flight. While nothing is, it also makes the agent look at what to do.
A change of what is wanted ends every wait after a failure: the failure was that of something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from stoker.core.agent.effects import Announce, AnnouncementReason, Recover
from stoker.core.agent.facts import OnDisk
from stoker.core.agent.moving import Move, asking, told_with
from stoker.core.agent.state import (
    AwaitingDesigners,
    BackingOff,
    Idle,
    Paused,
    Recovering,
    Resting,
    Starting,
    State,
    Unrecovered,
    WaitingForMetadata,
)
from stoker.core.backoff import Backoff
from stoker.core.ignition import ScanKind
from stoker.core.scan import Readiness
from stoker.core.spec import DriftAction, SyncStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.core.agent.events import (
        DriftChecked,
        DriftCheckFailed,
        GatewaySeen,
        MetadataChanged,
        MetadataGone,
        PodInfoChanged,
        Recovered,
        RecoverFailed,
        Started,
        SyncRequested,
    )

_QUIET = (WaitingForMetadata, Idle, Paused, BackingOff)


def _look_around(state: State) -> Move:
    """Think anew about what to do, if nothing is in flight."""
    match state.phase:
        case AwaitingDesigners(round_) if not state.still_wants(round_.assignment):
            return Move(evolve(state, phase=Resting()))
        case phase if isinstance(phase, _QUIET):
            return Move(evolve(state, phase=Resting()))
        case _:
            return Move(state)


def started(state: State, event: Started) -> Move:
    """The first thing is to settle what the last life has left.

    Until that is done, what was told of the files last is told on.
    """
    if not isinstance(state.phase, Starting):
        return Move(state)
    state = evolve(state, beat=event.now)
    if event.last is not None:
        on_disk = OnDisk(event.last.synced_commit, event.last.synced_ref)
        state = evolve(state, seq=event.last.seq, on_disk=on_disk)
    return asking(state, Recovering(), Recover)


def recovered(state: State, event: Recovered, _: Recovering) -> Move:
    """The files are known, and whether the gateway runs."""
    gateway = event.gateway if state.identity.has_gateway else Readiness.DOWN
    state = evolve(state, phase=Resting(), on_disk=event.on_disk, gateway=gateway, dirty=False)
    return Move(_greeted(state) if gateway.answers and not state.greeted else state)


def _greeted(state: State) -> State:
    """`state` when the gateway has answered for the first time, after a start that read the files.

    When it was set up on them for the first time, it has overwritten some.
    """
    is_new = not state.on_disk.commissioned
    return evolve(state, greeted=True, demanded=state.demanded or is_new, owed=tuple(ScanKind))


def not_recovered(state: State, event: RecoverFailed, _: Recovering) -> Move:
    """Nothing can be done before the agent's own state is in order."""
    backoff = state.backoff.failed(event.now, event.error.disposition)
    standing = evolve(
        state.standing, status=SyncStatus.ERROR, error=told_with(event.error, backoff)
    )
    return Move(evolve(state, phase=Unrecovered(), backoff=backoff, standing=standing))


def metadata_changed(state: State, event: MetadataChanged) -> Move:
    """Nothing is done about metadata that says what it said before."""
    known = state.metadata
    if event.metadata == known:
        return Move(state)
    requested = known is not None and event.metadata.requested_at not in {"", known.requested_at}
    return _look_around(
        evolve(
            state,
            metadata=event.metadata,
            orphaned=False,
            demanded=state.demanded or requested,
            backoff=_unless_recovering(state),
        )
    )


def metadata_gone(state: State, _: MetadataGone) -> Move:
    """The files stay, until somebody says what they are to be."""
    return _look_around(evolve(state, metadata=None, orphaned=True))


def pod_info_changed(state: State, event: PodInfoChanged) -> Move:
    """Labels and annotations of a pod change while it runs."""
    if event.pod == state.pod:
        return Move(state)
    return _look_around(evolve(state, pod=event.pod, backoff=_unless_recovering(state)))


def requested(state: State, _: SyncRequested) -> Move:
    """A sync is wanted, come what may."""
    return _look_around(evolve(state, demanded=True, backoff=_unless_recovering(state)))


def _unless_recovering(state: State) -> Backoff:
    # A disk that fails does not care for what is wanted.
    return state.backoff if isinstance(state.phase, Recovering | Unrecovered) else Backoff()


def gateway_seen(state: State, event: GatewaySeen) -> Move:
    """A gateway that answers for the first time has been set up, and may have changed files."""
    if not state.identity.has_gateway:
        return Move(state)
    rises = event.readiness.answers and not state.gateway.answers
    state = evolve(state, gateway=event.readiness)
    if not rises:
        return Move(state)
    if not state.greeted:
        state = _greeted(state)
    if isinstance(state.phase, _QUIET) and state.owed:
        state = evolve(state, backoff=Backoff())
    return _look_around(state)


def drift_checked(state: State, event: DriftChecked) -> Move:
    """A count that was made while files changed is worth nothing."""
    if not state.checking or event.ticket != state.check:
        return Move(state)
    state = evolve(state, checking=False)
    settled = state.settled
    if not isinstance(state.phase, Idle) or settled is None:
        return Move(state)
    before = state.standing.drift
    state = evolve(state, standing=evolve(state.standing, drift=event.count))
    profile = settled.profile
    move = Move(state)
    if event.count > 0 and profile.drift_action is DriftAction.RESTORE and not profile.dry_run:
        move = _look_around(evolve(state, demanded=True))
    return move.after(*_told_of_drift(settled.gateway, before, event.count))


def _told_of_drift(gateway: str, before: int, count: int) -> Iterator[Announce]:
    if count > 0 and not before:
        told = f"{gateway}: {count} file(s) differ from what was synced"
        yield Announce(AnnouncementReason.DRIFT_DETECTED, told, warning=True)
    elif before and not count:
        told = f"{gateway}: every file is as it was synced again"
        yield Announce(AnnouncementReason.DRIFT_RESOLVED, told)


def drift_unknown(state: State, event: DriftCheckFailed) -> Move:
    """The next check will tell."""
    return Move(evolve(state, checking=state.checking and event.ticket != state.check))
