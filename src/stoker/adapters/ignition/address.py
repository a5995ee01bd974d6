"""Where a gateway listens: the only parser of its address.

An address is a scheme, a host and a port, nothing more: whatever else a URL can hold would either
be lost or travel where it should not.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from attrs import frozen

from stoker.adapters.ignition.errors import AddressError

_PORTS: Final = {"http": 80, "https": 443}
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_EXAMPLE: Final = "write it as http://HOST:PORT or https://HOST:PORT"


@frozen
class Address:
    """One host, one port, with TLS or without."""

    host: str
    port: int
    secure: bool = False

    @property
    def is_loopback(self) -> bool:
        """Whether a connection to it never leaves the machine, or the pod."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        """As a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"


def parse_address(url: str) -> Address:
    """The address that `url` is; raises `AddressError`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressError("the gateway's address is not a URL", cure=_EXAMPLE) from error
    problem = _problem(url, parts, host, port)
    if problem:
        raise AddressError(problem, where=_shown(parts), cure=_EXAMPLE)
    return Address(host, port or _PORTS[parts.scheme], secure=parts.scheme == "https")


def _problem(url: str, parts: SplitResult, host: str, port: int | None) -> str:
    # `urlsplit` drops some of the characters that nobody sees, so the text itself is looked at.
    if not url.isprintable() or not url.isascii():
        return "the gateway's address holds characters that no address has"
    if parts.scheme not in _PORTS:
        return "the gateway's address has to begin with http:// or https://"
    if parts.username is not None or parts.password is not None:
        return "the gateway's address must not carry a user or a password"
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        return "the gateway's address ends with its port"
    if port == 0 or not (_NAME.fullmatch(host) or _is_ip(host)):
        return "the gateway's address has no host or port that can be connected to"
    return ""


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _shown(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
