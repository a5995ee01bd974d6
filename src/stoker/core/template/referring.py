"""Which fields of the context a template names, as far as that is known without running it.

What counts are fields of `$`, and of `.` where it still is the context: not inside of `with` and
`range`, and not in definitions, whose dot is whatever they are called with.

Some of them are looked up whenever the template is rendered: those that no `if`, `with`, `range`,
`and` or `or` can pass over.
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
    Function,
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
    is_certain: bool = True
    """Whether it is looked up in every rendering."""


@frozen(eq=False)
class _Seen:
    """A piece of the tree, whether its dot is the context, and whether it is always reached."""

    node: Node | Operand | Command
    at_top: bool
    is_certain: bool = True


def references(template: Template) -> tuple[Reference, ...]:
    """The fields of the context that the template names, in the order of the source."""
    source = template.tree.source
    found: list[tuple[int, tuple[bytes, ...], bool]] = []
    root_is_hidden = False
    todo = [_Seen(node, at_top=True) for node in reversed(template.tree.bodies[b""])]
    while todo:
        item = todo.pop()
        match item.node:
            case Field(at=at, names=names) if item.at_top:
                # Errors point to the second name of a path; a reference starts at the first.
                start = at - len(names[0]) - 1 if len(names) > 1 else at
                found.append((start, names, item.is_certain))
            case Variable(at=at, name=b"$", names=names) if names and not root_is_hidden:
                found.append((at - 1, names, item.is_certain))
            case Pipeline(variables=variables):
                root_is_hidden |= any(variable.name == b"$" for variable in variables)
        todo.extend(reversed(_children(item)))
    return tuple(
        Reference(tuple(map(decode, names)), *position(source, at), is_certain)
        for at, names, is_certain in found
    )


def _children(item: _Seen) -> list[_Seen]:
    nodes: tuple[Node | Operand | Command, ...] = ()
    match item.node:
        case Branch(keyword=keyword, pipeline=pipeline, body=body, otherwise=otherwise):
            keeps = item.at_top and keyword == b"if"
            inside = [_Seen(node, keeps, is_certain=False) for node in body]
            other = [_Seen(node, item.at_top, is_certain=False) for node in otherwise or ()]
            return [_Seen(pipeline, item.at_top, item.is_certain), *inside, *other]
        case Action(pipeline=pipeline) | Call(pipeline=Pipeline() as pipeline):
            nodes = (pipeline,)
        case Pipeline(commands=commands):
            nodes = commands
        case Command(operands=(Function(name=b"and" | b"or"), first, *others)):
            reached = _Seen(first, item.at_top, item.is_certain)
            return [reached, *(_Seen(one, item.at_top, is_certain=False) for one in others)]
        case Command(operands=operands):
            nodes = operands
        case Chain(base=base):
            nodes = (base,)
    return [_Seen(node, item.at_top, item.is_certain) for node in nodes]
