"""Trees of files as a gateway has them, written to a disk a resource at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stoker.core.ignition import Dialect, Resource, signature

VIEWS = "com.inductiveautomation.perspective/views"
SCRIPTS = "ignition/script-python"
CORE = "config/resources/core"
DATABASES = f"{CORE}/ignition/database-connection"
TAGS = f"{CORE}/ignition/tag-definition"
TAG_TYPES = f"{CORE}/ignition/tag-type-definition"


def put(data: Path, path: str, content: Any = "") -> Path:
    """Write a file: text, bytes, or anything else as JSON."""
    place = data / path
    place.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(content, str | bytes):
        content = json.dumps(content)
    place.write_bytes(content.encode() if isinstance(content, str) else content)
    return place


def put_project(data: Path, name: str, **values: Any) -> str:
    """Write a project's descriptor; returns the project's folder."""
    put(data, f"projects/{name}/project.json", {"title": name, "enabled": True, **values})
    return f"projects/{name}"


def document(files: Mapping[str, Any], **attributes: Any) -> dict[str, Any]:
    """A `resource.json` that lists these files."""
    return {
        "scope": "G",
        "version": 1,
        "restricted": False,
        "overridable": True,
        "files": sorted(files),
        "attributes": attributes,
    }


def put_resource(
    data: Path, folder: str, files: Mapping[str, Any], *, unary: bool = False, **attributes: Any
) -> str:
    """Write a resource; returns its folder."""
    name = "unary-resource.json" if unary else "resource.json"
    put(data, f"{folder}/{name}", document(files, **attributes))
    for file, content in files.items():
        put(data, f"{folder}/{file}", content)
    return folder


def put_signed(data: Path, folder: str, files: Mapping[str, bytes]) -> str:
    """Write a resource as a gateway of 8.3 signs it."""
    saved: dict[str, Any] = {
        "lastModification": {"actor": "ada", "timestamp": "2025-01-01T00:00:00Z"}
    }
    unsigned = json.dumps(document(files, **saved)).encode()
    signed = signature(Resource(unsigned, files), Dialect.V83)
    return put_resource(data, folder, files, **saved, lastModificationSignature=signed)
