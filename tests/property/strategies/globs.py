"""Paths, patterns and the lines of ignore files, with everything odd in them."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

_PLAIN: Final = ("a", "b", "ab", "view.json", ".git", "日本", "größe", "a b", "1")
_ODD: Final = (
    "",
    "*",
    "[a]",
    "{a}",
    "a,b",
    "-",
    "]",
    "}",
    "^",
    "!",
    "\\",
    "\ufffd",
    "\udcff",
    "\udcc3",
    "\udca9",
    "\U0010ffff",
)
_SIGNS: Final = (
    "*",
    "**",
    "**/",
    "/**",
    "/**/",
    "***",
    "?",
    "/",
    "[",
    "]",
    "[ab]",
    "[^a]",
    "[!b]",
    "[a-z]",
    "[!-~]",
    "[/]",
    "[^/]",
    "[]a]",
    "[b-a]",
    "{",
    "}",
    ",",
    "{a,b}",
    "{,a}",
    "{**/,}",
    "{/**,}",
    "{a,[}",
    "{*,",
    "\\",
    "\\*",
    "\\/",
    "-",
    "\udcff",
    "\udcc3",
    "\udca9",
)

names = st.sampled_from(_PLAIN) | st.sampled_from(_ODD)

any_paths = st.lists(names, max_size=5).map("/".join)
"""Any text that may come as a path, also `/a`, `a//b`, `a/` and nothing at all."""

short_paths = st.lists(st.sampled_from(["a", "b", "ab", "aa", "ba"]), min_size=1, max_size=5).map(
    "/".join
)
"""Paths that a pattern of a few signs has a chance to match."""

paths = any_paths | short_paths


@st.composite
def _grown(draw: st.DrawFn) -> str:
    """A pattern grown from a path: names replaced, then signs put in."""
    parts = draw(paths).split("/")
    stand_ins = st.sampled_from(["*", "**", "{a,b}", "{**,a}", "a*", "*a", "?", "[^a]*"])
    grown = "/".join(draw(st.just(part) | stand_ins) for part in parts)
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(grown)))
        grown = grown[:place] + draw(st.sampled_from(_SIGNS)) + grown[place:]
    return grown


_TAME: Final = (
    *("a", "b", "a", "b", "*", "**", "**", "a*", "*b", "?", "[ab]", "[^/]", "[^b]", "*[^a]"),
    *("{a,b}", "{,a}", "{a,b}*", "{**,a}", "{a*,b}", "{*,b}", "{a/b,**/b}", "a**", "{/**,a}"),
)

tame_patterns = st.builds(
    lambda names, end: "/".join(names) + end,
    st.lists(st.sampled_from(_TAME), min_size=1, max_size=4),
    st.sampled_from(["", "", "", "/", "/**", "/**/", "/*", "*", "{,/b}", "{/**,}"]),
)
"""Patterns of whole names, of which most can be taken apart and the others only seem so."""

patterns = (
    tame_patterns
    | _grown()
    | st.lists(st.sampled_from(_SIGNS + _PLAIN[:3]), max_size=8).map("".join)
    | st.text("ab/*?{},[]^-\\!", max_size=9)
    | st.sampled_from(
        [
            "**/.git/",
            "**/.resources/**",
            "**/*.json",
            "**/{a,b}.json",
            "a/**",
            "a/**/",
            "a*/**",
            "**/a/**/",
            "**/a*/**",
            "**/[Aa]b",
            "*{,/**}",
            "a{/b,/**}",
        ]
    )
)
"""Patterns, well formed and malformed, that often match one of `paths`."""

pattern_sets = st.lists(patterns, max_size=4)

_LINE_SIGNS: Final = (
    *(
        "*",
        "**",
        "/",
        "**/",
        "/**",
        "/**/",
        "?",
        "??",
        "[ab]",
        "[!a]",
        "[a-c]",
        "[]a]",
        "[[:alpha:]]",
    ),
    *("\\", "\\*", "\\#", "\\!", "\\/", "!", "#", " ", "\\ ", "\t", "[", "[[:x:]]", "[é]", "\r"),
    *("a", "b", "ab", "é", "ab**/", "."),
)

ignore_names: Final = ("a", "b", "ab", "abc", "é", "a b", "a ", "#x", "!y", "[a]", "a*", "x.log")
"""What files and directories are called where ignore rules are tried out."""


@st.composite
def ignore_lines(draw: st.DrawFn) -> str:
    """A line of an ignore file, more often than not one that matches something."""
    if draw(st.booleans()):
        line = "".join(draw(st.lists(st.sampled_from(_LINE_SIGNS), min_size=1, max_size=5)))
    else:
        stand_ins = st.sampled_from(ignore_names) | st.sampled_from(["*", "**", "a*", "?", "ab**"])
        line = "/".join(draw(st.lists(stand_ins, min_size=1, max_size=3)))
    before = draw(st.sampled_from(["", "", "", "!", "/", "!/"]))
    return before + line + draw(st.sampled_from(["", "", "", "/", "/**", "/*", " "]))
