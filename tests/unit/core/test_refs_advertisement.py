"""What a ref means in what the server advertises."""

from __future__ import annotations

import pytest

from stoker.core.errors import DecodeError, RefError
from stoker.core.refs import (
    Advertisement,
    CommitId,
    RefName,
    SemverRange,
    ref_prefixes,
    resolve_ref,
)


def commit(digit: str) -> CommitId:
    return CommitId(digit * 40)


HEAD, MAIN, BRANCH, LIGHT, OBJECT, PEELED, PULL = (commit(digit) for digit in "1234567")

LISTED = f"""\
ref: refs/heads/main\tHEAD
{HEAD}\tHEAD
{MAIN}\trefs/heads/main
{BRANCH}\trefs/heads/v2.0
{PULL}\trefs/pull/7/head
{LIGHT}\trefs/tags/v1.0
{OBJECT}\trefs/tags/v2.0
{PEELED}\trefs/tags/v2.0^{{}}
"""


@pytest.fixture
def advertised() -> Advertisement:
    return Advertisement.parse(LISTED)


@pytest.mark.parametrize(
    ("ref", "found"),
    [
        ("main", MAIN),
        ("v1.0", LIGHT),
        ("v2.0", PEELED),
        ("refs/heads/v2.0", BRANCH),
        ("refs/tags/v2.0", PEELED),
        ("refs/tags/v1.0", LIGHT),
        ("refs/pull/7/head", PULL),
        ("HEAD", HEAD),
        ("a" * 40, "a" * 40),
        ("A" * 64, "a" * 64),
    ],
)
def test_a_tag_comes_before_a_branch_and_its_commit_before_its_object(
    advertised: Advertisement, ref: str, found: str
) -> None:
    assert resolve_ref(advertised, ref) == found
    assert resolve_ref(advertised, RefName(ref)) == found


@pytest.mark.parametrize(
    ("ref", "cure"),
    [
        ("Main", "did you mean main?"),
        ("mian", "did you mean main?"),
        ("1.0", "did you mean v1.0?"),
        ("v2.1", "did you mean v2.0?"),
        ("heads/main", "did you mean main?"),
        ("refs/tags/main", "did you mean refs/heads/main?"),
        ("refs/heads/v1.0", "did you mean refs/tags/v1.0 or refs/heads/v2.0?"),
        ("1234567", "a commit is named by all 40 or 64 digits of its id"),
        ("123456", "push the branch or tag, or correct spec.git.ref"),
        ("nothing-like-it", "push the branch or tag, or correct spec.git.ref"),
    ],
)
def test_a_ref_that_is_not_there_is_an_error_with_a_cure(
    advertised: Advertisement, ref: str, cure: str
) -> None:
    with pytest.raises(RefError) as caught:
        resolve_ref(advertised, ref)
    assert caught.value.message == "the repository has no such ref"
    assert caught.value.where == ref
    assert caught.value.cure == cure


def test_names_like_the_missing_one_are_few() -> None:
    names = {f"refs/heads/v1.{i}": MAIN for i in range(9)}
    with pytest.raises(RefError) as caught:
        resolve_ref(Advertisement(names), "v1.9")
    assert caught.value.cure.count("v1.") == 3


def test_a_misspelt_name_among_very_many_does_not_stall() -> None:
    names = {f"refs/heads/feature-{i}-{'x' * 100}": MAIN for i in range(50_000)}
    with pytest.raises(RefError):
        resolve_ref(Advertisement(names), "feature-0-" + "y" * 100)


def test_an_illegal_ref_is_refused_before_any_lookup() -> None:
    with pytest.raises(RefError, match="starts with '-'"):
        resolve_ref(Advertisement(), "-x")


def test_names_are_listed_once_without_peeled_ones(advertised: Advertisement) -> None:
    assert list(advertised.names()) == [
        "HEAD",
        "refs/heads/main",
        "refs/heads/v2.0",
        "refs/pull/7/head",
        "refs/tags/v1.0",
        "refs/tags/v2.0",
    ]
    assert advertised.commit_of("refs/tags/v2.0") == PEELED
    assert advertised.commit_of("refs/heads/gone") is None


@pytest.mark.parametrize("text", ["", "\n", "\n\n"])
def test_an_empty_repository_advertises_nothing(text: str) -> None:
    assert Advertisement.parse(text) == Advertisement()


def test_the_same_line_twice_is_harmless() -> None:
    line = f"{MAIN}\trefs/heads/main\n"
    assert Advertisement.parse(line * 2).refs == {"refs/heads/main": MAIN}


def test_long_ids_and_names_that_we_would_refuse_are_read() -> None:
    text = f"{'a' * 64}\trefs/heads/-x y"
    assert Advertisement.parse(text).refs == {"refs/heads/-x y": "a" * 64}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("fatal: not a repository", "is not an id, a tab and a name"),
        (f"{MAIN} refs/heads/main", "is not an id, a tab and a name"),
        (f"{MAIN}\t", "is not an id, a tab and a name"),
        (f"{MAIN}\ta\tb", "is not an id, a tab and a name"),
        (f"{MAIN[:39]}\ta", "is not an id, a tab and a name"),
        (f"{'A' * 40}\ta", "is not an id, a tab and a name"),
        (f"{'0' * 40}\ta", "has an id that is none"),
        (f"{HEAD}\trefs/heads/x", "gives a ref a second, different id"),
        ("ref: refs/heads/main", "is not an id, a tab and a name"),
    ],
)
def test_anything_else_is_no_advertisement(line: str, why: str) -> None:
    with pytest.raises(DecodeError) as caught:
        Advertisement.parse(f"{MAIN}\trefs/heads/x\n{line}\n")
    assert caught.value.message == f"line 2 of the server's refs {why}: {line!r}"
    assert caught.value.where == "git ls-remote"
    assert caught.value.cure == "check that the address is that of a git repository"


def test_a_long_line_is_cut_in_the_error() -> None:
    with pytest.raises(DecodeError) as caught:
        Advertisement.parse("x" * 121)
    assert caught.value.message.endswith(f": '{'x' * 120}'")


@pytest.mark.parametrize(
    ("wanted", "prefixes"),
    [
        (["main"], ("refs/tags/main", "refs/tags/main^{}", "refs/heads/main")),
        (["refs/heads/main"], ("refs/heads/main",)),
        (["refs/tags/v1"], ("refs/tags/v1", "refs/tags/v1^{}")),
        (["refs/pull/7/head"], ("refs/pull/7/head", "refs/pull/7/head^{}")),
        (["HEAD"], ("HEAD",)),
        (["a" * 40], ()),
        ([], ()),
        (["refs/heads/a", "HEAD", "refs/heads/a"], ("refs/heads/a", "HEAD")),
    ],
)
def test_only_what_can_answer_is_asked_for(wanted: list[str], prefixes: tuple[str, ...]) -> None:
    assert ref_prefixes(*map(RefName, wanted)) == prefixes


def test_a_range_asks_for_all_tags() -> None:
    asked = ref_prefixes(SemverRange.parse(">=1"), RefName("refs/heads/main"))
    assert asked == ("refs/tags/", "refs/heads/main")
