"""A plan for a terminal: homes, resources, their changes, then what follows and the counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.core.differences import State
from stoker.entrypoints.cli.presenting import gist
from stoker.entrypoints.cli.presenting.body import Row, RowKind, rows
from stoker.entrypoints.cli.presenting.occasion import SIGNS, Occasion, cautions
from stoker.entrypoints.cli.presenting.wording import (
    Paint,
    commit_words,
    count,
    painted,
    printable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.core.differences import (
        Differences,
        FileDifference,
        HomeDifference,
        ResourceDifference,
    )
    from stoker.entrypoints.cli.presenting.occasion import Caution

MAX_RESOURCES: Final = 200
"""Resources of one home that are listed."""
_LISTED: Final = 20
"""Paths below a warning."""
_TAB: Final = "    "
_PAINTS: Final = {
    State.ADDED: Paint.GREEN,
    State.REMOVED: Paint.RED,
    State.CHANGED: Paint.YELLOW,
}
_ROW_PAINTS: Final = {
    RowKind.ADDED: Paint.GREEN,
    RowKind.REMOVED: Paint.RED,
    RowKind.CHANGED: Paint.YELLOW,
    RowKind.HEADING: Paint.CYAN,
    RowKind.NOTE: Paint.FAINT,
}


def text(differences: Differences, occasion: Occasion, *, colour: bool = False) -> str:
    """The plan as text; it ends with a line break."""
    lines = [painted(_title(occasion), Paint.BOLD, colour=colour), ""]
    for home in differences.homes:
        lines += _home(home, colour=colour)
        lines.append("")
    if differences.is_empty:
        lines += ["No changes: the files are as the commit wants them.", ""]
    for caution in cautions(differences, occasion):
        lines += _caution(caution, colour=colour)
    lines.append(painted(f"Plan: {gist.counts(differences)}", Paint.BOLD, colour=colour))
    if differences.scans:
        lines.append(f"Scans that follow: {gist.scans(differences.scans)}")
    if adopted := len(differences.adopted):
        lines.append(f"Found as wanted, and from now on followed: {count(adopted, 'file')}")
    return "\n".join(lines) + "\n"


def _title(occasion: Occasion) -> str:
    what = commit_words(occasion.commit, occasion.ref)
    words = [f"Plan of {what}" if what else "Plan"]
    if occasion.gateway:
        words.append(f"gateway {printable(occasion.gateway)}")
    if occasion.profile:
        words.append(f"profile {printable(occasion.profile)}")
    return ", ".join(words)


def _home(home: HomeDifference, *, colour: bool) -> Iterator[str]:
    words, name = gist.home_title(home)
    title = f"{words} {printable(name)}".rstrip()
    yield f"{painted(title, Paint.BOLD, colour=colour)} ({gist.home_counts(home)})"
    for resource in home.notable[:MAX_RESOURCES]:
        yield from _resource(resource, colour=colour)
    more = len(home.notable) - MAX_RESOURCES
    if more > 0:
        yield f"  … and {count(more, 'more resource')}"


def _resource(resource: ResourceDifference, *, colour: bool) -> Iterator[str]:
    sign = SIGNS[resource.state]
    name = printable(f"{resource.name.kind} {resource.name.name}".rstrip())
    line = painted(f"  {sign} {name}", _PAINTS[resource.state], colour=colour)
    parts = (f"{printable(name)} {words}".lstrip() for name, words in gist.parts(resource))
    words = "; ".join(parts)
    drift = painted("  ! drifted", Paint.RED, colour=colour) if resource.drifted else ""
    yield f"{line}{f': {words}' if words else ''}{drift}"
    told = [(file, list(rows(file.detail, brief=True))) for file in resource.files]
    told = [(file, inside) for file, inside in told if inside]
    for file, inside in told:
        depth = 2
        if len(told) > 1 or _is_aside(file):
            yield painted(f"{_TAB}  {printable(file.path.name)}", Paint.FAINT, colour=colour)
            depth = 3
        yield from (_row(row, depth, colour=colour) for row in inside)


def _is_aside(file: FileDifference) -> bool:
    return file.path.name.endswith("resource.json")


def _row(row: Row, depth: int, *, colour: bool) -> str:
    margin = "  " * (depth + row.depth + 1)
    shown = f"{row.kind} {row.text}".rstrip()
    paint = _ROW_PAINTS.get(row.kind)
    return (margin + (painted(shown, paint, colour=colour) if paint else shown)).rstrip()


def _caution(caution: Caution, *, colour: bool) -> Iterator[str]:
    yield painted(f"! {caution.message}", Paint.RED, colour=colour)
    yield from (f"{_TAB}{printable(path)}" for path in caution.paths[:_LISTED])
    more = len(caution.paths) - _LISTED
    if more > 0:
        yield f"{_TAB}… and {more:,} more"
    yield ""
