"""JSON of any depth and any text, from and to the API server."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.adapters.kube.json_text import MOST, read, shallow, written

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
)


def cut(value: Any, most: int) -> Any:
    if isinstance(value, list):
        return [cut(one, most - 1) for one in value] if most else None
    if isinstance(value, dict):
        return {name: cut(one, most - 1) for name, one in value.items()} if most else None
    return value


@given(json_values, st.integers(0, 6), st.sampled_from([None, 1]))
def test_nothing_changes_but_what_is_too_deep(value: Any, most: int, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert json.loads(shallow(text, most)) == cut(value, most)


@pytest.mark.parametrize("levels", [MOST, 5_000, 10_000])
def test_depth_does_not_hide_what_is_beside_it(levels: int) -> None:
    text = b'{"deep": ' + b'{"a": [' * levels + b'"]}"' + b"]}" * levels + b', "beside": "]}"}'
    found = read(text)
    assert found["beside"] == "]}"
    assert isinstance(found["deep"], dict)


@pytest.mark.parametrize("text", [b"", b"[" * 5_000, b"]" * 5, b'{"a": ' * 5_000 + b'"'])
def test_what_is_no_json_is_an_error(text: bytes) -> None:
    with pytest.raises(ValueError, match="line 1"):
        read(text)


@given(json_values)
def test_what_is_written_is_json(value: Any) -> None:
    assert json.loads(written(value)) == value


@given(st.text())
def test_no_half_of_a_character_is_escaped(text: str) -> None:
    said = written({"text": text}).decode()
    assert re.search(r"\\ud[89a-f]", said.replace("\\\\", "")) is None


def test_what_yaml_would_fold_or_refuse_is_escaped() -> None:
    said = written("\x00\x7f\x85\u2028\ufeff\ufffe \\ud83d 🚒 é").decode()
    assert said == r'"\u0000\u007f\u0085\u2028\ufeff\ufffe \\ud83d 🚒 \u00e9"'
