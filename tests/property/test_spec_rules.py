"""Rules: a spec that the contract accepts has no problem, and one fault has one problem, there.

Also: problems come in the order of the document, and whatever typed values a spec holds, the rules
answer with problems and never with an exception.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from property.strategies.specs import (
    gateway_syncs,
    mapping_lists,
    profiles,
    sync_sections,
    sync_settings,
    texts,
)
from stoker.core.profile import GLOBS, resolve_profiles
from stoker.core.spec import (
    FieldPatch,
    GatewaySync,
    SourceMapping,
    SyncProfile,
    SyncSection,
    SyncSettings,
)
from stoker.core.spec.document import to_document
from stoker.core.spec.problems import MAX_PROBLEMS, place_text, ranks_of
from stoker.core.spec.rules import check, check_object, check_spec, warnings
from stoker.core.template import TemplateEngine
from support.specs import a_spec

BREAKING: tuple[tuple[str, str], ...] = (
    ("source", "/abs"),
    ("source", "a/../b"),
    ("source", "a\\b"),
    ("source", "{{.Ref"),
    ("source", ""),
    ("destination", "../x"),
    ("destination", "{{.Ref}}/../x"),
    ("destination", "x\x00"),
)


@given(gateway_syncs)
def test_what_the_contract_accepts_has_no_problem(sync: GatewaySync) -> None:
    """Broken by refusing one method of authentication (`> 1` made `> 0` in `git_auth`)."""
    assert check_object(sync, (), GLOBS) == ()
    assert set(resolve_profiles(sync.spec)) == set(sync.spec.sync.profiles)


@given(sync_sections, st.data())
def test_one_fault_is_one_problem_at_its_place(drawn: SyncSection, data: st.DataObject) -> None:
    """Broken by leaving out the index of a mapping in `walk`: the problem is then elsewhere."""
    name = data.draw(st.sampled_from(sorted(drawn.profiles)))
    profile = drawn.profiles[name]
    index = data.draw(st.integers(0, len(profile.mappings) - 1))
    field, text = data.draw(st.sampled_from(BREAKING))
    fault: dict[str, Any] = {field: text, "template_engine": TemplateEngine.GO, "patches": ()}
    # The other path must be one that Go's templates can read.
    fault |= {"destination" if field == "source" else "source": "plain"}
    broken = evolve(profile.mappings[index], **fault)
    mappings = (*profile.mappings[:index], broken, *profile.mappings[index + 1 :])
    changed = {**drawn.profiles, name: evolve(profile, mappings=mappings)}
    (problem,) = check_spec(a_spec(sync=evolve(drawn, profiles=changed)), GLOBS)
    place = ("spec", "sync", "profiles", name, "mappings", index, field)
    assert problem.path == place_text(place)


wild_texts = (
    texts | st.text(max_size=8) | st.sampled_from(("{{", "{%", "{{.A}}", "/", "..", "[", ""))
)
wild_mappings = st.builds(
    SourceMapping,
    source=wild_texts,
    destination=wild_texts,
    template_engine=st.sampled_from(TemplateEngine),
    patches=st.lists(
        st.builds(
            FieldPatch,
            set=st.dictionaries(wild_texts, wild_texts, max_size=2),
            file=st.none() | wild_texts,
        ),
        max_size=2,
    ).map(tuple),
)
wild_settings = st.builds(
    SyncSettings,
    exclude_patterns=st.none() | st.lists(wild_texts, max_size=2).map(tuple),
    vars=st.none() | st.dictionaries(wild_texts, wild_texts, max_size=2),
    sync_period=st.none() | st.integers(),
    prune_limit_percent=st.none() | st.integers(),
)
wild_sections = st.builds(
    SyncSection,
    profiles=st.dictionaries(
        wild_texts,
        st.builds(
            SyncProfile,
            mappings=st.lists(wild_mappings, max_size=3).map(tuple),
            settings=wild_settings,
        ),
        max_size=2,
    ),
    defaults=wild_settings,
)


@given(wild_sections)
def test_whatever_the_values_the_answer_is_problems(sync: SyncSection) -> None:
    """Broken by catching only `PathError` in `refusal`: a broken glob then escapes."""
    wild = a_spec(sync=sync)
    problems = check_spec(wild, GLOBS)
    assert len(problems) <= MAX_PROBLEMS + 1
    assert all(problem.path and problem.message for problem in problems)
    assert len(set(problems)) == len(problems)
    warnings(wild, GLOBS)


@given(wild_sections)
def test_problems_come_in_the_order_of_the_document(sync: SyncSection) -> None:
    """Broken by not sorting in `listed`: rules of an object then speak before its first field."""
    wild = a_spec(sync=sync)
    place_of = {(finding.problem()): finding.place for finding in check(wild, ("spec",), GLOBS)}
    ranks = ranks_of(to_document(wild), ("spec",))
    found = []
    for problem in check_spec(wild, GLOBS):
        place = place_of[problem]
        while place not in ranks:
            place = place[:-1]
        found.append(ranks[place])
    assert found == sorted(found)


@given(profiles, mapping_lists, sync_settings)
def test_a_mapping_that_is_there_twice_is_found_wherever_it_stands(
    profile: SyncProfile, mappings: tuple[SourceMapping, ...], defaults: SyncSettings
) -> None:
    """Broken by comparing a mapping only with the one before it."""
    distinct = {(one.source, one.destination): one for one in (*profile.mappings, *mappings)}
    several = (*distinct.values(), next(iter(distinct.values())))
    section = SyncSection(profiles={"x": evolve(profile, mappings=several)}, defaults=defaults)
    (problem,) = check_object(section, (), GLOBS)
    assert problem.path == f"profiles.x.mappings[{len(distinct)}]"
    assert problem.message == "has the same source and destination as profiles.x.mappings[0]"
