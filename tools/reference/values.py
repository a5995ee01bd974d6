"""The page of the chart's values: every value of values.yaml, in its order.

A value's description is the comment directly above it, so what somebody reads in the file and on
the page is one text. Where a group is opened by a comment, that is the section's. Types and bounds
are those of values.schema.json. A value is shown as a whole, and not taken apart, where the schema
does not name its parts or where everybody knows them (`resources`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from attrs import NOTHING, frozen
from tools.reference.table import MARK, alternatives, code, table

CHART: Final = Path(__file__).resolve().parents[2] / "charts" / "stoker-operator"

_HELMS_OWN: Final = {
    "imagePullSecrets": "Secrets for pulling the image.",
    "nameOverride": "In place of the chart's name in names of objects.",
    "fullnameOverride": "In place of release and chart in names of objects.",
    "resources": "Requests and limits.",
    "nodeSelector": "Labels of the nodes on which the pods may run.",
    "tolerations": "Taints of nodes that the pods tolerate.",
    "affinity": "Rules for where the pods run.",
    "priorityClassName": "The pods' PriorityClass.",
    "podAnnotations": "Further annotations of the pods.",
    "podLabels": "Further labels of the pods.",
    "labels": "Further labels.",
    "annotations": "Further annotations.",
    "pullPolicy": "When the kubelet pulls.",
    "port": "The port.",
    "type": "The type of the Service.",
    "enabled": "Whether it is on.",
}
"""What charts call alike; a comment in the file counts more."""
_WHOLE: Final = frozenset({"resources"})
_PAGE: Final = re.compile(r"docs/([a-z/-]+\.md)")
_WRITTEN: Final = re.compile(r"(?:(?<=: )|^)\[.*\]$|(?<=for example )\{.*\}(?=\.?$)")
_INTRODUCTION: Final = """
# Values of the chart

Every value of `charts/stoker-operator/values.yaml`. [The chart](../chart.md) tells how they go
together. A value that is not here is refused, with its path, and so is one of another type.

`helm show values charts/stoker-operator` prints the same as a file.
"""


@frozen
class Value:
    """One value of the file."""

    path: str
    description: str
    default: Any
    schema: Mapping[str, Any]

    @property
    def group(self) -> str:
        """The first part of its path."""
        return self.path.partition(".")[0]


def page() -> str:
    """The page."""
    lines = [MARK, "", _INTRODUCTION.strip(), ""]
    groups = _groups()
    plain = [value for value in values() if value.path == value.group]
    lines += ["## Of the whole chart", "", *_table(plain), ""]
    for name in dict.fromkeys(value.group for value in values() if value.path != value.group):
        lines += [f"## {name}", "", *([_prose(groups[name]), ""] if groups[name] else [])]
        lines += [*_table(value for value in values() if value.group == name), ""]
    return "\n".join(lines).rstrip() + "\n"


@cache
def values() -> tuple[Value, ...]:
    """Every value, in the order of the file."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    return tuple(_walk("", _root(), schema, schema["definitions"]))


@cache
def _text() -> str:
    return (CHART / "values.yaml").read_text()


@cache
def _lines() -> list[str]:
    return _text().splitlines()


@cache
def _root() -> yaml.MappingNode:
    root = yaml.compose(_text())
    assert isinstance(root, yaml.MappingNode)
    return root


def _groups() -> Mapping[str, str]:
    return {key.value: _comment(key) for key, _ in _root().value}


def _walk(
    above: str, node: yaml.MappingNode, schema: Mapping[str, Any], known: Mapping[str, Any]
) -> Iterator[Value]:
    parts = schema.get("properties", {})
    for key, below in node.value:
        inner = _resolved(parts.get(key.value, {}), known)
        path, comment = f"{above}{key.value}", _comment(key)
        if key.value not in _WHOLE and inner.get("properties") and below.value:
            if above and comment:
                yield Value(path, comment, NOTHING, inner)
            yield from _walk(f"{path}.", below, inner, known)
        else:
            default = yaml.safe_load(yaml.serialize(below))
            yield Value(path, comment or _HELMS_OWN.get(key.value, ""), default, inner)


def _resolved(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = schema
    if "$ref" in schema:
        found = known[schema["$ref"].rpartition("/")[2]]
    if "items" in found:
        return {**found, "items": _resolved(found["items"], known)}
    return found


def _comment(key: yaml.ScalarNode) -> str:
    """The comment lines directly above a key, in its own indentation."""
    lines, at = _lines(), key.start_mark.line
    mark = re.compile(rf" {{{key.start_mark.column}}}# ?(.*)")
    found: list[str] = []
    while at and (comment := mark.fullmatch(lines[at - 1])):
        found.insert(0, comment.group(1))
        at -= 1
    return " ".join(found)


def _table(shown: Iterable[Value]) -> list[str]:
    rows = (
        (code(one.path), _type(one.schema), _default(one.default), _prose(one.description))
        for one in shown
    )
    return table(("Value", "Type", "Default", "What it is"), rows)


def _prose(comment: str) -> str:
    """A comment as a page has it: pages are links, and what is written in a file is code."""
    linked = _PAGE.sub(r"[docs/\1](../\1)", comment)
    return _WRITTEN.sub(_as_code, linked)


def _as_code(found: re.Match[str]) -> str:
    return code(found.group())


def _default(value: object) -> str:
    if value is NOTHING:
        return ""
    if value == "":
        return "empty"
    return code(value if isinstance(value, str) else _flow(value))


def _flow(value: object) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    return text.removesuffix("...\n").strip()


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return alternatives(schema["enum"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return "map of text"
    name = {"array": "list", "boolean": "boolean", "object": "object"}.get(kind, kind)
    low, high = schema.get("minimum"), schema.get("maximum")
    return f"{name}, {low} to {high}" if low is not None and high is not None else name
