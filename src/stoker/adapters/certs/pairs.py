"""A certificate with its key: as PEM, judged by its times, read from files, shown by a server."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from stoker.core.errors import StokerError

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

RENEWED_AFTER: Final = 2 / 3
"""The part of its life after which a certificate is renewed."""


@frozen
class CertificateUnusable(StokerError):
    """A certificate or its key that cannot be served; `where` is the file."""

    reason: ClassVar[str] = "CertificateUnusable"


@frozen
class KeyPair:
    """A certificate with what stands behind it, and its key, as PEM; its times are of the first."""

    certificate: bytes
    key: bytes = field(repr=False)
    not_before: datetime
    not_after: datetime

    def renew_at(self) -> datetime:
        """From when on it should be another one."""
        return self.not_before + (self.not_after - self.not_before) * RENEWED_AFTER

    def is_due(self, now: datetime) -> bool:
        """Whether that is now; also where the clock was set back to before it was made."""
        return not self.not_before <= now < self.renew_at()


def read_pair(certificate: Path, key: Path) -> KeyPair:
    """The pair in two files; raises `CertificateUnusable` where it is none."""
    return pair_of(_content(certificate), _content(key), str(certificate), str(key))


def pair_of(certificate: bytes, key: bytes, of_certificate: str, of_key: str) -> KeyPair:
    """The pair in two texts, by names for errors; raises `CertificateUnusable` where it is none."""
    try:
        first, *_ = x509.load_pem_x509_certificates(certificate)
    except ValueError as error:
        raise CertificateUnusable(
            "there is no certificate", where=of_certificate, cure="write it as PEM"
        ) from error
    try:
        loaded = load_pem_private_key(key, password=None)
        public = loaded.public_key()
    except Exception:  # noqa: BLE001 - of several kinds, and its words may repeat what was read
        raise CertificateUnusable(
            "there is no private key", where=of_key, cure="write it as PEM, without a passphrase"
        ) from None
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if public.public_bytes(*form) != first.public_key().public_bytes(*form):
        raise CertificateUnusable(
            "the key is not that of the certificate",
            where=of_key,
            cure="write both at once, as a mounted Secret does",
        )
    return KeyPair(certificate, key, first.not_valid_before_utc, first.not_valid_after_utc)


def serve_with(context: ssl.SSLContext, pair: KeyPair) -> None:
    """Have a server's context show this certificate from its next connection on.

    The library takes only files. This one is in memory, and nobody else has a name for it. No other
    thread may make a connection of the context meanwhile; `showing` is for where one does.
    """
    handle = os.memfd_create("tls", os.MFD_CLOEXEC)
    try:
        with open(handle, "wb", closefd=False) as stream:
            stream.write(pair.key + b"\n" + pair.certificate)
        context.load_cert_chain(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CertificateUnusable(
            f"the file cannot be read: {error.strerror}",
            where=str(file),
            cure="mount a Secret with tls.crt and tls.key",
        ) from error
