"""Schemas for kubeconform: nothing is let in that is not listed, and nothing is refused that is.

Broken on purpose, and seen to fail: fields left open, metadata of a definition left as they are,
references of references forgotten, conditions below `anyOf` closed.
"""

from __future__ import annotations

from typing import Any, Final

import pytest
from kit import schemas

META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
KUBERNETES: Final[dict[str, Any]] = {
    "definitions": {
        META: {"type": "object", "properties": {"name": {"type": "string"}}},
        "Pod": {
            "type": "object",
            "description": "A pod.",
            "required": ["spec"],
            "properties": {
                "apiVersion": {"type": "string"},
                "metadata": {"$ref": f"#/definitions/{META}", "default": {}},
                "spec": {"$ref": "#/definitions/PodSpec"},
            },
            "x-kubernetes-group-version-kind": [{"group": "", "kind": "Pod", "version": "v1"}],
        },
        "PodSpec": {"type": "object", "properties": {"port": {"$ref": "#/definitions/Either"}}},
        "Either": {"type": "string", "format": "int-or-string"},
        "Options": {
            "properties": {},
            "x-kubernetes-group-version-kind": [
                {"group": "", "kind": "Options", "version": "v1"},
                {"group": "apps", "kind": "Options", "version": "v1"},
            ],
        },
    }
}


def definition(spec: dict[str, Any]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {"metadata": {"type": "object"}, "spec": spec},
    }
    version = {"name": "v1alpha1", "schema": {"openAPIV3Schema": schema}}
    return {
        "spec": {
            "group": "plant.example",
            "names": {"kind": "Press"},
            "versions": [version, version | {"name": "v1"}],
        }
    }


def of_press(spec: dict[str, Any]) -> Any:
    found = schemas.of_definition(definition(spec), KUBERNETES)
    return found["plant.example_v1_press.json"]


def test_a_kind_is_one_file_with_all_that_it_refers_to() -> None:
    found = schemas.of_kubernetes(KUBERNETES)
    assert [*found] == ["v1_v1_pod.json"], "options of all groups are no object"
    pod = found["v1_v1_pod.json"]
    assert set(pod["definitions"]) == {META, "PodSpec", "Either"}
    assert pod["definitions"]["Either"] == {"type": ["integer", "string"]}
    assert pod["required"] == ["apiVersion", "kind", "metadata", "spec"]
    assert pod["properties"]["apiVersion"] == {"enum": ["v1"]}
    assert pod["properties"]["kind"] == {"enum": ["Pod"]}
    assert pod["additionalProperties"] is False
    assert pod["definitions"]["PodSpec"]["additionalProperties"] is False


def test_each_version_of_a_definition_is_a_file() -> None:
    found = schemas.of_definition(definition({"type": "object"}), KUBERNETES)
    assert [*found] == ["plant.example_v1alpha1_press.json", "plant.example_v1_press.json"]
    for one in found.values():
        assert one["properties"]["metadata"] == {"$ref": f"#/definitions/{META}"}
        assert META in one["definitions"]


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"type": "string", "description": "x"}, {"type": "string"}),
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "object"}, {"type": "object", "additionalProperties": False}),
        (
            {"x-kubernetes-int-or-string": True, "pattern": "^1$"},
            {"type": ["integer", "string"], "pattern": "^1$"},
        ),
        (
            {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            {"type": "object"},
        ),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            {"type": "object", "additionalProperties": {"type": "string"}},
        ),
        (
            {"type": "array", "items": {"type": "object", "properties": {}}},
            {
                "type": "array",
                "items": {"type": "object", "properties": {}, "additionalProperties": False},
            },
        ),
        (
            {
                "type": "object",
                "properties": {"description": {"type": "string", "description": "y"}},
                "anyOf": [{"properties": {"description": {"enum": ["z"]}}}],
                "not": {"required": ["description"], "properties": {}},
            },
            {
                "type": "object",
                "properties": {"description": {"type": "string"}},
                "anyOf": [{"properties": {"description": {"enum": ["z"]}}}],
                "not": {"required": ["description"], "properties": {}},
                "additionalProperties": False,
            },
        ),
    ],
)
def test_what_is_listed_is_all(given: dict[str, Any], made: dict[str, Any]) -> None:
    assert of_press(given)["properties"]["spec"] == made


def test_a_name_is_the_one_that_kubeconform_asks_for() -> None:
    assert schemas.file_name("v1", "Pod") == "v1_v1_pod.json"
    assert schemas.file_name("apps/v1", "ReplicaSet") == "apps_v1_replicaset.json"
