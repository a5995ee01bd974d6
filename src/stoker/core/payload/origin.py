"""Where a request comes from, as far as that can be believed.

Each proxy on the way adds the address that it was asked from to the end of `X-Forwarded-For`. What
a trusted proxy added is true; what stands before that, anybody may have written. So the list is
read from its end, and the first address that is none of a trusted proxy is the sender's.

Limits are kept for each origin. Whoever has IPv6 has at least 2^64 addresses: there it is the /64.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

Network: TypeAlias = IPv4Network | IPv6Network
_Address: TypeAlias = IPv4Address | IPv6Address

UNKNOWN: Final = "unknown"

_MOST_PROXIES: Final = 32
"""How many entries are looked at; nobody has more proxies in front."""
_NETWORK_BITS: Final = 64


@frozen
class Origin:
    """An address, and under what name its requests are counted."""

    address: str
    share: str


def origin(peer: str, forwarded: Iterable[str], trusted: Collection[Network]) -> Origin:
    """Where a request of `peer` comes from; `forwarded`: its `X-Forwarded-For` headers in order."""
    found = _address(peer)
    if found is None:
        return Origin(UNKNOWN, UNKNOWN)
    if trusted and _is_in(found, trusted):
        for text in _from_the_end(forwarded):
            named = _address(text)
            if named is None:
                break
            found = named
            if not _is_in(found, trusted):
                break
    return Origin(str(found), _share(found))


def _from_the_end(forwarded: Iterable[str]) -> Iterator[str]:
    entries = ",".join(forwarded).rsplit(",", _MOST_PROXIES)
    return reversed(entries[-_MOST_PROXIES:])


def _address(text: str) -> _Address | None:
    """The address in an entry, which some proxies write with a port; None for what has none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A socket for both families shows the older one in this form.
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _is_in(address: _Address, networks: Collection[Network]) -> bool:
    return any(address in network for network in networks)


def _share(address: _Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((address, _NETWORK_BITS), strict=False))
