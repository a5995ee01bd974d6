"""Certificates for servers of our own: made here, signed by themselves, and judged by their times.

A key is an elliptic one (P-256). It is made in memory and stays there. When a certificate is to be
renewed follows from its times alone.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, ClassVar, Final

from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from stoker.core.errors import StokerError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence
    from pathlib import Path

RENEWED_AFTER: Final = 2 / 3
"""The part of its life after which a certificate is renewed."""

_SKEW: Final = timedelta(minutes=5)
"""How far the clock of who connects may be behind ours."""
_LONGEST_NAME: Final = 64


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


def self_signed(names: Sequence[str], life: timedelta, now: datetime) -> KeyPair:
    """A certificate for a server with these names and addresses, the first one its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0][:_LONGEST_NAME])])
    begin = (now - _SKEW).replace(microsecond=0)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + _SKEW + life)
        .add_extension(x509.SubjectAlternativeName([*map(_name, names)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return _pair(signed.public_bytes(Encoding.PEM), private, signed)


def read_pair(certificate: Path, key: Path) -> KeyPair:
    """The pair in two files; raises `CertificateUnusable` where it is none."""
    public, private = _content(certificate), _content(key)
    try:
        first, *_ = x509.load_pem_x509_certificates(public)
    except ValueError as error:
        raise CertificateUnusable(
            "there is no certificate", where=str(certificate), cure="write it as PEM"
        ) from error
    try:
        loaded = load_pem_private_key(private, password=None)
    except (ValueError, TypeError) as error:
        # The library's own words may repeat what it read.
        raise CertificateUnusable(
            "there is no private key", where=str(key), cure="write it as PEM, without a passphrase"
        ) from error
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if loaded.public_key().public_bytes(*form) != first.public_key().public_bytes(*form):
        raise CertificateUnusable(
            "the key is not that of the certificate",
            where=str(key),
            cure="write both files at once, as a mounted Secret does",
        )
    return _pair(public, private, first)


def serve_with(context: ssl.SSLContext, pair: KeyPair) -> None:
    """Have a server's context show this certificate from its next connection on.

    The library takes only files. This one is in memory, and nobody else has a name for it.
    """
    handle = os.memfd_create("tls", os.MFD_CLOEXEC)
    try:
        with open(handle, "wb", closefd=False) as stream:
            stream.write(pair.key + b"\n" + pair.certificate)
        context.load_cert_chain(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)


def _pair(certificate: bytes, key: bytes, first: x509.Certificate) -> KeyPair:
    return KeyPair(certificate, key, first.not_valid_before_utc, first.not_valid_after_utc)


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CertificateUnusable(
            f"the file cannot be read: {error.strerror}",
            where=str(file),
            cure="mount a Secret with tls.crt and tls.key",
        ) from error
