"""Exact changes of a document, as people are shown them: named, shortened, without secrets.

A path reads like the tree in the Designer: `root.children[2] "TankLevel" → props.value`. In a file
of tags it starts with the tag: `[default]Plant/Tank1/Level`, then `value`. Two long texts are cut
to where they differ, and text of several lines, which is code nearly always, becomes hunks.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from stoker.core.differences.alignment import common_prefix, longest_rising
from stoker.core.differences.changes import (
    Added,
    Change,
    Element,
    Key,
    Path,
    Removed,
    Reordered,
    Replaced,
)
from stoker.core.differences.limits import MAX_PATH, MAX_VALUE
from stoker.core.differences.secrecy import LOOKED_AT, glimpse, secret_part, veiled_text
from stoker.core.differences.texts import LineChanges, compare_texts
from stoker.core.exactjson import Json, Number

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_$][\w$-]{0,79}", re.ASCII)
_LONGEST_KEY: Final = 80
_RUN_UP: Final = 24
"""Characters that are shown before the first difference of two long texts."""
_LONGEST_NUMBER: Final = 40
_CHILDREN: Final = "children"
_TAGS: Final = "tags"


class ChangeKind(StrEnum):
    """What happened at a place in a document."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@frozen(kw_only=True)
class ValueChange:
    """One change of a document, as it is shown."""

    kind: ChangeKind
    subject: str = ""
    """The tag that the change belongs to; empty outside of tags."""
    path: str = ""
    before: str | None = None
    after: str | None = None
    lines: LineChanges | None = None
    """The difference of two texts of several lines; the values are then left out."""
    withheld: bool = False
    """Whether the values look like secrets: they are not in here."""
    note: str = ""

    @property
    def weight(self) -> int:
        """How many lines it takes to show."""
        return 1 + (self.lines.shown if self.lines else 0)


def show_change(change: Change, folder: str = "") -> ValueChange:
    """The change as it is shown; `folder` is the tag path of a file of tags, else empty."""
    secret = secret_part(change.path)
    if secret and not (secret == change.path and _is_switched(change)):
        path, shown = secret, _withheld(change, secret)
    else:
        path, shown = change.path, _shown(change)
    subject, rest = _tag_of(path, folder) if folder else ("", path)
    return evolve(shown, subject=subject, path=spelled(rest))


def _is_switched(change: Change) -> bool:
    """Whether the change is between values that cannot be secrets."""
    match change:
        case Added(value=value) | Removed(value=value):
            return _is_switch(value)
        case Replaced(before=before, after=after):
            return _is_switch(before) and _is_switch(after)
        case _:
            return False


def _is_switch(value: Json) -> bool:
    return value is None or isinstance(value, bool)


def _withheld(change: Change, secret: Path) -> ValueChange:
    kind = ChangeKind.CHANGED
    if secret == change.path and isinstance(change, Added | Removed):
        kind = ChangeKind.ADDED if isinstance(change, Added) else ChangeKind.REMOVED
    return ValueChange(kind=kind, withheld=True)


def _shown(change: Change) -> ValueChange:
    match change:
        case Reordered(pairs=pairs):
            moved = len(pairs) - len(longest_rising(pairs))
            note = f"other order; {moved} of {len(pairs)} elements moved"
            return ValueChange(kind=ChangeKind.MOVED, note=note)
        case Added(value=value):
            return _hunks(ChangeKind.ADDED, "", value) or ValueChange(
                kind=ChangeKind.ADDED, after=_described(value)
            )
        case Removed(value=value):
            return _hunks(ChangeKind.REMOVED, value, "") or ValueChange(
                kind=ChangeKind.REMOVED, before=_described(value)
            )
        case _:
            before, after = change.before, change.after
            return _hunks(ChangeKind.CHANGED, before, after) or _replaced(before, after)


def _hunks(kind: ChangeKind, before: Json, after: Json) -> ValueChange | None:
    """The change of a text of several lines; None if it is none."""
    if not isinstance(before, str) or not isinstance(after, str):
        return None
    if "\n" not in before and "\n" not in after:
        return None
    return ValueChange(kind=kind, lines=compare_texts(before, after, code=True))


def _replaced(before: Json, after: Json) -> ValueChange:
    kind = ChangeKind.CHANGED
    if isinstance(before, str) and isinstance(after, str):
        old, new = _windows(before, after)
    else:
        old, new = _described(before), _described(after)
    if old == new:  # the difference is in what is withheld
        return ValueChange(kind=kind, withheld=True)
    return ValueChange(kind=kind, before=old, after=new, note=_number_note(before, after))


def _number_note(before: Json, after: Json) -> str:
    if not isinstance(before, Number) or not isinstance(after, Number):
        return ""
    if max(len(before.text), len(after.text)) > _LONGEST_NUMBER:
        return ""
    try:
        same = Decimal(before.text) == Decimal(after.text)
    except InvalidOperation:
        return ""
    return "the same number, written otherwise" if same else ""


def _windows(before: str, after: str) -> tuple[str, str]:
    """Two texts, cut to where they differ; secrets are gone before anything is cut."""
    old, new = veiled_text(before[:LOOKED_AT]), veiled_text(after[:LOOKED_AT])
    if max(len(old), len(new)) <= MAX_VALUE:
        return _quoted(old), _quoted(new)
    if old == new and max(len(before), len(after)) > LOOKED_AT:
        return (
            f"text of {len(before):,} characters, other further on",
            f"text of {len(after):,} characters",
        )
    start = max(0, common_prefix(old, new) - _RUN_UP)
    start = 0 if start + max(len(old), len(new)) <= MAX_VALUE else start
    return _quoted(old, start), _quoted(new, start)


def _quoted(text: str, start: int = 0) -> str:
    window = text[start : start + MAX_VALUE]
    head = "…" if start else ""
    tail = "…" if start + MAX_VALUE < len(text) else ""
    return json.dumps(f"{head}{window}{tail}", ensure_ascii=False)


def _described(value: Json) -> str:
    """A value in one line: what a tag or a component is, else its beginning as JSON."""
    if isinstance(value, str):
        return _quoted(veiled_text(value[:LOOKED_AT]))
    if isinstance(value, dict):
        words = _tag_words(value) or _component_words(value)
        if words:
            return _cut(words)
    return glimpse(value, MAX_VALUE)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"


def _tag_words(value: dict[str, Json]) -> str:
    if not isinstance(value.get("tagType"), str):
        return ""
    members = ("tagType", "typeId", "dataType", "valueSource")
    words = [word for name in members if isinstance(word := value.get(name), str)]
    inner = value.get(_TAGS)
    if isinstance(inner, list) and inner:
        words.append(f"with {len(inner)} inside")
    return ", ".join(words)


def _component_words(value: dict[str, Json]) -> str:
    kind, meta, inner = value.get("type"), value.get("meta"), value.get(_CHILDREN)
    if not isinstance(kind, str) or not isinstance(meta, dict):
        return ""
    return f"{kind} with {len(inner)} inside" if isinstance(inner, list) and inner else kind


def _tag_of(path: Path, folder: str) -> tuple[str, Path]:
    """The tag that a path leads through, and the rest of the path."""
    names: list[str] = []
    rest = path
    while rest:
        inside = rest[1:] if rest[0] == Key(_TAGS) else rest
        if not inside or (names and inside is rest):
            break
        step = inside[0]
        if not isinstance(step, Element) or not step.label:
            break
        names.append(step.label)
        rest = inside[1:]
    if not names:
        return folder, path
    gap = "" if folder.endswith("]") else "/"
    return _shortened(folder + gap + "/".join(names)), rest


def spelled(path: Sequence[Key | Element]) -> str:
    """The path as people read it."""
    pieces: list[str] = []
    joint = ""
    for step in path:
        match step:
            case Key(name) if _PLAIN_KEY.fullmatch(name):
                pieces.append(f"{joint}{name}")
                joint = "."
            case Key(name):
                cut = name if len(name) <= _LONGEST_KEY else f"{name[:_LONGEST_KEY]}…"
                pieces.append(f"{joint.rstrip('.')}[{json.dumps(cut, ensure_ascii=False)}]")
                joint = "."
            case _:
                place = step.before if step.after is None else step.after
                opening = joint.rstrip(".")
                label = f" {json.dumps(step.label, ensure_ascii=False)}" if step.label else ""
                pieces.append(f"{opening}[{place}]{label}")
                joint = " → " if label else "."
    return _shortened("".join(pieces))


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_PATH else f"…{text[1 - MAX_PATH :]}"
