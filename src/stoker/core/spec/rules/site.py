"""What holds where a document is used, and what the rules ask of modules above their own."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from attrs import frozen

from stoker.core.errors import StokerError
from stoker.core.paths import RelPath
from stoker.core.refs import DEFAULT_PROTOCOLS


def _takes_any_glob(_: str) -> None:
    return None


def _takes_any_destination(_: RelPath) -> None:
    return None


@frozen
class Site:
    """The surroundings of a document."""

    allowed_protocols: Collection[str] = DEFAULT_PROTOCOLS
    """The schemes that a repository's address may have."""
    check_glob: Callable[[str], object] = _takes_any_glob
    """Raises a `StokerError` for a malformed pattern."""
    refused_destination: Callable[[RelPath], StokerError | None] = _takes_any_destination
    """Says why nothing may be mapped to a place, or None."""
    is_entrance: bool = False
    """Whether documents come in here: what can only be a mistake is refused while its author looks.

    A document that is in is worked with as far as it goes: what was taken once, by an older version
    or while nobody checked, must not stop gateways that do not need it.
    """


ANYWHERE: Final = Site()
"""Nothing is known of patterns and places."""
