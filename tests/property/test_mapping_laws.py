"""Laws 9, 10 and 21: which file goes where, and that asking for one is asking for all."""

from __future__ import annotations

from random import Random

from attrs import evolve
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from property.strategies.commits import CONTEXT, EXCLUDES, edited, profiles, source_mappings, trees
from property.strategies.paths import rel_paths
from stoker.core.globs import Excludes, IgnoreFile
from stoker.core.mapping import FileSpec, MappingError, Survey, survey
from stoker.core.paths import RelPath
from stoker.core.planning import KeptReason
from stoker.core.profile import ResolvedProfile
from stoker.core.spec import SourceMapping
from stoker.core.tree import Tree, changes


def _survey(tree: Tree, profile: ResolvedProfile, ignored: str = "") -> Survey:
    try:
        made = survey(tree, profile, CONTEXT, IgnoreFile.parse(ignored))
        _ = made.files
    except MappingError:
        reject()
    return made


def _by_path(made: Survey) -> dict[RelPath, FileSpec]:
    return {spec.path: spec for spec in made.files}


@given(trees(), st.lists(source_mappings(), min_size=2, max_size=3), st.randoms())
def test_mappings_with_disjoint_destinations_commute(
    tree: Tree, mappings: list[SourceMapping], rng: Random
) -> None:
    """Law 9. Seen to fail with the files in the order of the mappings."""
    for one in mappings:
        for other in mappings:
            if one is not other:
                here, there = RelPath(one.destination), RelPath(other.destination)
                assume(not here.is_within(there))
    profile = ResolvedProfile(name="p", mappings=tuple(mappings))
    shuffled = list(mappings)
    rng.shuffle(shuffled)
    turned = evolve(profile, mappings=tuple(shuffled))
    assert _survey(tree, profile).files == _survey(tree, turned).files


@given(trees(), profiles())
def test_overlapping_mappings_are_last_wins(tree: Tree, profile: ResolvedProfile) -> None:
    """Law 9. Seen to fail with the first mapping winning, in `files` and in `at`."""
    whole = _by_path(_survey(tree, profile))
    assume(whole)
    for count in range(1, len(profile.mappings) + 1):
        last = evolve(profile, mappings=profile.mappings[-count:])
        for path, spec in _by_path(_survey(tree, last)).items():
            assert whole[path].source == spec.source
            assert whole[path].treatment == spec.treatment


@given(trees(), profiles(), EXCLUDES, rel_paths())
def test_more_excludes_never_add_a_file(
    tree: Tree, profile: ResolvedProfile, pattern: str, path: RelPath
) -> None:
    """Law 21. Seen to fail with the excludes of a directory's walk inverted."""
    before = _survey(tree, profile)
    stricter = evolve(profile, exclude_patterns=(*profile.exclude_patterns, pattern))
    after = _survey(tree, stricter)
    assert _by_path(after).keys() <= _by_path(before).keys()
    gone = _by_path(before).keys() - _by_path(after).keys()
    assert all(Excludes([pattern]).matches(each) for each in gone)
    if before.spare(path):
        assert after.spare(path)


@given(trees(), profiles(), st.sampled_from(["a", "*.json", "/a", "b/\n", "!a", "c/**"]))
def test_more_ignores_never_add_a_file(tree: Tree, profile: ResolvedProfile, line: str) -> None:
    """Law 21 for `.stokerignore`. Seen to fail with `ignores` asked for destinations."""
    before = _by_path(_survey(tree, profile))
    after = _survey(tree, profile, line)
    assert _by_path(after).keys() <= before.keys()
    ignored = IgnoreFile.parse(line)
    for path in before.keys() - _by_path(after).keys():
        assert ignored.ignores(before[path].source, is_directory=False)
        assert after.spare(path) is KeptReason.IGNORED


@given(trees(), profiles())
def test_asking_for_one_file_is_asking_for_all(tree: Tree, profile: ResolvedProfile) -> None:
    """`at` agrees with `files`. Seen to fail with `at` leaving out companions."""
    made = _survey(tree, profile)
    files = _by_path(made)
    places = {RelPath(each.destination) for each in profile.mappings}
    for path in [*files, *places, RelPath("a/b/c"), RelPath("projects/x")]:
        if path != ".":
            assert made.at(path) == files.get(path)


@given(st.data())
def test_only_reached_destinations_can_differ(data: st.DataObject) -> None:
    """Cost follows the change.

    Seen to fail with `reached_by` leaving out the signature beside a file, and the mappings but
    the last.
    """
    old = data.draw(trees(), label="old")
    new = data.draw(edited(old), label="new")
    profile = data.draw(profiles(), label="profile")
    before, after = _by_path(_survey(old, profile)), _survey(new, profile)
    reached = after.reached_by(changes(old, new))
    moved = {path: spec for path in reached if (spec := after.at(path)) is not None}
    untouched = {path: spec for path, spec in before.items() if path not in reached}
    assert {**untouched, **moved} == _by_path(after)


@given(trees(), profiles())
def test_the_policy_knows_which_roots_are_populated(tree: Tree, profile: ResolvedProfile) -> None:
    """Seen to fail with only the root's own mapping looked at, and with excludes not asked."""
    made = _survey(tree, profile)
    for root in made.policy().roots:
        assert root.populated is any(spec.path.is_within(root.path) for spec in made.files)


@given(trees(), profiles())
def test_what_is_selected_is_not_spared(tree: Tree, profile: ResolvedProfile) -> None:
    """Law 4 from the other side. Seen to fail with `spares` looking at the first mapping alone."""
    made = _survey(tree, profile)
    for spec in made.files:
        assert made.spare(spec.path) is None


@given(
    trees(), profiles(), st.sampled_from(["", "*.json", "a/"]), st.lists(rel_paths(), max_size=3)
)
def test_to_know_what_was_chosen_spares_only_questions(
    tree: Tree, profile: ResolvedProfile, ignored: str, others: list[RelPath]
) -> None:
    """Seen to fail with chosen paths taken for free although something is ignored."""
    made = _survey(tree, profile, ignored)
    chosen = set(_by_path(made))
    policy = made.policy(chosen=chosen)
    for path in (*chosen, *others):
        assert policy.spare(path) is made.spare(path)
