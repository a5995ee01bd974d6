"""Profile files: the one profile that is meant, or everything that is wrong, each with its line."""

from __future__ import annotations

import json

import pytest

from stoker.adapters.codec.profile_file import InvalidFile, ProfileFile, read_profile_file
from stoker.core.spec import PruneMode
from support.specs import a_document

PROFILE = """\
mappings:
  - source: projects
    destination: projects
prune: owned
"""

SYNC = """\
apiVersion: stoker.io/v1alpha1
kind: GatewaySync
metadata: {name: plant, namespace: line-a}
spec:
  git: {repo: https://git.example/plant.git, ref: v1}
  gateway: {api: {secretName: key}}
  sync:
    defaults:
      vars: {site: north, line: a}
      excludePatterns: ["**/*.bak"]
    profiles:
      default:
        mappings: [{source: projects, destination: projects}]
      blue:
        vars: {line: b}
        mappings: [{source: blue, destination: projects/blue}]
"""


def read(text: str, name: str = "", *, json_only: bool = False) -> ProfileFile:
    return read_profile_file(text, "p.yaml", name, json_only=json_only)


def flaws(text: str, name: str = "", *, json_only: bool = False) -> list[str]:
    with pytest.raises(InvalidFile) as raised:
        read(text, name, json_only=json_only)
    assert raised.value.flaws
    return [str(flaw) for flaw in raised.value.flaws]


def test_the_fields_of_one_profile() -> None:
    found = read(PROFILE)
    assert found.sync is None
    assert found.profile.name == "default"
    assert found.profile.prune is PruneMode.OWNED
    assert [each.source for each in found.profile.mappings] == ["projects"]
    assert read(PROFILE, "blue").profile.name == "blue"


def test_a_profile_of_a_gateway_sync_has_its_defaults() -> None:
    found = read(SYNC, "blue")
    assert found.sync is not None
    assert found.sync.metadata.name == "plant"
    assert found.profile.name == "blue"
    assert found.profile.vars == {"site": "north", "line": "b"}
    assert found.profile.exclude_patterns == ("**/*.bak",)
    assert read(SYNC).profile.name == "default"


def test_json_means_the_same() -> None:
    text = json.dumps(a_document())
    assert read(text, json_only=True) == read(text)


def test_other_kinds_may_stand_beside_it() -> None:
    text = f"kind: Secret\napiVersion: v1\n---\n{SYNC}---\n---\nkind: ConfigMap\n"
    assert read(text).sync is not None


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("", "", "p.yaml: holds nothing (write the fields of a profile into it)"),
        (
            "- 1\n",
            "",
            (
                "p.yaml:1: holds a list, and neither a GatewaySync nor a profile "
                "(name a file with one of them)"
            ),
        ),
        (
            "\nkind: Secret\n",
            "",
            (
                'p.yaml:2: holds the kind "Secret", and neither a GatewaySync nor a profile '
                "(name a file with one of them)"
            ),
        ),
        (
            f"{PROFILE}---\n{PROFILE}",
            "",
            "p.yaml:6: holds 2 documents that could be meant (keep one of them in the file)",
        ),
        (
            SYNC,
            "blu",
            'p.yaml:11: spec.sync.profiles: holds no profile "blu" (did you mean "blue"?)',
        ),
        (
            SYNC,
            "x",
            (
                'p.yaml:11: spec.sync.profiles: holds no profile "x" '
                '(choose one with --profile-name: "blue", "default")'
            ),
        ),
        (
            SYNC.replace("default:\n", "other:\n"),
            "",
            (
                'p.yaml:11: spec.sync.profiles: holds no profile "default" '
                '(choose one with --profile-name: "blue", "other")'
            ),
        ),
        ("a: [", "", "p.yaml:2: is not YAML: did not find expected node content"),
    ],
)
def test_what_is_not_a_profile_says_so(text: str, name: str, expected: str) -> None:
    (told,) = flaws(text, name)
    assert told.startswith(expected)


def test_every_flaw_is_told_at_once_with_its_line() -> None:
    text = """\
mappings:
  - source: ../up
    destination: projects
    tempalte: true
  - destination: x
prune: mirrors
prune: none
vars:
  a: no
  on: x
  port: 8088
dryRun: "yes"
syncPeriod: 1
excludePatterns: ["[", "a"]
"""
    assert flaws(text) == [
        (
            "p.yaml:2: mappings[0].source: the path leaves its root by '..' "
            "(write the path without '..')"
        ),
        (
            "p.yaml:4: mappings[0].tempalte: is not a field that is known here "
            "(did you mean template?)"
        ),
        "p.yaml:5: mappings[1].source: is required (add it: path in the repository, a template)",
        'p.yaml:6: prune: "mirrors" is none of mirror, owned, none (did you mean mirror?)',
        "p.yaml:7: prune: is there twice (remove one of them)",
        'p.yaml:8: vars: has a key that is not text: "a boolean" (put quotes round it)',
        "p.yaml:9: vars.a: must be text, not a boolean (put quotes round it)",
        "p.yaml:11: vars.port: must be text, not a number (put quotes round it)",
        "p.yaml:12: dryRun: must be true or false, not text (write true or false, without quotes)",
        "p.yaml:13: syncPeriod: is 1, but must be from 5 to 3600 (choose a number in this range)",
    ]


def test_a_boolean_of_yaml_is_one_where_the_schema_wants_it() -> None:
    assert read(f"{PROFILE}dryRun: on\n").profile.dry_run is True
    assert read(f"{PROFILE}vars: {{a: 'no'}}\n").profile.vars == {"a": "no"}


def test_a_document_that_is_too_big_is_one_flaw() -> None:
    text = json.dumps({"mappings": [0] * 60_000})
    assert flaws(text) == ["p.yaml: the document holds more than 50000 values (split it up)"]


def test_the_error_names_all_flaws() -> None:
    with pytest.raises(InvalidFile, match=r"^2 problems: p\.yaml:1: prune: .*; p\.yaml:"):
        read("prune: x\nother: y\nmappings: [{source: a, destination: a}]\n")
