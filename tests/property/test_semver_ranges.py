"""Ranges are sets of versions: `||` joins, a space or comma intersects, the highest member wins."""

from __future__ import annotations

import operator

import semver
from hypothesis import assume, example, given
from hypothesis import strategies as st

from property.strategies.refs import (
    comparators,
    groups,
    numbers,
    prereleases,
    ranges,
    releases,
    untrusted_ranges,
    versions,
)
from stoker.core.errors import RefError
from stoker.core.refs import Advertisement, CommitId, SemverRange, resolve_semver
from stoker.core.refs.versions import Version

COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


def parsed(text: str) -> Version:
    version = Version.of_tag(text)
    assert version is not None
    return version


@given(versions, versions)
@example("1.0.0-2", "1.0.0-11")
def test_precedence_is_that_of_the_standard(one: str, other: str) -> None:
    """Seen to fail when numeric labels were compared as text."""
    ours = (parsed(one).precedence > parsed(other).precedence) - (
        parsed(one).precedence < parsed(other).precedence
    )
    assert ours == semver.Version.parse(one).compare(other)


@given(st.builds("{}{}{}".format, versions, st.text("0.-+a", max_size=3), versions) | versions)
def test_what_is_a_version_is_one_by_the_standard(text: str) -> None:
    """Seen to fail with leading zeros allowed."""
    assert (Version.parse(text) is not None) is semver.Version.is_valid(text)


@given(st.sampled_from(sorted(COMPARE)), versions, releases)
@example(">", "1.0.0", "1.0.0")
@example(">=", "1.0.0", "1.0.0")
def test_a_complete_comparator_compares(sign: str, bound: str, version: str) -> None:
    """Seen to fail with `>` and `>=` swapped."""
    expected = COMPARE[sign](parsed(version).precedence, parsed(bound).precedence)
    assert SemverRange.parse(f"{sign}{bound}").matches(version) is expected


@given(groups, groups, versions)
def test_or_is_union(one: str, other: str, version: str) -> None:
    """Seen to fail when all alternatives had to accept a version."""
    either = SemverRange.parse(f"{one}||{other}").matches(version)
    parts = (SemverRange.parse(one).matches(version), SemverRange.parse(other).matches(version))
    assert either is any(parts)


@given(st.lists(comparators, min_size=1, max_size=4), releases)
def test_and_is_intersection(texts: list[str], version: str) -> None:
    """Seen to fail when one comparator of several was enough."""
    parts = [SemverRange.parse(text).matches(version) for text in texts]
    for separator in (" ", ",", ", ", " ,  "):
        assert SemverRange.parse(separator.join(texts)).matches(version) is all(parts)


@given(ranges, versions)
def test_a_v_and_build_metadata_make_no_difference(text: str, version: str) -> None:
    """Seen to fail when a tag kept its `v`."""
    wanted = SemverRange.parse(text)
    plain = version.partition("+")[0]
    assert wanted.matches(f"v{version}") is wanted.matches(version) is wanted.matches(plain)


@given(st.lists(comparators, min_size=1, max_size=3), versions)
def test_a_prerelease_needs_one_that_asks_for_prereleases(texts: list[str], version: str) -> None:
    """Seen to fail without the rule."""
    assume(parsed(version).prerelease)
    if SemverRange.parse(" ".join(texts)).matches(version):
        assert any("-" in text for text in texts)


@given(releases, prereleases, versions)
@example("1.2.0", "", "1.2.3")
def test_tilde_is_narrower_than_caret(bound: str, prerelease: str, version: str) -> None:
    """Seen to fail when a caret fixed one number too many."""
    # Below 1.0.0 a caret is no wider: there every minor version may break.
    assume(not bound.startswith("0."))
    if SemverRange.parse(f"~{bound}{prerelease}").matches(version):
        assert SemverRange.parse(f"^{bound}{prerelease}").matches(version)
        assert SemverRange.parse(f">={bound}{prerelease}").matches(version)


@given(numbers, numbers, st.sampled_from(["", ".x", ".*", ".X"]), releases)
def test_a_missing_number_is_any_number(major: str, minor: str, rest: str, version: str) -> None:
    """Seen to fail when `1.2` meant `1.2.0`."""
    is_one = version.startswith(f"{major}.{minor}.")
    assert SemverRange.parse(f"{major}.{minor}{rest}").matches(version) is is_one
    assert SemverRange.parse(f"!={major}.{minor}{rest}").matches(version) is not is_one


tags = st.builds("{}{}".format, st.sampled_from(["", "v"]), versions)


@given(st.data(), st.lists(tags, unique=True, max_size=8), st.just("*-0") | ranges)
def test_the_winner_is_a_member_and_none_is_higher(
    data: st.DataObject, tags: list[str], text: str
) -> None:
    """Seen to fail with the lowest member, and when of equal versions the first one won."""
    wanted = SemverRange.parse(text)
    refs = {f"refs/tags/{tag}": CommitId(f"{i:040x}") for i, tag in enumerate(tags, start=1)}
    members = [tag for tag in tags if wanted.matches(tag)]
    try:
        tag, commit = resolve_semver(Advertisement(refs), wanted)
    except RefError:
        assert not members
        return
    assert tag in members
    assert commit == refs[f"refs/tags/{tag}"]
    highest = max(parsed(member).precedence for member in members)
    assert parsed(tag).precedence == highest
    shuffled = dict(data.draw(st.permutations(list(refs.items()))))
    assert resolve_semver(Advertisement(shuffled), wanted) == (tag, commit)


@given(untrusted_ranges, versions)
def test_only_ref_errors_escape(text: str, version: str) -> None:
    """Seen to fail when numbers were not bounded: `int` refuses very long ones."""
    for candidate in (text, text * 60, "9" * 400 + text):
        try:
            wanted = SemverRange.parse(candidate)
        except RefError as error:
            assert error.cure
            continue
        assert wanted.matches(version) in {True, False}
        assert SemverRange.parse(str(wanted)) == wanted
