"""Values of Secrets, read when they are needed and not kept.

Errors name the Secret and the key, and hold nothing of a value.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import field, frozen

from stoker.adapters.kube.errors import NotFound
from stoker.adapters.kube.resources import SECRETS
from stoker.core.errors import Disposition, Retryable, StokerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stoker.adapters.kube.client import Client
    from stoker.core.spec import SecretKeyRef


@frozen
class SecretMissing(StokerError):
    """There is no such Secret, or it has no such key; `where` is the Secret."""

    retry: Disposition = field(default=Retryable(), kw_only=True)

    reason: ClassVar[str] = "SecretMissing"

    @property
    def disposition(self) -> Disposition:
        """Somebody may make it any time."""
        return self.retry


def secret_value(client: Client, namespace: str, ref: SecretKeyRef) -> bytes:
    """What a Secret holds under a key; raises `SecretMissing`, `ApiFailed`."""
    where = f"Secret {namespace}/{ref.name}"
    try:
        document = client.get(SECRETS, namespace, ref.name)
    except NotFound as error:
        raise SecretMissing(
            "there is no such Secret", where=where, cure=f"make it, with the key {ref.key!r}"
        ) from error
    return value_of(document, where, ref.key)


def value_of(document: Mapping[str, Any], where: str, key: str) -> bytes:
    """What the Secret `document` holds under `key`."""
    data = document.get("data")
    kept = data.get(key) if isinstance(data, dict) else None
    if not isinstance(kept, str) or not kept:
        raise SecretMissing(
            f"it has no key {key!r}, or nothing under it",
            where=where,
            cure=f"add the key {key!r} to the Secret, or name another one in the CR",
        )
    try:
        return base64.b64decode(kept, validate=True)
    except (ValueError, binascii.Error):
        # The text of the cause could hold a part of the value.
        raise SecretMissing(
            f"what is under {key!r} is not base64", where=where, cure="write the Secret anew"
        ) from None
