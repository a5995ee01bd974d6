"""Counts what a Jinja2 template costs, and estimates how large a result would be before it is made.

Python has no way to stop an expression halfway. So every operation that can make something big is
sized up first: `weigh` adds up all text in a value, as often as it would be printed, and the
`…_size` functions say what a text operation would give.
"""

from __future__ import annotations

import re
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from types import GeneratorType
from typing import Any

from jinja2 import Undefined
from jinja2.utils import Namespace

from stoker.core.template.limits import Failure, Limits, too_long

_PLACEHOLDER = re.compile(r"%%|%(\([^()]*\)|\()?[#0 +-]*(\*|\d*)(?:\.(\*|\d*))?")
_MAX_DIGITS = 4
_MAX_BITS = 4096
_MAX_WIDTH = 10_000
_BYTES_PER_STEP = 16


class Meter:
    """What is left of the limits of one rendering."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.steps = limits.steps
        self.written = 0

    def step(self, cost: int = 1) -> None:
        """Accounts for steps."""
        self.steps -= cost
        if self.steps < 0:
            raise Failure(f"the template takes more than {self.limits.steps} steps", "limit")

    def allow(self, size: int) -> None:
        """Refuses a value of more bytes than the output may have; charges for the others."""
        if size > self.limits.output:
            raise too_long(self.limits.output)
        self.step(1 + size // _BYTES_PER_STEP)

    def write(self, size: int) -> None:
        """Accounts for text that an expression or a loop writes, into whatever buffer."""
        self.written += size
        if self.written > self.limits.work:
            message = f"the template handles more than {self.limits.work} bytes of text"
            raise Failure(message, "limit")

    def counted(self, items: Iterable[Any], cost: int) -> Iterator[Any]:
        """The items, each round charged with its cost."""
        for item in items:
            self.step(cost)
            yield item

    def weigh(self, *values: object) -> int:
        """The size of the values when printed, about; refuses what is too large or no data.

        A value may be undefined, since a filter or call may be there to handle that; what is inside
        of a value may not.
        """
        total = 0
        todo: list[object] = [value for value in values if not isinstance(value, Undefined)]
        while todo:
            value = todo.pop()
            total += 1
            match value:
                case str():
                    total += len(value)
                case Mapping():
                    todo.extend(value.keys())
                    todo.extend(value.values())
                case list() | tuple() | KeysView() | ValuesView() | ItemsView():
                    todo.extend(value)
                case range():
                    total += len(value)
                case None | int() | float() | GeneratorType() | Namespace():
                    pass
                case Undefined():
                    # Its text is the error that says what is undefined.
                    str(value)
                case _:
                    raise Failure(f"a {type(value).__name__} is not data and cannot be passed on")
            if total + len(todo) > self.limits.output:
                raise too_long(self.limits.output)
        self.allow(total)
        return total


def check_bits(operator: str, left: int, right: int) -> None:
    """Refuses arithmetic whose result would have thousands of digits."""
    bits = max(left.bit_length(), right.bit_length())
    if operator == "*":
        bits = left.bit_length() + right.bit_length()
    elif operator == "**":
        bits = left.bit_length() * abs(right)
    if bits > _MAX_BITS:
        raise Failure(f"the number would have more than {_MAX_BITS} bits", "limit")


def check_format(meter: Meter, text: str, size: int) -> None:
    """Refuses a `%` format that would make too much of values of that size."""
    for key, *numbers in _PLACEHOLDER.findall(text):
        if key == "(" or any(number == "*" or len(number) > _MAX_DIGITS for number in numbers):
            message = "a width or precision in a format is a number of four digits at most"
            raise Failure(message, "limit")
    meter.allow(len(text) + text.count("%") * (size + _MAX_WIDTH))


def replace_size(text: str, old: str, new: str) -> int:
    """The size of `text.replace(old, new)`."""
    return len(text) + text.count(old) * max(len(new) - len(old), 0)


def indent_size(text: str, width: object) -> int:
    """The size of the text with every line indented by a number of blanks or by a text."""
    step = len(width) if isinstance(width, str) else width if isinstance(width, int) else 0
    return len(text) + (text.count("\n") + 1) * step
