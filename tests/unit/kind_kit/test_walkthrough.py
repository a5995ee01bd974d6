"""What is compared with a page of the documentation, and how little may differ."""

from __future__ import annotations

from pathlib import Path

import pytest
from cluster import Problem
from kit import readers
from kit.inventory import added
from kit.walkthrough import Walkthrough, altered, is_as_shown, shape, steps_of

PAGE = """Before.

```bash
export NAME=theirs   # the reader's
```

## One

```bash
greeting="hello $NAME"
```

```console
$ nobody runs this
```

## Two

```bash
echo more
echo "$greeting"
```

```text
hello ours
```
"""


def walkthrough(tmp_path: Path, page: str) -> Walkthrough:
    return Walkthrough(page, tmp_path, {"PATH": "/usr/bin:/bin"})


def test_what_an_earlier_block_sets_is_there_in_a_later_one(tmp_path: Path) -> None:
    page = altered(PAGE, {}, {"NAME": "ours"})
    walk = walkthrough(tmp_path, page)
    assert walk.does("") == walk.does("One") == [""]
    assert not walk.is_done()
    assert walk.does("Two") == ["more\nhello ours\n"]
    assert walk.is_done()
    with pytest.raises(Problem, match="no section 'Two'"):
        walk.does("Two")


def test_a_command_that_fails_and_one_that_prints_something_else_are_told(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ends with 1:\nno"):
        walkthrough(tmp_path, "```bash\necho no\nfalse | cat\n```\n").does("")
    with pytest.raises(AssertionError, match="shows\nyes\n\nand prints\nno"):
        walkthrough(tmp_path, "```bash\necho no\n```\n\n```text\nyes\n```\n").does("")


@pytest.mark.parametrize(
    ("replaced", "variables", "why"),
    [
        ({"Before": "After", "e": "E"}, {"NAME": "ours"}, "times and not once: 'e'"),
        ({"nowhere": "here"}, {"NAME": "ours"}, "0 times and not once"),
        ({}, {}, r"set \['NAME'\], and given are \[\]"),
        ({}, {"NAME": "a", "OTHER": "b"}, r"given are \['NAME', 'OTHER'\]"),
    ],
)
def test_a_change_without_a_place_is_an_error(
    replaced: dict[str, str], variables: dict[str, str], why: str
) -> None:
    with pytest.raises(Problem, match=why):
        altered(PAGE, replaced, variables)


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("NAME   AGE\nline-a 12s\n", "NAME     AGE\nline-a   4m10s\n"),
        ("first\nlast\n", "last\n"),
        ("a\nb\nc\n", "a\n…\nc\n"),
        ("a\nc\n", "…\na\n…\nc\n"),
        ("it is long, and goes on\n", "it is long…\n"),
        ("pod-7dd955b1f2-s9psv 1/1\n", "pod-85b67b7444-pql5q 1/1\n"),
        ("at 2026-11-21T20:43:25+00:00, 1eb719f\n", "at 2026-01-01T00:00:00Z, abc1234\n"),
    ],
)
def test_what_differs_each_time_is_as_shown(printed: str, shown: str) -> None:
    assert is_as_shown(printed, shown)


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("2/3 synced\n", "3/3 synced\n"),
        ("last\nmore\n", "last\n"),
        ("blast\n", "last\n"),
        ("a\nb\nc\n", "a\nc\n"),
        ("it is\n", "it is long…\n"),
        ("", "last\n"),
    ],
)
def test_anything_else_is_not(printed: str, shown: str) -> None:
    assert not is_as_shown(printed, shown)


def test_the_shape_of_a_line_keeps_its_words() -> None:
    assert shape("line-a   main   2/3 synced   False   20s") == "line-a main 2/3 synced False AGE"


def test_the_quickstart_has_every_place_that_is_changed() -> None:
    """What `test_quickstart.py` would find out on a cluster."""
    names = ("IMAGE", "TAG", "GATEWAY_IMAGE", "REPO", "CHECKOUT", "GIT_TOKEN_FILE", "API_KEY_FILE")
    page = altered(readers.PAGE.read_text(), readers.REPLACED, dict.fromkeys(names, "ours"))
    steps = steps_of(page)
    assert [title for title in steps if title[:1].isdigit()] == [
        "0. The image",
        "1. Install Stoker",
        "2. Secrets",
        "3. What the gateways follow",
        "4. The gateways",
        "5. Push",
    ]
    assert "…" not in "".join(step.commands for listed in steps.values() for step in listed)


def test_what_has_come_leaves_out_what_every_namespace_has() -> None:
    before = frozenset({("Pod", "a", "old")})
    now = before | {
        ("Namespace", "", "mine"),
        ("ServiceAccount", "mine", "default"),
        ("ServiceAccount", "mine", "another"),
        ("ConfigMap", "mine", "kube-root-ca.crt"),
    }
    assert added(before, now, besides="mine") == {("ServiceAccount", "mine", "another")}
    assert len(added(before, now)) == 4
