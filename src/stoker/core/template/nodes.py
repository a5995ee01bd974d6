"""The tree of a parsed template, and how it prints back.

Every node knows `at`, the offset of the byte that errors about it point to. Nothing here (nor in
any other module that walks the tree) calls itself for a child: templates may nest as deep as they
like, the interpreter's stack may not. `source` therefore keeps a list of what is still to print.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from stoker.core.template.numerals import Number
from stoker.core.template.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@frozen(eq=False)
class Text:
    """What stands outside of actions."""

    at: int
    text: bytes


@frozen(eq=False)
class Dot:
    """The dot, `.`."""

    at: int


@frozen(eq=False)
class Nil:
    """`nil`."""

    at: int


@frozen(eq=False)
class Bool:
    """`true` or `false`."""

    at: int
    value: bool


@frozen(eq=False)
class Numeral:
    """A number or character constant as it is written, and what it is worth."""

    at: int
    text: bytes
    value: Number


@frozen(eq=False)
class String:
    """A string constant as it is written, and what it says."""

    at: int
    literal: bytes
    text: bytes


@frozen(eq=False)
class Field:
    """`.A.B`."""

    at: int
    names: tuple[bytes, ...]


@frozen(eq=False)
class Variable:
    """`$x.A.B`; the name keeps its `$`."""

    at: int
    name: bytes
    names: tuple[bytes, ...] = ()


@frozen(eq=False)
class Function:
    """The name of a function."""

    at: int
    name: bytes


@frozen(eq=False)
class Chain:
    """Fields of the result of something else: `(pipeline).A.B`."""

    at: int
    base: Pipeline | Function
    names: tuple[bytes, ...]


@frozen(eq=False)
class Command:
    """One stage of a pipeline: an operand, or a function and its arguments."""

    at: int
    operands: tuple[Operand, ...]


@frozen(eq=False)
class Pipeline:
    """`$x, $y := command | command`."""

    at: int
    variables: tuple[Variable, ...]
    assigns: bool
    commands: tuple[Command, ...]


@frozen(eq=False)
class Action:
    """`{{pipeline}}`."""

    at: int
    pipeline: Pipeline


@frozen(eq=False)
class Branch:
    """`if`, `with` or `range`, told apart by `keyword`."""

    at: int
    keyword: bytes
    pipeline: Pipeline
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...] | None


@frozen(eq=False)
class Jump:
    """`{{break}}` or `{{continue}}`."""

    at: int
    keyword: bytes


@frozen(eq=False)
class Call:
    """`{{template "name" pipeline}}`."""

    at: int
    name: bytes
    pipeline: Pipeline | None


Word = Dot | Nil | Bool | Numeral | String | Field | Variable | Function
Operand = Word | Chain | Pipeline
Node = Text | Action | Branch | Jump | Call

Piece = bytes | Node | Operand | Command

# Two `{` in a row would open an action: they are kept apart by blanks that are trimmed away again.
_DOUBLE = re.compile(rb"\{(?=\{)")
_APART = rb"{ {{- /**/ -}} "
_OPEN_APART = b" {{- "


def source(body: tuple[Node, ...], definitions: Mapping[bytes, tuple[Node, ...]]) -> bytes:
    """Text that parses to this tree, its definitions behind its body."""
    pieces: list[Piece] = [*body]
    for name, definition in definitions.items():
        pieces += [b"{{define " + quote(name) + b"}}", *definition, b"{{end}}"]
    pieces.reverse()
    printed: list[bytes] = []
    while pieces:
        piece = pieces.pop()
        if not isinstance(piece, bytes):
            pieces.extend(reversed(_pieces(piece)))
        elif piece.startswith(b"{{") and printed and printed[-1].endswith(b"{"):
            printed.append(_OPEN_APART + piece[2:])
        else:
            printed.append(piece)
    return b"".join(printed)


def _pieces(node: Node | Operand | Command) -> Sequence[Piece]:
    match node:
        case Text(text=text):
            return (_DOUBLE.sub(_APART, text),)
        case Action(pipeline=pipeline):
            return (b"{{", pipeline, b"}}")
        case Branch(keyword=keyword, pipeline=pipeline, body=body, otherwise=otherwise):
            other = () if otherwise is None else (b"{{else}}", *otherwise)
            return (b"{{" + keyword + b" ", pipeline, b"}}", *body, *other, b"{{end}}")
        case Jump(keyword=keyword):
            return (b"{{" + keyword + b"}}",)
        case Call(name=name, pipeline=pipeline):
            argument = () if pipeline is None else (b" ", pipeline)
            return (b"{{template " + quote(name), *argument, b"}}")
    return _expression(node)


def _expression(node: Operand | Command) -> Sequence[Piece]:
    match node:
        case Pipeline(variables=variables, assigns=assigns, commands=commands):
            names = b", ".join(variable.name for variable in variables)
            declared = (names, b" = " if assigns else b" := ") if variables else ()
            return (*declared, *_joined(commands, b" | "))
        case Command(operands=operands):
            return _joined(operands, b" ")
        case Chain(base=base, names=names):
            return (*_joined((base,), b""), *(b"." + name for name in names))
    return (_word(node),)


def _joined(items: Sequence[Operand | Command], separator: bytes) -> list[Piece]:
    pieces: list[Piece] = []
    for item in items:
        if pieces:
            pieces.append(separator)
        pieces += (b"(", item, b")") if isinstance(item, Pipeline) else (item,)
    return pieces


def _word(node: Word) -> bytes:
    match node:
        case Dot():
            return b"."
        case Nil():
            return b"nil"
        case Bool(value=value):
            return b"true" if value else b"false"
        case Numeral(text=text) | String(literal=text) | Function(name=text):
            return text
        case Variable(name=name, names=names):
            return b".".join((name, *names))
    return b"." + b".".join(node.names)
