"""Runs a `printf` format: literal text, and verbs that each take the next argument.

A format never fails. What is wrong with it (a verb without an argument, arguments left over, an
index out of range) is printed in its place.
"""

from __future__ import annotations

from stoker.core.template.characters import REPLACEMENT, decode, is_stray
from stoker.core.template.layout import PLAIN, Layout
from stoker.core.template.printer import Printer
from stoker.core.template.values import Byte, Value, type_name

_LARGEST = 1_000_000
_SHORTEST_INDEX = 3
_FLAGS = dict(zip(b"#0+- ", ("sharp", "zero", "plus", "minus", "space"), strict=True))
_DIGITS = frozenset(b"0123456789")
_STAR, _POINT, _BRACKET = ord("*"), ord("."), ord("[")


def sprintf(template: bytes, values: list[Value], limit: int) -> bytes:
    """The text that the format makes of the values."""
    run = _Run(template, values, limit)
    run.format()
    return run.printer.text()


class _Run:
    def __init__(self, template: bytes, values: list[Value], limit: int) -> None:
        self.template = template
        self.values = values
        self.printer = Printer(limit)
        self.at = 0
        self.argument = 0
        self.reordered = False
        # Of the verb at hand: whether its index was good, and whether one has just been read.
        self.good_index = True
        self.after_index = False

    def format(self) -> None:
        template = self.template
        while (percent := template.find(b"%", self.at)) >= 0:
            self.printer.write(template[self.at : percent])
            self.at = percent + 1
            self.verb()
        self.printer.write(template[self.at :])
        if not self.reordered and self.argument < len(self.values):
            self.left_over()

    def verb(self) -> None:
        self.good_index = True
        layout = Layout()
        while self.byte() in _FLAGS:
            setattr(layout, _FLAGS[self.byte()], True)
            self.at += 1
        self.index()
        self.width(layout)
        self.precision(layout)
        if not self.after_index:
            self.index()
        if self.at >= len(self.template):
            self.printer.write(b"%!(NOVERB)")
            return
        rune = decode(self.template[self.at : self.at + 4])[0]
        self.at += len(rune.encode("utf-8", "surrogateescape"))
        self.show(chr(REPLACEMENT) if is_stray(rune) else rune, layout)

    def show(self, verb: str, layout: Layout) -> None:
        if verb == "%":
            self.printer.write(b"%")
        elif not self.good_index:
            self.printer.write(b"%!" + verb.encode() + b"(BADINDEX)")
        elif self.argument >= len(self.values):
            self.printer.write(b"%!" + verb.encode() + b"(MISSING)")
        else:
            value = self.values[self.argument]
            self.printer.print(value, verb, layout.for_v() if verb in "vw" else layout)
            self.argument += 1

    def byte(self) -> int:
        return self.template[self.at] if self.at < len(self.template) else -1

    def width(self, layout: Layout) -> None:
        if self.byte() != _STAR:
            layout.width = self.number()
            if self.after_index and layout.width is not None:
                self.good_index = False
            return
        layout.width = self.star()
        if layout.width is None:
            self.printer.write(b"%!(BADWIDTH)")
        elif layout.width < 0:
            layout.width = -layout.width
            layout.minus, layout.zero = True, False

    def precision(self, layout: Layout) -> None:
        if self.byte() != _POINT or self.at + 1 >= len(self.template):
            return
        self.at += 1
        if self.after_index:
            self.good_index = False
        self.index()
        if self.byte() != _STAR:
            layout.precision = self.number() or 0
            return
        layout.precision = self.star()
        if layout.precision is not None and layout.precision < 0:
            layout.precision = None
        if layout.precision is None:
            self.printer.write(b"%!(BADPREC)")

    def star(self) -> int | None:
        """The next argument as a width or precision, if it is an integer that is not too large."""
        self.at += 1
        self.after_index = False
        value = self.values[self.argument] if self.argument < len(self.values) else None
        self.argument += self.argument < len(self.values)
        number = value.value if isinstance(value, Byte) else value
        if type(number) is not int or abs(number) > _LARGEST:
            return None
        return number

    def number(self) -> int | None:
        """The digits here as a number; one that is too large swallows the rest of the format."""
        number, end = _number(self.template, self.at, len(self.template))
        self.at = end
        return number

    def index(self) -> None:
        """An argument's index in brackets, if there is one."""
        self.after_index = self.byte() == _BRACKET
        if not self.after_index:
            return
        self.reordered = True
        closing = self.template.find(b"]", self.at)
        if closing < 0 or len(self.template) - self.at < _SHORTEST_INDEX:
            self.at += 1
            self.good_index = self.after_index = False
            return
        number, end = _number(self.template, self.at + 1, closing)
        self.at = closing + 1
        if number is None or end != closing:
            self.good_index = self.after_index = False
        elif 0 < number <= len(self.values):
            self.argument = number - 1
        else:
            self.good_index = False

    def left_over(self) -> None:
        printer = self.printer
        printer.write(b"%!(EXTRA ")
        for index, value in enumerate(self.values[self.argument :]):
            if index:
                printer.write(b", ")
            if value is None:
                printer.write(b"<nil>")
                continue
            printer.write(type_name(value) + b"=")
            printer.print(value, "v", PLAIN)
        printer.write(b")")


def _number(text: bytes, start: int, end: int) -> tuple[int | None, int]:
    number = None
    at = start
    while at < end and text[at] in _DIGITS:
        if number is not None and number > _LARGEST:
            return None, end
        number = (number or 0) * 10 + text[at] - ord("0")
        at += 1
    return number, at
