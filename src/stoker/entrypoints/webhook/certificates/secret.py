"""What the Secret holds, and what it is to hold.

`ca.crt` are the authorities that both webhook configurations list, `ca.key` the keys of those that
may sign, `tls.crt` and `tls.key` what is served. Other keys of the Secret, its labels and its type
stay as they are. What cannot be used is as good as not there: nothing here fails because of it.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from stoker.adapters.certs import (
    CertificateUnusable,
    Leaf,
    Root,
    check_for_tls,
    read_leaf,
    read_roots,
)
from stoker.core import names
from stoker.core.authority import Authority, Certificate, Held

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stoker.adapters.kube.client import Document

AUTHORITIES: Final = "ca.crt"
AUTHORITY_KEYS: Final = "ca.key"
CERTIFICATE: Final = "tls.crt"
KEY: Final = "tls.key"
TYPE: Final = "kubernetes.io/tls"

_MANAGER: Final = "stoker-webhook"


@frozen
class Content:
    """What can be used of a Secret."""

    roots: tuple[Root, ...] = ()
    leaf: Leaf | None = None
    trouble: str = field(default="", eq=False)
    """What cannot be used, without a word of it."""

    @property
    def held(self) -> Held:
        """The same as times and identities."""
        serving = None if self.leaf is None else _certificate_of(self.leaf)
        return Held(tuple(map(authority_of, self.roots)), serving)

    @property
    def bundle(self) -> bytes:
        """The authorities as text."""
        return b"".join(root.pem for root in self.roots)

    @property
    def keys(self) -> tuple[bytes, ...]:
        """All that nobody else may see."""
        own = (self.leaf.pair.key,) if self.leaf else ()
        return (*own, *(root.key_pem for root in self.roots if root.key is not None))


def _certificate_of(leaf: Leaf) -> Certificate:
    pair = leaf.pair
    return Certificate(leaf.identity, leaf.issuer, pair.not_before, pair.not_after, leaf.names)


def authority_of(root: Root) -> Authority:
    """An authority as times and an identity."""
    made = root.certificate
    return Authority(
        root.identity, made.not_valid_before_utc, made.not_valid_after_utc, root.key is not None
    )


def read(document: Document) -> Content:
    """What can be used of a Secret."""
    data = document.get("data")
    texts = {name: _text(data, name) for name in (AUTHORITIES, AUTHORITY_KEYS, CERTIFICATE, KEY)}
    if not any(texts.values()):
        return Content(trouble="it is empty")
    roots = _apart(read_roots(texts[AUTHORITIES], texts[AUTHORITY_KEYS]))
    try:
        leaf = read_leaf(texts[CERTIFICATE], texts[KEY], roots)
        check_for_tls(leaf.pair)
    except CertificateUnusable as error:
        return Content(roots, None, str(error))
    if not leaf.issuer:
        return Content(roots, None, "no authority of it has signed its certificate")
    able = any(root.key is not None for root in roots)
    return Content(roots, leaf, "" if able else "it has the key of no authority")


def new(content: Content, name: str) -> Document:
    """A new Secret with that content."""
    labels = {names.MANAGED_BY_LABEL: _MANAGER}
    return {"metadata": {"name": name, "labels": labels}, "type": TYPE, "data": _data(content)}


def change(content: Content, before: Document) -> list[Document]:
    """A JSON patch by which the Secret has that content, if it has what it had."""
    data = before.get("data")
    return [
        {"op": "test", "path": "/data", "value": data},
        {"op": "add", "path": "/data", "value": {**(data or {}), **_data(content)}},
    ]


def _data(content: Content) -> dict[str, str]:
    leaf = content.leaf
    texts = {
        AUTHORITIES: content.bundle,
        AUTHORITY_KEYS: b"".join(root.key_pem for root in content.roots),
        CERTIFICATE: leaf.pair.certificate if leaf else b"",
        KEY: leaf.pair.key if leaf else b"",
    }
    return {name: base64.b64encode(text).decode("ascii") for name, text in texts.items()}


def _apart(roots: Sequence[Root]) -> tuple[Root, ...]:
    """Each of them once."""
    return tuple({root.identity: root for root in roots}.values())


def _text(data: object, name: str) -> bytes:
    value: Mapping[str, Any] = data if isinstance(data, dict) else {}
    encoded = value.get(name)
    if not isinstance(encoded, str):
        return b""
    try:
        return base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        return b""
