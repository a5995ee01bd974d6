"""Versions, ranges, and the highest tag in one.

`semver_ranges.json` holds what Masterminds/semver 3.5.0 says of each range and version: the
versions that match, or null for a range that it refuses. The two deviations that
`stoker.core.refs.semver` names are not in it; they are tested here.
"""

from __future__ import annotations

import json
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest

from stoker.core.errors import RefError
from stoker.core.refs import Advertisement, CommitId, SemverRange, resolve_semver
from stoker.core.refs.versions import Version

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "semver_ranges.json").read_text())


@pytest.mark.parametrize("case", RECORDED["ranges"], ids=lambda case: repr(case["range"]))
def test_ranges_mean_what_they_mean_to_flux(case: dict[str, Any]) -> None:
    if case["matches"] is None:
        with pytest.raises(RefError):
            SemverRange.parse(case["range"])
        return
    wanted = SemverRange.parse(case["range"])
    assert [tag for tag in RECORDED["versions"] if wanted.matches(tag)] == case["matches"]


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("^*", ["0.0.0", "1.2.3"], ["1.2.3-a"]),
        ("<=*", ["0.0.0", "1.2.3"], []),
        ("1.2 - *", ["1.2.0", "9.0.0"], ["1.1.9"]),
        (">*", [], ["0.0.0", "1.2.3"]),
        ("!=*", [], ["0.0.0", "1.2.3"]),
        (">=1.0.0-0 !=1.2.x", ["1.1.0-a", "1.3.0"], ["1.2.0", "1.2.3-a"]),
        ("!=1.2-rc.1", ["1.3.0"], ["1.2.0", "1.2.7"]),
        ("1||2 - 3", ["1.0.0", "2.5.0", "3.9.0"], ["4.0.0"]),
        (">=1.5 1 - 2", ["1.5.0", "2.9.9"], ["1.4.0", "3.0.0"]),
    ],
)
def test_where_masterminds_contradicts_itself_the_plain_meaning_counts(
    text: str, inside: list[str], outside: list[str]
) -> None:
    wanted = SemverRange.parse(text)
    assert [tag for tag in inside if not wanted.matches(tag)] == []
    assert [tag for tag in outside if wanted.matches(tag)] == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the version range has an empty part"),
        (">=1 ||", "the version range has an empty part"),
        (">=1 <x.y", "the version range is not understood at '<x.y'"),
        ("1,", "the version range has an empty part"),
        (">1 - 2", "the version range has a '-' that is not between two versions"),
        ("1 - 2x", "the version range has a '-' that is not between two versions"),
        ("1.2.3-01", "the version range has an illegal version: '1.2.3-01'"),
        ("1" * 513, "the version range is longer than 512 characters"),
        ("||".join(["1"] * 33), "the version range has more than 32 alternatives"),
        (f"^{2**64}", f"the version range has an illegal version: '^{2**64}'"),
    ],
)
def test_what_is_no_range_is_refused_with_a_cure(text: str, why: str) -> None:
    with pytest.raises(RefError) as caught:
        SemverRange.parse(text)
    assert caught.value.message == why
    assert caught.value.where == (text if len(text) <= 512 else text[:80] + "…")
    assert caught.value.cure == "write a range such as '>=1.2.0 <2.0.0'"


def test_the_limits_themselves_are_allowed() -> None:
    assert SemverRange.parse("||".join(["1"] * 32)).matches("1.0.0")
    assert SemverRange.parse("1.2.3".ljust(512)).matches("1.2.3")
    assert SemverRange.parse("18446744073709551615").matches("18446744073709551615.0.0")


def test_a_range_prints_as_it_was_written() -> None:
    assert str(SemverRange.parse(" >= 1.2 ")) == " >= 1.2 "


IN_ORDER = [
    "0.0.1",
    "1.0.0-0",
    "1.0.0-9",
    "1.0.0-10",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "10.0.0",
]


@pytest.mark.parametrize(("lower", "higher"), [*pairwise(IN_ORDER)])
def test_versions_have_the_order_of_the_standard(lower: str, higher: str) -> None:
    one, other = Version.parse(lower), Version.parse(higher)
    assert one is not None
    assert other is not None
    assert one.precedence < other.precedence


def test_build_metadata_makes_a_difference_but_none_of_precedence() -> None:
    one, other = Version.parse("1.0.0+a"), Version.parse("1.0.0+b")
    assert one is not None
    assert other is not None
    assert one != other
    assert one.precedence == other.precedence
    assert (one.numbers, one.prerelease, one.build) == ((1, 0, 0), "", "a")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "v1.2.3",
        "01.2.3",
        "1.02.3",
        "1.2.03",
        "1.2.3-",
        "1.2.3-01",
        "1.2.3-a..b",
        "1.2.3+",
        "1.2.3+a+b",
        "1.2.3 ",
        "1.2.3\n",
        "1.2.٣",
        "18446744073709551616.0.0",
        "0.18446744073709551616.0",
        "0.0.18446744073709551616",
        "1.2.3-" + "a" * 251,
    ],
)
def test_what_is_no_version(text: str) -> None:
    assert Version.parse(text) is None


def test_a_version_may_be_256_characters_long() -> None:
    assert Version.parse("1.2.3-" + "a" * 250) == Version((1, 2, 3), "a" * 250)


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2.3"])
def test_a_tag_may_have_a_v(tag: str) -> None:
    assert Version.of_tag(tag) == Version((1, 2, 3))


@pytest.mark.parametrize("tag", ["vv1.2.3", "V1.2.3", "x1.2.3", "1.2.3-a.lock", "latest"])
def test_other_tags_are_no_versions(tag: str) -> None:
    assert Version.of_tag(tag) is None
    assert not SemverRange.parse("*-0").matches(tag)


def commit(number: int) -> CommitId:
    return CommitId(f"{number:040x}")


def tags(*names: str) -> Advertisement:
    return Advertisement({f"refs/tags/{name}": commit(i) for i, name in enumerate(names, start=1)})


def test_the_highest_matching_tag_wins() -> None:
    advertised = tags("v1.9.0", "v1.10.0", "v2.0.0", "v1.11.0-rc.1", "latest")
    assert resolve_semver(advertised, SemverRange.parse("^1")) == ("v1.10.0", commit(2))
    assert resolve_semver(advertised, SemverRange.parse("^1-0")) == ("v1.11.0-rc.1", commit(4))
    assert resolve_semver(advertised, SemverRange.parse("*")) == ("v2.0.0", commit(3))


def test_an_annotated_tag_gives_the_commit_behind_it() -> None:
    refs = {"refs/tags/v1.0.0": commit(1), "refs/tags/v1.0.0^{}": commit(2)}
    found = resolve_semver(Advertisement(refs), SemverRange.parse("1"))
    assert found == ("v1.0.0", commit(2))


def test_branches_are_no_versions() -> None:
    refs = {"refs/heads/v2.0.0": commit(1), "v3.0.0": commit(2), "refs/tags/v1.0.0": commit(3)}
    assert resolve_semver(Advertisement(refs), SemverRange.parse("*"))[0] == "v1.0.0"


@pytest.mark.parametrize(
    ("names", "winner"),
    [
        (("1.0.0", "v1.0.0"), "v1.0.0"),
        (("1.0.0+9", "1.0.0+10", "1.0.0"), "1.0.0+10"),
        (("1.0.0+a", "1.0.0+9"), "1.0.0+a"),
        (("1.0.0+a.1", "1.0.0+a", "v1.0.0"), "1.0.0+a.1"),
    ],
)
def test_of_equal_versions_it_is_always_the_same_one(names: tuple[str, ...], winner: str) -> None:
    for order in permutations(names):
        assert resolve_semver(tags(*order), SemverRange.parse("1"))[0] == winner


@pytest.mark.parametrize(
    ("names", "count"), [((), 0), (("latest",), 0), (("v1.0.0", "v1.1.0", "x"), 2)]
)
def test_a_range_without_a_tag_is_an_error(names: tuple[str, ...], count: int) -> None:
    with pytest.raises(RefError) as caught:
        resolve_semver(tags(*names), SemverRange.parse(">=2"))
    assert caught.value.message == (
        f"none of the {count} version tags of the repository lies within the range"
    )
    assert caught.value.where == ">=2"
    assert caught.value.cure == "push a tag such as v1.2.3, or widen spec.git.semver"
