"""What a patch value is: JSON if Go's `encoding/json` can read it, else a string.

A value that is JSON is not copied but written anew, the way Go writes what it has read: numbers
went through a 64-bit float, containers are compact with their keys sorted and the last of equal
keys kept, strings in containers are safe for HTML. A number that a float cannot hold makes the
whole value a string. Nothing here recurses: values may nest as deep as documents.
"""

from __future__ import annotations

import json
import math
import re
from typing import Final

from stoker.core.fieldpatch.bytetext import to_bytes, to_runes
from stoker.core.fieldpatch.lexical import quote, stringify
from stoker.core.fieldpatch.numbers import in_full
from stoker.core.fieldpatch.syntax import is_json

_TOKEN: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]|[^\s,:\[\]{}"]++', re.DOTALL)
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_WORDS: Final = frozenset({"true", "false", "null"})
_SMALL: Final = 1e-6
_LARGE: Final = 1e21
"""In containers Go writes numbers below the one and from the other on with an exponent."""

_Tree = str | list["_Tree"] | dict[str, "_Tree"]
"""A scalar as it will be written, or a container."""


class _TooLargeError(Exception):
    """A number that a 64-bit float cannot hold."""


def infer(data: str) -> str:
    """The JSON text that a patch value stands for; both are byte text."""
    if not is_json(data):
        return stringify(data)
    text = data.strip(" \t\r\n")
    try:
        if text[0] in "[{":
            return _written(_read(text))
        if text[0] == '"':
            return stringify(decoded(text))
        return text if text in _WORDS else in_full(_number(text))
    except _TooLargeError:
        return stringify(data)


def decoded(string: str) -> str:
    """The meaning of a JSON string; what is not Unicode in it is U+FFFD."""
    meaning: str = json.loads(to_runes(string))
    return to_bytes(_SURROGATE.sub("\ufffd", meaning))


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _TooLargeError
    return number


def _scalar(token: str) -> str:
    if token[0] == '"':
        return quote(decoded(token))
    if token in _WORDS:
        return token
    number = _number(token)
    if number and not _SMALL <= abs(number) < _LARGE:
        return repr(number).replace("e-0", "e-")
    return in_full(number)


def _read(text: str) -> _Tree:
    """The tree of a text that is a JSON container."""
    root: list[_Tree] = []
    opened: list[list[_Tree] | dict[str, _Tree]] = [root]
    key: list[str] = []  # the key whose value comes next, if there is one
    for lexeme in _TOKEN.findall(text):
        if lexeme in "]}":
            opened.pop()
            continue
        holder = opened[-1]
        if isinstance(holder, dict) and not key:
            key.append(decoded(lexeme))
            continue
        node: _Tree = [] if lexeme == "[" else {} if lexeme == "{" else _scalar(lexeme)
        if isinstance(holder, dict):
            holder[key.pop()] = node
        else:
            holder.append(node)
        if not isinstance(node, str):
            opened.append(node)
    return root[0]


def _written(tree: _Tree) -> str:
    """The tree as Go writes it."""
    done: list[str] = []
    pending: list[_Tree] = [tree]
    inner: list[_Tree]
    while pending:
        match pending.pop():
            case str() as piece:
                done.append(piece)
            case list() as items:
                inner = [piece for item in items for piece in (",", item)]
                pending += reversed(["[", *inner[1:], "]"])
            case members:
                keys = sorted(members)
                inner = [piece for k in keys for piece in (",", f"{quote(k)}:", members[k])]
                pending += reversed(["{", *inner[1:], "}"])
    return "".join(done)
