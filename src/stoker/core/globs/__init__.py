"""Which paths a pattern means: doublestar globs and the repository's ignore file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.core.exporting import exported

if TYPE_CHECKING:
    from stoker.core.globs.compiled import CompiledGlob, compile_glob
    from stoker.core.globs.doublestar import glob_match
    from stoker.core.globs.excludes import Excludes
    from stoker.core.globs.ignorefile import IgnoreFile
    from stoker.core.globs.merging import merge_excludes
else:
    __getattr__ = exported(
        __name__,
        compiled="CompiledGlob compile_glob",
        doublestar="glob_match",
        excludes="Excludes",
        ignorefile="IgnoreFile",
        merging="merge_excludes",
    )

__all__ = ["CompiledGlob", "Excludes", "IgnoreFile", "compile_glob", "glob_match", "merge_excludes"]
