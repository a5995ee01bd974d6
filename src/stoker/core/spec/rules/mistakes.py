"""What can only be a mistake, and is refused where a document comes in.

The rules have the form of all others. They are not asked about a document that is in already: a
sync goes on as far as it can.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from stoker.core.errors import PathError
from stoker.core.paths import ROOT, RelPath
from stoker.core.spec import (
    AgentSettings,
    MappingType,
    SourceMapping,
    SyncProfile,
    SyncSettings,
)
from stoker.core.spec.problems import Finding, Place, place_text, refusal
from stoker.core.spec.rules.templates import is_template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.core.spec.rules.site import Site

_CLAIM: Final = ("name", "request")


def sync_profile(profile: SyncProfile, place: Place, _: Site) -> Iterator[Finding]:
    """No file where another mapping needs a folder, as far as the paths are written out."""
    needed: dict[RelPath, int] = {}
    files: list[tuple[int, RelPath]] = []
    for index, mapping in enumerate(profile.mappings):
        path = _written_out(mapping)
        if path is None or path == ROOT:
            continue
        if mapping.type is MappingType.FILE:
            files.append((index, path))
        elif mapping.type is MappingType.DIR:
            needed.setdefault(path, index)
        for above in path.ancestors():
            needed.setdefault(above, index)
    for index, path in files:
        if path in needed:
            other = place_text((*place, "mappings", needed[path], "destination"))
            yield Finding(
                (*place, "mappings", index, "destination"),
                f"is to be a file, and {other} needs a folder there",
                "choose another destination for one of the two",
            )


def source_mapping(mapping: SourceMapping, place: Place, _: Site) -> Iterator[Finding]:
    """No file in the place of the data directory."""
    if mapping.type is MappingType.FILE and _written_out(mapping) == ROOT:
        yield Finding(
            (*place, "destination"),
            "is the data directory, and the mapping is that of a file",
            "give the file's path below the data directory",
        )


def sync_settings(settings: SyncSettings, place: Place, site: Site) -> Iterator[Finding]:
    """Patterns that are patterns: what a malformed one excludes, nobody can guess."""
    for index, pattern in enumerate(settings.exclude_patterns or ()):
        yield from refusal((*place, "excludePatterns", index), site.check_glob, pattern)


def agent_settings(agent: AgentSettings, place: Place, _: Site) -> Iterator[Finding]:
    """Claims of a form that the API server takes, so that the gateway's pod is not refused."""
    claims = (agent.resources or {}).get("claims") or ()
    where = (*place, "resources", "claims")
    if not isinstance(claims, (list, tuple)):
        yield Finding(where, "must be a list", "write it as - name: NAME")
        return
    for index, claim in enumerate(claims):
        if not _is_claim(claim):
            cure = "write its name, and a request if there is one"
            yield Finding((*where, index), "is not a claim", cure)


def _is_claim(claim: object) -> bool:
    fields = claim if isinstance(claim, Mapping) else {}
    return "name" in fields and all(
        key in _CLAIM and isinstance(value, str) for key, value in fields.items()
    )


def _written_out(mapping: SourceMapping) -> RelPath | None:
    """Where it goes, if no template decides."""
    if is_template(mapping.destination, mapping.template_engine):
        return None
    try:
        return RelPath.parse(mapping.destination)
    except PathError:
        return None
