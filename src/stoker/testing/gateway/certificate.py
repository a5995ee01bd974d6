"""A certificate that the gateway signs for itself, as a real one does when it is set up."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import tempfile
import time
from functools import cache, partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

_DAY: Final = dt.timedelta(days=1)


@cache
def self_signed() -> tuple[bytes, bytes]:
    """Certificate and key, as PEM; one pair for all gateways of a process."""
    # Here, since nearly all gateways do without TLS, and this takes a while to load.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "fake-gateway")])
    now = dt.datetime.fromtimestamp(time.time(), dt.UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 3650 * _DAY)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def wrapping() -> Callable[[socket.socket], ssl.SSLSocket]:
    """What makes a socket one that speaks TLS with this certificate."""
    certificate, key = self_signed()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # The library reads files alone.
    with tempfile.NamedTemporaryFile(suffix=".pem") as pem:
        pem.write(certificate + key)
        pem.flush()
        context.load_cert_chain(pem.name)
    return partial(context.wrap_socket, server_side=True, do_handshake_on_connect=False)
