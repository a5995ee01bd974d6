"""What all certificates of ours have in common, and one that signs itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from stoker.adapters.certs.pairs import KeyPair

if TYPE_CHECKING:
    from collections.abc import Sequence

_SKEW: Final = timedelta(minutes=5)
"""How far the clock of who connects may be behind ours."""
_LONGEST_NAME: Final = 64


def self_signed(names: Sequence[str], life: timedelta, now: datetime) -> KeyPair:
    """A certificate for a server with these names and addresses, the first one its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    begin = whole(now - _SKEW)
    subject = named(names[0])
    signed = for_server(begun(subject, subject, key, begin, begin + _SKEW + life), names)
    return pair(signed.sign(key, hashes.SHA256()), key)


def named(text: str) -> x509.Name:
    """The name of somebody."""
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text[:_LONGEST_NAME])])


def whole(moment: datetime) -> datetime:
    """Certificates have no parts of seconds."""
    return moment.replace(microsecond=0)


def begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    """What every certificate says."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )


def for_server(builder: x509.CertificateBuilder, names: Sequence[str]) -> x509.CertificateBuilder:
    """What the certificate of a server says."""
    return (
        builder.add_extension(x509.SubjectAlternativeName([*map(_name, names)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )


def usage(*, signs: bool) -> x509.KeyUsage:
    """What a key may be used for: to sign certificates, or to be a server."""
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def pair(signed: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> KeyPair:
    """Both as PEM."""
    return KeyPair(
        signed.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        signed.not_valid_before_utc,
        signed.not_valid_after_utc,
    )


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)
