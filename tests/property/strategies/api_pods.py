"""Pods made from the API's own schema, as the `kubernetes` package has it.

Each model of the package says of its fields what they are called in JSON, of what type they are,
and which of them have to be there. A pod is drawn from `V1Pod` downwards: of each object what is
required and a few of the other fields, so that every field of every nested type can occur and no
pod is large. `every_field` gives all of them one after another, each in a pod of its own.

Texts and numbers are legal for their type, not for their meaning: injection does not look at it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from attrs import frozen
from hypothesis import strategies as st
from kubernetes import client

from stoker.core import names
from support.pods import NAMESPACE

Json = Any
Path = tuple[str, ...]

ROOT: Final = "V1Pod"
MOST_OPTIONAL: Final = 3
"""How many fields of an object are drawn beside those that it must have."""
PORT: Final = "int or str"
"""What the package calls an object and is a number or a text."""
LIST, MAP = "[]", "{}"
"""What stands in a path for the items of a list, and the values of a map."""

_INNER: Final = re.compile(r"(?P<outer>List|Dict)\[(?:str, ?)?(?P<inner>.*)\]")


@frozen
class Field:
    """A field of a model."""

    name: str
    type: str
    is_required: bool


@cache
def fields_of(model: str) -> tuple[Field, ...]:
    """The fields of a model, by their names in JSON."""
    made: Any = getattr(client, model)
    required = {
        field.serialization_alias or name
        for name, field in made.model_fields.items()
        if field.is_required()
    }
    free = {name for name, field in made.model_fields.items() if "Dict" in str(field.annotation)}
    told = {
        made.attribute_map[name]: PORT if kind == "object" and name not in free else kind
        for name, kind in made.openapi_types.items()
    }
    assert required <= told.keys(), model
    return tuple(Field(name, kind, name in required) for name, kind in told.items())


def is_model(kind: str) -> bool:
    """Whether a type is one of the package's own."""
    return hasattr(getattr(client, kind, None), "openapi_types")


def within(kind: str) -> tuple[str, str]:
    """What a type is a list or a map of, and which; two empty texts for neither."""
    found = _INNER.fullmatch(kind)
    return (LIST if found["outer"] == "List" else MAP, found["inner"]) if found else ("", "")


# --- One of each ---


def paths(kind: str = ROOT, before: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every field at and below a type, and of what type it is."""
    place, inner = within(kind)
    if place:
        yield from paths(inner, (*before, place))
    elif is_model(kind):
        for field in fields_of(kind):
            yield (*before, field.name), field.type
            yield from paths(field.type, (*before, field.name))


def every_field() -> Iterator[tuple[Path, dict[str, Json]]]:
    """For each field that a pod can have a pod that has it, and little else."""
    for path, _ in paths():
        yield path, _able(_holding(ROOT, path))


def _holding(kind: str, path: Path) -> Json:
    """The least value of a type that has something at a path."""
    place, inner = within(kind)
    first, rest = (path[0], path[1:]) if path else ("", ())
    if place:
        item = _holding(inner, rest)
        return [item] if place == LIST else {"key": item}
    if not is_model(kind):
        return _PLAIN.get(kind, "text")
    return {
        field.name: _holding(field.type, rest if field.name == first else ())
        for field in fields_of(kind)
        if field.is_required or field.name == first
    }


_PLAIN: Final[dict[str, Json]] = {
    "bool": True,
    "int": 7,
    "datetime": "2026-01-31T00:00:00Z",
    "object": {"f:spec": {".": {}}},
    PORT: "http",
}

# --- Any of them ---

_texts = st.sampled_from(
    [
        "",
        "a",
        "web-1",
        "data",
        *names.DATA_VOLUMES,
        names.VOLUME_REPO,
        names.VOLUME_API_KEY,
        f"{names.VOLUME_API_KEY}-stoker-1",
        "/data",
        "/usr/local/bin/ignition/data",
        "500m",
        "2Gi",
        "$(POD_NAME)",
        "a/b~c\u00e9\U0001f525",
        "line\nend",
        "x" * 300,
    ]
)
_numbers = st.sampled_from([0, 1, -1, 420, 8082, 8088, 2003, 2**31 - 1, 2**63 - 1])
_keys = st.sampled_from(["a", "app", "example.com/role", "a~b", "kubernetes.io/arch", "0"])
_free = st.sampled_from([{}, {"f:spec": {"f:a": {}, ".": {}}}, {"a": [None, 1.5, {"b": "c"}]}])
_drawn: Final[dict[str, st.SearchStrategy[Json]]] = {
    "bool": st.booleans(),
    "int": _numbers,
    "str": _texts,
    "datetime": st.just("2026-01-31T00:00:00Z"),
    "object": _free,
    PORT: _numbers | _texts,
}


@cache
def values(kind: str) -> st.SearchStrategy[Json]:
    """Values of a type."""
    place, inner = within(kind)
    if place == LIST:
        return st.lists(values(inner), max_size=2)
    if place == MAP:
        return st.dictionaries(_keys, values(inner), max_size=2)
    return _objects(kind) if is_model(kind) else _drawn[kind]


@st.composite
def _objects(draw: st.DrawFn, kind: str) -> dict[str, Json]:
    required = [one for one in fields_of(kind) if one.is_required]
    others = [one for one in fields_of(kind) if not one.is_required]
    some = st.lists(st.sampled_from(others), max_size=MOST_OPTIONAL, unique=True)
    chosen = draw(some) if others else []
    return {one.name: draw(values(one.type)) for one in (*required, *chosen)}


@st.composite
def api_pods(draw: st.DrawFn) -> dict[str, Json]:
    """A pod that asks for the sidecar and can have it, with any fields of the API."""
    pod = draw(values(ROOT))
    # Most of what injection is about lies here.
    pod["spec"] = {**draw(_objects("V1PodSpec")), **draw(_usual), **pod.get("spec", {})}
    return _able(pod)


_usual: Final = st.fixed_dictionaries(
    {},
    optional={
        "containers": st.lists(values("V1Container"), min_size=1, max_size=2),
        "initContainers": st.lists(values("V1Container"), max_size=2),
        "volumes": st.lists(values("V1Volume"), max_size=3),
    },
)


def _able(pod: dict[str, Json]) -> dict[str, Json]:
    """The pod as one that asks for the sidecar and has nothing that stands in its way."""
    pod = {"apiVersion": "v1", "kind": "Pod", **pod}
    metadata, spec = pod.setdefault("metadata", {}), pod.setdefault("spec", {})
    metadata["annotations"] = {**metadata.get("annotations", {}), names.INJECT: "true"}
    if "namespace" in metadata:
        metadata["namespace"] = NAMESPACE
    spec["containers"] = spec.get("containers") or [{"name": "gateway"}]
    for kind in ("initContainers", "containers", "ephemeralContainers", "volumes"):
        # Names are unique among containers of all kinds, and among volumes.
        for number, one in enumerate(spec.get(kind, ())):
            is_known = kind == "volumes" and number == 0 and one["name"]
            one["name"] = one["name"] if is_known else f"{kind.lower()}-{number}"
    for container in spec["containers"]:
        for number, mount in enumerate(container.get("volumeMounts", ())):
            # The data volume must lie where the agent needs nothing, and by no variable.
            mount["mountPath"] = f"/usr/local/bin/ignition/{number}"
            if "$" in mount.get("subPathExpr", ""):
                mount["subPathExpr"] = "a"
    security = spec.get("securityContext", {})
    if security.get("runAsUser") == 0:
        security["runAsUser"] = 2003
    return pod
