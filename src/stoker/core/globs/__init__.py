"""Which paths a pattern means: doublestar globs and the repository's ignore file."""

from __future__ import annotations

from stoker.core.globs.compiled import CompiledGlob, compile_glob
from stoker.core.globs.doublestar import glob_match
from stoker.core.globs.excludes import Excludes, merge_excludes
from stoker.core.globs.ignorefile import IgnoreFile

__all__ = ["CompiledGlob", "Excludes", "IgnoreFile", "compile_glob", "glob_match", "merge_excludes"]
