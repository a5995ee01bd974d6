"""Names that templates use and nobody gives them.

A name that every rendering looks up is a mistake: no gateway could be synced. One in a branch that
may never be taken is worth a word, and so is one of a Jinja2 template, which may ask whether there
is such a name.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.errors import TemplateError
from stoker.core.spec.problems import Finding, Place, nearest, shown
from stoker.core.spec.rules.templates import is_template
from stoker.core.template import TemplateEngine, parse_template, references

if TYPE_CHECKING:
    from collections.abc import Iterator

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

_JINJA_GLOBALS: Final = frozenset({"range", "dict", "namespace"})


@frozen
class _Text:
    """A template, where it stands, and which variables it has."""

    text: str
    place: Place
    engine: TemplateEngine
    variables: Collection[str]


def unknown_for_certain(sync: SyncSection, place: Place, _: Site) -> Iterator[Finding]:
    """Unknown names that are looked up in every rendering."""
    for text in _texts(sync, place):
        yield from _unknown(text, is_certain=True)


def unknown_names(sync: SyncSection, place: Place, site: Site) -> Iterator[Finding]:
    """All unknown names, but for those that are refused here."""
    for text in _texts(sync, place):
        if not site.is_entrance:
            yield from _unknown(text, is_certain=True)
        yield from _unknown(text, is_certain=False)


def _texts(sync: SyncSection, place: Place) -> Iterator[_Text]:
    common = sync.defaults.vars or {}
    for name, profile in sync.profiles.items():
        variables = {**common, **(profile.settings.vars or {})}
        for index, mapping in enumerate(profile.mappings):
            where = (*place, "profiles", name, "mappings", index)
            for text, steps in _of_mapping(mapping):
                if is_template(text, mapping.template_engine):
                    yield _Text(text, (*where, *steps), mapping.template_engine, variables)


def _of_mapping(mapping: SourceMapping) -> Iterator[tuple[str, Place]]:
    yield mapping.source, ("source",)
    yield mapping.destination, ("destination",)
    for index, patch in enumerate(mapping.patches):
        for path, value in patch.set.items():
            yield value, ("patches", index, "set", path)


def _unknown(template: _Text, *, is_certain: bool) -> Iterator[Finding]:
    try:
        paths = _paths(template, is_certain=is_certain)
    except TemplateError:
        return  # a matter of the rules
    for path in paths:
        match path:
            case ("Vars", name, *_) if name not in template.variables:
                known, otherwise = template.variables, "define it in vars"
                yield _finding(template.place, "variable", name, known, otherwise)
            case (name, *_) if name not in CONTEXT:
                otherwise = f"the names are: {', '.join(CONTEXT)}"
                yield _finding(template.place, "name", name, CONTEXT, otherwise)


def _paths(template: _Text, *, is_certain: bool) -> list[tuple[str, ...]]:
    if template.engine is TemplateEngine.GO:
        found = references(parse_template(template.text))
        return [one.path for one in found if one.is_certain is is_certain]
    if is_certain:
        return []
    # Only those who use Jinja2 pay for importing it.
    from stoker.core.template.jinja import named_in  # noqa: PLC0415

    return [path for path in named_in(template.text) if path[0] not in _JINJA_GLOBALS]


def _finding(place: Place, what: str, name: str, known: Collection[str], otherwise: str) -> Finding:
    near = nearest(name, known)
    cure = f"did you mean {near}?" if near else otherwise
    return Finding(place, f"uses the {what} {shown(name)}, which is not defined", cure)
