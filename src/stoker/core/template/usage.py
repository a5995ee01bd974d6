"""Which top-level fields of the context a text can look at.

A change of the others is no reason to render it again. The answer may name too many fields, never
too few: wherever a Go template takes the context as a whole (a bare `.` or `$` that is not simply
passed on), it may look at everything.
"""

from __future__ import annotations

from typing import Final

from stoker.core.template.characters import decode
from stoker.core.template.engine import TemplateEngine
from stoker.core.template.nodes import (
    Action,
    Branch,
    Call,
    Chain,
    Command,
    Dot,
    Field,
    Node,
    Operand,
    Pipeline,
    Variable,
)
from stoker.core.template.template import parse_template

CONTEXT_FIELDS: Final = frozenset(
    {
        "GatewayName", "PodName", "PodOrdinal", "Namespace", "Ref", "Commit", "CRName", "Labels",
        "Vars",
    }
)  # fmt: skip


def context_fields(engine: TemplateEngine, text: str) -> frozenset[str]:
    """The fields of the context that rendering `text` can depend on; it has to parse."""
    if engine is TemplateEngine.GO:
        return _go_fields(text) if "{{" in text else frozenset()
    # Only those who use Jinja2 pay for importing it.
    from stoker.core.template.jinja import undeclared_names  # noqa: PLC0415

    return undeclared_names(text) & CONTEXT_FIELDS


def _go_fields(text: str) -> frozenset[str]:
    named = set[str]()
    todo: list[Node | Operand | Command] = [
        node for body in parse_template(text).tree.bodies.values() for node in body
    ]
    while todo:
        node = todo.pop()
        match node:
            case Dot() | Variable(name=b"$", names=()):
                return CONTEXT_FIELDS
            case Field(names=names) | Variable(names=names) if names:
                named.add(decode(names[0]))
        todo.extend(_below(node))
    return CONTEXT_FIELDS & named


def _below(node: Node | Operand | Command) -> tuple[Node | Operand | Command, ...]:
    match node:
        case Branch(pipeline=pipeline, body=body, otherwise=otherwise):
            return (pipeline, *body, *(otherwise or ()))
        case Action(pipeline=pipeline) | Call(pipeline=Pipeline() as pipeline):
            # Where a definition is simply given the context, its own fields are what counts.
            return () if isinstance(node, Call) and _is_dot(pipeline) else (pipeline,)
        case Pipeline(commands=parts) | Command(operands=parts):
            return parts
        case Chain(base=base):
            return (base,)
        case _:
            return ()


def _is_dot(pipeline: Pipeline) -> bool:
    match pipeline:
        case Pipeline(variables=(), commands=(Command(operands=(Dot(),)),)):
            return True
        case _:
            return False
