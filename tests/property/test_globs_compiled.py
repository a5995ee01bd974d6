"""A compiled matcher answers what the walk answers, for every pattern set and every path.

The walk (`glob_match`) is held against the reference library elsewhere, and the rules of `Excludes`
about `/` at the end and about malformed patterns are written down a second time for this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from property.strategies.globs import paths, pattern_sets, patterns, short_paths
from stoker.core.errors import GlobError
from stoker.core.globs import Excludes, compile_glob
from support.walked_globs import GRID, answered, excluded

if TYPE_CHECKING:
    from random import Random


@settings(max_examples=200)
@given(pattern_sets, st.lists(paths, min_size=1, max_size=8))
def test_excludes_are_their_patterns(some: list[str], tried: list[str]) -> None:
    """`Excludes` is the rule written down above.

    Seen to fail with `a*/**` matching `a`, with a `/` at the end meaning nothing, with a group
    opened within `/**` taken apart, with the lower end of a range that runs backwards left out,
    and with names remembered for directories of all kinds.
    """
    excludes = Excludes(some)
    for path in [*tried, *GRID]:
        assert excludes.matches(path) is excluded(some, path)


@settings(max_examples=200)
@given(patterns, st.lists(paths, min_size=1, max_size=8))
def test_a_compiled_glob_is_its_pattern(pattern: str, tried: list[str]) -> None:
    """`compile_glob` answers what `glob_match` answers.

    Seen to fail with `**/a/**/` matching `a/a`, and with a class that matches `/` taken apart.
    """
    try:
        compiled = compile_glob(pattern)
    except GlobError:
        assume(condition=False)
        raise
    for path in [*tried, *GRID]:
        try:
            ours = compiled.matches(path)
        except GlobError:
            ours = False
        assert ours is answered(pattern, path)


@given(st.lists(paths, min_size=1, max_size=8), pattern_sets, st.randoms(use_true_random=False))
def test_order_does_not_matter(tried: list[str], some: list[str], source: Random) -> None:
    """Neither that of the patterns nor that of the paths.

    Seen to fail with an answer remembered by its name alone.
    """
    excludes = Excludes(some)
    first = {path: excludes.matches(path) for path in tried}
    mixed_paths, mixed_patterns = list(first), list(some)
    source.shuffle(mixed_paths)
    source.shuffle(mixed_patterns)
    again = Excludes(mixed_patterns)
    assert {path: again.matches(path) for path in mixed_paths} == first


@given(pattern_sets, patterns, short_paths)
def test_more_excludes_never_add_a_file(some: list[str], more: str, path: str) -> None:
    """Law 21. Seen to fail with the earlier patterns forgotten when one is added."""
    excludes = Excludes(some)
    if excludes.matches(path):
        assert excludes.adding([more]).matches(path)
        assert Excludes([more]).union(excludes).matches(path)
