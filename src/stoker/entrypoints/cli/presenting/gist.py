"""A plan, a home, a resource or a file, each in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.core.differences import (
    BinaryChange,
    DocumentChanges,
    FileDifference,
    HomeDifference,
    HomeKind,
    NotCompared,
    Reformatted,
    Shape,
    State,
    TextChanges,
    Whole,
)
from stoker.core.manifest import Mode
from stoker.entrypoints.cli.presenting.wording import count, size, tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.core.differences import Differences, LineChanges, ResourceDifference
    from stoker.core.ignition import ScanKind

_PARTS: Final = 4
"""What is told of one resource before the rest is counted."""


def counts(differences: Differences) -> str:
    """`3 files to add, 2 to change, 1 to delete`, and what else there is to count."""
    totals = differences.totals
    changed = f"{totals.modified:,} to change"
    if totals.restamped:
        changed += f" ({totals.restamped:,} metadata only)"
    text = f"{count(totals.added, 'file')} to add, {changed}, {totals.deleted:,} to delete"
    if kept := differences.kept:
        text += f"; {len(kept):,} kept ({tally(each.reason.value for each in kept)})"
    return f"{text}; {len(differences.drifted):,} drifted" if differences.drifted else text


def scans(kinds: tuple[ScanKind, ...]) -> str:
    """`projects, then config`."""
    return ", then ".join(kind.value for kind in kinds)


def home_title(home: HomeDifference) -> tuple[str, str]:
    """The words for a home, and its name, which is not ours."""
    name = home.name
    match name.kind:
        case HomeKind.PROJECT:
            return "Project", name.name
        case HomeKind.COLLECTION:
            return "Configuration", name.name
        case HomeKind.TAGS:
            return "Tags", f"[{name.name}] in {name.collection}"
        case _:
            return "Other files", ""


def home_counts(home: HomeDifference) -> str:
    """`1 added, 2 changed`, the resources of a home."""
    numbers = dict.fromkeys((State.ADDED, State.CHANGED, State.REMOVED), 0)
    for resource in home.notable:
        numbers[resource.state] += 1
    words = [f"{number:,} {state.value}" for state, number in numbers.items() if number]
    if home.restamped:
        words.append(f"{home.restamped:,} metadata only")
    return ", ".join(words)


def parts(resource: ResourceDifference) -> list[tuple[str, str]]:
    """What changes in a resource, as names of files (not ours, or empty) and words.

    `2 properties`; `thumbnail.png`, `added`; `3 lines added, 1 removed`.
    """
    if resource.state in {State.ADDED, State.REMOVED}:
        number = len(resource.files)
        return [("", count(number, "file"))] if number > 1 else []
    told = [part for file in resource.files if (part := _of_file(file, resource))]
    told.sort(key=lambda part: part[0])  # what needs no name is the resource itself
    more = len(told) - _PARTS
    return [*told[:_PARTS], ("", f"{count(more, 'more file')}")] if more > 0 else told


def _of_file(file: FileDifference, resource: ResourceDifference) -> tuple[str, str] | None:
    words = _of_detail(file)
    if file.modes is not None:
        mode = "now executable" if file.modes[1] is Mode.EXECUTABLE else "no longer executable"
        words = f"{words}, {mode}" if words else mode
    if not words:
        return None
    named = isinstance(file.detail, Whole | BinaryChange | NotCompared | Reformatted)
    alone = len(resource.files) == 1
    return ("" if alone or not (named or _is_beside(file)) else file.path.name), words


def _is_beside(file: FileDifference) -> bool:
    """Whether the file only says something about the resource's other files."""
    return file.path.name.endswith("resource.json")


def _of_detail(file: FileDifference) -> str:
    words = ""
    match file.detail:
        case Whole():
            words = file.state.value
        case Reformatted():
            words = "formatting only"
        case DocumentChanges() as document:
            words = _of_document(document)
        case TextChanges(lines=lines):
            words = _of_lines(lines)
        case BinaryChange(before, after):
            words = _of_shapes(before, after)
        case NotCompared():
            words = "not compared"
        case _:  # restamped, or of the same content
            pass
    return words


def _of_document(document: DocumentChanges) -> str:
    tags = {change.subject for change in document.changes if change.subject}
    if tags and not document.cut:
        return count(len(tags), "tag")
    return count(document.total, "property", "properties") if document.total else "stamps"


def _of_lines(lines: LineChanges) -> str:
    """`3 lines added, 1 removed`, or what happens to the line ends."""
    added = f"{count(lines.added, 'line')} added" if lines.added else ""
    noun = f"{lines.removed:,}" if added else count(lines.removed, "line")
    removed = f"{noun} removed" if lines.removed else ""
    words = [word for word in (added, removed) if word]
    if lines.endings:
        words.append(lines.endings if words else f"line ends only: {lines.endings}")
    return ", ".join(words)


def _of_shapes(before: Shape, after: Shape) -> str:
    """`PNG image 16x16, 812 B → 32x32, 1.2 kB`."""
    same_kind = before.kind == after.kind
    return " → ".join(
        (
            " ".join(_shape_words(before, kind=True)),
            " ".join(_shape_words(after, kind=not same_kind)),
        )
    )


def _shape_words(shape: Shape, *, kind: bool) -> Iterator[str]:
    if kind:
        yield shape.kind
    if shape.width:
        yield f"{shape.width}x{shape.height},"
    yield size(shape.size)
