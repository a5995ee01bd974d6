"""The digest by which a gateway notices that somebody else changed a resource.

It is kept in the `resource.json`, as an attribute, and covers that file's other fields and the
bytes of all files that it lists. So a rendered or patched file makes it stale, and `recompute`
writes the one that fits: nothing but those 64 characters changes.

Two dialects are known, which differ in how a file enters the digest. No field says which was used:
`verify` finds out by trying both. The layout, checked against resources that gateways of 8.1 and
8.3 have signed (see the tests): scope as int32; the description; version as int32; one byte each
for unary, restricted and overridable; each file's name and content (8.3: the hex digest of the
content); each other attribute's name, and its value as compact JSON with its members as they stand.

A resource is unary where its file is called `unary-resource.json`. One without a signature stays
without; where the dialect cannot be told, a stale signature stays, which the gateway then replaces.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from stoker.core.errors import DecodeError
from stoker.core.exactjson import Json, Number
from stoker.core.ignition.resource import (
    ATTRIBUTES,
    SIGNATURE,
    Document,
    parse_resource,
)

UNARY_NAME: Final = "unary-resource.json"

_SCOPE_BITS: Final = {"N": 0, "G": 1, "D": 2, "C": 4, "A": 7}
_INT32: Final = range(-(2**31), 2**31)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_MAX_DIGITS: Final = 11
_MAX_TRIES: Final = 8
"""How often the old signature may stand in a document before it is left alone."""


class Dialect(StrEnum):
    """Which releases sign so."""

    V81 = "8.1"
    V83 = "8.3"


@frozen
class Resource:
    """A resource's folder: its `resource.json`, and the files that this lists, by name."""

    document: bytes
    files: Mapping[str, bytes] = field(factory=dict)
    unary: bool = False


def signature(resource: Resource, dialect: Dialect) -> str:
    """The signature that `resource` should bear; `DecodeError` if it cannot have one."""
    return _digest(parse_resource(resource.document), resource, dialect)


def verify(resource: Resource) -> Dialect | None:
    """The dialect in which the signature of `resource` is right; None if it has no right one.

    A resource that lists no files reads the same in both; then it is the older.
    """
    try:
        document = parse_resource(resource.document)
        borne = _borne(document)
        return next((d for d in Dialect if borne == _digest(document, resource, d)), None)
    except DecodeError:
        return None


def recompute(original: Resource, changed: Resource, fallback: Dialect | None = None) -> bytes:
    """The `resource.json` of `changed`, with the signature that fits what it has become.

    `original` is the resource as it stands in the commit: its signature tells the dialect. Where
    that one is stale already (somebody put a template into a signed file by hand), `fallback` is
    used. Nothing changes where nothing that is signed has changed.
    """
    if _signed_parts(original) == _signed_parts(changed):
        return changed.document
    dialect = verify(original) or fallback
    if dialect is None:
        return changed.document
    try:
        document = parse_resource(changed.document)
        return _replaced(changed, _borne(document), _digest(document, changed, dialect))
    except DecodeError:
        return changed.document


def _signed_parts(resource: Resource) -> object:
    try:
        listed = _files(parse_resource(resource.document))
    except DecodeError:
        return resource
    return resource.document, {name: resource.files.get(name) for name in listed}


def _borne(document: Document) -> str:
    value = _attributes(document).get(SIGNATURE)
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return value
    raise _unsignable("bears no signature")


def _replaced(resource: Resource, old: str, new: str) -> bytes:
    # The document's form is the user's, so only the digits are replaced. The same digits may stand
    # elsewhere: the right place is the one that makes the document bear the new signature.
    for place in _places(resource.document, old.encode()):
        before, after = resource.document[:place], resource.document[place + len(old) :]
        candidate = before + new.encode() + after
        if _borne(parse_resource(candidate)) == new:
            return candidate
    return resource.document


def _places(text: bytes, digits: bytes) -> Iterator[int]:
    place = -1
    for _ in range(_MAX_TRIES):
        place = text.find(digits, place + 1)
        if place < 0:
            return
        yield place


def _digest(document: Document, resource: Resource, dialect: Dialect) -> str:
    hasher = hashlib.sha256()
    for part in _parts(document, resource, dialect):
        hasher.update(part)
    return hasher.hexdigest()


def _parts(document: Document, resource: Resource, dialect: Dialect) -> Iterator[bytes]:
    yield struct.pack(">i", _scope(document))
    yield _bytes(_text(document, "documentation") or _text(document, "description"))
    yield struct.pack(">i", _version(document))
    yield bytes(
        [
            resource.unary or _flag(document, "locked"),
            _flag(document, "restricted"),
            _flag(document, "overridable"),
        ]
    )
    for name in sorted(_files(document), key=_java_order):
        content = resource.files.get(name)
        if content is None:
            raise _unsignable(f"lists '{name}', which is not there")
        yield _bytes(name)
        yield content if dialect is Dialect.V81 else hashlib.sha256(content).hexdigest().encode()
    attributes = _attributes(document)
    for name in sorted(attributes.keys() - {SIGNATURE}, key=_java_order):
        yield _bytes(name)
        yield _bytes(_compact(attributes[name]))


def _java_order(text: str) -> bytes:
    # Strings of the gateway sort by their UTF-16 halves.
    return text.encode("utf-16-be", "surrogatepass")


def _bytes(text: str) -> bytes:
    # Half a surrogate pair is '?' to the gateway's encoder, as it is to this one.
    return text.encode(errors="replace")


def _scope(document: Document) -> int:
    letters = document.get("scope")
    if not isinstance(letters, str) or not letters or not set(letters) <= _SCOPE_BITS.keys():
        raise _unsignable("has no scope of the letters G, D, C, A and N")
    bits = 0
    for letter in letters:
        bits |= _SCOPE_BITS[letter]
    return bits


def _version(document: Document) -> int:
    match document.get("version"):
        case Number(text) if len(text) <= _MAX_DIGITS and text.lstrip("-").isdigit():
            if int(text) in _INT32:
                return int(text)
    raise _unsignable("has no version of 32 bits")


def _text(document: Document, name: str) -> str:
    value = document.get(name)
    if value is None or isinstance(value, str):
        return value or ""
    raise _unsignable(f"has a {name} that is no text")


def _flag(document: Document, name: str) -> bool:
    value = document.get(name, False)
    if isinstance(value, bool):
        return value
    raise _unsignable(f"says neither true nor false for '{name}'")


def _files(document: Document) -> Iterable[str]:
    listed = document.get("files", [])
    if isinstance(listed, list):
        names = [name for name in listed if isinstance(name, str)]
        if len(names) == len(listed):
            return names
    raise _unsignable("has no list of files")


def _attributes(document: Document) -> Mapping[str, Json]:
    value = document.get(ATTRIBUTES, {})
    if isinstance(value, dict):
        return value
    raise _unsignable("has attributes that are no object")


def _unsignable(what: str) -> DecodeError:
    return DecodeError(f"the resource.json {what}", cure="save the resource in the Designer")


def _compact(value: Json) -> str:
    # Not json.dumps: numbers keep their spelling, members their order.
    match value:
        case Number(text):
            return text
        case dict():
            members = (f"{_quoted(name)}:{_compact(inner)}" for name, inner in value.items())
            return "{" + ",".join(members) + "}"
        case list():
            return "[" + ",".join(map(_compact, value)) + "]"
        case str():
            return _quoted(value)
        case _:
            return json.dumps(value)


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    # The two line separators of Unicode, which the gateway's writer escapes for JavaScript's sake.
    return quoted.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
