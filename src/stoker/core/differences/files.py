"""One file of the plan, compared: what is worth telling of it.

How it is compared follows from what it is. A `resource.json` that differs by the stamps of a save
alone is *restamped*: written, and of no interest. Other JSON is compared as a document, text by
lines, and everything else by its size and kind. A document that differs by its layout alone, and a
text that differs by how its lines end, are said to do so.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from stoker.core.differences.binaries import Shape, shape_of
from stoker.core.differences.changes import Change, Key, Path
from stoker.core.differences.comparison import compare_documents
from stoker.core.differences.documents import read_document
from stoker.core.differences.limits import MAX_CHANGES
from stoker.core.differences.secrecy import secret_part, speaks_of_secrets
from stoker.core.differences.showing import ValueChange, show_change
from stoker.core.differences.texts import LineChanges, compare_texts
from stoker.core.errors import DecodeError
from stoker.core.ignition import UNARY_NAME, same_resource
from stoker.core.manifest import Mode
from stoker.core.paths import RelPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_RESOURCE_NAMES: Final = frozenset({"resource.json", UNARY_NAME})
_STAMPS: Final = frozenset({"lastModification", "lastModificationSignature"})
_MARK: Final = "\ufeff"


class State(StrEnum):
    """What becomes of a file or of a resource."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    EQUAL = "equal"
    """Written anew, and the same for everybody but the gateway's bookkeeping."""


@frozen
class Whole:
    """The whole file comes or goes."""


@frozen
class Restamped:
    """A `resource.json` that differs by nothing but who saved it, when, and its signature."""


@frozen
class SameContent:
    """The bytes are as before: the mode alone changes."""


@frozen
class Reformatted:
    """The same document, written otherwise: other white space, order of members, or escapes."""


@frozen(kw_only=True)
class DocumentChanges:
    """What changed in a JSON document: the first changes, and how many there are."""

    changes: tuple[ValueChange, ...]
    total: int
    restamped: bool = False
    """Whether the stamps of a save changed beside; they are not among the changes."""

    @property
    def cut(self) -> int:
        """How many changes are not shown."""
        return self.total - len(self.changes)


@frozen(kw_only=True)
class TextChanges:
    """What changed in a text."""

    lines: LineChanges
    problem: str = ""
    """Why a file that should be a document was compared as text."""
    broken: bool = False
    """Whether the new content is what is wrong."""


@frozen
class BinaryChange:
    """Files that are not shown."""

    before: Shape
    after: Shape


@frozen
class NotCompared:
    """Why nothing is said of the content."""

    why: str


Detail = (
    Whole
    | Restamped
    | SameContent
    | Reformatted
    | DocumentChanges
    | TextChanges
    | BinaryChange
    | NotCompared
)


@frozen(kw_only=True)
class FileDifference:
    """One file that the plan writes or deletes."""

    path: RelPath
    state: State
    detail: Detail
    drifted: bool = False
    """Whether somebody else changed it since it was last applied; that change is overwritten."""
    modes: tuple[Mode, Mode] | None = None
    """The old and the new mode, where they differ."""

    @property
    def weight(self) -> int:
        """How many lines it takes to show."""
        match self.detail:
            case DocumentChanges(changes=changes):
                return sum(change.weight for change in changes)
            case TextChanges(lines=lines):
                return lines.shown
            case _:
                return 0


def compare_contents(path: RelPath, before: bytes, after: bytes, folder: str = "") -> Detail:
    """What changed from `before` to `after`; `folder` is the tag path of a file of tags."""
    if before == after:
        return SameContent()
    is_resource = path.name in _RESOURCE_NAMES
    if is_resource and same_resource(before, after):
        return Restamped()
    old, new = _text_of(before), _text_of(after)
    if old is None or new is None:
        return BinaryChange(shape_of(before), shape_of(after))
    if not path.lower().endswith(".json"):
        return TextChanges(lines=compare_texts(old, new, code=path.endswith(".py")))
    return _compared_documents(old, new, folder, is_resource=is_resource)


def _text_of(content: bytes) -> str | None:
    if b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _compared_documents(old: str, new: str, folder: str, *, is_resource: bool) -> Detail:
    try:
        before, problem, broken = read_document(old.removeprefix(_MARK)), "", False
    except DecodeError as error:
        before, problem, broken = None, error.message, False
    try:
        after = read_document(new.removeprefix(_MARK))
    except DecodeError as error:
        after, problem, broken = None, error.message, True
    if problem:
        return _as_text(old, new, problem, broken=broken)
    changes = compare_documents(before, after)
    if not changes:
        return Reformatted()
    told = [change for change in changes if not (is_resource and _is_stamp(change))]
    restamped = len(told) < len(changes)
    told = list(_once_for_each_secret(told))
    return DocumentChanges(
        changes=tuple(show_change(change, folder) for change in told[:MAX_CHANGES]),
        total=len(told),
        restamped=restamped,
    )


def _once_for_each_secret(changes: Iterable[Change]) -> Iterator[Change]:
    told = set[Path]()
    for change in changes:
        secret = secret_part(change.path)
        if not secret or secret not in told:
            yield change
        told.add(secret)


def _as_text(old: str, new: str, problem: str, *, broken: bool) -> TextChanges:
    lines = compare_texts(old, new)
    if speaks_of_secrets(old) or speaks_of_secrets(new):
        # Without its structure nobody can tell where in the file a secret begins and ends.
        lines = evolve(lines, hunks=(), cut=lines.cut + lines.shown)
        problem = f"{problem}; it names secrets, so its lines are not shown"
    return TextChanges(lines=lines, problem=problem, broken=broken)


def _is_stamp(change: Change) -> bool:
    match change.path:
        case (Key("attributes"), Key(name), *_):
            return name in _STAMPS
        case _:
            return False
