"""What a YAML word without quotes means: text, a number, a boolean, or nothing.

Words mean what they mean to Kubernetes' tools, which read YAML 1.1: `no` is a boolean, `1.10` and
`017` are numbers, and a date is text. Whoever reads the document against a schema can then say that
a boolean stands where text is wanted, as the API server would.
"""

from __future__ import annotations

import math
import re
from typing import Final

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_INTEGER: Final = re.compile(
    r"(?P<sign>[-+]?)(?:0b(?P<binary>[01_]+)|0x(?P<hex>[0-9a-fA-F_]+)"
    r"|0o?(?P<octal>[0-7_]+)|(?P<decimal>0|[1-9][0-9_]*))"
)
_BASES: Final = {"binary": 2, "hex": 16, "octal": 8, "decimal": 10}
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER: Final = re.compile(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MOST_DIGITS: Final = 400


def plain_value(word: str) -> str | int | float | bool | None:
    """What a word without quotes means in YAML 1.1, as Kubernetes' tools read it."""
    if word in _WORDS:
        return _WORDS[word]
    if len(word) <= _MOST_DIGITS:
        if whole := _INTEGER.fullmatch(word):
            return _integer(word, whole)
        if _FLOAT.fullmatch(word):
            return float(word)
        if endless := _NO_NUMBER.fullmatch(word):
            return math.nan if endless[1] is None else float(f"{endless[1]}inf")
    return word


def _integer(word: str, match: re.Match[str]) -> int | str:
    for name, base in _BASES.items():
        if (digits := match[name]) is not None and digits.strip("_"):
            return int(match["sign"] + digits.replace("_", ""), base)
    return word
