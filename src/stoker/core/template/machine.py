"""Runs the instructions of a template.

A program is a list of instructions; an instruction is a function that changes the machine. All
nesting (blocks, loops, templates that call templates, parentheses) lives in lists of the machine,
so its depth is bounded by `Limits.depth` and not by the interpreter's stack.

`at` is the offset of the node that was touched last: where a failure is reported. Loading an
operand moves it, going back to the surrounding command does not; Go reports the same places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from stoker.core.template.characters import decode
from stoker.core.template.limits import DEPTH_OF_GO, Failure, Limits, too_long
from stoker.core.template.values import Byte, Pointer, StringMap, Value, described

Instruction = Callable[["Machine"], None]


class Loop(NamedTuple):
    """A loop that is running: what is left, and how many variables there were before its body."""

    items: Iterator[tuple[Value, Value]]
    mark: int


class Frame(NamedTuple):
    """What a template that calls another one goes on with."""

    code: list[Instruction]
    next: int
    dot: Value
    root: Value
    declared: list[bytes]
    variables: dict[bytes, list[Value]]


class Finished(Exception):
    """The outermost template has ended."""


class Machine:
    """The state of one rendering."""

    __slots__ = (
        "at",
        "code",
        "declared",
        "dot",
        "frames",
        "limits",
        "loops",
        "next",
        "output",
        "programs",
        "room",
        "root",
        "scopes",
        "stack",
        "variables",
        "work",
    )

    def __init__(
        self, programs: dict[bytes, list[Instruction]], context: Pointer, limits: Limits
    ) -> None:
        self.programs = programs
        self.limits = limits
        self.at = 0
        self.code = programs[b""]
        self.next = 0
        self.dot: Value = context
        self.root: Value = context
        self.declared: list[bytes] = []
        self.variables: dict[bytes, list[Value]] = {}
        self.stack: list[Value] = []
        self.scopes: list[tuple[int, Value]] = []
        self.loops: list[Loop] = []
        self.frames: list[Frame] = []
        self.output: list[bytes] = []
        self.room = limits.output
        self.work = limits.work

    def run(self) -> bytes:
        """The output of the whole template; a `Failure` happened at `at`."""
        try:
            for _ in range(self.limits.steps):
                instruction = self.code[self.next]
                self.next += 1
                instruction(self)
        except Finished:
            return b"".join(self.output)
        raise Failure(f"the template takes more than {self.limits.steps} steps", "limit")

    def write(self, data: bytes) -> None:
        """Adds to the output."""
        self.room -= len(data)
        if self.room < 0:
            raise too_long(self.limits.output)
        self.output.append(data)

    def charge(self, size: int) -> None:
        """Accounts for bytes that a function reads or writes."""
        self.work -= size
        if self.work < 0:
            message = f"functions handle more than {self.limits.work} bytes of text"
            raise Failure(message, "limit")

    def declare(self, name: bytes, value: Value) -> None:
        """Makes a variable, which may hide one of the same name."""
        self.declared.append(name)
        self.variables.setdefault(name, []).append(value)

    def assign(self, name: bytes, value: Value) -> None:
        """Changes the innermost variable of that name."""
        values = self.variables.get(name)
        if values:
            values[-1] = value
        elif name == b"$":
            self.root = value
        else:
            raise _undeclared(name)

    def value_of(self, name: bytes) -> Value:
        """The innermost variable of that name."""
        values = self.variables.get(name)
        if values:
            return values[-1]
        if name == b"$":
            return self.root
        raise _undeclared(name)

    def forget(self, mark: int) -> None:
        """Drops variables until there are `mark` of them."""
        declared = self.declared
        while len(declared) > mark:
            self.variables[declared.pop()].pop()

    def enter(self) -> None:
        """Opens a block: what it declares, and its dot, end with it."""
        self.scopes.append((len(self.declared), self.dot))

    def leave(self) -> None:
        """Closes the innermost block."""
        mark, self.dot = self.scopes.pop()
        self.forget(mark)

    def call(self, name: bytes, argument: Value) -> None:
        """Goes on with another template; `finish` comes back."""
        self.frames.append(
            Frame(self.code, self.next, self.dot, self.root, self.declared, self.variables)
        )
        self.code, self.next = self.programs[name], 0
        self.dot = self.root = argument
        self.declared, self.variables = [], {}

    def check_depth(self) -> None:
        """Refuses a call that would be too deep."""
        depth = min(self.limits.depth, DEPTH_OF_GO)
        if len(self.frames) >= depth:
            kind = "exec" if depth == DEPTH_OF_GO else "limit"
            raise Failure(f"more than {depth} templates call each other", kind)

    def finish(self) -> None:
        """Goes back to the template that called this one."""
        if not self.frames:
            raise Finished
        frame = self.frames.pop()
        self.code, self.next, self.dot, self.root, self.declared, self.variables = frame

    def begin_loop(self, value: Value) -> bool:
        """Opens a loop over the value; False if there is nothing to loop over."""
        items = _items(value)
        if items is None:
            return False
        self.loops.append(Loop(items, len(self.declared)))
        return True

    def next_item(self) -> tuple[Value, Value] | None:
        """Key and item of the next round, None if there is none; the last round is cleared away."""
        items, mark = self.loops[-1]
        self.forget(mark)
        return next(items, None)


def _items(value: Value) -> Iterator[tuple[Value, Value]] | None:
    match value:
        case None:
            return None
        case StringMap(pairs=pairs):
            return iter(pairs) if pairs else None
        case Byte(value=count):
            return ((None, Byte(number)) for number in range(count)) if count else None
    if type(value) is int:
        return ((None, number) for number in range(value)) if value > 0 else None
    raise Failure(f"{described(value)} cannot be ranged over")


def _undeclared(name: bytes) -> Failure:
    return Failure(f"the variable {decode(name)} is not declared here")
