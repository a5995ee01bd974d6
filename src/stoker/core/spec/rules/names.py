"""Names that templates use and nobody gives them.

A name that is wrong in every case would be an error, but a template may use it in a branch that is
never taken, and the variables of a gateway may be set elsewhere. So this is a caution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.core.errors import TemplateError
from stoker.core.spec.problems import Finding, Place, nearest, shown
from stoker.core.template import TemplateEngine, parse_template, references

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from stoker.core.spec import SourceMapping, SyncSection
    from stoker.core.spec.rules.site import Site

CONTEXT: Final = (
    "GatewayName",
    "PodName",
    "PodOrdinal",
    "Namespace",
    "Ref",
    "Commit",
    "CRName",
    "Labels",
    "Vars",
)
"""What every template is given."""


def unknown_names(sync: SyncSection, place: Place, _: Site) -> Iterator[Finding]:
    """Fields that the context does not have, and variables that neither level defines."""
    common = sync.defaults.vars or {}
    for name, profile in sync.profiles.items():
        known = {**common, **(profile.settings.vars or {})}
        for index, mapping in enumerate(profile.mappings):
            if mapping.template_engine is TemplateEngine.GO:
                where = (*place, "profiles", name, "mappings", index)
                yield from _in_mapping(mapping, where, known)


def _in_mapping(mapping: SourceMapping, place: Place, known: Collection[str]) -> Iterator[Finding]:
    yield from _in_text(mapping.source, (*place, "source"), known)
    yield from _in_text(mapping.destination, (*place, "destination"), known)
    for index, patch in enumerate(mapping.patches):
        for path, value in patch.set.items():
            yield from _in_text(value, (*place, "patches", index, "set", path), known)


def _in_text(text: str, place: Place, known: Collection[str]) -> Iterator[Finding]:
    if "{{" not in text:
        return
    try:
        template = parse_template(text)
    except TemplateError:
        return
    for reference in references(template):
        match reference.path:
            case ("Vars", name, *_) if name not in known:
                yield _unknown(place, "variable", name, known, "define it in vars")
            case (name, *_) if name not in CONTEXT:
                listed = f"the names are: {', '.join(CONTEXT)}"
                yield _unknown(place, "name", name, CONTEXT, listed)


def _unknown(place: Place, what: str, name: str, known: Collection[str], otherwise: str) -> Finding:
    near = nearest(name, known)
    cure = f"did you mean {near}?" if near else otherwise
    return Finding(place, f"uses the {what} {shown(name)}, which is not defined", cure)
