"""Names and networks: what an instance is called, and where its pods and Services live.

An instance has two networks of 256 addresses: NET for the node (.1), its pods (.10 to .250) and the
host (.254), and another for Services. The table of routes is where instances meet, on one state
folder or several, so that is what a free network is free of; `reserving` guards choosing and taking
one. Its lock is an abstract socket: it lives in the host's network namespace, as the routes do, it
leaves no file, and it ends with its holder.
"""

from __future__ import annotations

import json
import re
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster.problems import Problem
from cluster.running import run

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

HOST_NAME: Final = "testhost.lab"
# A link's name has at most 15 characters, and the other end of the pair gets one more than this.
_NAME: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,10}[a-z0-9])?")
_PREFIX: Final = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})")
_PRIVATE: Final = tuple(
    IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15")
)
_CANDIDATES: Final = (("10.210", "10.211"), ("172.29", "172.30"), ("198.18", "198.19"))
_LOCK: Final = "\0stoker-test-node"
_WAIT: Final = 60.0


@dataclass(frozen=True, slots=True)
class Network:
    """The first three numbers of the node's network and of the Services'."""

    node_prefix: str
    service_prefix: str

    @property
    def node(self) -> str:
        """Node, API server and DNS."""
        return f"{self.node_prefix}.1"

    @property
    def host(self) -> str:
        """The host, as pods reach it."""
        return f"{self.node_prefix}.254"

    @property
    def pods(self) -> str:
        """The node's network."""
        return f"{self.node_prefix}.0/24"

    @property
    def services(self) -> str:
        """The Services' network."""
        return f"{self.service_prefix}.0/24"

    @property
    def first_service(self) -> str:
        """The Service `kubernetes`."""
        return f"{self.service_prefix}.1"


def check_name(name: str) -> str:
    """The name; a `Problem` when it cannot name a link and a node."""
    if _NAME.fullmatch(name) is None:
        raise Problem(
            f"{name!r} is no name for an instance: up to 12 of a-z, 0-9 and -, a letter first"
        )
    return name


def check_prefix(text: str) -> str:
    """The first three numbers of a private network."""
    found = _PREFIX.fullmatch(text)
    if found is None or any(int(number) > 255 for number in found.groups()):
        raise Problem(f"{text!r} is no network: three numbers are wanted, such as 10.210.0")
    if not any(IPv4Network(f"{text}.0/24").subnet_of(private) for private in _PRIVATE):
        raise Problem(f"{text}.0/24 is no private network; 10.210.0 would be one")
    return text


def free_name(taken: Collection[str]) -> str:
    """`stoker1`, or the next that nothing is called by."""
    return next(name for n in range(1, 100_000) if (name := f"stoker{n}") not in taken)


def _candidates() -> Iterator[Network]:
    for node, service in _CANDIDATES:
        yield from (Network(f"{node}.{n}", f"{service}.{n}") for n in range(256))


def _overlaps(prefix: str, taken: Iterable[IPv4Network]) -> IPv4Network | None:
    wanted = IPv4Network(f"{prefix}.0/24")
    return next((route for route in taken if route.overlaps(wanted)), None)


def free_network(
    taken: Collection[IPv4Network], *, node: str | None = None, services: str | None = None
) -> Network:
    """Networks that no route overlaps; those that were asked for must be free themselves."""
    # Who names a network may want it out of a wider route, such as 10.0.0.0/8 to a VPN.
    exact = [route for route in taken if route.prefixlen >= 24]
    for prefix in filter(None, (node, services)):
        clash = _overlaps(prefix, exact)
        if clash is not None:
            raise Problem(f"{prefix}.0/24 is taken: there is a route to {clash}; name another")
    if node is not None and node == services:
        raise Problem(f"{node}.0/24 cannot be the pods' and the Services' network at once")
    for free in _candidates():
        network = Network(node or free.node_prefix, services or free.service_prefix)
        chosen = {node, services}
        if all(
            prefix in chosen or _overlaps(prefix, taken) is None
            for prefix in (network.node_prefix, network.service_prefix)
        ) and (network.node_prefix != network.service_prefix):
            return network
    raise Problem("no free network; name two with --network and --services")


def routes(listing: str) -> list[IPv4Network]:
    """The networks in what `ip -j -4 route show table all` printed, without default routes."""
    found = []
    for route in json.loads(listing or "[]"):
        destination = str(route.get("dst", "default"))
        if destination not in ("default", "0.0.0.0/0"):
            found.append(IPv4Network(destination, strict=False))
    return found


def routes_of_host() -> list[IPv4Network]:
    """The networks that this machine has a route to."""
    return routes(run(["ip", "-j", "-4", "route", "show", "table", "all"]))


def links_of_host() -> set[str]:
    """The names of this machine's network links."""
    return {each.name for each in Path("/sys/class/net").iterdir()}


@contextmanager
def reserving() -> Iterator[None]:
    """Nobody else chooses names and networks on this machine meanwhile."""
    until = time.monotonic() + _WAIT
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as lock:
        while True:
            try:
                lock.bind(_LOCK)
                break
            except OSError:
                if time.monotonic() > until:
                    raise Problem("another instance has been choosing a network for 60 s") from None
                time.sleep(0.05)
        yield
