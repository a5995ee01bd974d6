"""What one `stoker sync` came to: a value, its JSON document, and its text for people.

The fields are those of the document that the command promises; paths are relative to the data
directory. Both forms show them sorted, whatever order they came in.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from stoker.core.paths import RelPath
from stoker.core.planning import Kept
from stoker.entrypoints.cli.presenting.wording import (
    Paint,
    commit_words,
    count,
    duration,
    painted,
    printable,
    tally,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LISTED: Final = 20
"""Paths of one kind that the text lists before it counts the others."""


class SyncResult(StrEnum):
    """How a sync ended; the words are the document's."""

    SYNCED = "synced"
    UNCHANGED = "unchanged"
    DRY_RUN = "dryRun"
    ERROR = "error"
    ROLLED_BACK = "rolledBack"


@frozen(kw_only=True)
class SyncFailure:
    """What went wrong: the error's reason, what happened, and where."""

    kind: str
    message: str
    path: str = ""


@frozen(kw_only=True)
class SyncOutcome:
    """What one sync came to."""

    result: SyncResult = field(converter=SyncResult)
    commit: str = ""
    ref: str = ""
    added: tuple[RelPath, ...] = ()
    modified: tuple[RelPath, ...] = ()
    deleted: tuple[RelPath, ...] = ()
    kept: tuple[Kept, ...] = ()
    drifted: tuple[RelPath, ...] = ()
    projects: tuple[str, ...] = ()
    scan: str = ""
    """All scans in one line, as `core.scan.summary` words it; empty where none was made."""
    duration_seconds: float = 0.0
    error: SyncFailure | None = None


def document(outcome: SyncOutcome) -> Mapping[str, object]:
    """The JSON document of `stoker sync --output json`."""
    return {
        "result": outcome.result.value,
        "commit": outcome.commit,
        "ref": outcome.ref,
        "added": _sorted(outcome.added),
        "modified": _sorted(outcome.modified),
        "deleted": _sorted(outcome.deleted),
        "kept": [
            {"path": str(kept.path), "reason": kept.reason.value}
            for kept in sorted(outcome.kept, key=lambda kept: (kept.path, kept.reason))
        ],
        "drifted": _sorted(outcome.drifted),
        "projects": _sorted(outcome.projects),
        "scan": outcome.scan,
        "durationSeconds": round(outcome.duration_seconds, 3),
        "error": _error_document(outcome.error),
    }


def _sorted(paths: Iterable[str]) -> list[str]:
    return sorted(map(str, paths))


def _error_document(error: SyncFailure | None) -> Mapping[str, str] | None:
    if error is None:
        return None
    return {"kind": error.kind, "message": error.message, "path": error.path}


def text(outcome: SyncOutcome, *, colour: bool = False) -> str:
    """The same for people: what happened first, then the files, then what else is worth knowing."""
    lines = [painted(_headline(outcome), Paint.BOLD, colour=colour)]
    for sign, paths, paint in (
        ("+", outcome.added, Paint.GREEN),
        ("~", outcome.modified, Paint.YELLOW),
        ("-", outcome.deleted, Paint.RED),
    ):
        lines += [painted(line, paint, colour=colour) for line in _listed(sign, _sorted(paths))]
    lines += _remarks(outcome)
    if outcome.error is not None:
        lines.append(painted(_failure(outcome.error), Paint.RED, colour=colour))
    return "\n".join(lines) + "\n"


def _headline(outcome: SyncOutcome) -> str:
    what = commit_words(outcome.commit, outcome.ref) or "nothing yet"
    changed = (
        f"{len(outcome.added):,} added, {len(outcome.modified):,} modified, "
        f"{len(outcome.deleted):,} deleted"
    )
    took = duration(outcome.duration_seconds)
    match outcome.result:
        case SyncResult.SYNCED:
            return f"Synced {what}: {changed} in {took}"
        case SyncResult.UNCHANGED:
            return f"Unchanged: the files are those of {what} ({took})"
        case SyncResult.DRY_RUN:
            return f"Dry run of {what}: would be {changed}; nothing was written"
        case SyncResult.ROLLED_BACK:
            return f"Rolled back: the gateway refused {what}; its files are as before ({took})"
        case _:
            return f"Not synced to {what} ({took})"


def _listed(sign: str, paths: list[str]) -> Iterator[str]:
    yield from (f"  {sign} {printable(path)}" for path in paths[:_LISTED])
    more = len(paths) - _LISTED
    if more > 0:
        yield f"  {sign} … and {more:,} more"


def _remarks(outcome: SyncOutcome) -> Iterator[str]:
    if outcome.kept:
        reasons = tally(kept.reason.value for kept in outcome.kept)
        yield f"  kept: {count(len(outcome.kept), 'file')} ({reasons})"
    if outcome.drifted:
        yield f"  drifted: {count(len(outcome.drifted), 'file')} changed by somebody else"
        yield from _listed("!", _sorted(outcome.drifted))
    if outcome.projects:
        yield f"  projects: {', '.join(printable(name) for name in _sorted(outcome.projects))}"
    if outcome.scan:
        yield f"  scan: {printable(outcome.scan)}"


def _failure(error: SyncFailure) -> str:
    # The message of a StokerError begins with its place already where it was made by `str`.
    place = "" if not error.path or error.path in error.message else f"{printable(error.path)}: "
    return f"{printable(error.kind)}: {place}{printable(error.message)}"
