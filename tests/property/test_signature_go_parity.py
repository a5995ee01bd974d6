"""Signatures of webhooks are those of other implementations of HMAC-SHA256.

Go's `crypto/hmac` is what Gitea and Forgejo sign with, and openssl what a person at a shell does.
The vectors are those of RFC 4231; the other example is of GitHub's documentation.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stoker.core.payload import ReceiverSecret, authenticate, sign
from support.oracle import Oracle
from support.server_processes import program

RFC_4231 = [
    (b"\x0b" * 20, b"Hi There",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"Jefe", b"what do ya want for nothing?",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (b"\xaa" * 20, b"\xdd" * 50,
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (bytes(range(1, 26)), b"\xcd" * 50,
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    (b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
    (b"\xaa" * 131, (b"This is a test using a larger than block-size key and a larger than "
     b"block-size data. The key needs to be hashed before being used by the HMAC algorithm."),
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
]  # fmt: skip
TRUNCATED = (b"\x0c" * 20, b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b")


@pytest.mark.parametrize(("key", "body", "digest"), RFC_4231)
def test_the_vectors_of_rfc_4231(key: bytes, body: bytes, digest: str) -> None:
    assert sign(body, key) == f"sha256={digest}"
    authenticate({"X-Hub-Signature-256": f"sha256={digest}"}, body, ReceiverSecret(key, b""))


def test_the_truncated_vector_begins_as_ours() -> None:
    key, body, digest = TRUNCATED
    assert sign(body, key).startswith(f"sha256={digest}")


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with Oracle() as running:
        yield running


@settings(max_examples=100)
@given(key=st.binary(max_size=200), body=st.binary(max_size=2_000))
@example(b"", b"")
@example(b"k" * 64, b"x" * 100_000)
@example(b"k" * 65, b"\xff\x00")
def test_signatures_are_those_of_go(oracle: Oracle, key: bytes, body: bytes) -> None:
    """Seen to fail with a key that was stripped before it was used."""
    assert sign(body, key) == oracle.sign(key, body)


@pytest.mark.parametrize(
    ("key", "body"),
    [
        (b"It's a Secret to Everybody", b"Hello, World!"),
        (b"\x00\xff" * 50, b"x" * 100_000),
        ("größe".encode(), '{"ref": "v1.2.3", "größe": 1}'.encode()),
        (b"s", b""),
    ],
)
def test_signatures_are_those_of_openssl(key: bytes, body: bytes) -> None:
    told = subprocess.run(  # noqa: S603 - a known program
        [program("openssl", "openssl"), "dgst", "-sha256", "-mac", "HMAC",
         "-macopt", f"hexkey:{key.hex()}"],
        input=body, capture_output=True, check=True,
    )  # fmt: skip
    assert sign(body, key) == f"sha256={told.stdout.decode().split()[-1]}"
