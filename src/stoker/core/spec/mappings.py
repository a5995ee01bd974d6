"""The mappings of a profile, as frozen types like those of `types`."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from stoker.core.spec.schema import described
from stoker.core.spec.words import MappingType
from stoker.core.template import TemplateEngine


@frozen
class FieldPatch:
    """Fields to set in JSON files."""

    set: Mapping[str, str] = described("sjson path to value; a value is a template.", min_items=1)
    file: str | None = described(
        "Glob relative to the destination; nothing for the mapped file itself.",
        default=None,
        min_length=1,
    )


@frozen
class SourceMapping:
    """One piece of the repository and where it goes."""

    source: str = described("Path in the repository, a template.", min_length=1)
    destination: str = described("Path below the data directory, a template.", min_length=1)
    type: MappingType | None = described("dir or file; given, the commit must agree.", default=None)
    required: bool = described("Whether a missing source fails the sync.", default=False)
    template: bool = described("Whether file contents are templates.", default=False)
    template_engine: TemplateEngine = described(
        "Which template language.", default=TemplateEngine.GO
    )
    patches: tuple[FieldPatch, ...] = described("Fields to set in JSON files.", default=())
