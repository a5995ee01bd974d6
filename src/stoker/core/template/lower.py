"""Lowers the tree of a template to instructions.

A worklist takes the place of recursion: `_Lowering` takes an item off it, an instruction goes into
the program, a label gets its address, and a node is replaced by the items that it consists of.
"""

from __future__ import annotations

from attrs import evolve, frozen

from stoker.core.template import instructions as do
from stoker.core.template.functions import BUILTINS, LOGIC
from stoker.core.template.instructions import Label
from stoker.core.template.machine import Instruction
from stoker.core.template.nodes import (
    Action,
    Bool,
    Branch,
    Chain,
    Command,
    Dot,
    Field,
    Function,
    Jump,
    Nil,
    Node,
    Numeral,
    Operand,
    Pipeline,
    String,
    Text,
    Variable,
)
from stoker.core.template.numerals import TOO_LARGE

_NOWHERE = Label()


@frozen(eq=False)
class _Place:
    """Where a node stands: what `break` and `continue` mean, and how many blocks they leave."""

    blocks: int = 0
    # In the `else` of a range `break` ends that range, but `continue` goes on with the one outside.
    leave: Label = _NOWHERE
    leave_blocks: int = 0
    again: Label = _NOWHERE
    again_blocks: int = 0


@frozen(eq=False)
class _Body:
    nodes: tuple[Node, ...]
    place: _Place


@frozen(eq=False)
class _Stage:
    """A command in its pipeline; `piped` says that the result of the one before is an argument."""

    command: Command
    piped: bool


@frozen(eq=False)
class _Argument:
    """An operand as an argument of a function."""

    operand: Operand
    wants_text: bool = False


Item = Instruction | Label | Pipeline | _Body | _Stage | _Argument


def lower(body: tuple[Node, ...]) -> list[Instruction]:
    """The program of one template."""
    program: list[Instruction] = []
    todo: list[Item] = [do.finish, _Body(body, _Place())]
    while todo:
        item = todo.pop()
        match item:
            case Label():
                item.address = len(program)
            case _Body(nodes=nodes, place=place):
                for node in reversed(nodes):
                    todo.extend(reversed(_node(node, place)))
            case _Stage(command=command, piped=piped):
                todo.extend(reversed(_stage(command, piped=piped)))
            case _Argument(operand=operand, wants_text=wants_text):
                todo.extend(reversed(_argument(operand, wants_text=wants_text)))
            case Pipeline():
                todo.extend(reversed(_pipeline(item)))
            case _:
                program.append(item)
    return program


def _node(node: Node, place: _Place) -> list[Item]:
    match node:
        case Text(text=text):
            return [do.write(text)]
        case Action(at=at, pipeline=pipeline):
            return [pipeline, do.drop if pipeline.variables else do.show(at)]
        case Branch(keyword=b"range"):
            return _range(node, place)
        case Branch():
            return _condition(node, place)
        case Jump():
            return _jump(node, place)
    argument = do.push_nothing if node.pipeline is None else node.pipeline
    return [do.begin_call(node.at, node.name), argument, do.call_template(node.name)]


def _condition(node: Branch, place: _Place) -> list[Item]:
    otherwise, end = Label(), Label()
    test = do.set_dot_or_jump if node.keyword == b"with" else do.jump_unless
    inside = evolve(place, blocks=place.blocks + 1)
    items: list[Item] = [do.enter, node.pipeline, test(otherwise), _Body(node.body, inside)]
    if node.otherwise:
        items += [do.jump(end), otherwise, _Body(node.otherwise, inside), end]
    else:
        items.append(otherwise)
    return [*items, do.leave]


def _range(node: Branch, place: _Place) -> list[Item]:
    again, after, otherwise, end = Label(), Label(), Label(), Label()
    blocks = place.blocks + 1
    inside = _Place(blocks, after, blocks, again, blocks)
    in_else = evolve(place, blocks=blocks, leave=end, leave_blocks=blocks)
    variables = node.pipeline.variables
    pairs = len(variables) > 1
    if not variables:
        step = do.next_round(after)
    elif node.pipeline.assigns:
        step = do.next_round_assigned(after, tuple(variable.name for variable in variables))
    else:
        step = do.next_round_declared(after, pairs=pairs)
    return [
        do.enter,
        node.pipeline,
        do.begin_loop(otherwise, pairs=pairs),
        again,
        step,
        _Body(node.body, inside),
        do.jump(again),
        after,
        do.end_loop,
        do.jump(end),
        otherwise,
        _Body(node.otherwise or (), in_else),
        end,
        do.leave,
    ]


def _jump(node: Jump, place: _Place) -> list[Item]:
    is_break = node.keyword == b"break"
    label = place.leave if is_break else place.again
    blocks = place.leave_blocks if is_break else place.again_blocks
    return [*[do.leave] * (place.blocks - blocks), do.jump(label)]


def _pipeline(pipeline: Pipeline) -> list[Item]:
    items: list[Item] = [
        _Stage(command, piped=index > 0) for index, command in enumerate(pipeline.commands)
    ]
    first = pipeline.commands[0].operands
    if isinstance(first[0], Pipeline) and len(first) > 1:
        items.insert(0, do.touch(pipeline.at))
    keep = do.assign if pipeline.assigns else do.declare
    items += [keep(variable.name) for variable in pipeline.variables]
    return items


def _stage(command: Command, *, piped: bool) -> list[Item]:
    first, *arguments = command.operands
    called = piped or bool(arguments)
    refusal = [do.fail("only a function can be given arguments")] if called else []
    match first:
        case Function(at=at, name=name):
            return _call(at, command.at, name, tuple(arguments), piped=piped)
        case Field(at=at, names=names):
            return [do.push_field(at, names, called=called)]
        case Chain():
            return _chain(first, called=called)
        case Variable(at=at, name=name, names=names):
            load = do.push_variable(at, name, names, called=called)
            return [load, *(() if names else refusal)]
        case Pipeline():
            return [*refusal, first]
    return [do.touch(first.at), *refusal] if refusal else _constant(first)


def _chain(chain: Chain, *, called: bool) -> list[Item]:
    return [do.touch(chain.at), _Argument(chain.base), do.take_field(chain.names, called=called)]


def _call(
    at: int, command_at: int, name: bytes, arguments: tuple[Operand, ...], *, piped: bool
) -> list[Item]:
    function = BUILTINS.get(name, LOGIC)
    items: list[Item] = [do.touch(at)]
    if function.refuses(len(arguments) + piped):
        text = f"{name.decode()} cannot be called with {len(arguments) + piped} argument(s)"
        return [*items, do.fail(text)]
    if function is LOGIC:
        return [*items, *_logic(name, arguments, piped=piped)]
    if function.wants_text and not arguments:
        items.append(do.check_text)
    for index, argument in enumerate(arguments):
        items.append(_Argument(argument, wants_text=function.wants_text and index == 0))
    return [*items, do.call(command_at, function, len(arguments), piped=piped)]


def _logic(name: bytes, arguments: tuple[Operand, ...], *, piped: bool) -> list[Item]:
    end = Label()
    decide = do.decide(end, when=name == b"or", piped=piped)
    items: list[Item] = []
    for index, argument in enumerate(arguments):
        items.append(_Argument(argument))
        if piped or index < len(arguments) - 1:
            items.append(decide)
    return [*items, end]


def _argument(operand: Operand, *, wants_text: bool) -> list[Item]:
    items: list[Item]
    match operand:
        case Nil(at=at) if wants_text:
            return [do.touch(at), do.fail("a text is wanted here, not nil")]
        case Nil(at=at):
            return [do.push(at, None)]
        case Bool(at=at) if wants_text:
            return [do.touch(at), do.fail("a text is wanted here, not a truth value")]
        case Numeral(at=at) if wants_text:
            return [do.touch(at), do.fail("a text is wanted here, not a number")]
        case Function(at=at, name=name):
            items = _call(at, at, name, (), piped=False)
        case Field(at=at, names=names):
            items = [do.push_field(at, names, called=False)]
        case Variable(at=at, name=name, names=names):
            items = [do.push_variable(at, name, names, called=False)]
        case Chain():
            items = _chain(operand, called=False)
        case Pipeline():
            items = [operand]
        case _:
            items = _constant(operand)
    return [*items, do.check_text] if wants_text else items


def _constant(operand: Operand) -> list[Item]:
    match operand:
        case Numeral(at=at, value=value) if value is TOO_LARGE:
            return [do.touch(at), do.fail("the number is larger than an integer can be")]
        case Numeral(at=at, value=value) | Bool(at=at, value=value) | String(at=at, text=value):
            return [do.push(at, value)]
        case Dot(at=at):
            return [do.push_dot(at)]
        case _:
            return [do.touch(operand.at), do.fail("nil cannot stand alone")]
