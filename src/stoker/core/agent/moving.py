"""What all transitions share: a `Move`, and the ways in which a round ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, frozen

from stoker.core.agent.announcing import announced
from stoker.core.agent.effects import (
    Audit,
    CountSync,
    Effect,
    OpenStartupGate,
    SyncResult,
)
from stoker.core.agent.state import Phase, Resting, Round, State
from stoker.core.backoff import Backoff
from stoker.core.spec import SyncStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from stoker.core.errors import StokerError


@frozen
class Move:
    """A new state, and what is to be done, in this order."""

    state: State
    effects: tuple[Effect, ...] = ()

    def after(self, *effects: Effect) -> Move:
        """The same move, after something else that is to be done first."""
        return Move(self.state, (*effects, *self.effects))


def asking(state: State, phase: Phase, question: Callable[[int], Effect]) -> Move:
    """Enter `phase`, which waits for the answer to the question; it gets a ticket of its own."""
    ticket = state.ticket + 1
    return Move(evolve(state, phase=phase, ticket=ticket), (question(ticket),))


def resting(state: State, *effects: Effect) -> Move:
    """Leave a round; what comes next is open."""
    return Move(evolve(state, phase=Resting()), effects)


def with_open_gate(move: Move) -> Move:
    """`move`, after which the gateway may start; that is said once."""
    if move.state.gate_open:
        return move
    return Move(evolve(move.state, gate_open=True), (*move.effects, OpenStartupGate()))


def seconds_between(earlier: datetime, later: datetime) -> float:
    """How long something took; nothing, if the clock was set back meanwhile."""
    return max((later - earlier).total_seconds(), 0.0)


def left(since: datetime, seconds: float, now: datetime) -> float:
    """What is left of `seconds` that began at `since`; a clock that jumps far ends them."""
    elapsed = (now - since).total_seconds()
    return seconds - elapsed if abs(elapsed) < seconds else 0.0


def ended(  # noqa: PLR0913, PLR0917 - what goes into the books
    state: State, now: datetime, round_: Round, result: SyncResult, scan: str, error: str = ""
) -> Move:
    """The end of a round, in the books; what comes next is open."""
    seconds = seconds_between(round_.began, now)
    profile = round_.assignment.profile.name
    changes = round_.summary.changes
    record = Audit(
        time=now,
        gateway=round_.assignment.gateway,
        cr=state.identity.cr_name,
        profile=profile,
        ref=round_.assignment.ref,
        commit=round_.commit,
        author=round_.author,
        added=changes.total_added,
        modified=changes.total_modified,
        deleted=changes.total_deleted,
        scan=scan,
        duration_seconds=seconds,
        result=result,
    )
    return resting(state, CountSync(result, profile, seconds), record, *announced(record, error))


def failed(  # noqa: PLR0913 - how a round can fail differs in all of these
    state: State,
    now: datetime,
    round_: Round,
    error: StokerError,
    *,
    status: SyncStatus = SyncStatus.ERROR,
    result: SyncResult = SyncResult.ERROR,
    scan: str = "",
) -> Move:
    """The end of a round that came to nothing; it is tried again after a wait.

    Nobody waits for the sake of a round that has lost its purpose in the meantime.
    """
    if state.still_wants(round_.assignment):
        backoff = state.backoff.failed(now, error.disposition)
    else:
        backoff = Backoff()
    standing = evolve(
        state.standing, status=status, error=told_with(error, backoff), scan_result=scan
    )
    state = evolve(state, backoff=backoff, standing=standing)
    return with_earlier_files(ended(state, now, round_, result, scan, str(error)))


def with_earlier_files(move: Move) -> Move:
    """`move`, after which a gateway may start on the complete files of an earlier commit, if any.

    What is wrong with a newer commit, or with the way to it, must not keep it from starting.
    """
    state = move.state
    return with_open_gate(move) if state.on_disk.commit and not state.dirty else move


def told_with(error: StokerError, backoff: Backoff) -> str:
    """What is told of an error: what it is, and when the next try will be."""
    when = backoff.not_before
    return f"{error}; next try at {when.isoformat(timespec='seconds')}" if when else str(error)
