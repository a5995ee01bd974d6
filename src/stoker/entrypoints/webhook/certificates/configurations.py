"""What a webhook configuration says of ours, and how it is made to say something else.

A configuration may hold webhooks of others: ours are those whose name ends in `.stoker.io`, and
nothing is read or changed but their `caBundle`.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

from stoker.adapters.certs import Root, certificates, identity, read_roots
from stoker.core.authority import Configuration, Entry
from stoker.entrypoints.webhook.certificates.secret import authority_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.adapters.kube.client import Document

OURS: Final = ".stoker.io"


def read(document: Document) -> tuple[Configuration, tuple[Root, ...]]:
    """What it says, and the authorities of ours that it lists."""
    bundles = [_bundle(webhook) for _, webhook in _ours(document)]
    roots = {root.identity: root for bundle in bundles for root in read_roots(bundle)}
    ours = tuple(root for root in roots.values() if root.is_ours)
    entries = tuple(map(_entry, bundles))
    return Configuration(entries, tuple(map(authority_of, ours))), ours


def change(document: Document, bundle: bytes) -> list[Document]:
    """A JSON patch by which each webhook of ours has this bundle, if it has what it had.

    Whatever else was changed in the configuration meanwhile does no harm.
    """
    encoded = base64.b64encode(bundle).decode("ascii")
    steps: list[Document] = []
    for place, webhook in _ours(document):
        root = f"/webhooks/{place}"
        path = f"{root}/clientConfig/caBundle"
        steps += [
            {"op": "test", "path": f"{root}/name", "value": webhook["name"]},
            {"op": "test", "path": path, "value": _encoded(webhook)},
            {"op": "add", "path": path, "value": encoded},
        ]
    return steps


def is_same(one: Document, other: Document) -> bool:
    """Whether both have the same webhooks of ours in the same places, with the same bundles."""

    def told(document: Document) -> list[tuple[int, object, object]]:
        return [(place, webhook["name"], _encoded(webhook)) for place, webhook in _ours(document)]

    return told(one) == told(other)


def _ours(document: Document) -> Iterator[tuple[int, dict[str, Any]]]:
    webhooks = document.get("webhooks")
    for place, webhook in enumerate(webhooks if isinstance(webhooks, list) else ()):
        if isinstance(webhook, dict) and str(webhook.get("name")).endswith(OURS):
            yield place, webhook


def _bundle(webhook: dict[str, Any]) -> bytes:
    encoded = _encoded(webhook)
    if not isinstance(encoded, str):
        return b""
    try:
        return base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        return b"no base64"


def _encoded(webhook: dict[str, Any]) -> object:
    config = webhook.get("clientConfig")
    return config.get("caBundle") if isinstance(config, dict) else None


def _entry(bundle: bytes) -> Entry:
    found = list(certificates(bundle))
    written = b"".join(root.pem for root in map(Root, found))
    return Entry(tuple(map(identity, found)), written == bundle)
