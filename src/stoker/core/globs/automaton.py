"""Rows of parts, matched against paths name by name, and remembered directory by directory.

How far each row has come below a directory is the directory's state, and equal states are one
object: what was found out about a name in one directory serves all directories of the same kind.
Everything that is remembered can be found out anew, so when there is much of it, it is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from stoker.core.globs.parts import Part, Row, Test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


MAX_REMEMBERED: Final = 10_000
"""How many directories and names are remembered before all of them are dropped."""

NO_ROW: Final = -1
"""The answer where no row matches."""


@frozen(eq=False)
class _Place:
    """A row that waits for a name that fits its next part."""

    number: int
    part: Part
    deep: bool
    """Whether any number of names may come before."""

    after: _Place | None
    """Where the row stands then; None after its last part."""

    leaf: Test | None
    tree: bool


@frozen(eq=False)
class State:
    """What is left to match below a directory."""

    places: frozenset[_Place]
    tree: int
    """The highest number of a row that matches everything below; NO_ROW if there is none."""

    named: dict[str, list[_Place]] = field(init=False, factory=dict)
    others: list[_Place] = field(init=False, factory=list)
    children: dict[str, State] = field(init=False, factory=dict)
    answers: dict[str, int] = field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        for place in self.places:
            name = place.part.literal
            (self.others if name is None else self.named.setdefault(name, [])).append(place)

    def candidates(self, name: str) -> Iterator[_Place]:
        """The places that `name` may fit."""
        yield from self.named.get(name, ())
        yield from self.others


class Automaton:
    """Tells of a path which rows match it: the highest of their numbers."""

    def __init__(self, rows: Iterable[tuple[int, Row]], reading: Callable[[str], str]) -> None:
        """`reading` turns a name into the characters that the parts are about."""
        rows = tuple(rows)
        self._reading = reading
        starts = (_first_place(number, row) for number, row in rows)
        self._start = frozenset(place for place in starts if place)
        self._tree = max((number for number, row in rows if not row.steps), default=NO_ROW)
        self._forget()

    def _forget(self) -> None:
        self._remembered = 0
        self._states: dict[tuple[frozenset[_Place], int], State] = {}
        self._root = self._state(self._start, self._tree)
        self._directories = {"": self._root}

    def _remember(self) -> None:
        self._remembered += 1
        if self._remembered > MAX_REMEMBERED:
            self._forget()

    def _state(self, places: frozenset[_Place], tree: int) -> State:
        known = self._states.get((places, tree))
        if known is None:
            known = self._states[places, tree] = State(places, tree)
        return known

    def below(self, directory: str) -> State:
        """The state below a directory; the root's for the empty path."""
        state = self._directories.get(directory)
        if state is None:
            parent, _, name = directory.rpartition("/")
            state = self._directories.get(parent) if parent else None
            if state is None:
                state, names = self._root, directory.split("/")
            else:
                names = [name]
            for name in names:
                state = self.entered(state, name)
            self._remember()
            self._directories[directory] = state
        return state

    def entered(self, state: State, name: str) -> State:
        """The state below the directory `name`."""
        known = state.children.get(name)
        if known is None:
            known = self._enter(state, self._reading(name))
            self._remember()
            state.children[name] = known
        return known

    def _enter(self, state: State, name: str) -> State:
        places = {place for place in state.places if place.deep}
        tree = state.tree
        for place in state.candidates(name):
            if place.part.fits(name):
                if place.after:
                    places.add(place.after)
                elif place.tree:
                    tree = max(tree, place.number)
        return self._state(frozenset(places), tree)

    def answer(self, state: State, name: str) -> int:
        """The highest number of a row that matches the path `name` there, or NO_ROW."""
        known = state.answers.get(name)
        if known is None:
            read = self._reading(name)
            known = state.tree
            for place in state.candidates(read):
                if place.number > known and place.leaf and place.leaf(read):
                    known = place.number
            self._remember()
            state.answers[name] = known
        return known


def _first_place(number: int, row: Row) -> _Place | None:
    """The place of a row of which nothing is matched yet; None if it has no steps."""
    place = None
    for step in reversed(row.steps):
        is_last = place is None
        place = _Place(
            number,
            step.part,
            step.deep,
            place,
            row.leaf if is_last else None,
            tree=is_last and row.tree,
        )
    return place
