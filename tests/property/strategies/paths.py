"""Paths: legal ones, close neighbours, and anything at all."""

from __future__ import annotations

from hypothesis import strategies as st

from stoker.core.paths import RelPath

NAMES = ("a", "b", "c", "A", "resource.json", "view.json", "My View", "größe", ".x", "日本")


def names() -> st.SearchStrategy[str]:
    """One name; few, so that paths meet."""
    return st.sampled_from(NAMES)


def rel_paths(max_depth: int = 4) -> st.SearchStrategy[RelPath]:
    """A path of a few names; many of them are each other's ancestors."""
    parts = st.lists(names(), min_size=1, max_size=max_depth)
    return parts.map("/".join).map(RelPath)


def untrusted_texts() -> st.SearchStrategy[str]:
    """Any text, and texts that look like paths and are not quite."""
    pieces = st.sampled_from(
        ["", ".", "..", "/", "//", "\\", "\0", "\n", "\x7f", "\x85", "a", "...", "..a", "~", " ",
         "\udc80", "é", "C:", "%2e%2e", "a" * 256]
    )  # fmt: skip
    near = st.lists(pieces | names(), max_size=8)
    return st.text(max_size=30) | near.map("/".join) | near.map("".join)
