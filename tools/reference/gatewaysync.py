"""The page of GatewaySync: every field of its definition.

The definition is the one that `stoker crd` prints. Each object of it becomes a section, in the
order of the document, and each property a row: type and bounds, default, description, and what
the API server's rules say in words. What is an object too is a link to its section. Fields that
profiles share with `sync.defaults` have no default in the definition, since it would hide the
defaults' value; theirs are read from `ResolvedProfile`, which is what an agent goes by.

`gatewaysync_notes` has what a definition has no room for: a sentence more, an example.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from tools.reference.gatewaysync_notes import INTRODUCTION, NOTES
from tools.reference.table import MARK, alternatives, code, table

from stoker.adapters.codec.crd_schema import custom_resource_definition
from stoker.core.profile import ResolvedProfile
from stoker.core.spec.document import to_document
from stoker.core.spec.schema import fields_of

Schema: TypeAlias = Mapping[str, Any]

DEFAULTS: Final = "spec.sync.defaults"
PROFILE: Final = "spec.sync.profiles.*"
_SECRET_KEY: Final = frozenset({"name", "key"})
_SECRET_SECTION: Final = "A key of a Secret"  # noqa: S105 - a heading


def page() -> str:
    """The page."""
    schema = definition()
    lines = [MARK, "", INTRODUCTION.strip(), "", *_columns(), ""]
    for part in ("spec", "status"):
        lines += _section(part, schema["properties"][part])
    lines += _secret_key(schema)
    return "\n".join(lines).rstrip() + "\n"


def definition() -> Schema:
    """The schema of the only version."""
    (version,) = custom_resource_definition()["spec"]["versions"]
    schema: Schema = version["schema"]["openAPIV3Schema"]
    return schema


def properties(path: str, schema: Schema) -> Iterator[tuple[str, Schema, Schema]]:
    """Every property below `path`: its path, its schema, the object that it belongs to."""
    for name, below in schema.get("properties", {}).items():
        yield f"{path}.{name}", below, schema
        inner, step = _inside(below)
        yield from properties(f"{path}.{name}{step}", inner)


def _inside(schema: Schema) -> tuple[Schema, str]:
    """The object that a property holds, itself or in a list or a map."""
    if "items" in schema:
        return schema["items"], "[]"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return schema["additionalProperties"], ".*"
    return schema, ""


def _columns() -> list[str]:
    (version,) = custom_resource_definition()["spec"]["versions"]
    columns = version["additionalPrinterColumns"]
    return [
        "`kubectl get gatewaysyncs` (short: `gs`) shows:",
        "",
        *table(
            ("Column", "What it is", "Shown"),
            (
                (column["name"].upper(), code(column["jsonPath"]), _when(column))
                for column in columns
            ),
        ),
    ]


def _when(column: Mapping[str, Any]) -> str:
    return "with `-o wide`" if column.get("priority") else "always"


def _section(path: str, schema: Schema) -> list[str]:
    title = path.replace(".*", ".{name}")
    lines = [f"## {title}", ""]
    if text := schema.get("description"):
        lines += [text, ""]
    if rules := " ".join(map(_sentence, _rules(schema))):
        lines += [f"*{rules}*", ""]
    if path in NOTES:
        lines += [NOTES[path].strip(), ""]
    own = _own(path, schema)
    rows = [_row(f"{path}.{name}", name, own[name], schema) for name in own]
    lines += [*_table(path, rows), ""]
    if path == PROFILE:
        lines += ["All fields of [spec.sync.defaults](#specsyncdefaults) stand here as well.", ""]
    for name, below in own.items():
        inner, step = _inside(below)
        if _has_section(inner):
            lines += _section(f"{path}.{name}{step}", inner)
    return lines


def _table(path: str, rows: Iterable[tuple[str, ...]]) -> list[str]:
    if path.startswith("status"):  # what nobody writes has no default
        return table(("Field", "Type", "What it is"), (row[:2] + row[3:] for row in rows))
    return table(("Field", "Type", "Default", "What it is"), rows)


def _own(path: str, schema: Schema) -> Mapping[str, Schema]:
    found: Mapping[str, Schema] = schema["properties"]
    if path != PROFILE:
        return found
    shared = definition()["properties"]["spec"]["properties"]["sync"]["properties"]["defaults"]
    return {name: below for name, below in found.items() if name not in shared["properties"]}


def _has_section(schema: Schema) -> bool:
    return bool(schema.get("properties")) and not _is_secret_key(schema)


def _is_secret_key(schema: Schema) -> bool:
    return bool(schema.get("properties", {}).keys() == _SECRET_KEY)


def _row(path: str, name: str, schema: Schema, owner: Schema) -> tuple[str, ...]:
    said = [schema.get("description", "")]
    if not _has_section(schema):
        said += map(_sentence, _rules(schema))
    if path in NOTES and not _has_section(_inside(schema)[0]):
        said.append(NOTES[path].strip())
    default = _default(path, name, schema, owner)
    return code(name), _type(path, schema), default, " ".join(filter(None, said))


def _default(path: str, name: str, schema: Schema, owner: Schema) -> str:
    if name in owner.get("required", ()):
        return "required"
    if "default" in schema and schema["default"] != {}:
        return code(_json(schema["default"]))
    if path.startswith(f"{DEFAULTS}."):
        return code(_json(shared_defaults()[name]))
    return ""


def shared_defaults() -> Mapping[str, Any]:
    """What counts where neither `sync.defaults` nor the profile says anything."""
    return {
        field.json_name: to_document(field.default)
        for field in fields_of(ResolvedProfile)
        if not field.required
    }


def _json(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _type(path: str, schema: Schema) -> str:
    inner, step = _inside(schema)
    if step:  # an element's bounds stand in parentheses, so as not to be taken for the list's
        what = "list of" if step == "[]" else "map of"
        element, *sizes = _type(path + step, inner).split(", ", 1)
        bounds = f" ({sizes[0]})" if sizes else ""
        return ", ".join([f"{what} {element}{bounds}", *_sizes(schema)])
    if _is_secret_key(schema):
        return f"[{_SECRET_SECTION[:1].lower()}{_SECRET_SECTION[1:]}](#{_anchor(_SECRET_SECTION)})"
    if _has_section(schema):
        return f"[object](#{_anchor(path.replace('.*', '.{name}'))})"
    if "enum" in schema:
        return alternatives(schema["enum"])
    named: str = schema.get("type", "any JSON")
    name = "time" if schema.get("format") == "date-time" else named
    return ", ".join([name, *_sizes(schema)])


def _sizes(schema: Schema) -> Iterator[str]:
    for kind, unit in (
        ("Length", " characters"),
        ("Items", " entries"),
        ("Properties", " entries"),
    ):
        low, high = schema.get(f"min{kind}"), schema.get(f"max{kind}")
        yield from _range(low or None, high, unit)
    yield from _range(schema.get("minimum"), schema.get("maximum"), "")


def _range(low: int | None, high: int | None, unit: str) -> Iterator[str]:
    if low is not None and high is not None:
        yield f"{low:,} to {high:,}{unit}"
    elif high is not None:
        yield f"at most {high:,}{unit}"
    elif low is not None:
        yield f"at least {low:,}{unit}"


def _rules(schema: Schema) -> Iterator[str]:
    for rule in schema.get("x-kubernetes-validations", ()):
        yield rule["message"]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _anchor(title: str) -> str:
    """As Markdown makes it from a heading, for the characters that our headings have."""
    kept = (letter for letter in title.lower() if letter.isalnum() or letter in " -_")
    return "".join(kept).strip().replace(" ", "-")


def _secret_key(schema: Schema) -> list[str]:
    every = (below for _, below, _ in properties("", schema) if _is_secret_key(below))
    example = next(every)
    rows = [_row(f".{name}", name, below, example) for name, below in example["properties"].items()]
    return [
        f"## {_SECRET_SECTION}",
        "",
        "The Secret is always in the namespace of the GatewaySync. Another one cannot be named.",
        "",
        *table(("Field", "Type", "Default", "What it is"), rows),
    ]
