"""Tags and their types, as the configuration's tag resources define them.

Types stand in `tag-type-definition/<provider>/…/udts.json`, tags in
`tag-definition/<provider>/<folder>/…/{tags,udts}.json`. A file that cannot be read spoils no
resource: the log has a line, and tags that need what was in it are of type Unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from stoker.testing.gateway.resources import Failure, Unreadable, parsed, spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stoker.testing.gateway.resources import LoadedResource, Read
    from stoker.testing.gateway.tree import Folder

UNKNOWN: Final = "Unknown"
_TYPES: Final = "tag-type-definition"
_TAGS: Final = "tag-definition"
_FILES: Final = ("udts.json", "tags.json")
_TYPES_FOLDER: Final = "_types_"
_DEEPEST: Final = 64


@frozen
class Provider:
    """A tag provider: its types, and its tags with what they are."""

    name: str
    types: frozenset[str] = frozenset()
    tags: Mapping[str, str] = field(factory=dict)
    """By path: `AtomicTag`, `Folder`, the id of a type, or `Unknown`."""


@frozen
class _Row:
    provider: str
    path: str
    kind: str
    type_id: str


def load_tags(
    resources: Iterable[tuple[LoadedResource, Folder]], before: Mapping[str, Provider], read: Read
) -> tuple[dict[str, Provider], list[Failure]]:
    """All providers, after the resources of a lower collection and before those of a higher one."""
    rows: list[_Row] = []
    failures: list[Failure] = []
    lost: list[tuple[str, str]] = []
    for resource, folder in resources:
        provider, _, above = resource.path.name.partition("/")
        if resource.path.module != "ignition" or not provider:
            continue
        prefix = f"{_TYPES_FOLDER}/{above}" if resource.path.type == _TYPES else above
        if resource.path.type not in {_TYPES, _TAGS}:
            continue
        for name in _FILES:
            if name not in folder.files:
                continue
            try:
                content = parsed(read(folder.files[name]), name)
                rows += _rows(provider, prefix.strip("/"), content, 0)
            except (Unreadable, ValueError) as error:
                failures.append(_failure(resource, folder, name, error))
                lost.append((provider, above))
    return _providers(rows, lost, before), failures


def _failure(resource: LoadedResource, folder: Folder, name: str, error: Exception) -> Failure:
    return Failure(
        f"{folder.path}/{name}",
        f"tags of {spelled(resource.path)}: {error}",
        resource.path,
        only_log=True,
    )


def _rows(provider: str, above: str, content: object, depth: int) -> Iterator[_Row]:
    listed = content.get("tags", [content]) if isinstance(content, dict) else content
    if not isinstance(listed, list) or depth > _DEEPEST:
        return
    for item in listed:
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            continue
        kind = str(item.get("tagType", "AtomicTag"))
        path = f"{above}/{item['name']}".strip("/")
        yield _Row(provider, path, kind, _type_id(item.get("typeId")))
        # A type's own members are no tags.
        if kind != "UdtType" and isinstance(item.get("tags"), list):
            yield from _rows(provider, path, item["tags"], depth + 1)


def _type_id(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return text.rpartition(f"{_TYPES_FOLDER}/")[2]


def _providers(
    rows: list[_Row], lost: list[tuple[str, str]], before: Mapping[str, Provider]
) -> dict[str, Provider]:
    types: dict[str, set[str]] = {}
    tags: dict[str, dict[str, str]] = {}
    for provider, above in lost:
        known = before.get(provider, Provider(provider)).tags
        inside = {path: UNKNOWN for path in known if path.startswith(f"{above}/" if above else "")}
        tags.setdefault(provider, {}).update(inside)
    for row in rows:
        if row.kind == "UdtType":
            types.setdefault(row.provider, set()).add(row.path.removeprefix(f"{_TYPES_FOLDER}/"))
    for row in rows:
        inside_types = row.path.partition("/")[0] == _TYPES_FOLDER
        if inside_types or row.kind == "Provider":
            continue
        label = row.kind
        if row.kind == "UdtInstance":
            label = row.type_id if row.type_id in types.get(row.provider, ()) else UNKNOWN
        tags.setdefault(row.provider, {})[row.path] = label
    return {
        name: Provider(name, frozenset(types.get(name, ())), tags.get(name, {}))
        for name in sorted(types.keys() | tags.keys())
    }
