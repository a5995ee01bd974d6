"""What a gateway's data directory holds: its places, its resources, its answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from stoker.core.ignition import Dialect, Resource, signature
from stoker.core.ignition.resource import MODIFICATION, SIGNATURE
from stoker.core.paths import RelPath
from stoker.core.scan import Answer

_NAMES = (
    ".resources", ".stoker", "db", "gateway.xml", "config", "resources", "local", "core",
    "ignition", "keys", "tags", "valueStore.idb", "user-source", "default", "opcua-module",
    "identity-provider", "api-token", "com.inductiveautomation.opcua", "keystore.pfx", "projects",
    "P", "resource.json",
)  # fmt: skip
_STARTS = (
    "",
    "config/resources/core/ignition/",
    "config/resources/core/ignition/user-source/default/",
    "config/resources/core/ignition/api-token/",
    "config/com.inductiveautomation.opcua/",
    "config/com.inductiveautomation.opcua/keystore.pfx/",
    "config/ignition/",
    "projects/P/",
)


def data_paths() -> st.SearchStrategy[RelPath]:
    """Paths below the data directory; most meet a rule of the table, or nearly."""
    names = st.lists(st.sampled_from(_NAMES), min_size=1, max_size=6).map("/".join)
    return st.builds(lambda start, rest: RelPath(start + rest), st.sampled_from(_STARTS), names)


_texts = st.text(st.characters(codec="utf-8"), max_size=12)
_numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
json_scalars: st.SearchStrategy[Any] = st.none() | st.booleans() | _numbers | _texts
json_values: st.SearchStrategy[Any] = st.recursive(
    json_scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=4,
)

stamps = st.fixed_dictionaries(
    {},
    optional={MODIFICATION: json_values, SIGNATURE: st.text("0123456789abcdef", max_size=64)},
)


@st.composite
def resource_documents(draw: st.DrawFn) -> dict[str, Any]:
    """A `resource.json` that a gateway could have written, without stamps."""
    return {
        "scope": draw(st.sampled_from(("G", "D", "C", "A", "N", "DG", "CG"))),
        "version": draw(st.integers(-(2**31), 2**31 - 1)),
        "restricted": draw(st.booleans()),
        "overridable": draw(st.booleans()),
        **draw(st.fixed_dictionaries({}, optional={"description": _texts, "hint": json_values})),
        "files": draw(st.lists(st.sampled_from(("a.json", "b.bin", "ü.png")), unique=True)),
        "attributes": draw(st.dictionaries(_texts, json_values, max_size=4)),
    }


def written(document: Mapping[str, Any], indent: int | None = None) -> bytes:
    """The bytes of a document, in one of the forms that it can have."""
    return json.dumps(document, indent=indent, ensure_ascii=indent is None).encode()


def stamped(document: Mapping[str, Any], stamp: Mapping[str, Any]) -> dict[str, Any]:
    """The document as it is after a save."""
    return {**document, "attributes": {**document["attributes"], **stamp}}


contents = st.dictionaries(
    st.sampled_from(("a.json", "b.bin", "ü.png")), st.binary(max_size=20), min_size=3
)
dialects = st.sampled_from(Dialect)


@st.composite
def signed_resources(draw: st.DrawFn) -> tuple[Resource, Dialect]:
    """A resource with the right signature, and its dialect."""
    document = stamped(draw(resource_documents()), {SIGNATURE: "0" * 64})
    unsigned = Resource(written(document), draw(contents), unary=draw(st.booleans()))
    dialect = draw(dialects)
    document["attributes"][SIGNATURE] = signature(unsigned, dialect)
    indent = draw(st.none() | st.integers(0, 3))
    return Resource(written(document, indent), unsigned.files, unary=unsigned.unary), dialect


@st.composite
def _nearly_documents(draw: st.DrawFn) -> bytes:
    document = draw(resource_documents())
    member = draw(st.sampled_from(sorted(document)))
    odd = st.lists(json_scalars, min_size=1) if member == "files" else json_values
    if draw(st.booleans()):
        return written({**document, member: draw(odd)})
    text = written(document)
    place = draw(st.integers(0, len(text)))
    return text[:place] + draw(st.binary(max_size=3)) + text[place + 1 :]


def odd_documents() -> st.SearchStrategy[bytes]:
    """Any bytes, any JSON, and a `resource.json` with a few bytes or a member gone wrong."""
    shapeless = st.fixed_dictionaries({"attributes": json_values, "files": json_values})
    return st.binary(max_size=60) | shapeless.map(written) | _nearly_documents()


_items = st.fixed_dictionaries(
    {
        "level": st.sampled_from(("ERROR", "WARN", "INFO", None, 5)),
        "message": st.sampled_from(("m/t/a is odd", "fine", None, 5, ["m/t/a"])),
    },
    optional={
        "id": json_scalars,
        "project": json_scalars,
        "lastcomm": json_scalars,
        "name": st.just("a") | json_scalars,
    },
)
_answer_documents = st.fixed_dictionaries(
    {},
    optional={
        "scanActive": st.booleans() | json_values,
        "lastScanTimestamp": st.integers() | json_values,
        "lastScanDuration": json_values,
        "state": st.sampled_from(("RUNNING", "STARTING")) | json_values,
        "details": st.just("COMMISSIONING") | json_values,
        "items": st.lists(_items | json_values, max_size=4) | json_values,
        "metadata": st.fixed_dictionaries({"total": json_values}) | json_values,
        "message": json_values,
    },
)
bodies = (
    st.binary(max_size=60)
    | json_values.map(lambda value: json.dumps(value).encode())
    | _answer_documents.map(lambda document: json.dumps(document).encode())
)
_statuses = st.just(200) | st.sampled_from((302, 400, 401, 403, 404, 409, 500, 503))
answers = st.builds(
    Answer,
    _statuses | st.integers(-1, 600),
    bodies,
    st.dictionaries(st.sampled_from(("location", "retry-after")), _texts | st.just("/welcome")),
)


def answered_with(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[Answer]:
    """An answer of success whose JSON has these members."""
    return st.fixed_dictionaries(members).map(
        lambda document: Answer(200, json.dumps(document).encode())
    )


lists_of_items = answered_with(items=st.lists(_items | json_values, max_size=4))
pings = answered_with(
    state=st.sampled_from(("RUNNING", "STARTING")),
    details=st.sampled_from(("", "COMMISSIONING")),
)
