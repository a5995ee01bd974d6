"""What a gateway itself writes below its data directory.

Signatures, its cache, what its set-up leaves behind, and what a Designer saves. Files are replaced
by others beside them, as a gateway does it, unless a Designer is said to write in place.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from stoker.core.ignition.ownership import GATEWAY_CACHE
from stoker.core.paths import RelPath
from stoker.testing.gateway.errors import FakeGatewayError, cannot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stoker.testing.gateway.resources import LoadedResource, Repair

IDENTITY: Final = ".uuid"
"""Its presence says that the gateway was commissioned."""
SECURITY: Final = "config/resources/core/ignition/security-properties"

_serial = itertools.count()


def write(data: Path, path: str, content: bytes, *, in_place: bool = False) -> None:
    """Write a file below the data directory; its folders are made where they are missing."""
    place = data / RelPath(path)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if in_place:
            place.write_bytes(content)
            return
        beside = place.with_name(f".{place.name}.{os.getpid()}.{next(_serial)}.tmp")
        beside.write_bytes(content)
        beside.replace(place)
    except OSError as error:
        raise cannot("write", path, error) from error


def is_commissioned(data: Path) -> bool:
    """Whether the gateway of this data directory was set up once."""
    return (data / IDENTITY).exists()


def commission(data: Path, timestamp: str) -> None:
    """Write what the set-up writes: whatever was synced there is gone."""
    identity = hashlib.sha256(os.fsencode(data)).hexdigest()[:32]
    write(data, IDENTITY, identity.encode())
    for name, content in commissioned_files(timestamp).items():
        write(data, f"{SECURITY}/{name}", content)


def commissioned_files(timestamp: str) -> Mapping[str, bytes]:
    """The security properties of a gateway that was just set up."""
    settings = {
        "allowedAuthStrategies": ["default"],
        "forceSecureRedirect": False,
        "gatewayAuditProfile": "",
        "systemIdentityProvider": "default",
        "systemUserSource": "default",
    }
    resource = {
        "scope": "A",
        "version": 1,
        "restricted": False,
        "overridable": True,
        "files": ["config.json"],
        "attributes": {
            "enabled": True,
            "lastModification": {"actor": "system", "timestamp": timestamp},
        },
    }
    return {"config.json": _text(settings), "resource.json": _text(resource)}


def _text(value: object) -> bytes:
    return json.dumps(value, indent=2).encode()


def repair(data: Path, repairs: tuple[Repair, ...]) -> int:
    """Write the documents that were signed anew, unless somebody changed them; how many."""
    done = 0
    for each in repairs:
        with suppress(OSError, FakeGatewayError):
            if (data / each.path).read_bytes() == each.before:
                write(data, each.path, each.after)
                done += 1
    return done


def fill_cache(data: Path, home: str, resources: Mapping[str, LoadedResource]) -> None:
    """Note in the cache beside `home` what is loaded: a file for each, named by its digest."""
    cache = data / home / GATEWAY_CACHE
    with suppress(OSError):
        if not resources:
            return
        cache.mkdir(parents=True, exist_ok=True)
        for digest, resource in resources.items():
            place = cache / digest
            if not place.exists():
                place.write_bytes(_text({"resource": resource.title, "files": resource.files}))
