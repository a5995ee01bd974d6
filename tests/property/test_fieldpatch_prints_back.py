"""Law 13: a patch path prints back to what it was parsed from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from property.strategies.json_documents import keys, part_for, paths
from stoker.core.fieldpatch import PathPart, PlainPath, parse_path


@given(paths | st.text(min_size=1, max_size=10))
def test_a_path_prints_back(path: str) -> None:
    """Whatever the path: parsed and printed it is the same text, and parses to the same.

    Broken on purpose: `PathPart.__str__` left the colon out.
    """
    try:
        data = path.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return
    if data:
        assert str(parse_path(data)) == data
        assert parse_path(str(parse_path(data))) == parse_path(data)


@given(st.lists(keys, min_size=1, max_size=4))
def test_an_escaped_key_is_the_key(names: list[str]) -> None:
    """A path made of escaped keys has these keys.

    Broken on purpose: `PathPart.key` kept the backslashes.
    """
    parsed = parse_path(".".join(part_for(name) for name in names))
    assert isinstance(parsed, PlainPath)
    read = [part.key.encode("latin-1").decode("utf-8", "surrogateescape") for part in parsed.parts]
    assert read == names
    assert all(isinstance(part, PathPart) for part in parsed.parts)
