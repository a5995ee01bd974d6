"""What is refused where documents come in, and tolerated of those that are in already."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from stoker.core.errors import GlobError, Problem
from stoker.core.spec import FieldPatch, GatewaySyncSpec, MappingType
from stoker.core.spec.rules import Site, check_spec, warnings
from stoker.core.template import TemplateEngine
from support.specs import a_mapping, a_profile, a_spec, with_mappings, with_profiles

FILE, DIR = MappingType.FILE, MappingType.DIR
BLUE = "spec.sync.profiles.default"
APART = "choose another destination for one of the two"


def refuse_brackets(pattern: str) -> None:
    if "[" in pattern:
        raise GlobError("the class is not closed", where=pattern, cure="close it")


INSIDE = Site(check_glob=refuse_brackets)
ENTRANCE = evolve(INSIDE, is_entrance=True)


def to(*destinations: tuple[str, MappingType | None], **given: Any) -> GatewaySyncSpec:
    mappings = (
        a_mapping(f"s{index}", destination, type=kind, **given)
        for index, (destination, kind) in enumerate(destinations)
    )
    return with_mappings(*mappings)


def needed_by(other: int) -> str:
    return f"is to be a file, and {BLUE}.mappings[{other}].destination needs a folder there"


@pytest.mark.parametrize(
    ("spec", "path", "message", "cure"),
    [
        (
            to(("config/a", FILE), ("config/a/b", None)),
            f"{BLUE}.mappings[0].destination",
            needed_by(1),
            APART,
        ),
        (
            to(("config/a/b/c", DIR), ("./config//a/", FILE)),
            f"{BLUE}.mappings[1].destination",
            needed_by(0),
            APART,
        ),
        (
            to(("config/a", DIR), ("config/a", FILE)),
            f"{BLUE}.mappings[1].destination",
            needed_by(0),
            APART,
        ),
        (
            to((".", FILE)),
            f"{BLUE}.mappings[0].destination",
            "is the data directory, and the mapping is that of a file",
            "give the file's path below the data directory",
        ),
        (
            with_mappings(exclude_patterns=("ok", "[a")),
            f"{BLUE}.excludePatterns[1]",
            "the class is not closed",
            "close it",
        ),
        (
            with_profiles({"default": a_profile()}, exclude_patterns=("[a",)),
            "spec.sync.defaults.excludePatterns[0]",
            "the class is not closed",
            "close it",
        ),
        (
            with_mappings(a_mapping("{{.Vars.siet}}"), vars={"site": "1"}),
            f"{BLUE}.mappings[0].source",
            'uses the variable "siet", which is not defined',
            "did you mean site?",
        ),
        (
            with_mappings(a_mapping(patches=(FieldPatch({"a": "{{.PodNam}}"}, "x"),))),
            f"{BLUE}.mappings[0].patches[0].set.a",
            'uses the name "PodNam", which is not defined',
            "did you mean PodName?",
        ),
    ],
)
def test_one_mistake(spec: GatewaySyncSpec, path: str, message: str, cure: str) -> None:
    assert check_spec(spec, ENTRANCE) == (Problem(path, message, cure),)
    assert check_spec(spec, INSIDE) == ()
    assert warnings(spec, ENTRANCE) == ()


@pytest.mark.parametrize(
    "spec",
    [
        a_spec(),
        to(("config/a", None), ("config/a/b", None)),
        to(("config/a", DIR), ("config/a/b", FILE), ("config", DIR)),
        to(("config/a", FILE), ("config/a", FILE), ("config/ab", FILE)),
        to((".", DIR), (".", None), ("config/a", FILE)),
        to(("{{.Ref}}", FILE), ("{{.Ref}}/x", DIR)),
        to(("../a", FILE), ("a", DIR)),
        with_profiles({"x": a_profile(a_mapping("{{.Vars.a}}"))}, vars={"a": "1"}),
        a_spec(agent=evolve(a_spec().agent, resources={"claims": ({"name": "gpu"},)})),
        a_spec(agent=evolve(a_spec().agent, resources={"claims": None})),
    ],
)
def test_no_mistake(spec: GatewaySyncSpec) -> None:
    assert check_spec(spec, ENTRANCE) == check_spec(spec, INSIDE)


@pytest.mark.parametrize(
    ("text", "engine", "name", "refused"),
    [
        ("{{.Vars.x}}", TemplateEngine.GO, "x", True),
        ("{{if .Ref}}{{.Vars.x}}{{end}}", TemplateEngine.GO, "x", False),
        ("{{or .Ref .Vars.x}}", TemplateEngine.GO, "x", False),
        ("{{ Vars.x }}{{ Vars.y }}", TemplateEngine.JINJA2, "x", False),
        ("{{ Vars['x'] }}", TemplateEngine.JINJA2, "x", False),
        (
            "{% set mine = {} %}{{ Labels.a }}{{ mine.b }}{{ Vars.x }}",
            TemplateEngine.JINJA2,
            "x",
            False,
        ),
        ("{% if x is defined %}{{ x }}{% endif %}", TemplateEngine.JINJA2, "x", False),
    ],
)
def test_a_name_that_not_every_rendering_needs_is_worth_a_word(
    text: str, engine: TemplateEngine, name: str, refused: object
) -> None:
    spec = with_mappings(a_mapping(text, template_engine=engine), vars={"y": ""})
    what = "name" if text.startswith("{% if") else "variable"
    said = f'uses the {what} "{name}", which is not defined'
    problems = check_spec(spec, ENTRANCE)
    cautions = warnings(spec, ENTRANCE)
    assert [one.message for one in (problems if refused else cautions)] == [said]
    assert not (cautions if refused else problems)
    assert [one.message for one in warnings(spec, INSIDE)] == [said]


@pytest.mark.parametrize(
    ("claims", "path"),
    [
        ({"name": "gpu"}, ".claims"),
        ("x", ".claims"),
        (({"name": "gpu"}, {"request": "one"}), ".claims[1]"),
        (({"name": 1},), ".claims[0]"),
        (({"name": "gpu", "request": 1},), ".claims[0]"),
        (({"name": "gpu", "other": "x"},), ".claims[0]"),
        (("gpu",), ".claims[0]"),
    ],
)
def test_claims_of_the_agent_s_resources(claims: Any, path: str) -> None:
    agent = evolve(a_spec().agent, resources={"claims": claims})
    (problem,) = check_spec(a_spec(agent=agent), ENTRANCE)
    assert problem.path == f"spec.agent.resources{path}"
