"""Rules about what goes where: paths, templates, patches, names of profiles.

A path that holds a template is checked as far as it is fixed: what stands in front of the first
action and behind the last one is in every path that it can become.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.core.errors import PathError
from stoker.core.fieldpatch import parse_path
from stoker.core.paths import RelPath
from stoker.core.spec import (
    FieldPatch,
    MappingType,
    SourceMapping,
    SyncProfile,
    SyncSection,
)
from stoker.core.spec.problems import Finding, Place, place_text, refusal, shown
from stoker.core.spec.rules.templates import check_template, fixed_part, is_template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.core.spec.rules.site import Site
    from stoker.core.template import TemplateEngine

MAX_PROFILE_NAME: Final = 253
"""Characters of a profile's name; it ends up in annotations, reports and metrics."""


def sync_section(sync: SyncSection, place: Place, _: Site) -> Iterator[Finding]:
    """Names of profiles that an annotation can hold and a person can read."""
    for name in sync.profiles:
        legal = name.isprintable() and name == name.strip() and 0 < len(name) <= MAX_PROFILE_NAME
        if not legal:
            yield Finding(
                (*place, "profiles", name),
                f"{shown(name)} is not a legal name for a profile",
                f"use 1 to {MAX_PROFILE_NAME} printable characters, with no blank at the ends",
            )


def sync_profile(profile: SyncProfile, place: Place, _: Site) -> Iterator[Finding]:
    """No mapping twice: the second one could only be a mistake."""
    first: dict[tuple[str, str], Place] = {}
    for index, mapping in enumerate(profile.mappings):
        where = (*place, "mappings", index)
        key = _plain(mapping.source), _plain(mapping.destination)
        if key in first:
            yield Finding(
                where,
                f"has the same source and destination as {place_text(first[key])}",
                "remove one of the two",
            )
        first.setdefault(key, where)


def _plain(path: str) -> str:
    try:
        return RelPath.parse(path)
    except PathError:
        return path


def source_mapping(mapping: SourceMapping, place: Place, site: Site) -> Iterator[Finding]:
    """Paths, and the patches of the files behind them."""
    engine = mapping.template_engine
    yield from _path(mapping.source, engine, (*place, "source"))
    destination = (*place, "destination")
    yield from _path(mapping.destination, engine, destination)
    yield from _protected(mapping.destination, engine, destination, site)
    for index, patch in enumerate(mapping.patches):
        where = (*place, "patches", index)
        if patch.file is None and mapping.type is MappingType.DIR:
            yield Finding(
                where,
                "has no file, and a directory is not a file to patch",
                "name the files by a glob relative to the destination, such as **/config.json",
            )
        yield from _patch(patch, engine, where, site)


def _path(text: str, engine: TemplateEngine, place: Place) -> Iterator[Finding]:
    if not is_template(text, engine):
        yield from refusal(place, RelPath.parse, text)
        return
    yield from check_template(text, engine, place) or refusal(
        place, RelPath.parse, fixed_part(text, engine)
    )


def _protected(text: str, engine: TemplateEngine, place: Place, site: Site) -> Iterator[Finding]:
    if is_template(text, engine):
        return
    try:
        refused = site.refused_destination(RelPath.parse(text))
    except PathError:
        return
    if refused is not None:
        yield Finding(place, refused.message, refused.cure)


def _patch(
    patch: FieldPatch, engine: TemplateEngine, place: Place, site: Site
) -> Iterator[Finding]:
    if patch.file is not None:
        yield from refusal((*place, "file"), site.check_glob, patch.file)
    for path, value in patch.set.items():
        where = (*place, "set", path)
        if not path:
            yield Finding(where, "is an empty path", "name the field to set")
        yield from refusal(where, parse_path, path)
        if is_template(value, engine):
            yield from check_template(value, engine, where)
