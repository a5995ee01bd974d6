"""`glob_match` and `compile_glob`: the rules a user may know, the errors, the bounds."""

from __future__ import annotations

import time

import pytest

from stoker.core.errors import GlobError
from stoker.core.globs import CompiledGlob, compile_glob, glob_match
from stoker.core.globs import walk as walking
from stoker.core.globs.doublestar import MAX_PATTERN, Verdict, judge

MALFORMED = "the glob pattern is malformed"
TOO_COMPLEX = "the glob pattern takes too many steps to match"

PATIENCE = 20
"""Seconds of work on a slow machine that traces every line; without that it is one or two."""


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("", "", True),
        ("", "a", False),
        ("a/b", "a/b", True),
        ("*.json", "view.json", True),
        ("*.json", "a/view.json", False),
        ("**/*.json", "view.json", True),
        ("**/*.json", "a/b/view.json", True),
        ("a/**", "a", True),
        ("a/**", "a/b/c", True),
        ("a/**/", "a", True),
        ("a/**/", "a/b", False),
        ("a*/**", "a", False),
        ("a*/**", "ab", True),
        ("a/**/**", "a", False),
        ("a**/b", "ax/b", True),
        ("a**/b", "ax/y/b", False),
        ("a**/", "a", True),
        ("?**/b", "ax/y/b", False),
        ("[a]**/b", "ax/y/b", False),
        ("*?**/b", "ax/y/b", False),
        ("**b/**/c", "ab/x/c", True),
        ("***/b", "x/y/b", False),
        ("a/**", "a/", True),
        ("**/**", "a", True),
        ("***", "", False),
        ("***", "a", True),
        ("a***", "a", False),
        ("**/*", "", False),
        ("?", "é", True),
        ("?", "/", False),
        ("[^a]", "/", True),
        ("*[^x]*b", "a/b", False),
        ("**/a[^x]*c", "a/ac/abc", True),
        ("[z-a]", "z", True),
        ("[z-a]", "a", False),
        ("[Z-\\]]", "]", True),
        ("[Z-\\]]", "\\", True),
        ("[Z-\\]]", "-", False),
        ("[\\]-a]", "^", True),
        ("[-a]", "-", True),
        ("[a-]", "-", True),
        ("[--/]", ".", True),
        ("[\U0010ffff-a]", "-", True),
        ("{a,b}c", "bc", True),
        ("{a,{b,c}d}e", "cde", True),
        ("{[a,b]}", "a", "malformed"),
        ("{[a,b]}x]", "x", True),
        ("{[a,b]}x]", "b]x]", True),
        ("{[a,b]}x]", "b", False),
        ("{a,[}x]", "x", True),
        ("a{**/b}", "ax/b", True),
        ("a*{,b}", "a", False),
        ("a*{,b}", "ax", True),
        ("a{/**,}", "a", True),
        ("a{/{**,b},}", "a", True),
        ("a/{**,b}", "a", False),
        ("**{/a,b}", "x/y/a", False),
        ("a\\*", "a*", True),
        ("a\\", "b", "malformed"),
        ("a\\", "a\\", "malformed"),
        ("{a,[}", "a", True),
        ("{a,[}", "b", "malformed"),
        ("a}", "a}", True),
        ("a}", "a", "malformed"),
        ("\\\\}", "a", "malformed"),
        ("\\\\}", "\\", "malformed"),
        ("\\\\}", "\\a", False),
        ("[^a{]", "a", "malformed"),
        ("[^a{]", "b", True),
        ("[", "", "malformed"),
        ("[a", "a", "malformed"),
        ("[a", "b", "malformed"),
        ("[^a", "a", "malformed"),
        ("[^", "a", "malformed"),
        ("[!]", "a", "malformed"),
        ("{a", "", "malformed"),
        ("{", "b", "malformed"),
        ("x{a,b", "y", "malformed"),
        ("\udcff", "\udcfe", True),
        ("a\udcff", "a\ufffd", True),
        ("?", "\udcff", True),
        ("??", "\udcc3\udcff", True),
        ("?", "\udcc3\udca9", True),
        ("{\udcc3,b}\udca9", "é", True),
        ("{\udce6\udc97,b}\udca5", "日", True),
        ("{\udce6\udc97,b}x", "\udce6\udc97x", True),
        ("[\udcff]", "\udc80", True),
        ("???", "\ud800", True),
        ("\ud800", "\ufffd\ufffd\ufffd", True),
    ],
)
def test_glob_match(pattern: str, path: str, *, matches: bool | str) -> None:
    if matches == "malformed":
        with pytest.raises(GlobError, match=MALFORMED):
            glob_match(pattern, path)
    else:
        assert glob_match(pattern, path) is matches


def test_the_error_names_pattern_and_cure() -> None:
    with pytest.raises(GlobError) as caught:
        glob_match("a/[", "a/b")
    assert caught.value.message == MALFORMED
    assert caught.value.where == "a/["
    assert caught.value.cure == (
        "close every '[' and '{', and put a '\\' before one that is meant literally"
    )


def test_a_pattern_that_is_too_long_is_an_error() -> None:
    assert glob_match("a" * MAX_PATTERN, "a" * MAX_PATTERN)
    with pytest.raises(GlobError) as caught:
        glob_match("a" * (MAX_PATTERN + 1), "a")
    assert caught.value.message == TOO_COMPLEX
    assert caught.value.where == "a" * (MAX_PATTERN + 1)
    assert caught.value.cure == "write it shorter, with fewer alternatives and wildcards"
    with pytest.raises(GlobError, match=TOO_COMPLEX):
        compile_glob("a" * (MAX_PATTERN + 1))
    assert compile_glob("a" * MAX_PATTERN).matches("a" * MAX_PATTERN)


@pytest.mark.parametrize(
    ("pattern", "path", "verdict"),
    [
        ("*a" * 6 + "b", "a" * 5_000, Verdict.MISS),
        ("*a" * 3_000 + "b", "a" * 5_000, Verdict.MISS),
        ("{a," * 3_300 + "b" + "}" * 3_300, "c", Verdict.MISS),
        ("{a," * 3_300 + "b" + "}" * 3_300, "b", Verdict.MATCH),
        ("{" * 3_300 + "a" + ",b}" * 3_300, "c", Verdict.MISS),
        ("**/" * 3_300 + "x", "a/" * 2_000 + "y", Verdict.MISS),
        ("{,a}" * 2_500, "b", Verdict.MISS),
        ("{,}" * 3_333, "x", Verdict.MISS),
        ("{,a}" * 30, "a" * 30 + "b", Verdict.MISS),
        ("{,a}" * 2_500, "a" * 2_500 + "b", Verdict.TOO_COMPLEX),
        ("*{a,b}" * 1_500, "ab" * 2_000 + "/", Verdict.TOO_COMPLEX),
        ("{a,b}" * 2_000, "a" * 2_000 + "c", Verdict.MISS),
        ("**/{,a}" * 1_000, "a/" * 1_000 + "b", Verdict.TOO_COMPLEX),
        ("[a-" * 3_000, "x", Verdict.MALFORMED),
        ("[" * 10_000, "a", Verdict.MALFORMED),
        ("{" * 10_000, "a", Verdict.MALFORMED),
        ("\\" * 9_999, "a", Verdict.MALFORMED),
        ("{[,a}" * 2_000, "a" * 2_000, Verdict.MALFORMED),
        ("[a[]" + "{a,b}" * 1_600, "a" * 1_601 + "c", Verdict.MISS),
        ("?" * 10_000, "a" * 10_000, Verdict.MATCH),
        ("**/?/" * 1_500 + "b", "a/" * 3_000, Verdict.MISS),
    ],
)
def test_hostile_patterns_end_quickly(pattern: str, path: str, verdict: Verdict) -> None:
    start = time.process_time()
    assert judge(pattern, path) is verdict
    assert time.process_time() - start < PATIENCE


def test_the_steps_are_counted_over_all_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "MAX_STEPS", 10)
    assert judge("a" * 10, "a" * 10) is Verdict.MATCH
    assert judge("a" * 11, "a" * 11) is Verdict.TOO_COMPLEX
    assert judge("ab", "b", "c", "ab") is Verdict.MATCH
    assert judge("aaaab", "aaaac", "aaaac") is Verdict.MISS
    assert judge("aaaaab", "aaaaac", "aaaaac") is Verdict.TOO_COMPLEX


def test_an_alternative_costs_ten_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "MAX_STEPS", 22)
    assert judge("{a,b}", "b") is Verdict.TOO_COMPLEX
    monkeypatch.setattr(walking, "MAX_STEPS", 23)
    assert judge("{a,b}", "b") is Verdict.MATCH
    assert judge("[ab]" * 7 + "[c]", "b" * 7 + "c") is Verdict.MATCH
    assert judge("[ab]" * 8, "b" * 8) is Verdict.TOO_COMPLEX


def test_a_match_ends_the_search_and_a_malformed_miss_is_kept() -> None:
    assert judge("{a,[}", "a", "b") is Verdict.MATCH
    assert judge("{a,[}", "b", "a") is Verdict.MATCH
    assert judge("{a,[}", "b", "c") is Verdict.MALFORMED
    assert judge("a") is Verdict.MISS


@pytest.mark.parametrize("pattern", ["[", "a/{b", "a}", "a\\", "[]a]", "{a,[}"])
def test_compile_glob_refuses_what_is_malformed_anywhere(pattern: str) -> None:
    with pytest.raises(GlobError) as caught:
        compile_glob(pattern)
    assert (caught.value.message, caught.value.where) == (MALFORMED, pattern)


def test_compiled_globs_are_equal_when_their_patterns_are() -> None:
    one = compile_glob("a/*.json")
    assert one == compile_glob("a/*.json")
    assert hash(one) == hash(compile_glob("a/*.json"))
    assert one != compile_glob("a/*.jsom")
    assert isinstance(one, CompiledGlob)
    assert repr(one) == "CompiledGlob(pattern='a/*.json')"


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.json", "view.json", True),
        ("*.json", "a/view.json", False),
        ("**/", "a/", True),
        ("/a", "/a", True),
        ("a", "/a", False),
        ("a/", "a", False),
        ("a/", "a/b", False),
        ("a/**/", "a", True),
        ("a/**/", "a/b", False),
        ("**/a/**/", "a/a", False),
        ("[^a]*.json", "/b.json", True),
        ("x***", "x", False),
    ],
)
def test_compiled_globs_match(pattern: str, path: str, *, matches: bool) -> None:
    assert compile_glob(pattern).matches(path) is matches


def test_a_compiled_glob_can_still_meet_a_malformed_wording() -> None:
    compiled = compile_glob("{[,]}")
    with pytest.raises(GlobError, match=MALFORMED):
        compiled.matches("a")
