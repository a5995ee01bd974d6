"""A skipped directory hides nothing: every path below it is excluded."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from property.strategies.globs import ignore_lines, pattern_sets, short_paths, tame_patterns
from stoker.core.globs import Excludes, IgnoreFile
from support.walked_globs import GRID, excluded


@settings(max_examples=200)
@given(pattern_sets | st.lists(tame_patterns, min_size=1, max_size=2))
def test_all_below_a_skipped_directory_is_excluded(patterns: list[str]) -> None:
    """What is excluded is what walking each pattern says.

    Seen to fail with `a/*` taken for a tree, and with every row's last step taken for a tree.
    """
    excludes = Excludes(patterns)
    skipped = [place for place in (".", *GRID[:20]) if excludes.skips_directory(place)]
    for directory in skipped:
        above = "" if directory == "." else f"{directory}/"
        for below in GRID[:8]:
            assert excluded(patterns, above + below)


@given(st.sampled_from(["**/a/", "a/**", "**/b/**", "**/{a,b}/", "a/"]), short_paths, short_paths)
def test_directories_that_a_pattern_names_are_skipped(
    pattern: str, directory: str, rest: str
) -> None:
    """With the usual patterns some directory above an excluded file is skipped.

    Seen to fail with `skips_directory` always false.
    """
    excludes = Excludes([pattern])
    path = f"{directory}/{rest}"
    above = [path[:place] for place, char in enumerate(path) if char == "/"]
    is_root_file = path.rsplit("/", maxsplit=1)[-1] == pattern.strip("*/")
    if excludes.matches(path) and not is_root_file:
        assert any(map(excludes.skips_directory, above))


@given(
    lines=st.lists(ignore_lines(), max_size=5),
    directory=short_paths,
    rest=short_paths,
    is_directory=st.booleans(),
)
def test_all_below_a_pruned_directory_is_ignored(
    lines: list[str], directory: str, rest: str, *, is_directory: bool
) -> None:
    """Seen to fail with a rule below that takes back what a directory's rule said."""
    rules = IgnoreFile.parse("\n".join(lines))
    assert rules.prunes(directory) == rules.ignores(directory, is_directory=True)
    if rules.prunes(directory):
        assert rules.prunes(f"{directory}/{rest}")
        assert rules.ignores(f"{directory}/{rest}", is_directory=is_directory)
