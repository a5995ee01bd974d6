"""Which fields of the context a template names, as far as that is known without running it.

What counts are fields of `$`, and of `.` where it still is the context: not inside of `with` and
`range`, and not in definitions, whose dot is whatever they are called with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from stoker.core.template.characters import decode
from stoker.core.template.cursor import position
from stoker.core.template.nodes import (
    Action,
    Branch,
    Call,
    Chain,
    Command,
    Field,
    Node,
    Operand,
    Pipeline,
    Variable,
)

if TYPE_CHECKING:
    from stoker.core.template.template import Template


@frozen
class Reference:
    """A path of fields such as `("Vars", "site")`, and where it stands (counted from 1)."""

    path: tuple[str, ...]
    line: int
    column: int


@frozen(eq=False)
class _Seen:
    """A piece of the tree, and whether its dot is the context."""

    node: Node | Operand | Command
    at_top: bool


def references(template: Template) -> tuple[Reference, ...]:
    """The fields of the context that the template names, in the order of the source."""
    source = template.tree.source
    found: list[tuple[int, tuple[bytes, ...]]] = []
    root_is_hidden = False
    todo = [_Seen(node, at_top=True) for node in reversed(template.tree.bodies[b""])]
    while todo:
        item = todo.pop()
        match item.node:
            case Field(at=at, names=names) if item.at_top:
                # Errors point to the second name of a path; a reference starts at the first.
                found.append((at - len(names[0]) - 1 if len(names) > 1 else at, names))
            case Variable(at=at, name=b"$", names=names) if names and not root_is_hidden:
                found.append((at - 1, names))
            case Pipeline(variables=variables):
                root_is_hidden |= any(variable.name == b"$" for variable in variables)
        todo.extend(reversed(_children(item)))
    return tuple(Reference(tuple(map(decode, names)), *position(source, at)) for at, names in found)


def _children(item: _Seen) -> list[_Seen]:
    nodes: tuple[Node | Operand | Command, ...] = ()
    match item.node:
        case Branch(keyword=keyword, pipeline=pipeline, body=body, otherwise=otherwise):
            keeps = item.at_top and keyword == b"if"
            inside = [_Seen(node, keeps) for node in body]
            other = [_Seen(node, item.at_top) for node in otherwise or ()]
            return [_Seen(pipeline, item.at_top), *inside, *other]
        case Action(pipeline=pipeline) | Call(pipeline=Pipeline() as pipeline):
            nodes = (pipeline,)
        case Pipeline(commands=commands):
            nodes = commands
        case Command(operands=operands):
            nodes = operands
        case Chain(base=base):
            nodes = (base,)
    return [_Seen(node, item.at_top) for node in nodes]
