"""A pattern whose groups are replaced by alternatives, one after the other.

`{a,b}c` is worded `ac` and `bc`. To word a group one has to know where it closes; that was found
out once, for the pattern as written. A wording is therefore its text and, for the part of it that
is still as written, where that stands in the pattern: a chain of pieces, which is rarely longer
than groups are nested. The part before the last replaced group has no piece, for no group is left
there.
"""

from __future__ import annotations

from attrs import field, frozen

from stoker.core.globs.syntax import brace_groups


@frozen(eq=False)
class Piece:
    """A part of the pattern that stands as written towards the end of a wording.

    Places are counted from the end of the text, since replacing a group does not move what comes
    after it: a place `behind` lies in this piece while `behind > floor`, and it is the place
    `shift - behind` of the pattern.
    """

    floor: int
    shift: int
    after: Piece | None


@frozen(eq=False)
class Written:
    """A pattern as it was written."""

    pattern: str
    groups: dict[int, tuple[int, ...]] = field(init=False)
    """Where each group opens: the places of its brace, its commas and its closing brace."""

    _pieces: dict[tuple[int, int, int], Piece] = field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "groups", brace_groups(self.pattern))

    def wording(self) -> Wording:
        """The pattern with no group replaced yet."""
        return Wording(self, self.pattern, self.piece(0, len(self.pattern), None))

    def piece(self, floor: int, shift: int, after: Piece | None) -> Piece:
        """The one piece with these values, so that equal rests are the same object."""
        return self._pieces.setdefault((floor, shift, id(after)), Piece(floor, shift, after))


@frozen(eq=False)
class Wording:
    """A text in which some groups of the pattern are replaced."""

    written: Written
    text: str
    pieces: Piece | None

    def group(self, at: int) -> tuple[int, ...] | None:
        """The group that opens at the place `at` of the text; none if it is not closed."""
        behind = len(self.text) - at
        piece = _from(behind, self.pieces)
        return self.written.groups.get(piece.shift - behind) if piece else None

    def reworded(self, at: int, group: tuple[int, ...], alternative: int) -> Wording:
        """The text in which `group`, which opens at `at`, is replaced by one alternative."""
        start, end = group[alternative] + 1, group[alternative + 1]
        rest = self.text[at + group[-1] - group[0] + 1 :]
        pieces = _from(len(rest), self.pieces)
        if start < end:
            pieces = self.written.piece(len(rest), len(rest) + end, pieces)
        text = self.text[:at] + self.written.pattern[start:end] + rest
        return Wording(self.written, text, pieces)

    def rest_identity(self, at: int) -> tuple[int, int]:
        """The same for two wordings of one pattern only if their texts from `at` on are equal."""
        behind = len(self.text) - at
        return behind, id(_from(behind, self.pieces))


def _from(behind: int, piece: Piece | None) -> Piece | None:
    """The chain of pieces from the place `behind` on."""
    while piece and piece.floor >= behind:
        piece = piece.after
    return piece
