"""Globs match as doublestar does: the real library, asked about the same pattern and path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from property.strategies.globs import any_paths, patterns, short_paths
from stoker.core.errors import GlobError
from stoker.core.globs import glob_match
from support.oracle import Oracle

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with Oracle() as running:
        yield running


@settings(max_examples=200)
@given(pattern=patterns, path=any_paths, other=short_paths)
def test_matches_like_doublestar(oracle: Oracle, pattern: str, path: str, other: str) -> None:
    """The answer is the library's, malformed patterns included.

    Seen to fail with `*` read as able to take `/`, with the rest of a pattern left unchecked
    after a failure, and with a pattern's beginning not counted as the start of a name.
    """
    for each in (path, other):
        try:
            ours = glob_match(pattern, each)
        except GlobError:
            ours = None
        assert ours is oracle.match(pattern, each)
