"""Loading one resource: a folder with its `resource.json` and the files that this lists.

Nothing here changes the disk: a resource whose signature has become stale comes with the document
that would repair it, and the gateway decides what becomes of that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from stoker.core.errors import DecodeError
from stoker.core.ignition import UNARY_NAME, ResourcePath
from stoker.testing.gateway.signatures import Signature, restamped, signature_state

if TYPE_CHECKING:
    from stoker.core.ignition import Dialect
    from stoker.testing.gateway.tree import File, Folder

RESOURCE_NAME: Final = "resource.json"
TAG_TYPES: Final = frozenset({"tag-definition", "tag-type-definition"})
"""Resources whose content is read apart, and never spoils the resource."""

Read = Callable[["File"], bytes]
"""The bytes of a file; raises `Unreadable`."""


@frozen
class Unreadable(Exception):
    """A file that cannot be read, and why."""

    path: str
    why: str


@frozen
class Failure:
    """Something that could not be loaded: the log has it, the answer to the scan has not."""

    place: str
    """The path of the folder or file, from the data directory."""
    message: str
    resource: ResourcePath | None = None
    only_log: bool = False
    """Whether everything counts as loaded all the same."""


@frozen
class LoadedResource:
    """A resource as the gateway holds it."""

    path: ResourcePath
    folder: str
    files: Mapping[str, str]
    """The SHA-256 of each file, the `resource.json` among them, by its path from the data
    directory."""
    enabled: bool = True
    actor: str = ""
    """Who saved it last, as it says itself."""
    signature: Signature = Signature.NONE
    key: tuple[object, ...] = field(default=(), eq=False, repr=False)

    @property
    def title(self) -> str:
        """`module/type/name`, as the log spells it."""
        return spelled(self.path)


@frozen
class Repair:
    """A document that the gateway writes anew, if it is still what it was."""

    path: str
    before: bytes
    after: bytes


def spelled(path: ResourcePath) -> str:
    """A resource as the log spells it."""
    return "/".join(part for part in (path.module, path.type, path.name) if part)


def document_of(folder: Folder) -> str | None:
    """The name of the file that makes `folder` a resource; None if it is none."""
    return next((name for name in (RESOURCE_NAME, UNARY_NAME) if name in folder.files), None)


def key_of(folder: Folder) -> tuple[object, ...]:
    """What tells that the files of a resource are the same as before."""
    own = tuple((name, file.key, file.problem) for name, file in sorted(folder.files.items()))
    parts = (below for _, below in sorted(folder.folders.items()) if document_of(below) is None)
    return (own, *((below.path, key_of(below)) for below in parts))


def load_resource(folder: Folder, path: ResourcePath, read: Read) -> LoadedResource | Failure:
    """The resource that `folder` holds; a failure that names the resource and the reason."""
    try:
        return _loaded(folder, path, read)
    except Unreadable as error:
        return _failure(folder, path, f"{error.path} cannot be read: {error.why}")
    except (DecodeError, ValueError, RecursionError) as error:
        return _failure(folder, path, str(error))


def _failure(folder: Folder, path: ResourcePath, why: str) -> Failure:
    return Failure(folder.path, f"resource {spelled(path)} could not be loaded: {why}", path)


def _loaded(folder: Folder, path: ResourcePath, read: Read) -> LoadedResource:
    name = document_of(folder) or RESOURCE_NAME
    content = read(folder.files[name])
    document = json_object(content, name)
    contents = {listed: _listed(folder, listed, read) for listed in _files(document)}
    if not (path.module == "ignition" and path.type in TAG_TYPES):
        for listed, data in contents.items():
            if listed.endswith(".json"):
                parsed(data, listed)
    attributes = document.get("attributes")
    attributes = attributes if isinstance(attributes, dict) else {}
    held = {name: content, **contents}
    return LoadedResource(
        path,
        folder.path,
        {f"{folder.path}/{each}": _digest(data) for each, data in held.items()},
        enabled=attributes.get("enabled", True) is not False,
        actor=_actor(attributes),
        signature=signature_state(content, contents, unary=name == UNARY_NAME),
        key=key_of(folder),
    )


def repaired(folder: Folder, read: Read, timestamp: str, dialect: Dialect) -> Repair | None:
    """The `resource.json` of a stale resource, signed anew; None where it cannot be."""
    name = document_of(folder) or RESOURCE_NAME
    try:
        before = read(folder.files[name])
        contents = {each: _listed(folder, each, read) for each in _files(json_object(before, name))}
    except (Unreadable, ValueError):
        return None
    after = restamped(
        before, contents, unary=name == UNARY_NAME, timestamp=timestamp, dialect=dialect
    )
    return None if after is None else Repair(f"{folder.path}/{name}", before, after)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _actor(attributes: Mapping[str, object]) -> str:
    saved = attributes.get("lastModification")
    actor = saved.get("actor") if isinstance(saved, dict) else None
    return actor if isinstance(actor, str) else ""


def _files(document: Mapping[str, object]) -> list[str]:
    listed = document.get("files", [])
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise ValueError(f"{RESOURCE_NAME} has no list of files")
    if not isinstance(document.get("scope", "G"), str):
        raise ValueError(f"{RESOURCE_NAME} has a scope that is no text")  # noqa: TRY004 - of the content
    if not isinstance(document.get("version", 1), int):
        raise ValueError(f"{RESOURCE_NAME} has no number as version")  # noqa: TRY004 - of the content
    return listed


def _listed(folder: Folder, name: str, read: Read) -> bytes:
    # Names of files may lead into folders of the resource, as `thumbnails/1.png`.
    *above, last = name.split("/")
    home = folder.at("/".join(above)) if above else folder
    file = home.files.get(last) if home else None
    if file is None:
        raise ValueError(f"{RESOURCE_NAME} lists '{name}', which is not there")
    return read(file)


def parsed(content: bytes, name: str) -> object:
    """The JSON in a file; `ValueError` says which file has none."""
    try:
        return json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is not JSON: {error}") from None


def json_object(content: bytes, name: str) -> dict[str, object]:
    """The JSON object in a file; `ValueError` says which file has none."""
    value = parsed(content, name)
    if not isinstance(value, dict):
        raise ValueError(f"{name} does not hold a JSON object")  # noqa: TRY004 - it is the content's type
    return value
