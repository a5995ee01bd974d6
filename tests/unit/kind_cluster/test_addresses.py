"""Names and networks of an instance."""

from __future__ import annotations

import multiprocessing
import time
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from cluster import Problem, addresses


def networks(*texts: str) -> list[IPv4Network]:
    return [IPv4Network(text) for text in texts]


@pytest.mark.parametrize("name", ["a", "stoker1", "a-b", "abcdefghijkl"])
def test_good_names(name: str) -> None:
    assert addresses.check_name(name) == name


@pytest.mark.parametrize("name", ["", "A", "1a", "a-", "-a", "a_b", "a.b", "abcdefghijklm", "a\n"])
def test_bad_names(name: str) -> None:
    with pytest.raises(Problem, match="no name for an instance"):
        addresses.check_name(name)


@pytest.mark.parametrize("prefix", ["10.0.0", "10.255.255", "172.16.1", "192.168.3", "198.18.9"])
def test_good_networks(prefix: str) -> None:
    assert addresses.check_prefix(prefix) == prefix


@pytest.mark.parametrize(
    ("prefix", "why"),
    [
        ("10.1", "three numbers"),
        ("10.1.2.0", "three numbers"),
        ("10.1.256", "three numbers"),
        ("ten.1.2", "three numbers"),
        ("8.8.8", "no private network"),
        ("172.32.0", "no private network"),
    ],
)
def test_bad_networks(prefix: str, why: str) -> None:
    with pytest.raises(Problem, match=why):
        addresses.check_prefix(prefix)


def test_free_name_is_the_first_that_nothing_has() -> None:
    assert addresses.free_name(set()) == "stoker1"
    assert addresses.free_name({"stoker1", "stoker2", "stoker4"}) == "stoker3"


def test_free_network_is_the_first_that_no_route_touches() -> None:
    assert addresses.free_network([]) == addresses.Network("10.210.0", "10.211.0")
    taken = networks("10.210.0.0/24", "10.211.1.0/28", "192.0.2.0/24")
    assert addresses.free_network(taken) == addresses.Network("10.210.2", "10.211.2")


def test_free_network_avoids_wide_routes() -> None:
    found = addresses.free_network(networks("10.0.0.0/8"))
    assert found.node_prefix.startswith("172.29.")
    with pytest.raises(Problem, match="no free network"):
        addresses.free_network(networks("10.0.0.0/8", "172.16.0.0/12", "198.18.0.0/15"))


def test_networks_that_were_asked_for() -> None:
    wide = networks("10.0.0.0/8")  # a route to a VPN, out of which somebody wants a piece
    found = addresses.free_network(wide, node="10.1.2", services="10.1.3")
    assert found == addresses.Network("10.1.2", "10.1.3")
    assert addresses.free_network([], node="10.211.0").service_prefix != "10.211.0"
    with pytest.raises(Problem, match=r"10\.1\.2\.0/24 is taken: there is a route to 10\.1\.2\.8"):
        addresses.free_network(networks("10.1.2.8/32"), node="10.1.2")
    with pytest.raises(Problem, match="at once"):
        addresses.free_network([], node="10.1.2", services="10.1.2")


def test_addresses_within_a_network() -> None:
    network = addresses.Network("10.1.2", "10.3.4")
    assert (network.node, network.host, network.pods) == ("10.1.2.1", "10.1.2.254", "10.1.2.0/24")
    assert (network.first_service, network.services) == ("10.3.4.1", "10.3.4.0/24")


def test_routes_are_read_without_the_default() -> None:
    listing = """[{"dst": "default", "gateway": "192.0.2.1"}, {"dst": "192.0.2.0/24"},
                  {"type": "local", "dst": "127.0.0.1"}]"""
    assert addresses.routes(listing) == networks("192.0.2.0/24", "127.0.0.1/32")
    assert addresses.routes("") == []


def _reserve(file: str) -> None:
    with addresses.reserving():
        seen = Path(file).read_text()
        time.sleep(0.2)
        Path(file).write_text(seen + "x")


def test_only_one_reserves_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "count"
    file.touch()
    fresh = multiprocessing.get_context("spawn")
    workers = [fresh.Process(target=_reserve, args=(str(file),)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert file.read_text() == "xxx"
