"""Prints values the way Go's `fmt` does: a verb for each, and a complaint where it does not fit.

A verb that a value does not know is no error: it prints as `%!verb(type=value)`.
"""

from __future__ import annotations

from attrs import evolve

from stoker.core.template import layout as lay
from stoker.core.template.layout import PLAIN, Layout
from stoker.core.template.limits import too_long
from stoker.core.template.values import (
    RECORD_TYPE,
    Byte,
    Pointer,
    Record,
    StringMap,
    Value,
    type_name,
)

_NOTHING = b"<nil>"
_NO_VALUE = b"<no value>"
# Addresses would differ from run to run; every pointer prints as this one.
_ADDRESS = 0xC000000000
_DIGIT_VERBS = frozenset("vdboOxX")
_CHARACTER_VERBS = frozenset("cqU")
_FLOAT_VERBS = frozenset("vbgGxXfFeE")


class Printer:
    """Collects what is printed, and refuses to grow beyond its limit."""

    def __init__(self, limit: int) -> None:
        self._parts: list[bytes] = []
        self._room = self._limit = limit

    def text(self) -> bytes:
        """All that was printed."""
        return b"".join(self._parts)

    def write(self, data: bytes) -> None:
        """Adds bytes as they are."""
        self._room -= len(data)
        if self._room < 0:
            raise too_long(self._limit)
        self._parts.append(data)

    def print(self, value: Value, verb: str, layout: Layout = PLAIN) -> None:
        """Prints one argument of a `printf`, `print` or the like."""
        match value:
            case None if verb in "Tv":
                self.write(lay.pad(layout, _NOTHING))
            case None:
                self.complain(None, verb, layout)
            case _ if verb == "T":
                self.write(lay.text(layout, type_name(value)))
            case Pointer(record=record) if verb not in "pw":
                self.write(b"&")
                self._inner(record, verb, layout)
            case Pointer() | StringMap() if verb == "p":
                sharp = evolve(layout, sharp=not layout.sharp)
                self.write(lay.integer(sharp, _ADDRESS, "x"))
            case _:
                self._inner(value, verb, layout)

    def complain(self, value: Value, verb: str, layout: Layout) -> None:
        """The text for a verb that the value does not know."""
        self.write(b"%!" + verb.encode("utf-8", "replace") + b"(")
        if value is None:
            self.write(_NOTHING)
        else:
            self.write(type_name(value) + b"=")
            self.print(value, "v", layout)
        self.write(b")")

    def _inner(self, value: Value, verb: str, layout: Layout) -> None:
        match value:
            case bytes():
                shown = _text(value, verb, layout)
            case bool():
                shown = lay.pad(layout, b"true" if value else b"false") if verb in "tv" else None
            case int():
                shown = _integer(value, verb, layout)
            case Byte(value=number):
                shown = _unsigned(number, verb, layout)
            case float():
                shown = lay.floating(layout, value, verb) if verb in _FLOAT_VERBS else None
            case complex():
                shown = lay.complex_parts(layout, value, verb) if verb in _FLOAT_VERBS else None
            case StringMap() | Record() if verb != "w":
                self._compound(value, verb, layout)
                return
            case _:
                shown = None
        if shown is None:
            self.complain(value, verb, layout)
        else:
            self.write(shown)

    def _compound(self, value: StringMap | Record, verb: str, layout: Layout) -> None:
        separator = b", " if layout.sharp_v else b" "
        if isinstance(value, StringMap):
            self.write(b"map[string]string{" if layout.sharp_v else b"map[")
            for index, (key, item) in enumerate(value.pairs):
                self.write(separator if index else b"")
                self._inner(key, verb, layout)
                self.write(b":")
                self._inner(item, verb, layout)
            self.write(b"}" if layout.sharp_v else b"]")
            return
        self.write(RECORD_TYPE + b"{" if layout.sharp_v else b"{")
        named = layout.sharp_v or layout.plus_v
        for index, (name, field) in enumerate(value.fields.items()):
            self.write(separator if index else b"")
            self.write(name + b":" if named else b"")
            self._inner(field, verb, layout)
        self.write(b"}")


def _text(value: bytes, verb: str, layout: Layout) -> bytes | None:
    if verb in "xX":
        return lay.hex_text(layout, value, upper=verb == "X")
    if verb == "q" or (verb == "v" and layout.sharp_v):
        return lay.quoted_text(layout, value)
    return lay.text(layout, value) if verb in "sv" else None


def _integer(value: int, verb: str, layout: Layout) -> bytes | None:
    if verb in _DIGIT_VERBS:
        return lay.integer(layout, value, verb)
    return lay.character(layout, value, verb) if verb in _CHARACTER_VERBS else None


def _unsigned(value: int, verb: str, layout: Layout) -> bytes | None:
    if verb == "v" and layout.sharp_v:
        return lay.integer(evolve(layout, sharp=True), value, "x")
    return _integer(value, verb, layout)


def is_text(value: Value) -> bool:
    """Whether `print` puts no blank beside it."""
    return isinstance(value, bytes)


def sprint(values: list[Value], limit: int) -> bytes:
    """The values, with a blank between two that are both no text."""
    printer = Printer(limit)
    after_text = True
    for value in values:
        if not after_text and not is_text(value):
            printer.write(b" ")
        printer.print(value, "v")
        after_text = is_text(value)
    return printer.text()


def sprintln(values: list[Value], limit: int) -> bytes:
    """The values, with a blank between any two and a newline at the end."""
    printer = Printer(limit)
    for index, value in enumerate(values):
        if index:
            printer.write(b" ")
        printer.print(value, "v")
    printer.write(b"\n")
    return printer.text()


def display(value: Value, limit: int) -> bytes:
    """What an action writes for its value: of a pointer the record that it points to."""
    match value:
        case None:
            return _NO_VALUE
        case bool():
            return b"true" if value else b"false"
        case int():
            return b"%d" % value
    return sprint([shown(value)], limit)


def shown(value: Value) -> Value:
    """What is printed in place of a value that stands on its own."""
    match value:
        case None:
            return _NO_VALUE
        case Pointer(record=record):
            return record
    return value
