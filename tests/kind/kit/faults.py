"""The faults that tests in a cluster do to the product, and what must hold: the table's rows.

A row has a name, its faults, and its claims, in the words of the table. A test says what it is
about by `@pytest.mark.fault("git-server", "hangs", "backoff")`: a row, and which of its words. One
that its row does not have is an error when tests are collected; for a word without a test a unit
test fails.

`LONG` is the one switch: with `STOKER_FAULTS=long` everything is tried as often as it takes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

LONG: Final = os.environ.get("STOKER_FAULTS", "short") == "long"


@frozen
class Row:
    """A row of the table: what happens, and what must hold all the same."""

    name: str
    about: str
    faults: tuple[str, ...]
    claims: tuple[str, ...]
    note: str = ""
    """What whoever reads the page should know of how it was done."""

    @property
    def words(self) -> tuple[str, ...]:
        """All that wants a test."""
        return (*self.faults, *self.claims)


ROWS: Final = (
    Row(
        "agent-killed",
        "The agent is killed",
        ("SIGKILL of the agent at every point of a sync", "each system call boundary", "repeated"),
        (
            "the next run converges to the same tree",
            "no temporary or lock file is left",
            "no file of others is lost",
        ),
        "The calls are drawn by chance from all that change a file, of the agent, its child and "
        "git; `tests/crash` kills `stoker sync` at each of them.",
    ),
    Row(
        "disk",
        "The disk",
        (
            "disk full",
            "read-only file",
            "permission denied",
            "a directory where a file should be",
            "a file where a directory should be",
        ),
        ("error names the path", "what was there stays", "next sync after the cure converges"),
    ),
    Row(
        "repository",
        "The agent's repository",
        ("leftover `shallow.lock`", "`index.lock`", "corrupt object database", "half a fetch"),
        ("detected and healed (fetch anew)", "never a manual step"),
    ),
    Row(
        "git-server",
        "The git server",
        (
            "hangs",
            "500s",
            "resets mid-pack",
            "wrong object",
            "rate limit (429 with Retry-After)",
            "rewritten history",
            "deleted ref",
        ),
        (
            "deadline on every git process",
            "process group killed",
            "backoff",
            "the gateway keeps its files",
            "status says why",
        ),
    ),
    Row(
        "api-server",
        "The API server",
        (
            "restarts",
            "409",
            "410 Gone",
            "429",
            "watch that dies silently",
            "stale events",
            "repeated events",
            "reordered events",
            "one hour away",
        ),
        (
            "no lost or doubled action",
            "watches have an inactivity limit and re-list",
            "liveness depends on the last event",
        ),
        "The hour is one of the clocks of agent and controller, during which connections are "
        "silent for seconds; `STOKER_HOUR_SECONDS=3600` makes it one of everybody's. The agent of "
        "a pod is cut off for ten minutes in the long form.",
    ),
    Row(
        "controller",
        "The controller",
        (
            "killed at every write",
            "two leaders for a moment",
            "lease lost in the middle of a reconcile",
        ),
        (
            "every write is idempotent",
            "every write is fenced",
            "a new leader converges within 30 s",
        ),
    ),
    Row(
        "gateway",
        "The gateway",
        (
            "refuses",
            "401",
            "403",
            "500",
            "hangs",
            "scan accepted but never finished",
            "scan finished but a resource failed to load",
            "restart in the middle",
        ),
        ("typed outcome", "retry or rollback as the contract says", "never `Synced`"),
    ),
    Row(
        "designer",
        "A Designer",
        ("saves a file while a sync applies it",),
        ("bytes are never silently lost", "drift", "plan again", "pre-image kept"),
        "A file that the commit is not about stays as it was saved. One that the commit changes is "
        "replaced once its drift has been told, and given back where the gateway refuses the "
        "commit.",
    ),
    Row(
        "clock",
        "The clock",
        ("jumps back", "jumps forward"),
        ("no storm", "no stall"),
        "The clock is moved in the one place where the product asks for the time; what counts "
        "seconds is real, as on a machine whose clock is set.",
    ),
    Row(
        "source",
        "The source",
        (
            "source directory emptied",
            "source directory moved",
            "a glob typo",
            "90 % of files gone",
        ),
        (
            "prune limit or empty-source rule stops it",
            "condition says how to consent",
            "consent works",
        ),
        "A mapping that is not required, and whose source is missing, is skipped, and nothing is "
        "deleted because of it; what is excluded is never deleted.",
    ),
    Row(
        "crowd",
        "1,000 GatewaySyncs with 10,000 pods",
        ("one of them broken",),
        ("the others' latency is unharmed",),
        "The short form has fewer. The pods run nowhere, and the test writes their agents' "
        "reports; latency is the time from a report to the row that shows it, compared within one "
        "run.",
    ),
    Row("history", "Histories of watch events", (), ()),
    Row("soak", "Everything at once, for as long as half an hour", (), ()),
    Row("shards", "Shards", (), ()),
)


def row(name: str) -> Row:
    """The row of this name; a `ValueError` says which there are."""
    for one in ROWS:
        if one.name == name:
            return one
    there = ", ".join(one.name for one in ROWS)
    raise ValueError(f"there is no row {name!r} in the table of faults; its rows are {there}")


def checked(words: Iterable[object]) -> tuple[Row, tuple[str, ...]]:
    """A marker's arguments: its row, and what of it; a `ValueError` where the table has no such."""
    name, *named = [str(one) for one in words] or [""]
    found = row(name)
    for one in named:
        if one not in found.words:
            there = ", ".join(repr(word) for word in found.words)
            raise ValueError(f"the row {name!r} does not say {one!r}; it says {there}")
    return found, tuple(named)
