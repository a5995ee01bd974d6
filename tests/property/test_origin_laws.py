"""Where a request comes from is said by those who are trusted, and by nobody else.

Rule: without a trusted proxy the peer is the origin, whatever it writes; behind some, what stands
before the first address that is not trusted, seen from the end, changes nothing; and any text in
the header has an answer.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.payload import Origin, origin
from stoker.core.payload.origin import UNKNOWN

TRUSTED = tuple(map(ip_network, ("10.0.0.0/8", "fd00::/8")))

proxies = st.integers(0, 2**24 - 1).map(lambda number: str(ip_address(0x0A000000 + number)))
older = st.integers(0, 2**32 - 1).map(IPv4Address).filter(lambda one: one not in TRUSTED[0])
newer = st.integers(2**96, 2**128 - 1).map(IPv6Address).filter(lambda one: one not in TRUSTED[1])
senders = older.map(str) | newer.map(str)
forged = st.lists(st.text(max_size=20) | senders | proxies, max_size=4)
ways = st.sampled_from(["{}", " {} ", '"{}"', "with a port"])


def spelt(address: str, way: str) -> str:
    if way == "with a port":
        return f"[{address}]:4711" if ":" in address else f"{address}:4711"
    return way.format(address)


@given(senders, forged)
def test_a_peer_that_is_not_trusted_speaks_for_itself(peer: str, header: list[str]) -> None:
    """Seen to fail when the header counted without a look at the peer."""
    assert origin(peer, header, TRUSTED).address == peer
    assert origin(peer, header, ()).address == peer


@given(senders, proxies, st.lists(proxies, max_size=3), forged, ways)
def test_what_stands_before_the_sender_changes_nothing(
    sender: str, peer: str, between: list[str], before: list[str], way: str
) -> None:
    """Seen to fail when the header was read from its beginning, as most read it."""
    header = [*before, spelt(sender, way), *between]
    assert origin(peer, [", ".join(header)], TRUSTED).address == sender
    assert origin(peer, header, TRUSTED).address == sender


@given(proxies, forged)
def test_any_header_has_an_answer(peer: str, header: list[str]) -> None:
    """Seen to fail with an entry that is no address."""
    found = origin(peer, header, TRUSTED)
    assert str(ip_address(found.address)) == found.address
    assert found.share


@given(st.ip_addresses(v=6), st.ip_addresses(v=6))
def test_a_network_of_ipv6_is_one_sender(one: IPv6Address, other: IPv6Address) -> None:
    """Seen to fail when each address had a share of its own."""
    same = one.packed[:8] == other.packed[:8] and not one.ipv4_mapped and not other.ipv4_mapped
    shares = {origin(str(each), (), ()).share for each in (one, other)}
    neighbour = IPv6Address(int(one) ^ 1)
    assert len(shares) == 1 or not same
    if not one.ipv4_mapped:
        assert origin(str(one), (), ()).share == origin(str(neighbour), (), ()).share


@pytest.mark.parametrize(
    ("peer", "header", "expected"),
    [
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
        ("10.0.0.1", ["192.0.2.1, unknown, 10.0.0.3"], "10.0.0.3"),
        ("10.0.0.1", ["192.0.2.1,, 10.0.0.3"], "10.0.0.3"),
        ("::ffff:10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["::ffff:192.0.2.1"], "192.0.2.1"),
        ("fd00::1%eth0", ["2001:db8::7"], "2001:db8::7"),
        ("10.0.0.1", ["[2001:db8::7]"], "2001:db8::7"),
        ("10.0.0.1", ["1.2.3.4," * 2_000 + "10.0.0.9," * 40 + "10.0.0.8"], "10.0.0.9"),
    ],
)
def test_headers_as_proxies_write_them(peer: str, header: list[str], expected: str) -> None:
    assert origin(peer, header, TRUSTED).address == expected


@pytest.mark.parametrize("peer", ["", "unix", "10.0.0.256"])
def test_a_peer_without_an_address_is_unknown(peer: str) -> None:
    assert origin(peer, ["192.0.2.1"], TRUSTED) == Origin(UNKNOWN, UNKNOWN)
