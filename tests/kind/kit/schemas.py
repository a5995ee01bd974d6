"""Schemas that kubeconform reads, made of what Kubernetes and its extensions publish.

Kubernetes publishes one OpenAPI document for each version, an extension the definitions of its
kinds. Either becomes one file for each kind and version of its group, which needs no other file: it
holds what it refers to. Where fields are listed, no others are let in: an API server would drop
them, and whoever wrote them would never know. Whatever only explains is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

Schema = dict[str, Any]
Files = dict[str, Schema]
"""Schemas by the names of their files."""

FILE: Final = "{{ .Group }}_{{ .ResourceAPIVersion }}_{{ .ResourceKind }}.json"
"""Where kubeconform looks for them."""

_METADATA: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_QUANTITY: Final = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_REFERENCE: Final = "#/definitions/"
_EXPLAINS: Final = frozenset({"description", "format", "default", "example", "externalDocs"})
_LOGIC: Final = frozenset({"allOf", "anyOf", "oneOf", "not"})
_MAPS: Final = frozenset({"properties", "patternProperties"})
_NUMBER_OR_TEXT: Final = ["integer", "string"]
_OPEN: Final = "x-kubernetes-preserve-unknown-fields"
_EITHER: Final = "x-kubernetes-int-or-string"


def file_name(api_version: str, kind: str) -> str:
    """The file of a kind; that of the core group is named for its version twice."""
    group, _, version = api_version.rpartition("/")
    return f"{group or version}_{version}_{kind.lower()}.json"


def of_kubernetes(document: Schema) -> Files:
    """All kinds of the `swagger.json` of a version of Kubernetes."""
    definitions = _definitions(document)
    found: Files = {}
    for name, definition in document["definitions"].items():
        kinds = definition.get("x-kubernetes-group-version-kind", ())
        if len(kinds) != 1 or "properties" not in definition:
            continue  # what belongs to all groups, such as options of requests, is no object
        (kind,) = kinds
        version = "/".join(one for one in (kind["group"], kind["version"]) if one)
        found[file_name(version, kind["kind"])] = _whole(
            definitions[name], version, kind["kind"], definitions
        )
    return found


def of_definition(definition: Schema, kubernetes: Schema) -> Files:
    """All versions of the kind of a CustomResourceDefinition; its metadata are Kubernetes' own."""
    definitions = _definitions(kubernetes)
    spec = definition["spec"]
    kind = spec["names"]["kind"]
    found: Files = {}
    for one in spec["versions"]:
        version = f"{spec['group']}/{one['name']}"
        schema = closed(one["schema"]["openAPIV3Schema"], pruned=True)
        schema["properties"] |= {"metadata": {"$ref": _REFERENCE + _METADATA}}
        found[file_name(version, kind)] = _whole(schema, version, kind, definitions)
    return found


def closed(schema: Any, *, pruned: bool, logic: bool = False) -> Any:
    """The schema without explanations, and with nothing let in that it does not list.

    Of a definition (`pruned`) the API server drops what is not listed also where nothing is listed
    at all. Below `anyOf` and its like a field is not listed, but something is said of it.
    """
    if not isinstance(schema, dict):
        return schema
    found: Schema = {}
    for name, value in schema.items():
        if name.startswith("x-kubernetes-") or name in _EXPLAINS:
            continue
        if name in _MAPS:
            found[name] = {
                field: closed(one, pruned=pruned, logic=logic) for field, one in value.items()
            }
        elif name in _LOGIC and isinstance(value, list):
            found[name] = [closed(one, pruned=pruned, logic=True) for one in value]
        else:
            below = logic or name in _LOGIC
            found[name] = closed(value, pruned=pruned, logic=below)
    if schema.get("format") == "int-or-string" or schema.get(_EITHER):
        found["type"] = list(_NUMBER_OR_TEXT)
    if found.pop("nullable", False) and "type" in found:
        found["type"] = [*_listed(found["type"]), "null"]
    lists = "properties" in found or (pruned and _listed(found.get("type"))[:1] == ["object"])
    if lists and not logic and "additionalProperties" not in found and not schema.get(_OPEN):
        found["additionalProperties"] = False
    return found


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list) else [given]


def _definitions(document: Schema) -> Files:
    found = {name: closed(one, pruned=False) for name, one in document["definitions"].items()}
    return found | {_QUANTITY: {"type": ["string", "number"]}}


def _whole(schema: Schema, version: str, kind: str, definitions: Mapping[str, Schema]) -> Schema:
    """An object of this kind, with all that it refers to."""
    said = {"apiVersion": {"enum": [version]}, "kind": {"enum": [kind]}}
    required = [*schema.get("required", ()), "apiVersion", "kind"]
    if "metadata" in schema["properties"]:
        required.append("metadata")
    found = schema | {
        "properties": schema["properties"] | said,
        "required": sorted({*required}),
    }
    needed: Files = {}
    waiting = [*_references(found)]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed[name] = definitions[name]
            waiting += _references(definitions[name])
    return found | {"definitions": dict(sorted(needed.items()))}


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_REFERENCE)
        for one in schema.values():
            yield from _references(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from _references(one)
