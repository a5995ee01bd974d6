"""Fuzz the codecs: no exception but the codec's own errors, and what was read reads back the same.

The first byte chooses a decoder; the rest is JSON for it, or, where it is none, text for single
fields of a document that is otherwise right.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from stoker.adapters.codec.crd import (
    decode_gateway_sync,
    decode_profile,
    decode_status,
    encode_gateway_sync,
    encode_profile,
    encode_status,
)
from stoker.adapters.codec.metadata import decode_metadata, encode_metadata
from stoker.core.errors import DecodeError, InvalidDocument


def one_input(data: bytes) -> None:
    """Decode one input; when it is read, encode it and decode it again."""
    choice, rest = (data[:1] or b"\0")[0], data[1:]
    _TARGETS[choice % len(_TARGETS)](_document(rest))


def _document(data: bytes) -> Any:  # JSON of any type
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        text = data.decode("utf-8", "surrogateescape")
        first, _, second = text.partition("\n")
        mapping = {"source": first, "destination": second, "templateEngine": "go"}
        patched = {"source": "a", "destination": "b", "patches": [{"set": {first: second}}]}
        return {
            "metadata": {"name": "x", "namespace": second},
            "spec": {
                "git": {"repo": first, "ref": second, "semver": None},
                "polling": {"interval": first},
                "gateway": {"api": {"secretName": second}},
                "sync": {"profiles": {first: {"mappings": [mapping, patched]}}},
                "agent": {"repoSizeLimit": first, "resources": {"limits": {second: first}}},
            },
            "mappings": [patched, mapping | {"templateEngine": "jinja2"}],
            "excludePatterns": [first, second],
            "lastSyncTime": first,
            "profiles": text,
            "gatewayPort": second,
        }


def _gateway_sync(document: object) -> None:
    sync = decode_gateway_sync(document, strict=True)
    if decode_gateway_sync(encode_gateway_sync(sync), strict=True) != sync:
        raise AssertionError(document)


def _lenient(document: object) -> None:
    sync = decode_gateway_sync(document, rules=False)
    if decode_gateway_sync(encode_gateway_sync(sync), rules=False) != sync:
        raise AssertionError(document)


def _profile(document: object) -> None:
    profile = decode_profile(document)
    if decode_profile(encode_profile(profile), strict=True) != profile:
        raise AssertionError(document)


def _status(document: object) -> None:
    status = decode_status(document)
    if decode_status(encode_status(status)) != status:
        raise AssertionError(document)


def _metadata(document: object) -> None:
    metadata = decode_metadata(document)
    if decode_metadata(encode_metadata(metadata)) != metadata:
        raise AssertionError(document)


def _answered(decode: Callable[[object], None], *errors: type[Exception]) -> Any:
    def target(document: object) -> None:
        try:
            decode(document)
        except errors as error:
            str(error)

    return target


_TARGETS: Final[tuple[Callable[[object], None], ...]] = (
    _answered(_gateway_sync, DecodeError, InvalidDocument),
    _answered(_lenient, DecodeError, InvalidDocument),
    _answered(_profile, DecodeError, InvalidDocument),
    _answered(_status, DecodeError, InvalidDocument),
    _answered(_metadata, DecodeError),
)
