"""One GatewaySync for somebody called at night: what is wrong, where, since when, what to do.

What to do stands at the end, because there the eyes are when the command is through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.core.errors import InvalidDocument
from stoker.core.refs import Look as RefLook
from stoker.core.refs import read_request
from stoker.core.refs.names import SHORT_ID
from stoker.core.spec.status import SyncStatus
from stoker.core.standing import (
    State,
    Tone,
    gateways,
    next_steps,
    statements,
    summarise,
)
from stoker.core.standing.summary import is_in_force, wanted_ref
from stoker.entrypoints.cli.presenting.wording import Paint, count
from stoker.entrypoints.cli.standing.fleet_text import PAINTS
from stoker.entrypoints.cli.standing.layout import (
    Cell,
    age,
    end_cut,
    plain,
    table,
    without_password,
    wrapped,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from stoker.core.standing import Facts, GatewayStanding, Statement, Step, Summary
    from stoker.entrypoints.cli.standing.gathering import Gathered
    from stoker.entrypoints.cli.standing.layout import Look

EVENTS: Final = 5
"""How many of the latest events are shown."""

_MARGIN: Final = 12
_WORTH_CUTTING: Final = 20
"""Characters from which on nobody wants to read a text a second time."""
_TONES: Final = {
    Tone.GOOD: ("ok", Paint.GREEN),
    Tone.BUSY: ("wait", Paint.YELLOW),
    Tone.NOTE: ("note", Paint.CYAN),
    Tone.BAD: ("bad", Paint.RED),
}
_STATUSES: Final = {
    SyncStatus.SYNCED: Paint.GREEN,
    SyncStatus.ERROR: Paint.RED,
    SyncStatus.ROLLED_BACK: Paint.RED,
    SyncStatus.MISSING_SIDECAR: Paint.RED,
    SyncStatus.PAUSED: Paint.CYAN,
    SyncStatus.DRY_RUN: Paint.CYAN,
}
_HEADLINES: Final = {
    State.READY: "is ready",
    State.PROGRESSING: "is not ready",
    State.STALLED: "is stuck",
    State.PAUSED: "is paused",
    State.UNSEEN: "waits for the controller",
    State.DELETING: "is being deleted",
}


def text(gathered: Gathered, look: Look) -> str:
    """The whole of it; it ends with a line break."""
    facts = gathered.facts
    summary = summarise(facts.metadata, facts.spec, facts.status)
    blocks = (
        _headline(summary, facts.now, look),
        _source(facts, summary, look),
        _gateways(facts, look),
        _conditions(facts, look),
        _events(facts, look),
        _hidden(gathered.hidden, look),
        _next(next_steps(facts), look),
    )
    return "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block))) + "\n"


def _headline(summary: Summary, now: datetime, look: Look) -> Iterator[str]:
    name = f"{plain(summary.namespace)}/{plain(summary.name)}"
    since = f" for {age(now, summary.since)}" if summary.since else ""
    what = look.paint(f"{_HEADLINES[summary.state]}{since}", PAINTS[summary.state])
    score = f"{summary.synced} of {count(summary.gateways, 'gateway')} synced"
    yield f"{look.paint(name, Paint.BOLD)} {what}, {score if summary.gateways else 'no gateways'}"


def _source(facts: Facts, summary: Summary, look: Look) -> Iterator[str]:
    def line(head: str, told: str) -> Iterator[str]:
        lines = list(wrapped(told, look, margin=_MARGIN, first=head))
        lines[0] = look.paint(head, Paint.FAINT) + lines[0][len(head) :]
        yield from lines

    if isinstance(facts.spec, InvalidDocument):
        problems = "; ".join(str(problem) for problem in facts.spec.problems)
        yield from line("Spec", f"it cannot be read: {plain(problems)}")
    else:
        polling = facts.spec.polling
        often = f"asked every {polling.interval.text}" if polling.enabled else "asked on request"
        repo = without_password(plain(facts.spec.git.repo))
        yield from line("Repository", f"{repo}, {often}")
    yield from line("Ref", _ref(facts, summary))
    if summary.commit:
        at = facts.status.last_sync_time
        since = f", {age(facts.now, at)} ago ({at:%Y-%m-%d %H:%M} UTC)" if at else ""
        yield from line("Commit", f"{plain(summary.commit)}{since}")


def _ref(facts: Facts, summary: Summary) -> str:
    wanted = wanted_ref(facts.spec)
    request = read_request(facts.metadata.annotations).request
    told = plain(summary.ref or "none")
    if request is None:
        return told if summary.ref in {"", wanted} or not wanted else f"{told}, of {plain(wanted)}"
    asked = f"{request.by} {age(facts.now, request.at)} ago"
    if isinstance(request, RefLook):
        return f"{told}, last asked for by {asked}"
    if is_in_force(request, summary.ref, wanted):
        return f"{told}, requested by {asked}; the spec names {plain(wanted or 'none')}"
    return f"{told}; {plain(request.ref)} was requested by {asked}, and is not followed"


# --- Gateways ---


def _gateways(facts: Facts, look: Look) -> Iterator[str]:
    found = gateways(facts)
    if not found:
        return
    heads = ["GATEWAY", "POD", "PROFILE", "STATUS", "COMMIT", "LAST SYNC", "DRIFT"]
    rows = [list(_row(gateway, facts.now)) for gateway in found]
    if all(gateway.row.name == gateway.row.pod_name for gateway in found):
        heads, rows = [heads[0], *heads[2:]], [[row[0], *row[2:]] for row in rows]
    head, *lines = table(heads, rows, look)
    yield head
    for line, gateway in zip(lines, found, strict=True):
        yield line
        for remark in _remarks(gateway):
            yield from wrapped(remark, look, margin=4, first="    ")


def _row(gateway: GatewayStanding, now: datetime) -> Iterator[Cell]:
    row = gateway.row
    elsewhere = not (gateway.is_at_commit or gateway.pinned_to)
    yield Cell(plain(row.name), Paint.BOLD)
    yield Cell(plain(row.pod_name))
    yield Cell(plain(row.profile))
    yield Cell(gateway.status.value, _STATUSES.get(gateway.status, Paint.YELLOW))
    yield Cell(plain(row.synced_commit[:SHORT_ID]) or "-", Paint.YELLOW if elsewhere else None)
    yield Cell(age(now, row.last_sync_time))
    yield Cell(str(row.drift), Paint.RED if row.drift else None)


def _remarks(gateway: GatewayStanding) -> Iterator[str]:
    if gateway.pinned_to:
        yield f"pinned to {plain(gateway.pinned_to)} by its pod ({_OVERRIDE})"
    if gateway.row.error_message:
        yield plain(gateway.row.error_message)
    elif gateway.designers:
        number = gateway.designers
        yield f"held up by {number} Designer session{'' if number == 1 else 's'}"
    if gateway.status is SyncStatus.DRY_RUN:
        yield (
            f"a sync would add {gateway.would_add:,}, modify {gateway.would_modify:,} and delete"
            f" {gateway.would_delete:,} files"
        )


_OVERRIDE: Final = "stoker.io/ref-override"


# --- What is said of it ---


def _conditions(facts: Facts, look: Look) -> Iterator[str]:
    found = statements(facts.status.conditions)
    if not found:
        return
    told = [plain(row.error_message) for row in facts.status.discovered_gateways]
    rows = []
    for statement in found:
        message = "" if statement.tone is Tone.GOOD else plain(statement.message)
        rows.append(_condition(statement, untold(message, told), facts.now))
        told.append(message)
    yield from table(("CONDITION", "", "FOR", "MEANS"), rows, look)


def _condition(statement: Statement, message: str, now: datetime) -> tuple[Cell, ...]:
    word, paint = _TONES[statement.tone]
    more = f": {message}" if message else ""
    return (
        Cell(plain(statement.type)),
        Cell(word, paint),
        Cell(age(now, statement.since)),
        Cell(statement.words + more),
    )


def untold(message: str, told: Iterable[str]) -> str:
    """What a message says beside what was told: several conditions have one cause."""
    places = [message.find(one) for one in told if len(one) >= _WORTH_CUTTING]
    cut = min((place for place in places if place >= 0), default=len(message))
    return message[:cut].rstrip(" :")


def _events(facts: Facts, look: Look) -> Iterator[str]:
    if facts.happenings:
        yield look.paint("LAST EVENTS", Paint.FAINT)
    for happening in facts.happenings[-EVENTS:]:
        often = f" ({happening.count} times)" if happening.count > 1 else ""
        head = f"{age(facts.now, happening.at)} ago"
        told = f"{plain(happening.reason)}{often}: {plain(happening.message)}"
        room = None if look.width is None else look.width - _MARGIN
        paint = Paint.YELLOW if happening.is_warning else Paint.FAINT
        yield look.paint(head.ljust(_MARGIN), paint) + end_cut(told, room)


def _hidden(hidden: Sequence[str], look: Look) -> Iterator[str]:
    for told in hidden:
        yield from wrapped(plain(told), look, margin=_MARGIN, first="Not shown")


def _next(steps: Sequence[Step], look: Look) -> Iterator[str]:
    if not steps:
        return
    yield look.paint("What to do", Paint.BOLD)
    for number, step in enumerate(steps, 1):
        yield from _step(f"{number}.", step, look)


def _step(number: str, step: Step, look: Look) -> Iterator[str]:
    about = f"{', '.join(map(plain, step.gateways))}: " if step.gateways else ""
    yield from wrapped(f"{about}{plain(step.what)}", look, margin=4, first=number)
    for line in wrapped(plain(step.cure), look, margin=7, first="    -> "):
        yield look.paint(line, Paint.GREEN)
    if step.command:
        yield look.paint(f"       {plain(step.command)}", Paint.CYAN)
