"""What Kubernetes itself takes for a name, a key, an image, and an amount of something.

A value that Kubernetes refuses would otherwise be found out when a gateway's pod does not start.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from stoker.core.errors import DecodeError

MAX_NAME: Final = 253
"""Characters of an object's name, and of a key in a Secret."""

_MAX_QUANTITY: Final = 32
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+")
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_QUANTITY: Final = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))"
    r"(?:(?P<unit>[KMGTPE]i|[numkMGTPE])|[eE](?P<exponent>[+-]?[0-9]{1,2}))?"
)
_UNITS: Final = {
    **{f"{letter}i": Fraction(1024**power) for power, letter in enumerate("KMGTPE", start=1)},
    **{letter: Fraction(1000**power) for power, letter in enumerate("kMGTPE", start=1)},
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 10**3),
}


def check_name(text: str) -> str:
    """`text` as the name of an object: a DNS name in lower case."""
    if len(text) > MAX_NAME or not _NAME.fullmatch(text):
        raise DecodeError(
            "is not a name that Kubernetes takes",
            cure="write lower-case letters, digits, '-' and '.', with a letter or digit at the"
            " ends of each part",
        )
    return text


def check_key(text: str) -> str:
    """`text` as a key inside a Secret."""
    if len(text) > MAX_NAME or not _KEY.fullmatch(text) or text in {".", ".."}:
        raise DecodeError(
            "is not a key that a Secret can have",
            cure="write letters, digits, '-', '_' and '.'",
        )
    return text


def check_repository(text: str) -> str:
    """`text` as the repository of an image, without a tag."""
    last = text.rpartition("/")[2]
    if not _REPOSITORY.fullmatch(text) or ":" in last or "//" in text or text.endswith("/"):
        raise DecodeError(
            "is not the repository of an image",
            cure="write it as host/path/name; the tag has a field of its own",
        )
    return text


def check_tag(text: str) -> str:
    """`text` as the tag of an image."""
    if not _TAG.fullmatch(text):
        raise DecodeError(
            "is not the tag of an image",
            cure="write up to 128 letters, digits, '_', '.' and '-'",
        )
    return text


def quantity(text: str) -> Fraction:
    """The amount that `text` stands for: `250m`, `1.5`, `2Gi`, `1e3`."""
    found = _QUANTITY.fullmatch(text) if len(text) <= _MAX_QUANTITY else None
    if found is None:
        raise DecodeError(
            "is not a Kubernetes quantity", cure="write a number and a unit, such as 2Gi or 250m"
        )
    number = Fraction(found["number"])
    if exponent := found["exponent"]:
        return number * Fraction(10) ** int(exponent)
    return number * _UNITS.get(found["unit"], 1)
