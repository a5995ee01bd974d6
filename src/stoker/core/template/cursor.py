"""Where the parser stands in the list of tokens, and what it must remember per template.

An error points to the furthest token that the template at hand has looked at, so looking ahead is
part of the behaviour: read on only where the grammar needs it.
"""

from __future__ import annotations

from collections import Counter

from attrs import Factory, define, evolve

from stoker.core.errors import TemplateError
from stoker.core.template.characters import decode
from stoker.core.template.lex import Kind, Token


@define
class Scope:
    """What is known while one template (the text itself, a `define`, a `block`) is parsed."""

    furthest: int = 0
    variables: list[bytes] = Factory(lambda: [b"$"])
    known: Counter[bytes] = Factory(lambda: Counter((b"$",)))
    loops: int = 0

    def declare(self, name: bytes) -> None:
        """Makes a variable known until the enclosing block ends."""
        self.variables.append(name)
        self.known[name] += 1

    def forget(self, mark: int) -> None:
        """Drops the variables declared since there were `mark` of them."""
        while len(self.variables) > mark:
            self.known[self.variables.pop()] -= 1


class Cursor:
    """Reads tokens one by one, with as much looking ahead as is needed."""

    def __init__(self, source: bytes, tokens: list[Token]) -> None:
        self.source = source
        self.scope = Scope()
        self._tokens = tokens
        self._index = 0

    def next(self) -> Token:
        """The next token, blanks included."""
        index = self._index
        self._index = index + 1
        self.scope.furthest = max(self.scope.furthest, index)
        return self._tokens[index]

    def next_solid(self) -> Token:
        """The next token that is not blanks."""
        token = self.next()
        return self.next() if token.kind is Kind.SPACE else token

    def back(self) -> None:
        """Steps back by one token."""
        self._index -= 1

    def peek(self) -> Token:
        """What `next` will give."""
        token = self.next()
        self._index -= 1
        return token

    def peek_solid(self) -> Token:
        """What `next_solid` will give; blanks before it are gone."""
        token = self.next_solid()
        self._index -= 1
        return token

    def mark(self) -> int:
        """A place to `return_to`."""
        return self._index

    def return_to(self, mark: int) -> None:
        """Steps back to a place."""
        self._index = mark

    def expect(self, kind: Kind, context: str) -> Token:
        """The next token, which must be of this kind."""
        token = self.next_solid()
        if token.kind is not kind:
            raise self.unexpected(token, context)
        return token

    def unexpected(self, token: Token, context: str) -> TemplateError:
        """The error for a token that does not fit, or that is none."""
        match token.kind:
            case Kind.ERROR:
                return self.refusal(decode(token.text))
            case Kind.LIMIT:
                return evolve(self.refusal(decode(token.text)), kind="limit")
        return self.refusal(f"unexpected {decode(token.text[:_SHOWN])!a} in {context}")

    def refusal(self, message: str, *, cure: str = "") -> TemplateError:
        """The error of a template that does not parse, at the furthest token looked at."""
        at = self._tokens[self.scope.furthest].at
        line, column = position(self.source, at)
        return TemplateError(message, kind="parse", line=line, column=column, cure=cure)


_SHOWN = 20


def position(source: bytes, at: int) -> tuple[int, int]:
    """Line and column of an offset; both count from 1, columns in bytes."""
    return source.count(b"\n", 0, at) + 1, at - source.rfind(b"\n", 0, at)
