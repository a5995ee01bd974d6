"""All GatewaySyncs of a place, a line for each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from stoker.core.refs.names import SHORT_ID
from stoker.core.standing import State
from stoker.entrypoints.cli.presenting.wording import Paint, count
from stoker.entrypoints.cli.standing.layout import Cell, age, plain, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from stoker.core.standing import Summary
    from stoker.entrypoints.cli.standing.layout import Look

PAINTS: Final = {
    State.READY: Paint.GREEN,
    State.PROGRESSING: Paint.YELLOW,
    State.STALLED: Paint.RED,
    State.PAUSED: Paint.CYAN,
    State.UNSEEN: Paint.YELLOW,
    State.DELETING: Paint.CYAN,
}
_READY: Final = {State.READY: "yes", State.PAUSED: "paused", State.DELETING: "deleting"}
_SCORED: Final = re.compile(r"\d+/\d+ synced(?: \(([^)]*)\))?(?:: (.*))?")
_HEADS: Final = ("NAMESPACE", "NAME", "REF", "COMMIT", "GATEWAYS", "READY", "FOR", "REASON")


def text(
    summaries: Sequence[Summary], now: datetime, look: Look, *, everywhere: bool = True
) -> str:
    """The fleet; it ends with a line break."""
    rows = [_row(summary, now) for summary in summaries]
    # One namespace, which was asked for, need not be told in each line of a narrow terminal.
    first = 0 if everywhere else 1
    lines = [*table(_HEADS[first:], [row[first:] for row in rows], look), "", *_counts(summaries)]
    if any(summary.is_requested for summary in summaries):
        lines.append("* asked for by a webhook or by hand; spec.git.ref names another one")
    return "\n".join(lines) + "\n"


def _row(summary: Summary, now: datetime) -> tuple[Cell, ...]:
    paint = PAINTS[summary.state]
    return (
        Cell(plain(summary.namespace)),
        Cell(plain(summary.name), Paint.BOLD),
        Cell(plain(summary.ref) + ("*" if summary.is_requested else "")),
        Cell(plain(summary.commit[:SHORT_ID]) or "-"),
        Cell(f"{summary.synced}/{summary.gateways}"),
        Cell(_READY.get(summary.state, "no"), paint),
        Cell(age(now, summary.since)),
        Cell(_reason(summary)),
    )


def _reason(summary: Summary) -> str:
    """Why it is not ready, without the score, which has a column of its own."""
    if summary.is_ready:
        return ""
    message = plain(summary.message)
    scored = _SCORED.fullmatch(message)
    if scored is None:
        return message
    return ": ".join(part for part in scored.groups() if part) or message


def _counts(summaries: Sequence[Summary]) -> Iterator[str]:
    ready = sum(summary.is_ready for summary in summaries)
    gateways = sum(summary.gateways for summary in summaries)
    synced = sum(summary.synced for summary in summaries)
    yield (
        f"{ready} of {count(len(summaries), 'GatewaySync')} ready,"
        f" {synced} of {count(gateways, 'gateway')} synced"
    )
