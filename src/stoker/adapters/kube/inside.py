"""The way to the API server from a pod: what every pod is given, and the standard library.

Kubernetes tells a pod where the API server is (two variables of the environment), and keeps a token
and the authority's certificate in a folder. Both are read whenever they are needed, so a token that
was renewed counts with the next request, and an authority with the next connection; while one
cannot be read, the last one counts.
"""

from __future__ import annotations

import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import define, field

from stoker.adapters.kube.client import Client
from stoker.adapters.kube.errors import NoCluster
from stoker.adapters.kube.podwire import PodWire
from stoker.adapters.kube.reasons import why
from stoker.adapters.kube.transport import Transport
from stoker.core import names

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST: Final = "KUBERNETES_SERVICE_HOST"
PORT: Final = "KUBERNETES_SERVICE_PORT"

_MOST_PORT: Final = 65_535
_MOST_READ: Final = 1 << 20
_CURE: Final = "run in a pod with a service account whose token is mounted"


def inside(
    *,
    user_agent: str,
    field_manager: str,
    folder: Path = Path(names.PATH_API_ACCESS),
    environ: Mapping[str, str],
) -> Client:
    """A client of the cluster that we run in; raises `NoCluster`, and asks nobody anything."""
    wire = wire_inside(environ, folder)
    return Client(Transport(wire, user_agent), field_manager=field_manager)


def wire_inside(
    environ: Mapping[str, str], folder: Path = Path(names.PATH_API_ACCESS), spares: int = 1
) -> PodWire:
    """The wire to that cluster, which keeps so many connections; raises `NoCluster`."""
    host, port = environ.get(HOST, "").strip("[] "), environ.get(PORT, "")
    if not host or not port.isdecimal() or not 0 < int(port) <= _MOST_PORT:
        told = f"{HOST} and {PORT} do not name an API server"
        raise NoCluster(told, where="environment", cure=_CURE)
    account = Account(folder)
    try:
        account.authorization()
        account.trust()
    except (OSError, ValueError) as error:
        raise NoCluster(
            f"how to reach the API server cannot be read: {why(error)}",
            where=str(folder),
            cure=_CURE,
        ) from error
    return PodWire(host, int(port), account, spares)


@define
class Account:
    """A service account as a pod has it: who we are, and whom we believe; for any thread."""

    folder: Path
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)
    _token: str = field(default="", init=False, repr=False)
    _authority: bytes = field(default=b"", init=False, repr=False)
    _trust: ssl.SSLContext | None = field(default=None, init=False, repr=False)

    def authorization(self) -> str:
        """The header by which we say who we are, as it is now."""
        try:
            token = _read(self.folder / "token").decode("ascii").strip()
        except OSError:
            token = ""
        with self._lock:
            self._token = token or self._token
            if not self._token:
                raise FileNotFoundError(self.folder / "token")
            return f"Bearer {self._token}"

    def trust(self) -> ssl.SSLContext:
        """The authority, as it is now."""
        with self._lock:
            try:
                authority = _read(self.folder / "ca.crt")
                if self._trust is None or authority != self._authority:
                    self._trust, self._authority = trusting(authority.decode()), authority
            except (OSError, ValueError):
                if self._trust is None:
                    raise
            return self._trust


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_MOST_READ)


def trusting(authority: str) -> ssl.SSLContext:
    """What believes those alone who have a certificate of this authority."""
    # Not `create_default_context`: of late it refuses authorities for want of an extension that
    # those of many clusters do not have.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority)
    return context
