"""`IgnoreFile`: gitignore's rules, with git itself as the judge of the table."""

from __future__ import annotations

import time

import pytest

from stoker.core.errors import Problem
from stoker.core.globs import IgnoreFile, ignorefile
from stoker.core.globs.gitignore import MAX_LINE, MAX_SPELLINGS
from stoker.core.globs.ignorefile import MAX_CHARACTERS, MAX_LINES
from stoker.core.paths import ROOT, RelPath
from support.check_ignore import IgnoreRepository

FILES = (
    "a",
    "abc",
    "b/a",
    "b/c/a",
    "b/c/x.log",
    "x.log",
    "#x",
    "!y",
    "a b",
    "a ",
    "é",
    "日",
    "[a]",
    "a*",
    "d/abc/x",
    "d/abx/y/c",
    "d/e/f/g",
    "\\",
    "A1",
    "-",
    "^",
)

PATIENCE = 20
"""Seconds of work on a slow machine that traces every line; without that it is one or two."""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> IgnoreRepository:
    return IgnoreRepository(tmp_path_factory.mktemp("ignore"), FILES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n#a\n",
        "a",
        "/a",
        "b/",
        "a/",
        "/b/a",
        "b/a",
        "c/a",
        "**/c/a",
        "b/**",
        "b/**/a",
        "b/*",
        "*",
        "*/",
        "**",
        "**/",
        "/**",
        "/**/",
        "/*",
        "*.log",
        "*.log\n!b/c/x.log",
        "b/\n!b/a",
        "b/*\n!b/a",
        "b/*\n!b/c/\nb/c/*\n!b/c/a",
        "*\n!*/\n!*.log",
        "\\#x",
        "#x",
        "\\!y",
        "!y",
        "a\n!a",
        "!a\na",
        "a b",
        "a\\ b",
        "a ",
        "a\\ ",
        "a\\ \\ ",
        "a\\\\ ",
        "a  \n!a",
        "a\r\nx.log\r\n",
        "a\r",
        "\ufeffa",
        "a\0b",
        "?",
        "??",
        "???",
        "[é]",
        "[!é]",
        "[a-c]bc",
        "[!a]",
        "[]a]",
        "[[]a]",
        "[a",
        "[[:upper:]][[:digit:]]",
        "[[:alpha:]]",
        "[[:x:]]",
        "[[:]",
        "[[:]a]",
        "[^[:alpha:]]",
        "[[:punct:]]",
        "[[:alpha:]-z]",
        "[--z]",
        "[\\\\]",
        "[\\]]",
        "[a-\\z]",
        "[a-",
        "[!",
        "[\\",
        "\\",
        "a\\",
        "\\\\",
        "\\a",
        "/",
        "!",
        "//a",
        "b//a",
        "b\\/a",
        "**\\/a",
        "b/**\\/a",
        "b[/]a",
        "b[/a]",
        "d/ab**/x",
        "d/ab**/c",
        "d/ab**",
        "d/ab**/**/c",
        "d/ab**\\/c",
        "d/ab**//**",
        "d/a**",
        "d/**b**/x",
        "***",
        "d/***/g",
        "d/**/**/g",
        "a**c",
        "**c",
        "a*c",
        "a*b*c*",
        "\\a*",
        "a\\*",
        "-",
        "[-]",
        "[a-]",
        "[^^]",
        "[!^]",
        "\t",
    ],
)
def test_ignores_what_git_ignores(text: str, repository: IgnoreRepository) -> None:
    rules = IgnoreFile.parse(text)
    ours = {
        path: rules.ignores(path, is_directory=is_directory) for path, is_directory in repository
    }
    assert ours == repository.ignored(text)


CLASSES = (
    *("alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower"),
    *("print", "punct", "space", "upper", "xdigit"),
)


@pytest.mark.parametrize("sign", [chr(code) for code in range(1, 128) if chr(code) not in "./\n"])
def test_named_classes_hold_what_gits_hold(sign: str) -> None:
    held = {
        name
        for name in CLASSES
        if IgnoreFile.parse(f"[[:{name}:]]").ignores(sign, is_directory=False)
    }
    tests = {
        "alnum": sign.isalnum(),
        "alpha": sign.isalpha(),
        "blank": sign in " \t",
        "cntrl": not sign.isprintable(),
        "digit": sign.isdigit(),
        "graph": sign.isprintable() and sign != " ",
        "lower": sign.islower(),
        "print": sign.isprintable(),
        "punct": sign.isprintable() and not sign.isalnum() and sign != " ",
        "space": sign in " \t\r",
        "upper": sign.isupper(),
        "xdigit": sign in "0123456789abcdefABCDEF",
    }
    assert held == {name for name, holds in tests.items() if holds}


def test_prunes_ignored_directories_and_what_is_below() -> None:
    rules = IgnoreFile.parse("build/\n!build/keep\nx\n!x")
    assert rules.prunes("build")
    assert rules.prunes("a/build/b/c")
    assert rules.ignores("build/keep", is_directory=False)
    assert not rules.ignores("build", is_directory=False)
    assert not rules.prunes("x")
    assert not rules.prunes("a")
    assert not IgnoreFile.parse("*").prunes(".")
    assert not IgnoreFile.parse("*").prunes("")
    assert not IgnoreFile.parse("*").ignores(".", is_directory=True)
    assert not IgnoreFile.parse("*").prunes(ROOT)
    assert IgnoreFile.parse("*").ignores(RelPath("a/b"), is_directory=False)


def test_bytes_that_are_not_text_can_be_named() -> None:
    rules = IgnoreFile.parse("a\udcff\nb?")
    assert rules.ignores("a\udcff", is_directory=False)
    assert not rules.ignores("a\udcfe", is_directory=False)
    assert rules.ignores("b\udcfe", is_directory=False)
    assert not rules.ignores("bé", is_directory=False)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[a", "a '[' in it is not closed"),
        ("[", "a '[' in it is not closed"),
        ("[a\\", "a '[' in it is not closed"),
        ("[[:what:]]", "there is no class of characters '[:what:]'"),
        ("a\\", "it ends in a backslash"),
        ("a//b", "a name in it is empty"),
        ("!", "a name in it is empty"),
        ("/", "a name in it is empty"),
        ("x" * (MAX_LINE + 1), f"it is longer than {MAX_LINE} bytes"),
        ("a" + "**/" * (MAX_SPELLINGS + 1) + "b", "too many '**/' follow each other"),
    ],
)
def test_lines_that_match_nothing_are_problems(line: str, reason: str) -> None:
    rules = IgnoreFile.parse(f"a\n\n{line}\nb")
    assert rules.problems == (
        Problem(
            "line 3",
            f"the line matches nothing: {reason}",
            "correct the line, or put '#' before it",
        ),
    )
    assert rules.lines == ("a", "b")


def test_the_longest_lines_are_read() -> None:
    rules = IgnoreFile.parse("x" * MAX_LINE + "\na" + "**/" * MAX_SPELLINGS + "b")
    assert rules.problems == ()
    assert rules.ignores("x" * MAX_LINE, is_directory=False)
    assert rules.ignores("ab", is_directory=False)
    assert rules.ignores("ax/y/b", is_directory=False)
    assert not rules.ignores("b", is_directory=False)


def test_files_are_equal_when_their_rules_are() -> None:
    one = IgnoreFile.parse("#x\na\n\n!b\n[")
    assert one == IgnoreFile.parse("a\n!b")
    assert hash(one) == hash(IgnoreFile.parse("a\n!b"))
    assert one != IgnoreFile.parse("!b\na")
    assert one.lines == ("a", "!b")
    assert IgnoreFile() == IgnoreFile.parse("")
    assert not IgnoreFile().ignores("a", is_directory=False)


def test_rules_beyond_the_limit_are_one_problem() -> None:
    text = "#\n" + "".join(f"f{number}\n" for number in range(MAX_LINES))
    assert IgnoreFile.parse(text).problems == ()
    rules = IgnoreFile.parse(text + "g\nh")
    assert len(rules.lines) == MAX_LINES
    assert rules.problems == (
        Problem(
            f"line {MAX_LINES + 2}",
            "this line and all below are left out: there are more than 1000 rules, "
            "or more than 32768 bytes of them",
            "ignore directories rather than single files",
        ),
    )
    assert rules.ignores(f"f{MAX_LINES - 1}", is_directory=False)
    assert not rules.ignores("g", is_directory=False)
    bad = IgnoreFile.parse("[\n" * (MAX_LINES + 9))
    assert len(bad.problems) == MAX_LINES + 1


def test_characters_beyond_the_limit_are_one_problem() -> None:
    full = MAX_CHARACTERS // 256
    text = "".join(f"{number:0256}\n" for number in range(full))
    assert IgnoreFile.parse(text).problems == ()
    assert len(IgnoreFile.parse(text + "a").problems) == 1
    assert len(IgnoreFile.parse(text + "a\nb").problems) == 1


def test_what_is_pruned_is_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ignorefile, "MAX_REMEMBERED", 3)
    rules = IgnoreFile.parse("x/")
    for _ in range(2):
        for number in range(9):
            assert rules.prunes(f"{number}/x")
            assert not rules.prunes(f"{number}")
            assert len(rules._pruned) <= 3  # noqa: SLF001 - the bound itself


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"*a*{number}*b" for number in range(100_000)),
        "\n".join("*a" * 200 + "b" for _ in range(1_000)),
        "\n".join("**/a/" * 90 + "b" for _ in range(1_000)),
        "\n".join("[!a-z]" * 80 for _ in range(1_000)),
        "\n".join("[" * 450 for _ in range(20_000)),
        "\\" * 1_000_001,
        "*" * 1_000_000,
        "a" + "**/" * 100_000,
    ],
)
def test_hostile_files_end_quickly(text: str) -> None:
    start = time.process_time()
    rules = IgnoreFile.parse(text)
    for path in ("a/" * 500 + "c", "a" * 255, "b/" * 5 + "aaa" * 60):
        rules.ignores(path, is_directory=False)
    assert time.process_time() - start < PATIENCE
