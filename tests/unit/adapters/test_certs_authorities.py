"""Authorities and what they sign, as strict verifiers see them, and texts that hold none."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from stoker.adapters.certs import (
    CertificateUnusable,
    Root,
    Showing,
    certificates,
    check_for_tls,
    read_leaf,
    read_roots,
    self_signed,
)
from stoker.adapters.clock import utc_now

NOW = datetime(2026, 1, 31, 12, 0, 0, 123, tzinfo=UTC)
DAY = timedelta(days=1)
NAMES = ("webhook.plant.svc", "127.0.0.1", "::1")


def written(folder: Path, name: str, text: bytes) -> Path:
    file = folder / name
    file.write_bytes(text)
    return file


def extension(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> x509.Extension:  # type: ignore[type-arg]  # of any kind
    return certificate.extensions.get_extension_for_class(kind)


def test_what_an_authority_is() -> None:
    root = Root.make(3650 * DAY, NOW)
    made = root.certificate
    constraints = extension(made, x509.BasicConstraints)
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
    usage = extension(made, x509.KeyUsage)
    assert usage.critical
    assert usage.value.key_cert_sign
    assert not usage.value.digital_signature
    mine = extension(made, x509.SubjectKeyIdentifier).value.key_identifier
    assert extension(made, x509.AuthorityKeyIdentifier).value.key_identifier == mine
    assert made.not_valid_before_utc == (NOW - DAY).replace(microsecond=0)
    assert made.not_valid_after_utc == (NOW + 3650 * DAY).replace(microsecond=0)
    assert root.is_ours
    other = Root.make(3650 * DAY, NOW)
    assert made.subject != other.certificate.subject
    assert root.identity != other.identity
    assert "PRIVATE" not in repr(root)


def test_what_it_signs() -> None:
    root = Root.make(100 * DAY, NOW)
    pair = root.sign(NAMES, NOW + 90 * DAY)
    leaf = read_leaf(pair.certificate, pair.key, [Root.make(DAY, NOW), root])
    assert leaf.issuer == root.identity
    assert leaf.names == frozenset(NAMES)
    assert pair.not_before == root.certificate.not_valid_before_utc
    assert pair.not_after == (NOW + 90 * DAY).replace(microsecond=0)
    made = x509.load_pem_x509_certificate(pair.certificate)
    assert not extension(made, x509.BasicConstraints).value.ca
    usages = extension(made, x509.ExtendedKeyUsage).value
    assert list(usages) == [x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]
    mine = extension(root.certificate, x509.SubjectKeyIdentifier).value.key_identifier
    assert extension(made, x509.AuthorityKeyIdentifier).value.key_identifier == mine
    assert "PRIVATE" not in repr(leaf)


def test_nothing_outlives_its_authority() -> None:
    root = Root.make(10 * DAY, NOW)
    assert root.sign(NAMES, NOW + 90 * DAY).not_after == root.certificate.not_valid_after_utc
    with pytest.raises(ValueError, match="no key"):
        Root(root.certificate).sign(NAMES, NOW)


def test_openssl_takes_both_in_its_strictest_mood(tmp_path: Path) -> None:
    now = utc_now()
    old, root = Root.make(DAY, now), Root.make(DAY, now)
    bundle = written(tmp_path, "ca.crt", old.pem + root.pem)
    leaf = written(tmp_path, "tls.crt", root.sign(NAMES, now + DAY).certificate)
    words = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver"]
    words += ["-verify_hostname", NAMES[0], "-CAfile", str(bundle), str(leaf)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.parametrize("name", NAMES[:2])
def test_python_takes_a_connection_in_its_strictest_mood(name: str) -> None:
    """By a name, and by an address, for which the client sends no name."""
    now = utc_now()
    root, showing = Root.make(DAY, now), Showing()
    client = ssl.create_default_context(cadata=root.pem.decode())
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    with pytest.raises(ssl.SSLError):
        handshake(showing, client, name)
    pair = root.sign(NAMES, now + DAY)
    showing.show(pair)
    assert handshake(showing, client, name) == ssl.PEM_cert_to_DER_cert(pair.certificate.decode())
    showing.show(self_signed(NAMES, DAY, now))
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(showing, client, name)


def handshake(showing: Showing, client: ssl.SSLContext, name: str) -> bytes | None:
    """The certificate that a client sees."""
    near, far = socket.socketpair()

    def serve() -> None:
        try:
            with showing.context.wrap_socket(far, server_side=True) as served:
                served.recv(1)
        except (ssl.SSLError, OSError):
            pass

    server = threading.Thread(target=serve)
    server.start()
    try:
        near.settimeout(10)
        with client.wrap_socket(near, server_hostname=name) as seen:
            return seen.getpeercert(binary_form=True)
    finally:
        near.close()
        server.join()


# --- Reading ---


def test_a_bundle_is_read_as_far_as_it_can_be() -> None:
    first, second = Root.make(DAY, NOW), Root.make(DAY, NOW)
    leaf = first.sign(NAMES, NOW)
    text = b"\n".join(
        [
            b"words",
            first.pem,
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----",
            leaf.certificate,
            second.pem,
            b"-----BEGIN CERTIFICATE-----\n",
        ]
    )
    found = read_roots(text, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    assert [one.identity for one in found] == [first.identity, second.identity]
    assert [one.key for one in found] == [None, None]
    assert len(list(certificates(text))) == 3
    with_keys = read_roots(text, second.key_pem + first.key_pem)
    assert all(one.key is not None for one in with_keys)
    assert with_keys[0].sign(NAMES, NOW).certificate
    assert len(list(certificates(first.pem * 100))) == 64
    assert read_roots(text, second.key_pem * 100)[0].key is None


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_whatever_a_text_is_nothing_breaks(one: bytes, other: bytes) -> None:
    """Law: also between the marks of PEM."""
    for text in (one, b"-----BEGIN CERTIFICATE-----" + one + b"-----END CERTIFICATE-----"):
        assert read_roots(text, other) == ()
        with pytest.raises(CertificateUnusable) as caught:
            read_leaf(text, other, ())
        assert caught.value.__cause__ is None or isinstance(caught.value.__cause__, ValueError)


def test_an_authority_of_somebody_else_is_none_of_ours() -> None:
    text = self_signed(NAMES, DAY, NOW).certificate
    assert read_roots(text) == ()
    ours = Root.make(DAY, NOW)
    assert not Root(x509.load_pem_x509_certificate(text)).is_ours
    assert Root(ours.certificate).is_ours


def test_a_key_that_tls_does_not_take_is_found_out_before_it_is_served() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - to be refused
    root = Root.make(DAY, NOW)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "weak")])
    assert root.key is not None
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(root.certificate.subject)
        .public_key(weak.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + DAY)
        .sign(root.key, hashes.SHA256())
    )
    key = weak.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    leaf = read_leaf(signed.public_bytes(Encoding.PEM), key, [root])
    assert leaf.issuer == root.identity
    assert leaf.names == frozenset()
    with pytest.raises(CertificateUnusable, match="TLS does not take it"):
        check_for_tls(leaf.pair)
