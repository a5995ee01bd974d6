"""Certificates for servers in a cluster, signed by an authority of the test's own."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support.authority import Authority


@dataclass(frozen=True)
class KeyPair:
    """Two texts: PEM certificate and key, or public and private SSH key."""

    public: str
    private: str


def pem_of(authority: Authority) -> str:
    """The authority's certificate, for those who are to trust it."""
    return authority.certificate.public_bytes(serialization.Encoding.PEM).decode()


def certificate(authority: Authority, names: Sequence[str]) -> KeyPair:
    """A certificate for a server that has these names or addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - certificates are judged by the real clock
    signed = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(list(map(_name, names))), critical=True)
        .sign(authority.key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return KeyPair(signed.public_bytes(serialization.Encoding.PEM).decode(), private.decode())


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def ssh_key() -> KeyPair:
    """A key for a user or a host, as OpenSSH writes it."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return KeyPair(public.decode(), private.decode())
