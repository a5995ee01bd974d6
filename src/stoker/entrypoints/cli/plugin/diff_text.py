"""The lists of changes for people; gateways with the same list share it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.refs.names import SHORT_ID
from stoker.core.spec.status import SyncStatus
from stoker.entrypoints.cli.presenting.wording import Paint, count, printable
from stoker.entrypoints.cli.standing.layout import Look, age, plain, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stoker.core.report import ChangeList
    from stoker.core.spec import GatewaySyncStatus
    from stoker.entrypoints.cli.plugin.diffing import Listed

LISTED: Final = 40
"""Paths of one kind that are listed before the others are counted."""


@frozen
class Manner:
    """How it is shown: when, where, and whether in full."""

    now: datetime
    look: Look
    full: bool = False


def text(
    target: tuple[str, str], status: GatewaySyncStatus, listed: Sequence[Listed], manner: Manner
) -> str:
    """All of them; it ends with a line break."""
    name = plain("/".join(target))
    force = (
        f"{plain(status.last_sync_ref)} is {plain(status.last_sync_commit[:SHORT_ID])}"
        if status.last_sync_commit
        else "no commit is known yet"
    )
    lines = [f"{manner.look.paint(name, Paint.BOLD)}: {force}"]
    if not listed:
        lines += ["", "There is no gateway."]
    for same in together(listed):
        lines += ["", *_shared(same, status, manner)]
    return "\n".join(lines) + "\n"


def together(listed: Sequence[Listed]) -> tuple[tuple[Listed, ...], ...]:
    """Gateways by what they have changed, in the order of the first of each."""
    found: dict[object, list[Listed]] = {}
    for one in listed:
        known = (one.changes, one.unreadable, one.row.synced_commit, one.row.sync_status)
        found.setdefault(known, []).append(one)
    return tuple(map(tuple, found.values()))


def remarks(one: Listed, status: GatewaySyncStatus) -> Iterator[str]:
    """What speaks against taking the list for what is on the gateway, or will be."""
    row, changes, force = one.row, one.changes, status.last_sync_commit
    if changes is None or one.unreadable:
        return
    if changes.omitted:
        yield f"the list is cut: {count(changes.omitted, 'path')} are not in it"
    follows_another = bool(row.synced_ref) and row.synced_ref != status.last_sync_ref
    if force and changes.commit != force and not (follows_another or changes.dry_run):
        yield f"the list is old: {_short(force)} is in force by now"
    if changes.dry_run:
        if force and changes.commit != force:
            yield f"the dry run is old: {_short(force)} is in force by now"
        return
    if follows_another:
        yield f"the gateway follows a ref of its own, {plain(row.synced_ref)}"
    elif force and row.synced_commit != force:
        yield f"the gateway is at {_short(row.synced_commit) or 'no commit'} ({row.sync_status})"


def _shared(same: Sequence[Listed], status: GatewaySyncStatus, manner: Manner) -> Iterator[str]:
    look, one = manner.look, same[0]
    names = ", ".join(plain(each.row.pod_name) for each in same)
    lines = list(wrapped(f"{names}  {_what(one, same, manner.now)}", look))
    yield look.paint(lines[0], Paint.BOLD)
    yield from lines[1:]
    for remark in remarks(one, status):
        yield look.paint(f"  ! {remark}", Paint.YELLOW)
    if one.changes is not None:
        yield from _paths(one.changes, manner)


def _what(one: Listed, same: Sequence[Listed], now: datetime) -> str:
    if one.unreadable:
        return f"the list cannot be read: {plain(one.unreadable)}"
    changes = one.changes
    if changes is None:
        if one.row.sync_status is SyncStatus.MISSING_SIDECAR:
            return "no agent, and so no list"
        return f"nothing has been listed yet ({one.row.sync_status})"
    times = [each.written for each in same if each.written is not None]
    when = f", {age(now, max(times))} ago" if times else ""
    totals = (changes.total_added, changes.total_modified, changes.total_deleted)
    kind = "dry run" if changes.dry_run else "sync"
    head = f"{kind} of {_short(changes.commit) or 'no commit'}{when}"
    if not any(totals):
        return f"{head}: nothing to change" if changes.dry_run else f"{head}: nothing changed"
    would = "would be " if changes.dry_run else ""
    added, modified, deleted = totals
    return f"{head}: {would}{added:,} added, {modified:,} modified, {deleted:,} deleted"


def _paths(changes: ChangeList, manner: Manner) -> Iterator[str]:
    for sign, paths, total, paint in (
        ("+", changes.added, changes.total_added, Paint.GREEN),
        ("~", changes.modified, changes.total_modified, Paint.YELLOW),
        ("-", changes.deleted, changes.total_deleted, Paint.RED),
    ):
        shown = paths if manner.full else paths[:LISTED]
        for path in shown:
            yield manner.look.paint(f"  {sign} {printable(path)}", paint)
        more = total - len(shown)
        if more > 0:
            hint = " (--full lists more)" if len(shown) < len(paths) else ""
            yield manner.look.paint(f"  {sign} … and {more:,} more{hint}", paint)


def _short(commit: str) -> str:
    return plain(commit[:SHORT_ID])
