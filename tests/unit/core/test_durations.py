"""Go durations, as `time.ParseDuration` reads them."""

from __future__ import annotations

import pytest

from stoker.core.errors import DecodeError
from stoker.core.spec.durations import MAX_TEXT, Duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("-0", 0.0),
        ("+0", 0.0),
        ("0s", 0.0),
        ("60s", 60.0),
        ("+5s", 5.0),
        ("-5s", -5.0),
        ("5m", 300.0),
        ("1h", 3600.0),
        ("1m30s", 90.0),
        ("1h2m3s4ms5us6ns", 3723.004005006),
        ("1.5h", 5400.0),
        (".5s", 0.5),
        ("5.s", 5.0),
        ("100ms", 0.1),
        ("250us", 0.00025),
        ("7ns", 7e-9),
        ("3µs", 3e-6),
        ("3μs", 3e-6),
        ("3s2m", 123.0),
        ("1s1s", 2.0),
        ("1.9999999999ns", 1e-9),
        ("0.000000001s", 1e-9),
        ("4.999999999s", 4.999999999),
        ("2562047h47m16.854775807s", 9223372036.854775807),
        ("-2562047h47m16.854775808s", -9223372036.854775808),
    ],
)
def test_reads(text: str, seconds: float) -> None:
    assert Duration.parse(text) == Duration(text, seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "+",
        "s",
        ".s",
        ".",
        "5",
        "1.5",
        "00",
        "5 s",
        " 5s",
        "5s ",
        "5s\n",
        "--5s",
        "+-5s",
        "5d",
        "5S",
        "5s3",
        "1e3s",
        "1..5s",
        "1.5.5s",
        "٣s",
        "5_0s",
        "0x1s",
    ],
)
def test_refuses_what_is_none(text: str) -> None:
    with pytest.raises(DecodeError) as caught:
        Duration.parse(text)
    assert caught.value.message == f"{text!r} is not a duration"
    assert caught.value.cure == "write a number and a unit, such as 60s or 5m"


@pytest.mark.parametrize(
    "text", ["2562047h47m16.854775808s", "-2562047h47m16.854775809s", "9999999999h"]
)
def test_refuses_what_is_too_long_to_be_one(text: str) -> None:
    with pytest.raises(DecodeError) as caught:
        Duration.parse(text)
    assert caught.value.message == f"{text!r} is longer than a duration can be"
    assert caught.value.cure == "shorten it"


def test_the_text_is_bounded() -> None:
    assert MAX_TEXT == 100
    longest = "0" * (MAX_TEXT - 2) + "5s"
    assert Duration.parse(longest).seconds == 5.0
    with pytest.raises(DecodeError) as caught:
        Duration.parse("0" + longest)
    assert caught.value.message == "a duration has at most 100 characters"
    assert caught.value.cure == "shorten it"
