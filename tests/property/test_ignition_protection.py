"""Law 4, its first half: what is protected is decided once, and holds for all that lies below.

Rule: protection never weakens on the way down, so a walk may stop at a protected directory; a
mapping frees what is guarded only where it names it, and frees nothing that is protected; and text
that is no path yet is judged as the path that it is cleaned to.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from property.strategies.ignition import data_paths
from property.strategies.paths import untrusted_texts
from stoker.core.errors import PathError
from stoker.core.ignition import (
    Free,
    Guarded,
    Protected,
    Protection,
    is_protected,
    may_write,
    protection,
    protects_everything_below,
    refused_destination,
    scans_for,
)
from stoker.core.paths import ROOT, RelPath


def _strength(found: Protection) -> int:
    return [Free, Guarded, Protected].index(type(found))


@given(data_paths())
def test_protection_never_weakens_downwards(path: RelPath) -> None:
    """Seen to fail when the keystore rule looked at the last name alone."""
    for directory in path.ancestors():
        assert _strength(protection(path)) >= _strength(protection(directory))
        if protects_everything_below(directory):
            assert isinstance(protection(path), Protected)


@given(data_paths(), data_paths())
def test_a_destination_frees_only_what_it_names(path: RelPath, destination: RelPath) -> None:
    """Seen to fail when `may_write` freed a guarded path for any destination above it."""
    alone, mapped = protection(path), may_write(path, destination)
    if isinstance(alone, Guarded) and isinstance(mapped, Free):
        assert path.is_within(destination)
        assert isinstance(protection(destination), Guarded)
    else:
        assert mapped == alone
    assert may_write(path, ROOT) == alone


@given(data_paths(), st.data())
def test_a_guarded_place_can_be_named(path: RelPath, data: st.DataObject) -> None:
    """Seen to fail when the destination had to be the path itself."""
    guarded = [
        above for above in (path, *path.ancestors()) if isinstance(protection(above), Guarded)
    ]
    if guarded and isinstance(protection(path), Guarded):
        assert isinstance(may_write(path, data.draw(st.sampled_from(guarded))), Free)


@given(data_paths())
def test_a_destination_is_refused_exactly_where_nothing_may_be_written(path: RelPath) -> None:
    """Seen to fail when guarded destinations were refused as well."""
    assert (refused_destination(path) is None) is not isinstance(protection(path), Protected)
    assert is_protected(path) is isinstance(protection(path), Protected)
    assert is_protected(f"./{path}//") is is_protected(path)
    assert is_protected(f"a/../{path}/b/..") is is_protected(path)


steps = st.lists(st.sampled_from(("..", ".", "", "a", ".resources", "db")), max_size=5)


@given(untrusted_texts() | steps.map("/".join))
def test_any_text_has_an_answer(text: str) -> None:
    """Seen to fail when cleaning popped from an empty list of names."""
    try:
        path = RelPath(text)
    except PathError:
        assert is_protected(text) in {True, False}
    else:
        assert is_protected(text) is isinstance(protection(path), Protected)


@given(st.lists(data_paths()), st.lists(data_paths()))
def test_more_changes_never_take_a_needed_scan_away(
    some: list[RelPath], more: list[RelPath]
) -> None:
    """Seen to fail when the first path alone decided. A change in neither half needs both."""
    halves = {path.partition("/")[0] for path in some} & {"projects", "config"}
    assert halves <= {kind.value for kind in scans_for([*some, *more])}
    assert bool(scans_for(some)) is bool(some)
