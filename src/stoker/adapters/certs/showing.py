"""A server's context whose certificate changes while it serves, whichever threads use it.

A context must not be changed while another thread makes a connection of it: for a moment it has the
new certificate and the old key. So the context of the server has none. Each connection, once its
client has said hello, is given the newest one, that of a context which is complete and never
changes.
"""

from __future__ import annotations

import ssl

from stoker.adapters.certs.pairs import CertificateUnusable, KeyPair, serve_with


class Showing:
    """What a server shows; `context` is for the server, `show` for whoever has a certificate."""

    def __init__(self) -> None:
        """Until something is shown, connections are refused."""
        self._shown: ssl.SSLContext | None = None
        self.context = _context()
        self.context.sni_callback = self._choose

    def show(self, pair: KeyPair) -> None:
        """Show this one from the next connection on; raises `CertificateUnusable`."""
        self._shown = _complete(pair)

    def _choose(
        self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext
    ) -> int | None:
        if self._shown is None:
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        connection.context = self._shown
        return None


def check_for_tls(pair: KeyPair) -> None:
    """Raise `CertificateUnusable` where it is none that can be shown."""
    _complete(pair)


def _complete(pair: KeyPair) -> ssl.SSLContext:
    complete = _context()
    try:
        serve_with(complete, pair)
    except ssl.SSLError as error:
        raise CertificateUnusable(
            f"TLS does not take it: {error.reason}", where="tls.crt", cure="use a stronger key"
        ) from None
    return complete


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
