"""A certificate that something is served with, always a good one.

It is made at the start and again after two thirds of its life, or read from two files and read
again when they change. The context of the server stays the same: connections that there are go on,
new ones see the new certificate. A new pair of files that cannot be used is complained about, once,
and the old one stays.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from attrs import define, field

from stoker.adapters.certs import (
    CertificateUnusable,
    KeyPair,
    read_pair,
    self_signed,
    serve_with,
)
from stoker.adapters.logs import structured as logs
from stoker.entrypoints.mounted import Look, look_of

LIFE: Final = timedelta(days=30)
"""How long a certificate of our own is good."""

_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@define
class ServedCertificate:
    """A server's context, and what keeps its certificate good."""

    folder: Path | None
    """Where `tls.crt` and `tls.key` are; None: they are made."""
    now: Callable[[], datetime]
    life: timedelta = LIFE
    what: str = field(default="the metrics", kw_only=True)
    """What is served with it, for the log."""
    context: ssl.SSLContext = field(factory=_context, init=False)
    _pair: KeyPair = field(init=False)
    _seen: Look = field(init=False)
    _log: logs.Logger = field(factory=lambda: logs.logger("serving"), init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Have one from the start; raises `CertificateUnusable`."""
        self._seen = look_of(self._files())
        self._serve(self._read() if self.folder else self._made())

    @property
    def not_after(self) -> datetime:
        """When it ends."""
        return self._pair.not_after

    def look(self) -> None:
        """Whether it is still the right one; to be called now and then, and never an error."""
        if self.folder is None:
            if self._pair.is_due(self.now()):
                self._serve(self._made())
                self._log.info(f"the certificate of {self.what} was renewed")
            return
        seen = look_of(self._files())
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._serve(self._read())
            self._log.info(f"the certificate of {self.what} was read anew")
        except CertificateUnusable as error:
            self._log.error(f"the old certificate of {self.what} stays", error=error)

    def _made(self) -> KeyPair:
        host = socket.gethostname()
        names = (host, *_LOCAL) if host.isascii() else _LOCAL
        return self_signed(names, self.life, self.now())

    def _read(self) -> KeyPair:
        certificate, key = self._files()
        pair = read_pair(certificate, key)
        if pair.not_after <= self.now():
            self._log.warning(f"the certificate of {self.what} has expired", at=pair.not_after)
        try:
            serve_with(_context(), pair)
        except ssl.SSLError as error:
            raise CertificateUnusable(
                f"TLS does not take it: {error.reason}",
                where=str(certificate),
                cure="use a stronger key",
            ) from error
        return pair

    def _serve(self, pair: KeyPair) -> None:
        serve_with(self.context, pair)
        self._pair = pair

    def _files(self) -> tuple[Path, ...]:
        folder = self.folder
        return () if folder is None else (folder / "tls.crt", folder / "tls.key")
