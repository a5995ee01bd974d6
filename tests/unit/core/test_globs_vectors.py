"""The reference library's own answers for globs and exclude rules (`tests/vectors`)."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import pytest

from stoker.core.errors import GlobError
from stoker.core.globs import Excludes, glob_match, merge_excludes

VECTORS: Final = Path(__file__).parents[2] / "vectors"
STAGING: Final = "**/.sync-staging/**"
"""What the Go operator adds for itself; Stoker has no staging directory."""


def cases(file: str, kind: str) -> dict[str, list[dict[str, Any]]]:
    lines = (VECTORS / file).read_text(encoding="ascii").split("\n")
    by_category: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for case in (json.loads(line) for line in lines if line):
        if case["kind"] == kind:
            by_category[case["cat"]].append(case)
    return by_category


MATCHES: Final = cases("doublestar.jsonl", "match")
EXCLUDES: Final = cases("paths.jsonl", "should_exclude")
MERGES: Final = cases("paths.jsonl", "merge_excludes")


def matched(pattern: str, path: str) -> bool | str:
    try:
        return glob_match(pattern, path)
    except GlobError as error:
        return error.message


def test_all_categories_are_here() -> None:
    assert sum(map(len, MATCHES.values())) == 4956
    assert sum(map(len, EXCLUDES.values())) == 154
    assert sum(map(len, MERGES.values())) == 48


@pytest.mark.parametrize("category", sorted(MATCHES))
def test_matches_like_doublestar(category: str) -> None:
    failures = []
    for case in MATCHES[category]:
        want = case.get("want", "the glob pattern is malformed")
        got = matched(**case["input"])
        if got != want:
            failures.append((case["id"], case["input"], want, got))
    assert failures == []


@pytest.mark.parametrize("category", sorted(EXCLUDES))
def test_excludes_like_the_operator(category: str) -> None:
    """More is excluded only where a pattern ends in `/`, and nothing less is."""
    failures = []
    for case in EXCLUDES[category]:
        patterns, path = case["input"]["excludes"], case["input"]["path"]
        got = Excludes(patterns).matches(path)
        names_directory = any(pattern.endswith("/") for pattern in patterns)
        if got != case["want"] and not (names_directory and got):
            failures.append((case["id"], case["input"], case["want"], got))
    assert failures == []


def test_nearly_all_exclude_vectors_agree_to_the_letter() -> None:
    """The rule for `/` shows in none of the vectors: no path lies below what one names."""
    every = [case for some in EXCLUDES.values() for case in some]
    differing = [
        case["id"]
        for case in every
        if Excludes(case["input"]["excludes"]).matches(case["input"]["path"]) != case["want"]
    ]
    assert differing == []


@pytest.mark.parametrize("case", MERGES["merge_excludes"], ids=lambda case: case["id"])
def test_merges_like_the_operator(case: dict[str, Any]) -> None:
    user, want = case["input"]["user"], case["want"]
    if STAGING not in user:
        assert want.pop() == STAGING
    assert list(merge_excludes(user)) == want
