"""An ignore file ignores what git ignores: `git check-ignore`, asked about a whole repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from property.strategies.globs import ignore_lines, ignore_names
from stoker.core.globs import IgnoreFile
from support.check_ignore import IgnoreRepository

if TYPE_CHECKING:
    from random import Random

FILES = [
    *(f"{name}.file" for name in ignore_names),
    *(f"{above}/{name}" for above in ("a", "ab", "é") for name in ignore_names),
    *(f"{above}/abc/b/{name}" for above in ("b", "abc") for name in ignore_names),
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> IgnoreRepository:
    return IgnoreRepository(tmp_path_factory.mktemp("parity"), FILES)


@settings(max_examples=100)
@given(lines=st.lists(ignore_lines(), min_size=1, max_size=4))
def test_ignores_what_git_ignores(repository: IgnoreRepository, lines: list[str]) -> None:
    """Every rule, alone and among others, says what it says to git.

    Seen to fail with the first rule deciding instead of the last, with a rule of directories
    applied to files, with `?` taking a whole character of several bytes, and with a name's rule
    tied to the root.
    """
    text = "\n".join(lines)
    rules = IgnoreFile.parse(text)
    ours = {path: rules.ignores(path, is_directory=is_dir) for path, is_dir in repository}
    assert ours == repository.ignored(text)


@given(lines=st.lists(ignore_lines(), max_size=4), source=st.randoms(use_true_random=False))
def test_order_of_paths_does_not_matter(
    repository: IgnoreRepository, lines: list[str], source: Random
) -> None:
    """Seen to fail with what is pruned remembered by the last name alone."""
    text = "\n".join(lines)
    rules, again = IgnoreFile.parse(text), IgnoreFile.parse(text)
    asked = list(repository)
    first = {path: rules.ignores(path, is_directory=is_dir) for path, is_dir in asked}
    source.shuffle(asked)
    assert {path: again.ignores(path, is_directory=is_dir) for path, is_dir in asked} == first
