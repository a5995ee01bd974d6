"""Parses a template: text, actions, and the blocks that actions open and close.

Blocks that are open are kept in a list, innermost last, so that templates may nest as deep as they
like. A `define` or `block` starts a scope of its own: no variables and no loop from outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import Factory, define, frozen

from stoker.core.template.characters import decode
from stoker.core.template.cursor import Cursor, Scope
from stoker.core.template.expressions import parse_pipeline
from stoker.core.template.lex import Kind, tokenize
from stoker.core.template.nodes import Action, Branch, Call, Jump, Node, Pipeline, Text
from stoker.core.template.quoting import quote, unquote

if TYPE_CHECKING:
    from stoker.core.errors import TemplateError


@frozen(eq=False)
class Tree:
    """What a source parses to: the definitions by name, the text itself under the empty name."""

    source: bytes
    bodies: dict[bytes, tuple[Node, ...]]


@define
class _Block:
    """A block that is open; the outermost one, the text itself, has the keyword `""`."""

    keyword: bytes
    name: bytes = b""
    name_at: int = 0
    pipeline: Pipeline | None = None
    mark: int = 0
    # An `else if`: the `end` of this block is the `end` of the one around it as well.
    chained: bool = False
    outer: Scope | None = None
    body: list[Node] = Factory(list)
    otherwise: list[Node] | None = None

    def add(self, node: Node) -> None:
        (self.body if self.otherwise is None else self.otherwise).append(node)


def parse(source: bytes, max_words: int) -> Tree:
    """The tree of a template; a `TemplateError` of kind `parse` says why there is none."""
    tokens = tokenize(source, max_words)
    parser = _Parser(Cursor(source, tokens))
    parser.run()
    return Tree(source, parser.bodies)


class _Parser:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.blocks = [_Block(b"")]
        self.bodies: dict[bytes, tuple[Node, ...]] = {}

    def run(self) -> None:
        cursor = self.cursor
        while (token := cursor.next_solid()).kind is not Kind.END:
            if token.kind is Kind.TEXT:
                self.blocks[-1].add(Text(token.at, token.text))
            elif token.kind is Kind.LEFT_DELIMITER:
                self.action()
            else:
                raise cursor.unexpected(token, "input")
        if len(self.blocks) > 1:
            raise cursor.refusal(
                f"{self.blocks[-1].keyword.decode()} is not closed by an {{{{end}}}}"
            )
        self.define(b"", self.blocks[0].body)

    def action(self) -> None:
        cursor = self.cursor
        token = cursor.next_solid()
        if token.kind is not Kind.KEYWORD:
            cursor.back()
            self.blocks[-1].add(Action(token.at, parse_pipeline(cursor, "command")))
            return
        match token.text:
            case b"if" | b"with" | b"range":
                self.branch(token.text)
            case b"else":
                self.otherwise()
            case b"end":
                cursor.expect(Kind.RIGHT_DELIMITER, "end")
                self.end()
            case b"break" | b"continue":
                self.jump(token.at, token.text)
            case b"template":
                self.template()
            case b"block":
                self.block()
            case _:
                self.definition()

    def branch(self, keyword: bytes, *, chained: bool = False) -> None:
        scope = self.cursor.scope
        mark = len(scope.variables)
        pipeline = parse_pipeline(self.cursor, keyword.decode())
        scope.loops += keyword == b"range"
        self.blocks.append(_Block(keyword, pipeline=pipeline, mark=mark, chained=chained))

    def otherwise(self) -> None:
        cursor = self.cursor
        block = self.blocks[-1]
        token = cursor.peek_solid()
        chains = token.kind is Kind.KEYWORD and token.text in {b"if", b"with"}
        if not chains:
            cursor.expect(Kind.RIGHT_DELIMITER, "else")
        if block.pipeline is None:
            raise self.misplaced("else", block)
        if block.otherwise is not None:
            raise cursor.refusal("a second {{else}} where {{end}} is expected")
        block.otherwise = []
        cursor.scope.loops -= block.keyword == b"range"
        if chains and token.text == block.keyword:
            cursor.next()
            self.branch(token.text, chained=True)

    def end(self) -> None:
        """Closes the innermost block, and with an `else if` the blocks that end with it."""
        chained = True
        while chained:
            block = self.blocks.pop()
            chained = block.chained
            if block.pipeline is not None:
                self.end_branch(block, block.pipeline)
            elif block.outer is None:
                raise self.misplaced("end", block)
            else:
                self.end_template(block, block.outer)

    def end_branch(self, block: _Block, pipeline: Pipeline) -> None:
        scope = self.cursor.scope
        scope.loops -= block.keyword == b"range" and block.otherwise is None
        scope.forget(block.mark)
        otherwise = None if block.otherwise is None else tuple(block.otherwise)
        node = Branch(pipeline.at, block.keyword, pipeline, tuple(block.body), otherwise)
        self.blocks[-1].add(node)

    def end_template(self, block: _Block, outer: Scope) -> None:
        self.define(block.name, block.body)
        self.cursor.scope = outer

    def misplaced(self, word: str, block: _Block) -> TemplateError:
        if block.keyword == b"block" and block.outer is not None:
            self.cursor.scope = block.outer
        return self.cursor.refusal(
            f"unexpected {{{{{word}}}}} in {block.keyword.decode() or 'the template'}"
        )

    def jump(self, at: int, keyword: bytes) -> None:
        cursor = self.cursor
        cursor.expect(Kind.RIGHT_DELIMITER, keyword.decode())
        if not cursor.scope.loops:
            raise cursor.refusal(f"{{{{{keyword.decode()}}}}} outside of {{{{range}}}}")
        self.blocks[-1].add(Jump(at, keyword))

    def name(self, context: str) -> tuple[int, bytes]:
        token = self.cursor.expect(Kind.STRING, context)
        name = unquote(token.text)
        if name is None:
            raise self.cursor.refusal("malformed escape in a name")
        return token.at, name

    def template(self) -> None:
        cursor = self.cursor
        at, name = self.name("template clause")
        pipeline = None
        if cursor.next_solid().kind is not Kind.RIGHT_DELIMITER:
            cursor.back()
            pipeline = parse_pipeline(cursor, "template clause")
        self.blocks[-1].add(Call(at, name, pipeline))

    def block(self) -> None:
        at, name = self.name("block clause")
        pipeline = parse_pipeline(self.cursor, "block clause")
        self.blocks[-1].add(Call(at, name, pipeline))
        self.begin_template(b"block", name)

    def definition(self) -> None:
        if len(self.blocks) > 1:
            raise self.cursor.refusal(
                "{{define}} is allowed at the top only, not inside of a block"
            )
        self.begin_template(b"define", b"")
        _, self.blocks[-1].name = self.name("define clause")
        self.cursor.expect(Kind.RIGHT_DELIMITER, "define clause")

    def begin_template(self, keyword: bytes, name: bytes) -> None:
        self.blocks.append(_Block(keyword, name, outer=self.cursor.scope))
        self.cursor.scope = Scope()

    def define(self, name: bytes, body: list[Node]) -> None:
        """Keeps a definition; one that is blank gives way to one that is not."""
        known = self.bodies.get(name)
        if known is None or _is_blank(known):
            self.bodies[name] = tuple(body)
        elif not _is_blank(body):
            raise self.cursor.refusal(f"the template {decode(quote(name))} is defined twice")


def _is_blank(body: list[Node] | tuple[Node, ...]) -> bool:
    return all(isinstance(node, Text) and not _stripped(node.text) for node in body)


def _stripped(text: bytes) -> str:
    return text.decode("utf-8", "replace").strip(_SPACES)


_SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
