"""How much text there may be: what is too much is said, and nothing of it is parsed."""

from __future__ import annotations

import pytest

from stoker.core.errors import Problem
from stoker.core.profile import resolve_profiles
from stoker.core.spec import FieldPatch, GatewaySync, GatewaySyncSpec, ObjectMeta
from stoker.core.spec.rules import ANYWHERE, check, check_spec
from stoker.core.spec.rules.volume import MOST_PATTERNS, MOST_TEMPLATES
from support.specs import a_mapping, a_profile, with_mappings, with_profiles

CURE = "write less, or divide the gateways among GatewaySyncs"


def text(length: int) -> str:
    return "{{" + "x" * (length - 2)


def patterns(length: int) -> GatewaySyncSpec:
    half = "x" * (length // 2)
    patched = a_mapping(patches=(FieldPatch({}, half),))
    return with_profiles({"one": a_profile(patched)}, exclude_patterns=(half,))


def templates(length: int) -> GatewaySyncSpec:
    third = text(length // 4)
    patched = a_mapping(third, third, patches=(FieldPatch({"a": third}, "f"),))
    return with_profiles({"one": a_profile(patched), "two": a_profile(a_mapping(third))})


@pytest.mark.parametrize(
    ("spec", "what", "most"),
    [
        (templates(MOST_TEMPLATES + 4), "templates", MOST_TEMPLATES),
        (patterns(MOST_PATTERNS + 2), "patterns", MOST_PATTERNS),
    ],
)
def test_too_much(spec: GatewaySyncSpec, what: str, most: int) -> None:
    more = most + (4 if what == "templates" else 2)
    said = f"holds {what} of {more} characters in all, and {most} are the most"
    assert check_spec(spec) == (Problem("spec.sync", said, CURE),)
    whole = GatewaySync(ObjectMeta("x", "y"), spec)
    assert [one.message for one in check(whole, (), ANYWHERE)] == [said]
    with pytest.raises(Exception, match=said):
        resolve_profiles(spec)


@pytest.mark.parametrize("spec", [patterns(MOST_PATTERNS), with_mappings(a_mapping("y" * 1000))])
def test_enough(spec: GatewaySyncSpec) -> None:
    assert all(problem.path != "spec.sync" for problem in check_spec(spec))


def test_what_no_engine_reads_is_no_template() -> None:
    spec = with_mappings(a_mapping(patches=(FieldPatch({"a": "x" * (MOST_TEMPLATES + 1)}, "f"),)))
    assert check_spec(spec) == ()
