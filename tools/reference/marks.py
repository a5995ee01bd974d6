"""The page of annotations and labels: every name of `core.names` that stands on an object.

`core.names` has the names, `marks_notes` what is to be said of each; a name of the one that is
not in the other is an error here, so a new annotation cannot stay unwritten.
"""

from __future__ import annotations

from typing import Final

from tools.reference.marks_notes import GROUPS, INTRODUCTION, Note
from tools.reference.table import MARK, code, table

from stoker.core import names

_NOT_ON_OBJECTS: Final = frozenset({"PREFIX", "API_VERSION"})
_DOMAINS: Final = (names.PREFIX, "app.kubernetes.io/", "apps.kubernetes.io/")


def page() -> str:
    """The page."""
    lines = [MARK, "", INTRODUCTION.strip(), ""]
    for group in GROUPS:
        lines += [f"## {group.title}", "", group.text.strip(), ""]
        lines += [*table(("Name", "Value", "What it does"), map(_row, group.notes)), ""]
        for note in group.notes:
            lines += _section(note)
    return "\n".join(lines).rstrip() + "\n"


def known() -> frozenset[str]:
    """Every annotation, label and finalizer that `core.names` has."""
    return frozenset(
        value
        for name, value in vars(names).items()
        if name.isupper() and name not in _NOT_ON_OBJECTS
        if isinstance(value, str) and value.startswith(_DOMAINS)
    )


def told() -> frozenset[str]:
    """Every name that the page has."""
    return frozenset(note.name for group in GROUPS for note in group.notes)


def _row(note: Note) -> tuple[str, str, str]:
    name = code(note.name)
    if note.details:
        name = f"[{name}](#{note.name.replace('/', '').replace('.', '')})"
    return name, note.value, note.summary


def _section(note: Note) -> list[str]:
    if not note.details:
        return []
    lines = [f"### {note.name}", "", note.details.strip(), ""]
    if note.wrong:
        lines += [f"**When it is wrong:** {note.wrong.strip()}", ""]
    if note.example:
        lines += ["```yaml", note.example.strip(), "```", ""]
    return lines
