"""The journal on the data volume, and the sides of its claims.

The journal is written before anything changes: a line that says what the manifest stood for and
what it will stand for, then a line for each claim. Whoever writes or reads it holds one line at a
time beside the claims themselves.

The sides are written when the new bytes are ready: for each claim, in the same order, how the file
looks that is there and how the one looks that is to come. With them the disk tells by `stat` alone
how far an apply had come.
"""

from __future__ import annotations

from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import TYPE_CHECKING

from attrs import frozen

from stoker.adapters.codec.manifest import (
    Head,
    Index,
    from_head,
    from_index,
    stamp_text,
    to_entry,
    to_head,
    to_index,
    to_path,
    to_stamp,
)
from stoker.adapters.codec.sealed import dumped, loaded, seal, unfit, unseal_each
from stoker.core.journal import Claim, Journal
from stoker.core.manifest import Entry, Stamp
from stoker.core.paths import ROOT, RelPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@frozen
class JournalRecord:
    """The claims of one apply, and what the manifest stands for on both of its sides."""

    journal: Journal
    before: Index
    """The whole manifest as it was: what an apply that is undone goes back to."""
    after: Head
    token: str = ""
    """Tells this journal from every other."""


@frozen
class Sides:
    """How the files of the claims look, in the order of the claims: before, and after."""

    token: str = ""
    """That of their journal: a loss of power may bring back those of an earlier one."""
    before: Sequence[Stamp | None] = ()
    after: Sequence[Stamp | None] = ()
    folders: tuple[RelPath, ...] = ()
    """The folders that were not there before; those below them were not either."""
    homes: tuple[RelPath, ...] = ()
    """The folders below which slots were made."""
    vacated: tuple[RelPath, ...] = ()
    """The folders that are to go if nothing is left in them, innermost first."""


def encode_journal(record: JournalRecord) -> Iterator[bytes]:
    """The journal's document, in pieces."""
    return seal(_journal_lines(record))


def _journal_lines(record: JournalRecord) -> Iterator[bytes]:
    yield dumped([from_index(record.before), from_head(record.after), record.token])
    for path, claim in record.journal.claims.items():
        sides = ",".join(map(_side_text, (claim.before, claim.after, claim.applied)))
        found = "true" if claim.adopted else "false"
        yield f"[{encode_basestring(path)},{sides},{found}]".encode()


def decode_journal(document: Iterable[bytes]) -> JournalRecord:
    """The journal of such a document, given line by line; raises `DecodeError`."""
    lines = unseal_each(document, "journal")
    match loaded(next(lines, b"null"), "journal"):
        case [before, after, str(token)]:
            head = (to_index(before), to_head(after), token)
        case _:
            raise unfit()
    claims = dict(_to_claim(loaded(line, "journal")) for line in lines)
    return JournalRecord(Journal(claims), *head)


def encode_sides(sides: Sides) -> Iterator[bytes]:
    """The sides' document, in pieces."""
    return seal(_side_lines(sides))


def _side_lines(sides: Sides) -> Iterator[bytes]:
    yield dumped([sides.token, list(sides.folders), list(sides.homes), list(sides.vacated)])
    for before, after in zip(sides.before, sides.after, strict=True):
        yield f"[{stamp_text(before)},{stamp_text(after)}]".encode()


def decode_sides(document: Iterable[bytes]) -> Sides:
    """The sides of such a document, given line by line; raises `DecodeError`."""
    lines = unseal_each(document, "sides of the journal")
    match loaded(next(lines, b"null"), "sides of the journal"):
        case [str(token), list(folders), list(homes), list(vacated)]:
            known = map(to_path, folders), map(_to_home, homes), map(to_path, vacated)
            places = tuple(map(tuple, known))
        case _:
            raise unfit()
    before, after = [], []
    for line in lines:
        stamps = _to_stamps(loaded(line, "sides of the journal"))
        before.append(stamps[0])
        after.append(stamps[1])
    return Sides(token, tuple(before), tuple(after), *places)


def _to_home(value: object) -> RelPath:
    return ROOT if value == ROOT else to_path(value)


def _to_stamps(value: object) -> tuple[Stamp | None, Stamp | None]:
    match value:
        case [before, after]:
            return to_stamp(before, ""), to_stamp(after, "")
        case _:
            raise unfit()


def _to_claim(value: object) -> tuple[RelPath, Claim]:
    match value:
        case [text, before, after, applied, bool(adopted)]:
            path = to_path(text)
            return path, Claim(
                _to_side(before, path), _to_side(after, path), _to_side(applied, path),
                adopted=adopted,
            )  # fmt: skip
        case [text, *_]:
            raise unfit(text)
        case _:
            raise unfit()


def _side_text(entry: Entry | None) -> str:
    return "null" if entry is None else f'["{entry.digest}",{entry.mode:d}]'


def _to_side(side: object, path: RelPath) -> Entry | None:
    match side:
        case None:
            return None
        case [digest, mode]:
            return to_entry(digest, mode, path)
        case _:
            raise unfit(path)
