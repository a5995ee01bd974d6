"""Certificates made here, their times, and files that hold none.

Broken on purpose, and seen to fail: the renewal at the end of the life instead of before, addresses
written as names, the key not compared with the certificate.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from stoker.adapters.certs import CertificateUnusable, KeyPair, read_pair, self_signed, serve_with
from support.authority import Authority

NOW = datetime(2026, 1, 31, 12, 0, 0, 123, tzinfo=UTC)
DAY = timedelta(days=1)
NAMES = ("controller", "localhost", "127.0.0.1", "::1")


def written(folder: Path, pair: KeyPair) -> tuple[Path, Path]:
    files = folder / "tls.crt", folder / "tls.key"
    files[0].write_bytes(pair.certificate)
    files[1].write_bytes(pair.key)
    return files


def test_what_is_made() -> None:
    pair = self_signed(NAMES, 30 * DAY, NOW)
    made = x509.load_pem_x509_certificate(pair.certificate)
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["controller", "localhost"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert made.not_valid_before_utc <= NOW - timedelta(minutes=5)
    assert NOW + 30 * DAY - timedelta(seconds=1) <= made.not_valid_after_utc <= NOW + 30 * DAY
    key = load_pem_private_key(pair.key, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert made.public_key() == key.public_key()
    made.verify_directly_issued_by(made)
    assert "PRIVATE" not in repr(pair)


def test_no_two_are_alike() -> None:
    first, second = (self_signed(NAMES, DAY, NOW) for _ in range(2))
    assert first.key != second.key
    assert first.certificate != second.certificate


@given(st.timedeltas(-10 * DAY, 60 * DAY))
def test_it_is_due_in_the_last_third_of_its_life(passed: timedelta) -> None:
    """Law: never due in the first two thirds, always due after them, or before its time."""
    pair = KeyPair(b"", b"", NOW, NOW + 30 * DAY)
    assert pair.is_due(NOW + passed) == (not timedelta(0) <= passed < 20 * DAY)
    assert pair.renew_at() < pair.not_after


def test_a_pair_of_files_is_read(tmp_path: Path) -> None:
    pair = self_signed(NAMES, DAY, NOW)
    assert read_pair(*written(tmp_path, pair)) == pair


def test_a_context_takes_what_was_made_and_what_replaces_it() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serve_with(context, self_signed(NAMES, DAY, NOW))
    serve_with(context, self_signed(NAMES, DAY, NOW))


@pytest.mark.parametrize(
    ("change", "file", "why"),
    [
        (lambda crt, _: crt.unlink(), "tls.crt", "cannot be read: No such file"),
        (lambda _, key: key.unlink(), "tls.key", "cannot be read: No such file"),
        (lambda crt, _: crt.write_text("x"), "tls.crt", "there is no certificate"),
        (lambda crt, _: crt.write_bytes(b""), "tls.crt", "there is no certificate"),
        (lambda _, key: key.write_text("sesame"), "tls.key", "there is no private key"),
        (
            lambda _, key: key.write_bytes(self_signed(NAMES, DAY, NOW).key),
            "tls.key",
            "not that of the certificate",
        ),
    ],
)
def test_files_that_are_no_pair_are_named(
    change: object, file: str, why: str, tmp_path: Path
) -> None:
    files = written(tmp_path, self_signed(NAMES, DAY, NOW))
    assert callable(change)
    change(*files)
    with pytest.raises(CertificateUnusable, match=why) as caught:
        read_pair(*files)
    assert caught.value.where == str(tmp_path / file)
    assert "sesame" not in str(caught.value)


def test_a_key_with_a_passphrase_is_refused(tmp_path: Path) -> None:
    authority = Authority.create()
    crt, key = written(tmp_path, self_signed(NAMES, DAY, NOW))
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - for this test alone

    key.write_bytes(
        authority.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"sesame"),
        )
    )
    with pytest.raises(CertificateUnusable, match="without a passphrase"):
        read_pair(crt, key)
