"""Law 11: any string: `RelPath` refuses it, or it stays below its root.

What stays is also a normal form: parsing it again changes nothing, and no two texts of one place
give two paths.
"""

from __future__ import annotations

import posixpath

from hypothesis import given

from property.strategies.paths import rel_paths, untrusted_texts
from stoker.core.errors import PathError
from stoker.core.paths import ROOT, RelPath


@given(untrusted_texts())
def test_a_parsed_path_stays_below_its_root(text: str) -> None:
    """Seen to fail without the checks for '..' and control characters, and with empty names."""
    try:
        path = RelPath.parse(text)
    except PathError as refusal:
        assert refusal.where == text
        return
    joined = posixpath.normpath(posixpath.join("/root", path))
    assert joined == "/root" or joined.startswith("/root/")
    assert not set(path) & {"\\", "\0", "\n"}
    assert path == posixpath.normpath(path)


@given(untrusted_texts())
def test_parsing_is_idempotent(text: str) -> None:
    """Seen to fail with the root as an empty text."""
    try:
        path = RelPath.parse(text)
    except PathError:
        return
    assert RelPath.parse(str(path)) == path


@given(rel_paths(), rel_paths())
def test_joining_and_taking_apart_are_inverse(base: RelPath, below: RelPath) -> None:
    """Seen to fail with `relative_to` cutting one character less."""
    assert (base / below).relative_to(base) == below
    assert (base / below).is_below(base)


@given(rel_paths())
def test_ancestors_are_the_parents(path: RelPath) -> None:
    """Seen to fail with `ancestors` starting at the path itself."""
    chain = [path, *path.ancestors(), ROOT]
    assert [each.parent for each in chain[:-1]] == chain[1:]
    assert all(path.is_below(above) for above in chain[1:])
