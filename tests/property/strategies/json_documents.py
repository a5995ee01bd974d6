"""JSON: plain values, and documents as people and programs write them, with odd blanks and keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS: Final = (
    "a",
    "b",
    "c",
    "ab",
    "name",
    "n",
    "list",
    "0",
    "1",
    "-1",
    "",
    "a.b",
    "a*",
    "é",
    "<k>",
    "m~n",
    "a/b",
    "~1",
)
STRINGS: Final = (
    *(
        "",
        "alpha",
        "bravo",
        'a"b',
        "x{b}y",
        "[1,2,3]",
        '{"b":1}',
        "text [7] more",
        "\\",
        "é<",
        "<b>",
    ),
    *("10", "true", "[[1],[2]]", "{", "[", "]", "\n", "\u2028", "日本", "\ud800"),
)
NUMBERS: Final = (
    "0",
    "1",
    "-1",
    "3.5",
    "1e5",
    "-0",
    "1.0",
    "12345678901234567890",
    "1E+2",
    "1e400",
)

keys = st.sampled_from(KEYS) | st.text(max_size=5)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(STRINGS)
    | st.text(max_size=8)
)


def values(max_leaves: int = 12) -> st.SearchStrategy[Any]:
    """Plain JSON values."""
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=max_leaves,
    )


blanks = st.sampled_from(("", "", "", " ", "\n", "\r\n  ", "\t"))


def _written_string(text: str) -> st.SearchStrategy[str]:
    plain = json.dumps(text, ensure_ascii=False)
    return st.sampled_from((plain if text.isprintable() else json.dumps(text), json.dumps(text)))


strings = st.sampled_from(STRINGS).flatmap(_written_string)
written_keys = keys.flatmap(_written_string)
leaves = st.sampled_from((*NUMBERS, "true", "false", "null", "{}", "[]", "[ ]")) | strings


def _container(opening: str, closing: str) -> Callable[..., str]:
    def join(members: list[str]) -> str:
        return opening + ",".join(members) + closing

    return join


def _member(*parts: str) -> str:
    return "".join(parts)


def _containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    item = st.builds(_member, blanks, inner, blanks)
    member = st.builds(_member, blanks, written_keys, blanks, st.just(":"), blanks, inner, blanks)
    return st.lists(item, max_size=4).map(_container("[", "]")) | st.lists(member, max_size=4).map(
        _container("{", "}")
    )


texts = st.recursive(leaves, _containers, max_leaves=10)
"""JSON texts without blanks around them; keys may come twice."""

objects = st.lists(
    st.builds(_member, blanks, written_keys, blanks, st.just(":"), blanks, texts, blanks),
    max_size=5,
).map(_container("{", "}"))

documents = st.builds(_member, blanks, texts | objects | objects, blanks)
"""JSON documents, mostly objects."""


# Documents with a path into them


def part_for(key: str | int) -> str:
    """A part of a patch path that means this key, or this index."""
    if isinstance(key, int):
        return str(key)
    escaped = "".join(
        char if char.isalnum() or not char.isascii() or char in "-: " else f"\\{char}"
        for char in key
    )
    return f":{escaped}" if not key or key[0] == ":" else escaped


@st.composite
def located(draw: st.DrawFn) -> tuple[str, str]:
    """A document, and a path to a value in it (of a first duplicate), as text."""
    value: Any = draw(
        st.dictionaries(keys, values(5), min_size=1, max_size=4) | st.lists(values(5), min_size=1)
    )
    indent = draw(st.sampled_from((None, 1, 2)))
    document = json.dumps(value, indent=indent, ensure_ascii=draw(st.booleans()))
    document = document.encode("utf-8", "replace").decode()
    parts: list[str] = []
    while isinstance(value, dict | list) and value and (not parts or draw(st.booleans())):
        names: list[Any] = sorted(value) if isinstance(value, dict) else list(range(len(value)))
        name = draw(st.sampled_from(names))
        parts.append(part_for(name))
        value = value[name]
    return draw(blanks) + document + draw(blanks), ".".join(parts)


changes = st.sampled_from(
    (
        "9",
        "-1.50",
        "true",
        "null",
        "alpha",
        '"q"',
        "<b>",
        "<é>",
        "[ 1, {}]",
        '{"z":1,"y":[2]}',
        "",
        "1e400",
    )
) | st.text(max_size=6)
"""Values as a patch has them."""

# Whatever a path may be

PARTS: Final = (
    *("a", "b", "name", "n", "list", "0", "1", "2", "-1", "-2", "", ":0", ":a", ":-1", ":", "::a"),
    *(
        "\\1",
        "a\\.b",
        "a\\*",
        "é",
        "!x",
        "!true",
        '!"s"',
        "[a]",
        "{a}",
        "[a,b]",
        "{a",
        "a[0]",
        "[a",
    ),
    *(
        "#",
        "#(a=1)",
        "#(n>0)#",
        '#(name="alpha")',
        '#(%"a*")#',
        "#(",
        "*",
        "?",
        "a*",
        "@this",
        "@keys",
    ),
    *(
        "@reverse",
        "@flatten",
        "@pretty",
        "@tostr",
        "@fromstr",
        "@dig:a",
        "@nope",
        '{"k":a}',
        "..",
        ".",
    ),
)
paths = st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).flatmap(
    lambda parts: st.lists(
        st.sampled_from((".", ".", ".", "|")), min_size=len(parts) - 1, max_size=len(parts) - 1
    ).map(lambda signs: "".join(a + b for a, b in zip(parts, [*signs, ""], strict=True)))
) | st.text(alphabet='ab01.|#@*?\\:!()[]{}",=é', max_size=8)
"""Patch paths, plain ones and queries, good and bad."""
