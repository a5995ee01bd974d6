"""Whether a value fulfils the condition of a query, by gjson's rules.

The right side is text; what it means depends on the value: text for a string, a number for a
number, a word for a boolean. A right side with `~` asks whether a value is as good as true,
false or null, or exists. Containers and nulls compare with nothing.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Final

from stoker.core.fieldpatch.gjson.result import Kind, Result
from stoker.core.fieldpatch.gjson.wildcard import matches
from stoker.core.fieldpatch.numbers import parse_float

if TYPE_CHECKING:
    from collections.abc import Callable

    from stoker.core.fieldpatch.gjson.meter import Meter
    from stoker.core.fieldpatch.gjson.steps import Condition

_ORDER: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TRUE_WORDS: Final = frozenset({"1", "t", "true"})
_FALSE_WORDS: Final = frozenset({"0", "f", "false"})


def holds(condition: Condition, subject: Result, meter: Meter) -> bool:
    """Whether the value `subject`, which may be nothing, fulfils the condition."""
    right = condition.value
    kind = subject.kind
    if right.startswith("~"):
        if (likeness := _likeness(subject, right[1:])) is None:
            return False
        kind, right = (Kind.TRUE if likeness else Kind.FALSE), "true"
    elif not subject.exists:
        return False
    if not condition.operator:
        return True
    if kind is Kind.STRING:
        return _string_holds(str(subject.meaning), condition.operator, right, meter)
    return _scalar_holds(kind, subject, condition.operator, right)


def is_truth(value: Result) -> bool:
    """Whether a value is as good as true."""
    match value.kind:
        case Kind.STRING:
            return str(value.meaning).lower() in _TRUE_WORDS
        case Kind.NUMBER:
            return value.number != 0
        case kind:
            return kind is Kind.TRUE


def _is_untruth(value: Result) -> bool:
    match value.kind:
        case Kind.STRING:
            return str(value.meaning).lower() in _FALSE_WORDS
        case Kind.NUMBER:
            return value.number == 0
        case kind:
            return kind in {Kind.FALSE, Kind.NULL}


def _likeness(value: Result, word: str) -> bool | None:
    """Whether the value is like the word; None for a word that means nothing."""
    match word:
        case "*":
            return value.exists
        case "null":
            return value.kind is Kind.NULL
        case "true":
            return is_truth(value)
        case "false":
            return _is_untruth(value)
        case _:
            return None


def _string_holds(left: str, sign: str, right: str, meter: Meter) -> bool:
    if sign in _ORDER:
        return _ORDER[sign](left, right)
    meter.pay_match(left, right)
    return sign in {"%", "!%"} and matches(left, right) is (sign == "%")


def _scalar_holds(kind: Kind, value: Result, sign: str, right: str) -> bool:
    """Whether a value that is no string fulfils the condition."""
    match kind, sign:
        case (Kind.NUMBER, _) if sign in _ORDER:
            return _ORDER[sign](value.number, parse_float(right))
        case (Kind.TRUE | Kind.FALSE, "=" | "!="):
            return _ORDER[sign](right, "true" if kind is Kind.TRUE else "false")
        case (Kind.TRUE, ">"):
            return right == "false"
        case (Kind.FALSE, "<"):
            return right == "true"
        case _:
            return (kind, sign) in {(Kind.TRUE, ">="), (Kind.FALSE, "<=")}
