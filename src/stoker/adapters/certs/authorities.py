"""Certificates that sign others, and what they sign.

An authority signs servers' certificates and no further authority. Its name has a part of its key's
digest in it, so that two are never mistaken for each other, and begins with words by which another
replica knows it for one of ours. It begins a day before it was made, and what it signs begins with
it: a clock that is ahead makes nothing that others could not use yet.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from attrs import field, frozen
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from stoker.adapters.certs import bundles
from stoker.adapters.certs.making import begun, for_server, named, pair, usage, whole
from stoker.adapters.certs.pairs import KeyPair, pair_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SKEW: Final = timedelta(days=1)
"""How long before it was made an authority begins."""

_OURS: Final = "Stoker webhook authority "
_DIGITS: Final = 16
_FORM: Final = "%Y%m%d"


@frozen
class Root:
    """An authority; without a key it can only be trusted."""

    certificate: x509.Certificate = field(repr=False)
    key: ec.EllipticCurvePrivateKey | None = field(
        default=None, repr=False, eq=lambda key: key is not None
    )

    @classmethod
    def make(cls, life: timedelta, now: datetime) -> Self:
        """A new one."""
        key = ec.generate_private_key(ec.SECP256R1())
        digest = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        subject = named(f"{_OURS}{now.strftime(_FORM)} {digest.digest.hex()[:_DIGITS]}")
        begin, end = whole(now - SKEW), whole(now + life)
        signed = (
            begun(subject, subject, key, begin, end)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage(signs=True), critical=True)
            .add_extension(digest, critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(digest),
                critical=False,
            )
            .sign(key, hashes.SHA256())
        )
        return cls(signed, key)

    @property
    def identity(self) -> str:
        """A digest of the certificate."""
        return identity(self.certificate)

    @property
    def pem(self) -> bytes:
        """The certificate as text, always the same one."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key as text; nothing where there is none."""
        return b"" if self.key is None else pair(self.certificate, self.key).key

    @property
    def is_ours(self) -> bool:
        """Whether a replica of ours may have made it."""
        names = self.certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return any(str(one.value).startswith(_OURS) for one in names)

    def sign(self, names: Sequence[str], not_after: datetime) -> KeyPair:
        """A certificate and key for a server with these names and addresses."""
        if self.key is None:
            raise ValueError("this authority has no key here")
        key = ec.generate_private_key(ec.SECP256R1())
        mine = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        end = min(whole(not_after), self.certificate.not_valid_after_utc)
        begin = self.certificate.not_valid_before_utc
        subject = named(names[0])
        signed = (
            for_server(begun(subject, self.certificate.subject, key, begin, end), names)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(mine),
                critical=False,
            )
            .sign(self.key, hashes.SHA256())
        )
        return pair(signed, key)


@frozen
class Leaf:
    """A server's certificate with its key, and the authority that signed it."""

    pair: KeyPair = field(repr=False)
    identity: str
    issuer: str
    names: frozenset[str]


def identity(certificate: x509.Certificate) -> str:
    """A digest of a certificate."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def read_roots(certificates: bytes, keys: bytes = b"") -> tuple[Root, ...]:
    """The authorities in a text, with those of the keys that fit; what is no authority is none."""
    known = {bundles.public(one): one for one in bundles.keys(keys)}
    found = [one for one in bundles.certificates(certificates) if _may_sign(one)]
    return tuple(Root(one, known.get(bundles.public(one))) for one in found)


def read_leaf(certificate: bytes, key: bytes, roots: Iterable[Root]) -> Leaf:
    """A server's certificate that one of the authorities has signed; `issuer` is "" if none has.

    Raises `CertificateUnusable` where it is none, or the key does not fit.
    """
    read = pair_of(certificate, key, "tls.crt", "tls.key")
    leaf = x509.load_pem_x509_certificates(certificate)[0]
    issuer = next((root.identity for root in roots if _has_signed(root, leaf)), "")
    return Leaf(read, identity(leaf), issuer, _names(leaf))


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        bundles.public(certificate)
    except Exception:  # noqa: BLE001 - of several kinds; whatever it is, it signs nothing for us
        return False
    return constraints.value.ca


def _has_signed(root: Root, leaf: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(root.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _names(leaf: x509.Certificate) -> frozenset[str]:
    try:
        kind = x509.SubjectAlternativeName
        names = leaf.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        return frozenset()
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return frozenset({*names.get_values_for_type(x509.DNSName), *addresses})
