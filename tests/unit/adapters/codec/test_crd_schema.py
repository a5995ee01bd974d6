"""The definition of `GatewaySync`: every field of the types, and nothing that they do not have.

Broken on purpose, and seen to fail: a field left out, a description changed, the defaults of the
status written, a default of another value, inline fields below a name, a rule for a field that is
not there. What the rules let through is asked of the real API server, in tests/kind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, get_args, get_origin

import pytest
from attrs import has

from stoker.adapters.codec import crd_rules
from stoker.adapters.codec.crd import decode_gateway_sync, encode_gateway_sync
from stoker.adapters.codec.crd_schema import custom_resource_definition
from stoker.core.conditions import Condition, Conditions
from stoker.core.spec import GatewaySyncSpec, GatewaySyncStatus
from stoker.core.spec.schema import SpecField, fields_of
from support.specs import a_document

Schema = dict[str, Any]

DEFINITION = custom_resource_definition()
(VERSION,) = DEFINITION["spec"]["versions"]
RESOURCE: Schema = VERSION["schema"]["openAPIV3Schema"]
SPEC: Schema = RESOURCE["properties"]["spec"]
STATUS: Schema = RESOURCE["properties"]["status"]

Pair = tuple[type[Any], SpecField, Schema]


def flat(cls: type[Any]) -> Iterator[tuple[type[Any], SpecField]]:
    for one in fields_of(cls):
        if one.schema.inline:
            yield from flat(one.type)
        else:
            yield cls, one


def objects(cls: type[Any], schema: Schema) -> Iterator[tuple[type[Any], Schema]]:
    """Each object of the types below this one, with the schema that stands for it."""
    yield cls, schema
    for _, one in flat(cls):
        yield from below(one.type, schema["properties"][one.json_name])


def below(kind: Any, schema: Schema) -> Iterator[tuple[type[Any], Schema]]:
    if kind is Conditions:
        return
    if get_origin(kind) is tuple:
        yield from below(get_args(kind)[0], schema["items"])
    elif get_origin(kind) is Mapping:
        if "additionalProperties" in schema:
            yield from below(get_args(kind)[1], schema["additionalProperties"])
    elif isinstance(kind, type):
        if has(kind) and schema["type"] == "object":
            yield from objects(kind, schema)
    else:
        for choice in get_args(kind):
            if choice is not type(None):
                yield from below(choice, schema)


OBJECTS = [*objects(GatewaySyncSpec, SPEC), *objects(GatewaySyncStatus, STATUS)]
PAIRS: list[Pair] = [
    (owner, one, schema["properties"][one.json_name])
    for cls, schema in OBJECTS
    for owner, one in flat(cls)
]


def test_the_names_are_those_of_the_contract() -> None:
    spec = DEFINITION["spec"]
    assert DEFINITION["metadata"] == {"name": "gatewaysyncs.stoker.io"}
    assert spec["names"] == {
        "kind": "GatewaySync",
        "listKind": "GatewaySyncList",
        "plural": "gatewaysyncs",
        "singular": "gatewaysync",
        "shortNames": ["gs"],
    }
    assert (spec["group"], spec["scope"], VERSION["name"]) == (
        "stoker.io",
        "Namespaced",
        "v1alpha1",
    )
    assert (VERSION["served"], VERSION["storage"]) == (True, True)
    assert VERSION["subresources"] == {"status": {}}
    assert RESOURCE["required"] == ["spec"]


def test_the_columns_are_those_of_the_contract() -> None:
    columns = VERSION["additionalPrinterColumns"]
    shown = [one["name"].upper() for one in columns if not one.get("priority")]
    wide = [one["name"].upper() for one in columns if one.get("priority")]
    assert shown == ["REF", "GATEWAYS", "READY", "STATUS", "AGE"]
    assert wide == ["COMMIT", "PROFILES", "LAST SYNC"]


def test_every_field_is_there_and_no_other() -> None:
    assert len(OBJECTS) > 25
    for cls, schema in OBJECTS:
        fields = [one for _, one in flat(cls)]
        assert list(schema["properties"]) == [one.json_name for one in fields], cls
        assert schema.get("required", []) == [one.json_name for one in fields if one.required], cls


@pytest.mark.parametrize(
    ("one", "schema"), [pytest.param(one, schema, id=one.json_name) for _, one, schema in PAIRS]
)
def test_a_field_says_what_the_type_says(one: SpecField, schema: Schema) -> None:
    said = one.schema
    assert schema["description"] == said.description
    assert schema.get("minimum") == said.minimum
    assert schema.get("maximum") == said.maximum
    assert schema.get("minLength") == said.min_length
    assert (schema.get("minItems") or schema.get("minProperties")) == said.min_items
    rules = [rule["rule"] for rule in schema.get("x-kubernetes-validations", ())]
    quoted = json.dumps(f"^(?:{said.key_pattern})$")
    assert any(quoted in rule for rule in rules) == (said.key_pattern is not None)
    assert schema.get("x-kubernetes-preserve-unknown-fields", False) is said.opaque


def test_types_become_the_types_of_the_api() -> None:
    settings = SPEC["properties"]["sync"]["properties"]["defaults"]["properties"]
    assert settings["prune"]["enum"] == ["mirror", "owned", "none"]
    assert settings["dryRun"]["type"] == "boolean"
    assert settings["syncPeriod"]["type"] == "integer"
    assert settings["vars"]["additionalProperties"]["type"] == "string"
    assert SPEC["properties"]["polling"]["properties"]["interval"]["type"] == "string"
    resources = SPEC["properties"]["agent"]["properties"]["resources"]
    assert resources["type"] == "object"
    assert "properties" not in resources
    assert STATUS["properties"]["lastSyncTime"]["format"] == "date-time"


def test_conditions_are_a_map_by_type() -> None:
    conditions = STATUS["properties"]["conditions"]
    assert conditions["x-kubernetes-list-type"] == "map"
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]
    named = {one.json_name for one in fields_of(Condition)}
    assert conditions["items"]["properties"].keys() == named
    assert conditions["items"]["properties"]["status"]["enum"] == ["True", "False", "Unknown"]


# --- Defaults ---


def defaulted(value: Any, schema: Schema) -> Any:
    """`value` as the API server completes it."""
    if isinstance(value, list):
        return [defaulted(item, schema["items"]) for item in value]
    if not isinstance(value, dict):
        return value
    if "additionalProperties" in schema:
        return {key: defaulted(item, schema["additionalProperties"]) for key, item in value.items()}
    properties = schema.get("properties", {})
    given = {name: one["default"] for name, one in properties.items() if "default" in one} | value
    return {name: defaulted(item, properties.get(name, {})) for name, item in given.items()}


def without_empty(value: Any) -> Any:
    if not isinstance(value, dict):
        return [without_empty(item) for item in value] if isinstance(value, list) else value
    kept = {name: without_empty(item) for name, item in value.items()}
    return {name: item for name, item in kept.items() if item not in ({}, [])}


KEY = {"name": "git", "key": "key"}
WHOLE = {
    "git": {
        "repo": "git@git.example:plant/files.git",
        "ref": "v1.0.0",
        "auth": {"sshKey": {"secretRef": KEY}},
    }
}
APP = {"appId": 1, "installationId": 2, "privateKeySecretRef": KEY}
WITH_APP = {"git": {"repo": "https://git.example/a", "ref": "v1", "auth": {"githubApp": APP}}}


@pytest.mark.parametrize("spec", [{}, WHOLE, WITH_APP, {"polling": {"enabled": False}}])
def test_defaults_are_those_of_the_decoder(spec: dict[str, Any]) -> None:
    document = a_document(**spec)
    completed = document | {"spec": defaulted(deepcopy(document["spec"]), SPEC)}
    read = decode_gateway_sync(document)
    assert decode_gateway_sync(completed, strict=True) == read
    assert without_empty(encode_gateway_sync(read)["spec"]) == completed["spec"]


def test_the_status_and_the_shared_settings_have_no_defaults() -> None:
    assert '"default"' not in json.dumps(STATUS)
    sync = SPEC["properties"]["sync"]["properties"]
    assert '"default"' not in json.dumps(sync["defaults"])
    profile = sync["profiles"]["additionalProperties"]["properties"]
    assert '"default"' not in json.dumps({**profile, "mappings": None})


# --- Rules and bounds ---


def test_every_rule_is_about_something_that_is_there() -> None:
    owners = {(owner, one.name) for owner, one, _ in PAIRS}
    assert crd_rules.OF_FIELDS.keys() <= owners
    assert crd_rules.OF_OBJECTS.keys() <= {cls for cls, _ in OBJECTS}


def test_rules_are_written_where_they_belong() -> None:
    for owner, one, schema in PAIRS:
        rules = schema.get("x-kubernetes-validations", [])
        of_field = crd_rules.OF_FIELDS.get((owner, one.name), crd_rules.NOTHING_MORE)
        for rule in of_field.rules:
            assert rule.document() in rules, one.json_name
    for cls, schema in OBJECTS:
        for rule in crd_rules.OF_OBJECTS.get(cls, ()):
            assert rule.document() in schema["x-kubernetes-validations"]


def test_what_a_user_writes_is_bounded() -> None:
    """Without a bound the API server takes the largest possible one, and refuses rules below."""

    def unbounded(schema: Schema, place: str) -> Iterator[str]:
        most = {"array": "maxItems", "object": "maxProperties"}.get(schema["type"])
        if most and "properties" not in schema and most not in schema:
            yield place
        for name, one in schema.get("properties", {}).items():
            yield from unbounded(one, f"{place}.{name}")
        for inner in ("items", "additionalProperties"):
            if inner in schema:
                yield from unbounded(schema[inner], f"{place}[]")

    assert list(unbounded(SPEC, "spec")) == ["spec.agent.resources"]


@pytest.mark.parametrize(
    ("path", "legal"),
    [
        (".", True),
        ("projects/línea 1", True),
        ('{{ index .Labels "a\\n" }}/x', True),
        ("a\\b", False),
        ("a\nb", False),
        ("a\x85b", False),
    ],
)
def test_pattern_of_paths(path: str, legal: bool) -> None:  # noqa: FBT001 - a table
    profile = SPEC["properties"]["sync"]["properties"]["profiles"]["additionalProperties"]
    mapping = profile["properties"]["mappings"]["items"]["properties"]
    for name in ("source", "destination"):
        assert (re.search(mapping[name]["pattern"], path) is not None) is legal


def test_the_definition_is_always_the_same_and_nobody_can_change_it() -> None:
    first = custom_resource_definition()
    before = json.dumps(first)
    resource = first["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    resource["status"]["properties"]["conditions"]["items"].clear()
    resource["spec"]["properties"].clear()
    assert json.dumps(custom_resource_definition()) == before == json.dumps(DEFINITION)
