"""The CustomResourceDefinition of `GatewaySync`, generated from the types of `core.spec`.

Every field of the types becomes a property with its description, type, bounds and default, so what
the API server takes and what the decoder reads cannot drift apart. `crd_rules` adds what the types
cannot say: rules in CEL, and upper bounds, without which the API server finds rules too costly.

Defaults are written for the spec alone, and only where they say something: an absent field of the
status means "not known", and an absent list is an empty one. The fields that `sync.defaults` and
profiles share have no defaults: a profile's would hide those of `sync.defaults`.

Nothing is imported here but types; the answer is the same whenever it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

from attrs import has

from stoker.adapters.codec import crd_rules
from stoker.core.conditions import MAX_MESSAGE, MAX_REASON, Conditions, ConditionStatus
from stoker.core.names import API_GROUP, API_VERSION, KIND
from stoker.core.spec import Duration, GatewaySyncSpec, GatewaySyncStatus
from stoker.core.spec.document import to_document
from stoker.core.spec.schema import Schema, SpecField, fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PLURAL: Final = "gatewaysyncs"
SINGULAR: Final = "gatewaysync"
SHORT_NAME: Final = "gs"

_LEAVES: Final[Mapping[object, dict[str, Any]]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer", "format": "int64"},
    Duration: {"type": "string"},
    datetime: {"type": "string", "format": "date-time"},
}
_BOUNDS: Final = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}
"""What a bound on the size of each type is called."""

_CONDITION: Final[dict[str, Any]] = {
    "description": "One statement about the CR, as Kubernetes has them everywhere.",
    "type": "object",
    "properties": {
        "type": {
            "description": "What the statement is about.",
            "type": "string",
            "minLength": 1,
            "maxLength": 316,
        },
        "status": {
            "description": "Whether it holds.",
            "type": "string",
            "enum": [str(status.value) for status in ConditionStatus],
        },
        "observedGeneration": {
            "description": "Generation of the spec that it is about.",
            "type": "integer",
            "format": "int64",
            "minimum": 0,
        },
        "lastTransitionTime": {
            "description": "When its status last changed.",
            "type": "string",
            "format": "date-time",
        },
        "reason": {
            "description": "Why, in one word.",
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_REASON,
            "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
        },
        "message": {
            "description": "Why, for people.",
            "type": "string",
            "maxLength": MAX_MESSAGE,
        },
    },
    "required": ["type", "status", "lastTransitionTime", "reason", "message"],
}


def custom_resource_definition() -> dict[str, Any]:
    """The definition as a document for the API server."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{API_GROUP}"},
        "spec": {
            "group": API_GROUP,
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": SINGULAR,
                "shortNames": [SHORT_NAME],
            },
            "scope": "Namespaced",
            "versions": [_version()],
        },
    }


def _version() -> dict[str, Any]:
    return {
        "name": API_VERSION.rpartition("/")[2],
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": _columns(),
        # What is handed out is the caller's own.
        "schema": {"openAPIV3Schema": deepcopy(_resource())},
    }


def _columns() -> list[dict[str, Any]]:
    def of_condition(kind: str, field: str) -> str:
        return f'.status.conditions[?(@.type=="{kind}")].{field}'

    columns = (
        # Not the spec's: a range of versions and a requested ref end here as well.
        ("Ref", "string", ".status.lastSyncRef", 0),
        ("Gateways", "string", of_condition("AllGatewaysSynced", "message"), 0),
        ("Ready", "string", of_condition("Ready", "status"), 0),
        ("Status", "string", of_condition("Ready", "message"), 0),
        ("Age", "date", ".metadata.creationTimestamp", 0),
        ("Commit", "string", ".status.lastSyncCommitShort", 1),
        ("Profiles", "integer", ".status.profileCount", 1),
        ("Last Sync", "date", ".status.lastSyncTime", 1),
    )
    return [
        {"name": name, "type": kind, "jsonPath": path} | ({"priority": rank} if rank else {})
        for name, kind, path, rank in columns
    ]


def _resource() -> dict[str, Any]:
    spec = {"description": "What the user asks for."}
    status = {"description": "What the controller tells of it."}
    return {
        "description": "Keeps the files of Ignition gateways in step with a Git repository.",
        "type": "object",
        "properties": {
            "apiVersion": {"description": f"Always {API_VERSION}.", "type": "string"},
            "kind": {"description": f"Always {KIND}.", "type": "string"},
            "metadata": {"type": "object"},
            "spec": spec | schema_of_type(GatewaySyncSpec),
            "status": status | schema_of_type(GatewaySyncStatus, defaults=False),
        },
        "required": ["spec"],
    }


def schema_of_type(kind: Any, *, defaults: bool = True) -> dict[str, Any]:  # noqa: ANN401 - a type
    """The schema of what has this type, without what its field says of it."""
    if kind in _LEAVES:
        return dict(_LEAVES[kind])
    if kind is Conditions:
        keys = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}
        return {"type": "array", **keys, "items": _CONDITION}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"type": "string", "enum": [str(member.value) for member in kind]}
    if isinstance(kind, type) and has(kind):
        return _object(kind, defaults=defaults)
    return _composed(kind, defaults=defaults)


def _composed(kind: Any, *, defaults: bool) -> dict[str, Any]:  # noqa: ANN401 - a type
    """The schema of a list, a map, or what may be absent."""
    parts = get_args(kind)
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _bounded(parts[0], defaults=defaults)}
    if get_origin(kind) is Mapping:
        values = _bounded(parts[1], defaults=defaults)
        return {"type": "object", "additionalProperties": values}
    (given,) = (part for part in parts if part is not type(None))
    return schema_of_type(given, defaults=defaults)


def _bounded(kind: Any, *, defaults: bool) -> dict[str, Any]:  # noqa: ANN401 - a type
    """An entry of a list or a map; texts in there have no field to bound them."""
    schema = schema_of_type(kind, defaults=defaults)
    return schema | {"maxLength": crd_rules.MAX_TEXT} if kind is str and defaults else schema


def _object(cls: type[Any], *, defaults: bool) -> dict[str, Any]:
    fields = tuple(_flat(cls))
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            one.json_name: _property(owner, one, defaults=defaults) for owner, one in fields
        },
    }
    if required := [one.json_name for _, one in fields if one.required]:
        schema["required"] = required
    return schema | _rules(crd_rules.OF_OBJECTS.get(cls, ()))


def _flat(cls: type[Any]) -> Iterator[tuple[type[Any], SpecField]]:
    """The fields as the document has them, each with the type that declares it."""
    for one in fields_of(cls):
        if one.schema.inline:
            yield from _flat(one.type)
        else:
            yield cls, one


def _property(owner: type[Any], one: SpecField, *, defaults: bool) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": one.schema.description}
    if one.schema.opaque:
        schema |= {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        return schema
    schema |= schema_of_type(one.type, defaults=defaults)
    if defaults:
        schema |= _default(one)
    of_field = crd_rules.OF_FIELDS.get((owner, one.name), crd_rules.NOTHING_MORE)
    schema |= _bounds(one.schema, of_field.most, schema["type"])
    schema |= of_field.words
    return schema | _rules((*_key_rules(one.schema), *of_field.rules))


def _bounds(schema: Schema, most: int | None, kind: str) -> dict[str, int]:
    named = {"minimum": schema.minimum, "maximum": schema.maximum}
    if kind in _BOUNDS:
        least_name, most_name = _BOUNDS[kind]
        named[least_name] = schema.min_length if kind == "string" else schema.min_items
        named[most_name] = most
    return {name: bound for name, bound in named.items() if bound is not None}


def _default(one: SpecField) -> dict[str, Any]:
    """What the API server writes where the field is absent."""
    if one.required or one.default is None:
        return {}
    plain = to_document(one.default)
    if plain in ([], {}):
        return {}
    # An object's fields have defaults of their own, which fill in an empty one.
    return {"default": {} if has(type(one.default)) and isinstance(plain, dict) else plain}


def _key_rules(schema: Schema) -> tuple[crd_rules.Rule, ...]:
    return () if schema.key_pattern is None else (crd_rules.legal_keys(schema.key_pattern),)


def _rules(rules: tuple[crd_rules.Rule, ...]) -> dict[str, Any]:
    return {"x-kubernetes-validations": [rule.document() for rule in rules]} if rules else {}
