"""JSON from and to the API server, where Python's own and the API server's differ.

A custom resource may hold free JSON, and the API server takes ten thousand levels of it; Python's
reader gives up at a thousand. One such object must not hide the list that it stands in, nor end the
watch that brings it. So what is too deep to be read is read without what lies below `MOST` levels,
null in its place: more than anything has that means something here.

What is applied is read as YAML over there, which has no escapes for halves of a character. So what
takes two escapes in JSON, an emoji for one, is written as it is; everything else outside of ASCII
is escaped, since YAML would fold or refuse some of it.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

MOST: Final = 200

_MARKS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_ESCAPES: Final = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|\\.")


def read(text: bytes) -> Any:  # noqa: ANN401 - any JSON
    """The value; raises `ValueError` where it is no JSON."""
    try:
        return json.loads(text)
    except RecursionError:
        return json.loads(shallow(text))


def shallow(text: bytes, most: int = MOST) -> bytes:
    """The same JSON with null for every object and list that has more than `most` around it."""
    kept: list[bytes] = []
    depth = begin = 0
    for mark in _MARKS.finditer(text):
        match text[mark.start() : mark.start() + 1]:
            case b"[" | b"{":
                depth += 1
                if depth == most + 1:
                    kept += (text[begin : mark.start()], b"null")
            case b"]" | b"}":
                if depth == most + 1:
                    begin = mark.end()
                depth -= 1
    return b"".join((*kept, text[begin:]))


def written(value: object) -> bytes:
    """The text for a value, the same as JSON and as YAML."""
    text = json.dumps(value, separators=(",", ":"))
    if "\\ud" in text:
        text = _ESCAPES.sub(_whole, text)
    return text.encode()


def _whole(escape: re.Match[str]) -> str:
    high, low = escape.groups()
    if high is None:
        return escape.group()
    return bytes.fromhex(high + low).decode("utf-16-be")
