"""The data of `stoker-metadata-{cr}`, to and from `Metadata`.

Everything in a ConfigMap is text, so numbers and booleans are written out, and the profiles are
one JSON text, always the same for the same profiles: who watches the ConfigMap sees a change only
when there is one. Keys that nobody knows are passed over and missing ones take the contract's
defaults, because the Go operator and other versions write this ConfigMap too.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

from attrs import evolve

from stoker.adapters.codec.plain import kind_of, plain
from stoker.adapters.codec.structure import read
from stoker.core.errors import DecodeError
from stoker.core.profile import AuthType, Metadata, ResolvedProfile
from stoker.core.spec.document import canonical, to_document
from stoker.core.spec.problems import Finding, listed, ranks_of, shown
from stoker.core.spec.rules import check_bounds

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_CHARACTERS: Final = 1024 * 1024
"""What a ConfigMap can hold at all."""

_PORT: Final = re.compile(r"0*[1-9][0-9]{0,4}", re.ASCII)
_MAX_PORT: Final = 65_535


def encode_metadata(metadata: Metadata) -> dict[str, str]:
    """The ConfigMap's data; the same metadata always gives the same text."""
    profiles = {name: to_document(profile) for name, profile in metadata.profiles.items()}
    for document in profiles.values():
        del document["name"]
    data = {
        "authType": metadata.auth_type.value,
        "commit": metadata.commit,
        "gatewayPort": str(metadata.gateway_port),
        "gatewayTLS": _boolean_text(metadata.gateway_tls),
        "gitURL": metadata.git_url,
        "paused": _boolean_text(metadata.paused),
        "profiles": canonical(profiles),
        "ref": metadata.ref,
    }
    if metadata.requested_at:
        data["requestedAt"] = metadata.requested_at
    return data


def decode_metadata(data: object) -> Metadata:
    """Read the ConfigMap's data, or raise `DecodeError` with everything that is wrong."""
    copied, findings = plain(data)
    if not isinstance(copied, dict):
        raise DecodeError(f"the metadata must be an object, not {kind_of(copied)}")
    found = list(findings)
    values: dict[str, Any] = {}
    for key, (attribute, parse) in _KEYS.items():
        try:
            if text := _text(copied.get(key)):
                values[attribute] = parse(text)
        except DecodeError as error:
            found.append(Finding((key,), error.message, error.cure))
    _raise_for(found, copied, cure="the controller writes it anew at its next look")
    return Metadata(**values)


def _raise_for(findings: list[Finding], document: object, cure: str = "") -> None:
    if findings:
        problems = listed(findings, ranks_of(document))
        raise DecodeError("; ".join(map(str, problems)), cure=cure)


def _boolean_text(value: bool) -> str:  # noqa: FBT001 - the value itself, no switch
    return "true" if value else "false"


# --- Values ---


def _text(value: object) -> str:
    if value is not None and not isinstance(value, str):
        raise DecodeError(f"must be text, not {kind_of(value)}")
    return value or ""


def _as_written(text: str) -> str:
    return text


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise DecodeError(f"{shown(text)} is neither true nor false")
    return text == "true"


def _port(text: str) -> int:
    if not _PORT.fullmatch(text) or int(text) > _MAX_PORT:
        raise DecodeError(f"{shown(text)} is not a port", cure=f"write 1 to {_MAX_PORT}")
    return int(text)


def _auth_type(text: str) -> AuthType:
    try:
        return AuthType(text)
    except ValueError as error:
        known = ", ".join(AuthType)
        raise DecodeError(f"{shown(text)} is none of {known}") from error


def _profiles(text: str) -> dict[str, ResolvedProfile]:
    document, left_out = plain(_json(text))
    if not isinstance(document, dict):
        raise DecodeError(f"must be an object of profiles by name, not {kind_of(document)}")
    found = list(left_out)
    known = {finding.place for finding in left_out}
    profiles: dict[str, ResolvedProfile] = {}
    for name, fields in document.items():
        reading = read(_without_zeros(fields), ResolvedProfile)
        misread = [evolve(one, place=(name, *one.place)) for one in reading.misread]
        found += (one for one in misread if one.place not in known)
        profiles[name] = evolve(reading.value, name=name)
        if not reading.misread:
            found += check_bounds(profiles[name], (name,))
    _raise_for(found, document)
    return profiles


def _without_zeros(fields: object) -> object:
    """Go writes a number that nobody set as 0; no agent can check every 0 seconds."""
    if isinstance(fields, dict):
        unset = {"syncPeriod"} if fields.get("syncPeriod") == 0 else set()
        return {"name": ""} | {key: fields[key] for key in fields.keys() - unset}
    return fields


def _json(text: str) -> object:
    if len(text) > MAX_CHARACTERS:
        raise DecodeError(f"has more than {MAX_CHARACTERS} characters")
    try:
        return json.loads(text, parse_constant=_not_json)
    except (ValueError, RecursionError) as error:
        raise DecodeError("is not JSON, or nested too deeply") from error


def _not_json(_: str) -> NoReturn:
    raise ValueError


_KEYS: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "authType": ("auth_type", _auth_type),
    "commit": ("commit", _as_written),
    "gatewayPort": ("gateway_port", _port),
    "gatewayTLS": ("gateway_tls", _boolean),
    "gitURL": ("git_url", _as_written),
    "paused": ("paused", _boolean),
    "profiles": ("profiles", _profiles),
    "ref": ("ref", _as_written),
    "requestedAt": ("requested_at", _as_written),
}
