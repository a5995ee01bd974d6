"""The result of a sync: its document is the contract's, its text is for people."""

from __future__ import annotations

import json

import pytest

from stoker.core.paths import RelPath
from stoker.core.planning import Kept, KeptReason
from stoker.entrypoints.cli.outcome import SyncFailure, SyncOutcome, SyncResult, document, text
from stoker.entrypoints.cli.presenting.wording import (
    commit_words,
    count,
    duration,
    printable,
    size,
    tally,
)

COMMIT = "3f2a1b9" + "0" * 33
FULL = SyncOutcome(
    result=SyncResult.SYNCED,
    commit=COMMIT,
    ref="main",
    added=(RelPath("b"), RelPath("a b/c")),
    modified=(RelPath("m"),),
    deleted=(RelPath("d"),),
    kept=(
        Kept(RelPath("z"), KeptReason.PROTECTED),
        Kept(RelPath("k"), KeptReason.EXCLUDED),
        Kept(RelPath("y"), KeptReason.PROTECTED),
    ),
    drifted=(RelPath("m"),),
    projects=("plant-b", "plant-a"),
    scan="projects=ok config=ok",
    duration_seconds=1.23456,
)


def test_the_document_is_the_contract() -> None:
    assert json.loads(json.dumps(document(FULL))) == {
        "result": "synced",
        "commit": COMMIT,
        "ref": "main",
        "added": ["a b/c", "b"],
        "modified": ["m"],
        "deleted": ["d"],
        "kept": [
            {"path": "k", "reason": "excluded"},
            {"path": "y", "reason": "protected"},
            {"path": "z", "reason": "protected"},
        ],
        "drifted": ["m"],
        "projects": ["plant-a", "plant-b"],
        "scan": "projects=ok config=ok",
        "durationSeconds": 1.235,
        "error": None,
    }
    failed = SyncOutcome(
        result=SyncResult("error"), error=SyncFailure(kind="DiskFull", message="no room", path="a")
    )
    assert document(failed)["error"] == {"kind": "DiskFull", "message": "no room", "path": "a"}


def test_the_text_tells_what_happened() -> None:
    assert text(FULL) == (
        "Synced 3f2a1b9 (main): 2 added, 1 modified, 1 deleted in 1.2 s\n"
        "  + a b/c\n"
        "  + b\n"
        "  ~ m\n"
        "  - d\n"
        "  kept: 3 files (2 protected, 1 excluded)\n"
        "  drifted: 1 file changed by somebody else\n"
        "  ! m\n"
        "  projects: plant-a, plant-b\n"
        "  scan: projects=ok config=ok\n"
    )


@pytest.mark.parametrize(
    ("result", "first"),
    [
        ("unchanged", "Unchanged: the files are those of 3f2a1b9 (main) (0.0 s)"),
        (
            "dryRun",
            "Dry run of 3f2a1b9 (main): would be 0 added, 0 modified, 0 deleted; nothing",
        ),
        ("rolledBack", "Rolled back: the gateway refused 3f2a1b9 (main); its files are as before"),
        ("error", "Not synced to 3f2a1b9 (main)"),
    ],
)
def test_each_result_has_its_headline(result: str, first: str) -> None:
    outcome = SyncOutcome(result=SyncResult(result), commit=COMMIT, ref="main")
    assert text(outcome).startswith(first)


def test_an_error_is_told_with_its_place_once() -> None:
    def last(path: str, message: str) -> str:
        failure = SyncFailure(kind="DiskFull", message=message, path=path)
        return text(SyncOutcome(result=SyncResult.ERROR, error=failure)).splitlines()[-1]

    assert last("a/b", "no room") == "DiskFull: a/b: no room"
    assert last("a/b", "a/b: no room") == "DiskFull: a/b: no room"
    assert last("", "no room\n\x1b[31m") == "DiskFull: no room\\n\\x1b[31m"


def test_long_lists_are_cut_and_names_are_harmless() -> None:
    added = tuple(RelPath(f"f{number:05}") for number in range(1234))
    shown = text(SyncOutcome(result=SyncResult.SYNCED, added=added, projects=("a\x1b[2J",)))
    assert "  + … and 1,214 more\n" in shown
    assert len(shown.splitlines()) < 30
    assert "\x1b" not in shown
    assert "\x1b[32m  + f00000\x1b[0m" in text(
        SyncOutcome(result=SyncResult.SYNCED, added=added), colour=True
    )


def test_words() -> None:
    assert [duration(value) for value in (0.04, 9.9, 12.4, 125)] == [
        "0.0 s",
        "9.9 s",
        "12 s",
        "2 min 5 s",
    ]
    assert [size(value) for value in (1, 999, 4_200, 1_500_000)] == [
        "1 B",
        "999 B",
        "4.2 kB",
        "1.5 MB",
    ]
    assert count(1, "property", "properties") == "1 property"
    assert count(12_000, "file") == "12,000 files"
    assert commit_words("", "main") == "main"
    assert commit_words(COMMIT, COMMIT) == "3f2a1b9"
    assert commit_words("short", "") == "short"
    assert commit_words("", "") == ""
    assert tally(["b", "a", "b"]) == "2 b, 1 a"
    assert printable("a\tb\n\u202e\ud800", keep="\t") == "a\tb\\n\\u202e\\ud800"
