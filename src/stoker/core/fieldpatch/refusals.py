"""The ways in which a field patch is refused: one function for each kind of `PatchError`.

None of them knows the path; `at` adds it where the patch comes in.
"""

from __future__ import annotations

from typing import Final

from attrs import evolve

from stoker.core.errors import PatchError

_SHOWN: Final = 200
"""How much of a long path an error shows."""


def at(path: str, error: PatchError) -> PatchError:
    """The error with its place."""
    return evolve(error, where=path if len(path) <= _SHOWN else f"{path[:_SHOWN]}…")


def invalid_json(what: str) -> PatchError:
    """The document is not JSON."""
    return PatchError(
        f"the document {what}",
        cure="patch JSON files only, and check the file as it is after templating",
        kind="invalid_json",
    )


def bad_path(what: str, *, cure: str) -> PatchError:
    """The path cannot be set in this document, or is no path."""
    return PatchError(what, cure=cure, kind="bad_path")


def over_limit(what: str) -> PatchError:
    """The patch asks for more than it may have."""
    return PatchError(
        what, cure="use a shorter path, a smaller index or a smaller value", kind="limit"
    )


def broken(what: str) -> PatchError:
    """What sjson would write is not JSON any more."""
    return PatchError(
        what, cure="name the field by a plain path of keys and indexes", kind="broken"
    )
