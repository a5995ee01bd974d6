"""Parses a pipeline: declarations, commands between `|`, operands, parentheses.

Open parentheses are kept in a list rather than on the interpreter's stack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import Factory, define

from stoker.core.template.characters import decode
from stoker.core.template.functions import NAMES
from stoker.core.template.lex import Kind, Token
from stoker.core.template.nodes import (
    Bool,
    Chain,
    Command,
    Dot,
    Field,
    Function,
    Nil,
    Numeral,
    Operand,
    Pipeline,
    String,
    Variable,
)
from stoker.core.template.numerals import Number, complex_number, number
from stoker.core.template.quoting import unquote, unquote_character

if TYPE_CHECKING:
    from stoker.core.template.cursor import Cursor

MAX_PARENTHESES = 10_000
_CONSTANTS = frozenset(
    (Kind.BOOL, Kind.CHARACTER, Kind.COMPLEX, Kind.DOT, Kind.NIL, Kind.NUMBER, Kind.STRING)
)
_STARTS = _CONSTANTS | {Kind.FIELD, Kind.IDENTIFIER, Kind.VARIABLE, Kind.LEFT_PAREN}
_AFTER_LOOP_VARIABLE = frozenset((Kind.VARIABLE, Kind.RIGHT_DELIMITER, Kind.RIGHT_PAREN))
_MAX_LOOP_VARIABLES = 2


@define
class _Open:
    """A pipeline whose end has not been seen, and the command that is being read, if any."""

    context: str
    end: Kind
    at: int = 0
    variables: list[Variable] = Factory(list)
    assigns: bool = False
    commands: list[Command] = Factory(list)
    in_command: bool = False
    command_at: int = 0
    operands: list[Operand] = Factory(list)


def parse_pipeline(cursor: Cursor, context: str) -> Pipeline:
    """The pipeline up to the end of the action."""
    pipelines = [_begin(cursor, context, Kind.RIGHT_DELIMITER)]
    while True:
        top = pipelines[-1]
        token = cursor.next_solid()
        if not top.in_command:
            if token.kind is top.end:
                done = _finish(cursor, top)
                pipelines.pop()
                if not pipelines:
                    return done
                _add(cursor, pipelines[-1], done)
                continue
            if token.kind not in _STARTS:
                raise cursor.unexpected(token, top.context)
            top.in_command, top.command_at, top.operands = True, token.at, []
        if token.kind is Kind.LEFT_PAREN:
            if len(pipelines) > MAX_PARENTHESES:
                raise cursor.refusal(f"more than {MAX_PARENTHESES} nested parentheses")
            pipelines.append(_begin(cursor, "parenthesized pipeline", Kind.RIGHT_PAREN))
            continue
        operand = _term(cursor, token)
        if operand is None:
            cursor.back()
            _after_operand(cursor, top)
        else:
            _add(cursor, top, operand)


def _begin(cursor: Cursor, context: str, end: Kind) -> _Open:
    """Opens a pipeline and reads its declarations or assignments."""
    opened = _Open(context, end, at=cursor.peek_solid().at)
    while (token := cursor.peek_solid()).kind is Kind.VARIABLE:
        start = cursor.mark()
        cursor.next()
        # The token right behind the variable counts as looked at even if it is only a blank.
        cursor.peek()
        follower = cursor.peek_solid()
        is_comma = follower.kind is Kind.PUNCTUATION and follower.text == b","
        if not is_comma and follower.kind not in {Kind.ASSIGN, Kind.DECLARE}:
            cursor.return_to(start)
            break
        cursor.next_solid()
        opened.variables.append(Variable(token.at, token.text))
        cursor.scope.declare(token.text)
        if not is_comma:
            opened.assigns = follower.kind is Kind.ASSIGN
            break
        if context != "range" or len(opened.variables) >= _MAX_LOOP_VARIABLES:
            raise cursor.refusal(f"too many declarations in {context}")
        if cursor.peek_solid().kind not in _AFTER_LOOP_VARIABLE:
            raise cursor.refusal("a range can only declare variables")
    return opened


def _finish(cursor: Cursor, opened: _Open) -> Pipeline:
    if not opened.commands:
        raise cursor.refusal(f"missing value for {opened.context}")
    for stage, command in enumerate(opened.commands[1:], start=2):
        if isinstance(command.operands[0], Bool | Dot | Nil | Numeral | String):
            raise cursor.refusal(
                f"stage {stage} of the pipeline is a value, nothing that can be called"
            )
    return Pipeline(opened.at, tuple(opened.variables), opened.assigns, tuple(opened.commands))


def _add(cursor: Cursor, opened: _Open, operand: Operand) -> None:
    """Adds an operand, together with the fields that follow without a blank."""
    token = cursor.peek()
    if token.kind is Kind.FIELD:
        names = []
        while cursor.peek().kind is Kind.FIELD:
            names.append(cursor.next().text[1:])
        operand = _with_fields(cursor, operand, token.at, tuple(names))
    opened.operands.append(operand)
    _after_operand(cursor, opened)


def _with_fields(cursor: Cursor, base: Operand, at: int, names: tuple[bytes, ...]) -> Operand:
    match base:
        case Field(names=first):
            return Field(at, (*first, *names))
        case Variable(name=name):
            return Variable(at, name, names)
        case Function() | Pipeline():
            return Chain(at, base, names)
    raise cursor.refusal("a constant has no fields")


def _after_operand(cursor: Cursor, opened: _Open) -> None:
    """Ends the command, unless a blank says that another operand may follow."""
    token = cursor.next()
    if token.kind is Kind.SPACE:
        return
    if token.kind in {Kind.RIGHT_DELIMITER, Kind.RIGHT_PAREN}:
        cursor.back()
    elif token.kind is not Kind.PIPE:
        raise cursor.unexpected(token, "operand")
    opened.commands.append(Command(opened.command_at, tuple(opened.operands)))
    opened.in_command = False


def _term(cursor: Cursor, token: Token) -> Operand | None:
    """The operand that a single token is, None if it is none."""
    match token.kind:
        case Kind.FIELD:
            return Field(token.at, (token.text[1:],))
        case Kind.VARIABLE:
            if not cursor.scope.known[token.text]:
                raise cursor.refusal(f"the variable {decode(token.text)} is not declared")
            return Variable(token.at, token.text)
        case Kind.IDENTIFIER:
            if token.text not in NAMES:
                message = f"there is no function {decode(token.text)}"
                raise cursor.refusal(message, cure=f"there are {_FUNCTIONS}")
            return Function(token.at, token.text)
    return _constant(cursor, token)


def _constant(cursor: Cursor, token: Token) -> Operand | None:
    match token.kind:
        case Kind.STRING:
            text = unquote(token.text)
            if text is None:
                raise cursor.refusal("malformed escape in a string")
            return String(token.at, token.text, text)
        case Kind.NUMBER | Kind.COMPLEX | Kind.CHARACTER:
            return Numeral(token.at, token.text, _number(cursor, token))
        case Kind.DOT:
            return Dot(token.at)
        case Kind.NIL:
            return Nil(token.at)
        case Kind.BOOL:
            return Bool(token.at, token.text == b"true")
    return None


def _number(cursor: Cursor, token: Token) -> Number:
    if token.kind is Kind.CHARACTER:
        rune = unquote_character(token.text)
        if rune is None:
            raise cursor.refusal("malformed character constant")
        return rune
    try:
        read = complex_number if token.kind is Kind.COMPLEX else number
        return read(token.text)
    except ValueError as error:
        raise cursor.refusal(f"{decode(token.text[:_SHOWN])} {error}") from None


_SHOWN = 40
_FUNCTIONS = decode(b", ".join(sorted(NAMES)))
