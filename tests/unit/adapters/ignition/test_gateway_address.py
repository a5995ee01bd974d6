"""What is taken for the address of a gateway, and what is said of the rest."""

from __future__ import annotations

import pytest

from stoker.adapters.ignition import AddressError
from stoker.adapters.ignition.address import Address, parse_address
from stoker.core.errors import Permanent


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://localhost:8088", Address("localhost", 8088)),
        ("http://localhost:8088/", Address("localhost", 8088)),
        ("https://localhost:8043", Address("localhost", 8043, secure=True)),
        ("HTTPS://Gateway.Plant.Example", Address("gateway.plant.example", 443, secure=True)),
        ("http://10.0.0.7", Address("10.0.0.7", 80)),
        ("http://[::1]:8088", Address("::1", 8088)),
        ("http://under_score.example.:1", Address("under_score.example.", 1)),
    ],
)
def test_addresses(url: str, address: Address) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://localhost:8088", "http://localhost:8088"),
        ("https://[fe80::1]", "https://[fe80::1]:443"),
    ],
)
def test_an_address_is_shown_as_it_is_written(url: str, shown: str) -> None:
    assert str(parse_address(url)) == shown


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("https://localhost", True),
        ("https://127.0.0.1", True),
        ("https://127.8.9.1", True),
        ("https://[::1]", True),
        ("https://localhost.example", False),
        ("https://10.0.0.7", False),
        ("https://0.0.0.0", False),
    ],
)
def test_loopback_is_told_from_everything_else(url: str, *, loopback: bool) -> None:
    assert parse_address(url).is_loopback is loopback


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8088",
        "//localhost:8088",
        "ftp://localhost",
        "file:///etc/passwd",
        "http://",
        "http://:8088",
        "http://localhost:0",
        "http://localhost:65536",
        "http://localhost:port",
        "http://localhost:8088/base",
        "http://localhost:8088/?q",
        "http://localhost:8088#x",
        "http://a..b",
        "http://" + "a" * 64,
        "http://host name",
        "http://localhost\r\nX-Header: y",
        "http://local\thost",
        "http://gateway\u0131.example",
        "http://[::1",
        "http://-oProxy%20x",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(url)
    assert caught.value.disposition == Permanent()
    assert caught.value.cure


@pytest.mark.parametrize("url", ["http://me:5ecret@localhost", "http://5ecret@localhost:8088"])
def test_a_password_in_an_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(url)
    assert "user or a password" in str(caught.value)
    assert "5ecret" not in repr(caught.value)
