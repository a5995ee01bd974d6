"""Addresses to listen on, as Kubernetes writes them: `:8443`, `[::]:8443`, `127.0.0.1:8443`.

Without a host it is every address of the machine, of both families where it has both. `0` alone is
no address: the server is off. Port 0 is any that is free.
"""

from __future__ import annotations

import re
import socket
from typing import Final

from stoker.core.errors import StokerError

OFF: Final = "0"

_ADDRESS: Final = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]]*)):(?P<port>\d{1,5})"
)
_LAST: Final = 65_535
_BACKLOG: Final = 128


def bound(address: str, what: str) -> socket.socket | None:
    """A socket that listens there, None for `0`; raises `StokerError` where that cannot be."""
    if address == OFF:
        return None
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found["port"]) > _LAST:
        raise StokerError(
            f"{address!r} is no address for {what}",
            where=what,
            cure="write :8443, 127.0.0.1:8443, [::1]:8443, or 0 for none",
        )
    host, port = found["six"] or found["host"], int(found["port"])
    try:
        return _listening(host, port)
    except OSError as error:
        raise StokerError(
            f"cannot listen on port {port} for {what}: {error.strerror or error}",
            where=address,
            cure="choose another address, or end what listens there",
        ) from error


def _listening(host: str, port: int) -> socket.socket:
    if host in {"", "::"} and socket.has_dualstack_ipv6():
        return socket.create_server(
            ("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=_BACKLOG
        )
    family = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM)[0][0]  # noqa: S104 - what was asked for
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)
