"""`Excludes`: what patterns leave alone, what a whole directory needs, and what is remembered."""

from __future__ import annotations

import time
from itertools import product

import pytest

from stoker.core.globs import Excludes, automaton, compile_glob, merge_excludes
from stoker.core.globs.doublestar import MAX_PATTERN, Verdict, judge
from stoker.core.globs.rows import MAX_ROWS, rows_of
from stoker.core.globs.spans import span_of
from stoker.core.globs.tokens import MAX_LENGTH
from stoker.core.paths import ROOT, RelPath

DEFAULTS = ("**/.git/", "**/.gitkeep", "**/.resources/**")

PATIENCE = 20
"""Seconds of work on a slow machine that traces every line; without that it is one or two."""


@pytest.mark.parametrize(
    ("patterns", "path", "excluded"),
    [
        ((), "a", False),
        (DEFAULTS, ".git/config", True),
        (DEFAULTS, "a/.git/hooks/x", True),
        (DEFAULTS, ".git", False),
        (DEFAULTS, ".git/", True),
        (DEFAULTS, "a/.git/", True),
        (DEFAULTS, ".github/x", False),
        (DEFAULTS, "a/.gitkeep", True),
        (DEFAULTS, ".resources", True),
        (DEFAULTS, "a/.resources/b/c", True),
        (DEFAULTS, "a/resources/b", False),
        (("a/",), "a/b", True),
        (("a/",), "a/b/c", True),
        (("a/",), "b/a/c", False),
        (("a/*/",), "a/b/c", True),
        (("a/*/",), "a/b", False),
        (("a/**/",), "a", True),
        (("a/**/",), "a/b", True),
        (("**/a/**/",), "x/a/a", True),
        (("**/",), "a", False),
        (("**/",), "a/b", True),
        (("/",), "/a", True),
        (("/",), "a", False),
        (("[^x]/",), "a/b", True),
        (("[^x]/",), "x/b", False),
        (("{a,b}/",), "b/c", True),
        (("{a,[}/",), "a/c", True),
        (("{a,[}/",), "c/d", False),
        (("a", "b"), "b", True),
        (("[", "b"), "b", True),
        (("{a,[}",), "a", True),
        (("{a,[}",), "b", False),
        (("[!.]*.tmp",), "a.tmp", True),
        (("[!.]*.tmp",), ".tmp", False),
        (("**/[!.]*.tmp",), "x//.tmp", True),
        (("**/[!.]*.tmp",), "x/.tmp", False),
        (("**/[!.]*.tmp",), ".tmp", False),
        (("*.tmp", "*[^/].x"), "a.x", True),
        (("*[^a].x",), "b/.x", True),
        (("?",), "\udcc3\udca9", True),
        (("?/é",), "\udcff/\udcc3\udca9", True),
        (("[^a]é",), "b\udcc3\udca9", True),
        (("\ufffd",), "\udcff", True),
        (("**/*",), "a/", True),
        (("/a",), "/a", True),
        (("a",), "/a", False),
        (("a",), "", False),
        (("**",), "", True),
    ],
)
def test_matches(patterns: tuple[str, ...], path: str, *, excluded: bool) -> None:
    assert Excludes(patterns).matches(path) is excluded


@pytest.mark.parametrize(
    ("patterns", "directory", "skipped"),
    [
        ((), ".", False),
        (DEFAULTS, ".git", True),
        (DEFAULTS, ".git/", True),
        (DEFAULTS, "a/.git", True),
        (DEFAULTS, "a/.git/hooks", True),
        (DEFAULTS, "a/.resources", True),
        (DEFAULTS, "a", False),
        (DEFAULTS, "a/.gitkeep", False),
        (DEFAULTS, ".", False),
        (("a/**",), "a", True),
        (("a/**",), "b", False),
        (("a/**",), ".", False),
        (("a/**/*",), "a", True),
        (("a/**/**",), "a", True),
        (("a/**/*.x",), "a", False),
        (("a/*/",), "a", False),
        (("a/*/",), "a/b", True),
        (("**",), ".", True),
        (("**/*",), ".", True),
        (("**",), "", True),
        (("{a,b}/**",), "b/c", True),
        (("a[^x]/**",), "ab", False),
        (("a", "a/b"), "a", False),
    ],
)
def test_skips_directory(patterns: tuple[str, ...], directory: str, *, skipped: bool) -> None:
    assert Excludes(patterns).skips_directory(directory) is skipped


def test_takes_parsed_paths() -> None:
    excludes = Excludes(("a/**",))
    assert excludes.matches(RelPath("a/b"))
    assert not excludes.matches(RelPath("b"))
    assert excludes.skips_directory(RelPath("a"))
    assert not excludes.skips_directory(ROOT)


def test_patterns_are_trimmed_and_kept_once() -> None:
    excludes = Excludes([" a", "b\n", "", "\u00a0\u3000", "a", "\x1fa"])
    assert excludes.patterns == ("a", "b", "\x1fa")
    assert merge_excludes(["\t\n\v\f\r \x85\u1680\u2000\u200a\u2028\u2029\u202f\u205fx"]) == ("x",)
    assert merge_excludes(["\u180e", "\u200b", "\u2060"]) == ("\u180e", "\u200b", "\u2060")


def test_malformed_patterns_are_listed() -> None:
    long = "a" * (MAX_PATTERN + 1)
    excludes = Excludes(["a", "[", "{b", "c}", "d\\", "{e,f}", long])
    assert excludes.malformed == ("[", "{b", "c}", "d\\", long)
    assert Excludes(["a"]).malformed == ()
    assert not excludes.matches("z")
    assert not excludes.matches("z/")


def test_equality_is_that_of_the_patterns() -> None:
    one = Excludes(["a", "b"])
    assert one == Excludes([" a ", "b", "a"])
    assert hash(one) == hash(Excludes([" a ", "b", "a"]))
    assert one != Excludes(["b", "a"])
    assert repr(one) == "Excludes(patterns=('a', 'b'))"
    assert Excludes() == Excludes([])


def test_union_and_adding() -> None:
    assert Excludes(["a", "b"]).union(Excludes(["c", "a"])) == Excludes(["a", "b", "c"])
    assert Excludes(["a"]).adding([" b", "a"]) == Excludes(["a", "b"])


def test_what_cannot_be_decided_is_excluded() -> None:
    hard = "**/{,a}" * 1_000
    assert Excludes([hard]).matches("a/" * 1_000 + "b")
    assert not Excludes([hard]).matches("b")
    assert Excludes([hard]).malformed == ()


@pytest.mark.parametrize(
    "pattern",
    [
        "a***",
        "a**/b",
        "a**/",
        "a//b",
        "/a",
        "",
        "a\\/b",
        "[\U0010ffff-a]",
        "\udcff",
        "[^a]",
        "[/]",
        "[+-a]",
        "[",
        "a}",
        "[a[]",
        "[{]",
        "{[a,b]}",
        "a{**,b}",
        "*{*,a}",
        "**{/a,b}",
        "a*{,b}",
        "a/{**,b}",
        "a/**{,/}",
        "a/{**/,b}",
        "**/a/**/",
        "**/**/",
        "**/",
        "a/**/**/",
        "a" * (MAX_LENGTH + 1),
        "{" + "a," * MAX_ROWS + "b}",
        "{a,b}" * 7,
    ],
)
def test_odd_patterns_are_not_taken_apart(pattern: str) -> None:
    assert rows_of(pattern) is None


@pytest.mark.parametrize(
    "pattern",
    [
        "a" * MAX_LENGTH,
        "{" + "a," * (MAX_ROWS - 1) + "b}",
        "{a,b}" * 6,
        "**/{a,b}.json",
        "{a,b}/**",
        "**/*.{png,jpg}",
        "{**/a,b/**}",
        "*{.json,.txt}",
        "a{,b}",
        "a{/**,}",
        "a/{b,c}/**",
        "{a*,b}",
        "a**",
        "**.json",
        "[^/]",
        "[ab]",
        "a/**/",
        "a/",
        "*",
        "**",
        "**/**",
        "[Z-\\]]\\*",
        "]",
        "a,b",
    ],
)
def test_usual_patterns_are_taken_apart(pattern: str) -> None:
    assert rows_of(pattern) is not None


@pytest.mark.parametrize(
    ("pattern", "has_span"),
    [
        ("[^a]", True),
        ("**/[^a]/**", True),
        ("**/[^a]/**/**", True),
        ("[^a]/", False),
        ("[^a]/**/", False),
        ("{[^a],b}", False),
        ("[^a]***", False),
        ("[^a", False),
        ("[^a]" + "b" * (MAX_LENGTH - 4), True),
        ("[^a]" + "b" * (MAX_LENGTH - 3), False),
    ],
)
def test_classes_that_match_a_slash_make_spans(pattern: str, *, has_span: bool) -> None:
    assert (span_of(pattern) is not None) is has_span


GRID = [
    "/".join(names)
    for depth in (1, 2, 3)
    for names in product(("a", "b", "ab", "ba", "c"), repeat=depth)
]


@pytest.mark.parametrize(
    "pattern",
    [
        *("a", "a/b", "*", "**", "a*", "*b", "*a*", "?", "?b", "[ab]", "[^a]", "[!b]?", "**/a"),
        *("**/a/**", "a/**", "a/**/", "a*/**", "**/a*/**", "*/**", "*/**/", "a*/**/", "?/**"),
        *("**/*", "a/**/*", "**/**", "a/**/**", "**/a/**/b", "a/**/b/**", "**/*/*", "*/*"),
        *("{a,b}", "{a,b}/**", "**/{a,b*}", "{a/**,**/b}", "a{/**,}", "{a*,b}", "{,a}b", "a{,b}"),
        *(
            "a{,/b}",
            "*{,/b}",
            "{a,b}/{**,b}",
            "{a,b}*{,b}",
            "{a,b}/**{/,}",
            "{**/,}a",
            "{*/,}b",
            "a/{b,**}",
            "**{,/a}",
            "a{**/b,}",
            "*{*,a}/b",
        ),
        *("[^a]*", "[^a]/**", "[^a]*/**", "*[^a]/**", "*[^a]*/**", "**/[^a]", "**/[^a]/**"),
        *("**/[^a]*/**", "**/[^a]/**/**", "a[^b]b", "a[^x]/**/b", "*[^x]b", "**/a[^x]*b"),
        *("**/*[^c]a/**/*b", "*a[^x]*/b", "*[^a]**", "**/a[^x]**", "[^a]*b/**", "[^c]**/b"),
        *("a**", "**b", "a**/b", "a***", "***", "**/**/", "a/**/**/", "a//b", "/a", "[a", "{a,[}"),
    ],
)
def test_compiled_and_walked_answers_are_the_same(pattern: str) -> None:
    excludes, excluded = Excludes([pattern]), []
    for path in GRID:
        verdict = judge(pattern, path)
        assert excludes.matches(path) is (verdict is Verdict.MATCH) or pattern.endswith("/")
        if verdict is Verdict.MATCH:
            excluded.append(path)
    if pattern not in excludes.malformed:
        assert [path for path in GRID if compile_glob(pattern).matches(path)] == excluded


def test_rows_that_can_match_nothing_are_left_out() -> None:
    assert rows_of("a/") == ()
    trees = rows_of("a/", trees=True)
    assert trees is not None
    assert [row.tree for row in trees] == [True]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automaton, "MAX_REMEMBERED", 5)
    excludes = Excludes(["**/x*/**", "*.json"])
    for _ in range(2):
        for number in range(50):
            assert excludes.matches(f"d{number}/x{number}/name")
            assert not excludes.matches(f"d{number}/y{number}/name")
            assert excludes.matches(f"{number}.json")
            remembered = excludes._compiled._automaton._remembered  # noqa: SLF001 - the bound itself
            assert remembered <= 5


def test_equal_directories_share_one_state() -> None:
    compiled = Excludes(["**/x/**", "a/*.json"])._compiled  # noqa: SLF001 - not seen from outside
    below = compiled._automaton.below  # noqa: SLF001
    assert below("b/c") is below("c") is below("b/c/d/e")
    assert below("x") is below("b/x/y")
    assert below("a") is not below("b")


def test_a_hundred_thousand_paths_do_not_take_long() -> None:
    excludes = Excludes([*DEFAULTS, "**/*.bak", "a/**", "**/{b,c}.json", "**/[Tt]humbs.db"])
    paths = [f"d{number % 300}/{number}/view.json" for number in range(100_000)]
    start = time.process_time()
    assert not any(map(excludes.matches, paths))
    assert time.process_time() - start < PATIENCE


def test_many_patterns_compile_and_match_quickly() -> None:
    start = time.process_time()
    excludes = Excludes(f"**/name{number}*/**" for number in range(2_000))
    assert excludes.matches("a/name7x/b")
    assert not excludes.matches("a/nam/b")
    assert compile_glob("{a,b}" * 200).matches("ab" * 100)
    assert time.process_time() - start < PATIENCE
