"""What Kubernetes takes, on both sides of each edge."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from stoker.core.errors import DecodeError
from stoker.core.spec.kubernetes import (
    check_key,
    check_name,
    check_repository,
    check_tag,
    quantity,
)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (check_name, "a"),
        (check_name, "0"),
        (check_name, "a-b.c-9.d"),
        (check_name, "a" * 253),
        (check_key, "apiKey"),
        (check_key, "..a_-Z9"),
        (check_key, "..."),
        (check_key, "k" * 253),
        (check_repository, "agent"),
        (check_repository, "ghcr.io/Some/agent_x"),
        (check_repository, "registry.example:5000/team/agent"),
        (check_tag, "1.2.3-rc.1"),
        (check_tag, "_x"),
        (check_tag, "t" * 128),
    ],
)
def test_takes(check: Callable[[str], str], text: str) -> None:
    assert check(text) == text


NAME = (
    "is not a name that Kubernetes takes",
    (
        "write lower-case letters, digits, '-' and '.', with a letter or digit at the ends of each"
        " part"
    ),
)
KEY = ("is not a key that a Secret can have", "write letters, digits, '-', '_' and '.'")
REPOSITORY = (
    "is not the repository of an image",
    "write it as host/path/name; the tag has a field of its own",
)
TAG = ("is not the tag of an image", "write up to 128 letters, digits, '_', '.' and '-'")


@pytest.mark.parametrize(
    ("check", "text", "expected"),
    [
        *(
            (check_name, text, NAME)
            for text in (
                "",
                "A",
                "-a",
                "a-",
                "a..b",
                ".a",
                "a.",
                "a_b",
                "a b",
                "ä",
                "a\n",
                "a" * 254,
            )
        ),
        *((check_key, text, KEY) for text in ("", ".", "..", "a/b", "a b", "ä", "a\n", "k" * 254)),
        *(
            (check_repository, text, REPOSITORY)
            for text in ("", "/a", "a/", "a//b", "host/a:1", "agent:1", "-a", "a b", "a@b", "a\n")
        ),
        *((check_tag, text, TAG) for text in ("", ".a", "-a", "a:b", "a/b", "t" * 129, "a\n")),
    ],
)
def test_refuses(check: Callable[[str], str], text: str, expected: tuple[str, str]) -> None:
    with pytest.raises(DecodeError) as caught:
        check(text)
    assert (caught.value.message, caught.value.cure) == expected


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", "0"),
        ("1", "1"),
        ("+1", "1"),
        ("-1", "-1"),
        ("1.5", "1.5"),
        ("1.", "1"),
        (".5", "0.5"),
        ("250m", "0.25"),
        ("5u", "0.000005"),
        ("5n", "0.000000005"),
        ("2k", "2000"),
        ("2M", "2000000"),
        ("2G", "2000000000"),
        ("2T", "2000000000000"),
        ("2P", "2000000000000000"),
        ("2E", "2000000000000000000"),
        ("2Ki", "2048"),
        ("2Mi", "2097152"),
        ("2Gi", "2147483648"),
        ("2Ti", "2199023255552"),
        ("2Pi", "2251799813685248"),
        ("2Ei", "2305843009213693952"),
        ("1.5Gi", "1610612736"),
        ("1e3", "1000"),
        ("1E3", "1000"),
        ("1e-3", "0.001"),
        ("1e+99", "1e99"),
        ("9" * 32, "9" * 32),
    ],
)
def test_quantities(text: str, amount: str) -> None:
    assert quantity(text) == Fraction(amount)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "+",
        "Gi",
        "2GB",
        "2K",
        "2ki",
        "2 Gi",
        " 2",
        "2\n",
        "1e",
        "1e100",
        "1e3k",
        "٢",
        "nan",
        "inf",
        "0x1",
        "9" * 33,
    ],
)
def test_no_quantities(text: str) -> None:
    with pytest.raises(DecodeError) as caught:
        quantity(text)
    assert caught.value.message == "is not a Kubernetes quantity"
    assert caught.value.cure == "write a number and a unit, such as 2Gi or 250m"
