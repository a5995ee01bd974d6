"""Fuzz the globs: only GlobError leaves, and every compiled matcher agrees with the walk.

An input is a pattern, a path, and the text of an ignore file, one after the other.
"""

from __future__ import annotations

from stoker.core.errors import GlobError
from stoker.core.globs import Excludes, IgnoreFile, compile_glob, glob_match


def one_input(data: bytes) -> None:
    """Match one path in every way there is."""
    first, _, rest = data.partition(b"\n")
    second, _, third = rest.partition(b"\n")
    pattern, path, rules = (
        part.decode("utf-8", "surrogateescape") for part in (first, second, third)
    )
    try:
        walked = glob_match(pattern, path)
    except GlobError:
        walked = False
    excludes = Excludes([pattern])
    same = excludes.patterns == (pattern,) and not pattern.endswith("/")
    # A walk that takes too many steps excludes its path, though it matches nothing.
    if same and walked and not excludes.matches(path):
        raise AssertionError((pattern, path))
    try:
        compiled = compile_glob(pattern).matches(path)
    except GlobError:
        compiled = walked
    if compiled != walked:
        raise AssertionError((pattern, path))
    if excludes.skips_directory(path) and not excludes.matches(f"{path}/a"):
        raise AssertionError((pattern, path))
    ignore = IgnoreFile.parse(rules)
    if ignore.prunes(path) and not ignore.ignores(f"{path}/a", is_directory=False):
        raise AssertionError((rules, path))
