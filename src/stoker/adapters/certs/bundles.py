"""Several certificates or keys in one text, each of which may be no good.

A text from a cluster may be anything. What is no certificate or no key in it is left out, and no
error repeats a word of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST: Final = 64
"""How many of a text are looked at."""

_CERTIFICATE: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----[^-]{1,65536}-----END CERTIFICATE-----"
)
_KEY: Final = re.compile(
    rb"-----BEGIN (?:EC )?PRIVATE KEY-----[^-]{1,65536}-----END (?:EC )?PRIVATE KEY-----"
)


def certificates(text: bytes) -> Iterator[x509.Certificate]:
    """The certificates in a text."""
    for number, found in enumerate(_CERTIFICATE.finditer(text)):
        if number >= MOST:
            return
        try:
            yield x509.load_pem_x509_certificate(found.group())
        except Exception:  # noqa: BLE001, S112 - of several kinds; it is no certificate
            continue


def keys(text: bytes) -> Iterator[ec.EllipticCurvePrivateKey]:
    """The elliptic keys in a text."""
    for number, found in enumerate(_KEY.finditer(text)):
        if number >= MOST:
            return
        try:
            loaded = load_pem_private_key(found.group(), password=None)
        except Exception:  # noqa: BLE001, S112 - of several kinds; it is no key
            continue
        if isinstance(loaded, ec.EllipticCurvePrivateKey):
            yield loaded


def public(key: ec.EllipticCurvePrivateKey | x509.Certificate) -> bytes:
    """By what a key and its certificate know each other."""
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return key.public_key().public_bytes(*form)
