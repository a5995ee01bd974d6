"""What `.stokerignore` ignores is what pathspec's reading of a `.gitignore` ignores.

For patterns of the kinds that people write. pathspec itself is not used at run time: patterns such
as `*a*a*a*a*b` make its expressions take exponential time, and a repository may hold any pattern.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from stoker.core.globs import IgnoreFile

LINES = st.sampled_from(
    [
        "*.bak", "/build", "docs/", "**/tmp", "a/**/b", "!keep.bak", "a/*", "# a comment", "",
        "b", "!b", "/a/b", "[ab].txt", "?.txt", "*.t?t", "a b.txt", "**/a/c", "c/**", "\\#x",
    ]
)  # fmt: skip
PATHS = st.lists(
    st.sampled_from(
        ["a", "b", "c", "tmp", "docs", "build", "x.bak", "keep.bak", "a.txt", "a b.txt", "#x"]
    ),
    min_size=1,
    max_size=4,
).map("/".join)


@given(st.lists(LINES, max_size=6), PATHS)
def test_pathspec_agrees(lines: list[str], path: str) -> None:
    """Seen to fail with `!` taking nothing back."""
    ours = IgnoreFile.parse("\n".join(lines)).ignores(path, is_directory=False)
    assert ours is GitIgnoreSpec.from_lines(lines).match_file(path)
