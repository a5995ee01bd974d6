"""The instructions that a template is lowered to.

Each function here makes one instruction: a closure over what is known before the template runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from stoker.core.template.characters import decode
from stoker.core.template.limits import Failure
from stoker.core.template.printer import display
from stoker.core.template.quoting import quote
from stoker.core.template.values import Byte, Value, described, follow, truth

if TYPE_CHECKING:
    from stoker.core.template.functions import Builtin
    from stoker.core.template.machine import Instruction, Machine


@define(eq=False)
class Label:
    """A place in a program that instructions jump to; its address is filled in by lowering."""

    address: int = -1


def write(data: bytes) -> Instruction:
    """Writes text."""

    def run(machine: Machine) -> None:
        machine.write(data)

    return run


def show(at: int) -> Instruction:
    """Writes the value on the stack."""

    def run(machine: Machine) -> None:
        machine.at = at
        value = machine.stack.pop()
        if not isinstance(value, bytes):
            value = display(value, machine.room)
            machine.charge(len(value))
        machine.write(value)

    return run


def drop(machine: Machine) -> None:
    """Forgets the value on the stack."""
    machine.stack.pop()


def push(at: int, value: Value) -> Instruction:
    """Loads a constant."""

    def run(machine: Machine) -> None:
        machine.at = at
        machine.stack.append(value)

    return run


def push_nothing(machine: Machine) -> None:
    """Loads the value of a missing pipeline."""
    machine.stack.append(None)


def push_dot(at: int) -> Instruction:
    """Loads the dot."""

    def run(machine: Machine) -> None:
        machine.at = at
        machine.stack.append(machine.dot)

    return run


def push_field(at: int, names: tuple[bytes, ...], *, called: bool) -> Instruction:
    """Loads a field of the dot."""

    def run(machine: Machine) -> None:
        machine.at = at
        machine.stack.append(follow(machine.dot, names, called=called))

    return run


def push_variable(at: int, name: bytes, names: tuple[bytes, ...], *, called: bool) -> Instruction:
    """Loads a variable, or a field of it."""

    def run(machine: Machine) -> None:
        machine.at = at
        machine.stack.append(follow(machine.value_of(name), names, called=called))

    return run


def take_field(names: tuple[bytes, ...], *, called: bool) -> Instruction:
    """Replaces the value on the stack by a field of it."""

    def run(machine: Machine) -> None:
        machine.stack[-1] = follow(machine.stack[-1], names, called=called)

    return run


def touch(at: int) -> Instruction:
    """Moves the place where failures are reported."""

    def run(machine: Machine) -> None:
        machine.at = at

    return run


def fail(message: str) -> Instruction:
    """Fails where the machine is."""

    def run(_: Machine) -> None:
        raise Failure(message)

    return run


def declare(name: bytes) -> Instruction:
    """Declares a variable with the value on the stack, which stays there."""

    def run(machine: Machine) -> None:
        machine.declare(name, machine.stack[-1])

    return run


def assign(name: bytes) -> Instruction:
    """Assigns the value on the stack, which stays there, to a variable."""

    def run(machine: Machine) -> None:
        machine.assign(name, machine.stack[-1])

    return run


def check_text(machine: Machine) -> None:
    """Fails unless the value on the stack is text."""
    value = machine.stack[-1]
    if not isinstance(value, bytes):
        raise Failure(f"a text is wanted here, not {described(value)}")


def call(at: int, function: Builtin, count: int, *, piped: bool) -> Instruction:
    """Calls a function with the values on the stack; a piped one lies below the others."""
    taken = count + piped

    def run(machine: Machine) -> None:
        stack = machine.stack
        first = len(stack) - taken
        values = stack[first:]
        del stack[first:]
        if piped:
            values.append(values.pop(0))
        try:
            result = function.run(values, machine.limits.output)
            size = sum(len(value) for value in values if isinstance(value, bytes))
            machine.charge(size + (len(result) if isinstance(result, bytes) else 0))
        except Failure:
            machine.at = at
            raise
        stack.append(result)

    return run


def decide(label: Label, *, when: bool, piped: bool) -> Instruction:
    """One argument of `and` or `or`: the result if it decides, else dropped."""

    def run(machine: Machine) -> None:
        stack = machine.stack
        if truth(stack[-1]) is not when:
            stack.pop()
            return
        if piped:
            del stack[-2]
        machine.next = label.address

    return run


def jump(label: Label) -> Instruction:
    """Goes on elsewhere."""

    def run(machine: Machine) -> None:
        machine.next = label.address

    return run


def jump_unless(label: Label) -> Instruction:
    """Goes on elsewhere if the value on the stack is false."""

    def run(machine: Machine) -> None:
        if not truth(machine.stack.pop()):
            machine.next = label.address

    return run


def set_dot_or_jump(label: Label) -> Instruction:
    """Makes the value on the stack the dot, or goes on elsewhere if it is false."""

    def run(machine: Machine) -> None:
        value = machine.stack.pop()
        if truth(value):
            machine.dot = value
        else:
            machine.next = label.address

    return run


def enter(machine: Machine) -> None:
    """Opens a block."""
    machine.enter()


def leave(machine: Machine) -> None:
    """Closes a block."""
    machine.leave()


def begin_loop(otherwise: Label, *, pairs: bool) -> Instruction:
    """Opens a loop over the value on the stack, or goes to the `else`."""

    def run(machine: Machine) -> None:
        value = machine.stack.pop()
        if pairs and (type(value) is int or isinstance(value, Byte)):
            raise Failure("a range over a number has one variable only")
        if not machine.begin_loop(value):
            machine.next = otherwise.address

    return run


def next_round(end: Label) -> Instruction:
    """Makes the next item the dot, or ends the loop."""

    def run(machine: Machine) -> None:
        item = machine.next_item()
        if item is None:
            machine.next = end.address
        else:
            machine.dot = item[1]

    return run


def next_round_declared(end: Label, *, pairs: bool) -> Instruction:
    """The same, with variables that the pipeline of the loop has declared."""

    def run(machine: Machine) -> None:
        item = machine.next_item()
        if item is None:
            machine.next = end.address
            return
        key, machine.dot = item
        name = machine.declared[-1]
        machine.variables[name][-1] = machine.dot
        if pairs:
            other = machine.declared[-2]
            machine.variables[other][-2 if other == name else -1] = key

    return run


def next_round_assigned(end: Label, names: tuple[bytes, ...]) -> Instruction:
    """The same, with variables from outside of the loop."""

    def run(machine: Machine) -> None:
        item = machine.next_item()
        if item is None:
            machine.next = end.address
            return
        machine.dot = item[1]
        for name, value in zip(names, item[-len(names) :], strict=True):
            machine.assign(name, value)

    return run


def end_loop(machine: Machine) -> None:
    """Closes a loop."""
    machine.loops.pop()


def begin_call(at: int, name: bytes) -> Instruction:
    """Checks that another template can be called, before its argument is looked at."""

    def run(machine: Machine) -> None:
        machine.at = at
        if name not in machine.programs:
            raise Failure(f"the template {decode(quote(name))} is not defined")
        machine.check_depth()

    return run


def call_template(name: bytes) -> Instruction:
    """Calls another template with the value on the stack as its dot."""

    def run(machine: Machine) -> None:
        machine.call(name, machine.stack.pop())

    return run


def finish(machine: Machine) -> None:
    """Ends a template."""
    machine.finish()
