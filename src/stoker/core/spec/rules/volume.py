"""How much text there may be in a document that has to be parsed.

Whoever may write a document decides how long its rules take. So the text of all templates, and of
all patterns, is bounded before any of it is parsed: one document must not delay the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.core.spec.problems import Finding, Place
from stoker.core.spec.rules.templates import is_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stoker.core.spec import SourceMapping, SyncSection

MOST_TEMPLATES: Final = 256 << 10
"""Characters of the templates of all profiles together."""
MOST_PATTERNS: Final = 32 << 10
"""Characters of the patterns of all profiles together."""


def excess(sync: SyncSection, place: Place) -> Iterator[Finding]:
    """Not more than anybody writes by hand."""
    mappings = [mapping for profile in sync.profiles.values() for mapping in profile.mappings]
    settings = [sync.defaults, *(profile.settings for profile in sync.profiles.values())]
    patterns = [pattern for one in settings for pattern in one.exclude_patterns or ()]
    globs = [patch.file or "" for mapping in mappings for patch in mapping.patches]
    yield from _excess("templates", _templates(mappings), MOST_TEMPLATES, place)
    yield from _excess("patterns", [*patterns, *globs], MOST_PATTERNS, place)


def _templates(mappings: Iterable[SourceMapping]) -> Iterator[str]:
    for mapping in mappings:
        values = (value for patch in mapping.patches for value in patch.set.values())
        for text in (mapping.source, mapping.destination, *values):
            if is_template(text, mapping.template_engine):
                yield text


def _excess(what: str, texts: Iterable[str], most: int, place: Place) -> Iterator[Finding]:
    total = sum(map(len, texts))
    if total > most:
        message = f"holds {what} of {total} characters in all, and {most} are the most"
        yield Finding(place, message, "write less, or divide the gateways among GatewaySyncs")
