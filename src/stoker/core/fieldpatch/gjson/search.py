"""One walk of gjson through a text along a query path.

The walk goes into the containers that the path names and remembers the first thing that it finds.
It goes on behind a container that did not have it: a later member of the same name, or another
that fits a pattern, gets its turn. A text may also be what sjson found inside a string, where
nothing closes properly; then the walk ends where the text ends.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

from attrs import define, evolve, field

from stoker.core.fieldpatch.gjson.comparison import holds
from stoker.core.fieldpatch.gjson.meter import Meter
from stoker.core.fieldpatch.gjson.result import TO_VALUE, Kind, Result, Slice, read, value_from
from stoker.core.fieldpatch.gjson.steps import (
    Condition,
    ItemStep,
    KeyStep,
    item_step,
    key_step,
    split_pipe,
)
from stoker.core.fieldpatch.gjson.wildcard import matches
from stoker.core.fieldpatch.lexical import STRING, reach, unescape

_TO_CONTAINER: Final = re.compile(r"[^{\[]*+")
_TO_KEY: Final = re.compile(r'[^"}]*+')
_TO_ITEM: Final = re.compile(r'[^"{\[ntf+\-0-9iIN\]]*+')
_BLANKS: Final = re.compile(r"[ \t\r\n]*+")


class Ask(Protocol):
    """How a walk asks for the answer to a path in a part of its text."""

    def __call__(self, view: Slice, path: str) -> Result:
        """What `path` finds in `view`."""
        ...


@define
class Search:
    """A walk through `view`, and what it has found so far.

    `pipe` is the path that the answer goes through; `counted` says that it is a number of items,
    which lies nowhere.
    """

    view: Slice
    ask: Ask
    meter: Meter
    found: Result = field(factory=Result)
    pipe: str | None = None
    counted: bool = False

    def walk(self, path: str) -> None:
        """Look for `path`; one that begins with `..` takes the text for a line of values."""
        if path.startswith(".."):
            self._items(self.view.start, path[2:])
            return
        at = reach(_TO_CONTAINER, self.view.text, self.view.start, self.view.end)
        if at < self.view.end:
            self._enter(at, path)

    def _enter(self, at: int, path: str) -> tuple[int, bool]:
        """Go into the container at `at`; where the walk is then, and whether it is over."""
        go = self._members if self.view.text[at] == "{" else self._items
        return go(at + 1, path)

    def _hit(self, value: Result) -> None:
        self.found = evolve(value, index=self.found.index, indexes=self.found.indexes)

    def _members(self, at: int, path: str) -> tuple[int, bool]:
        step = key_step(path)
        self.pipe = self.pipe if step.pipe is None else step.pipe
        text, end = self.view.text, self.view.end
        while (at := reach(_TO_KEY, text, at, end)) < end and text[at] != "}":
            key = STRING.match(text, at, end)
            at = reach(TO_VALUE, text, key.end(), end) if key else end
            if key is None or at == end:
                return end, False
            named = self._names(step, key[0][1:-1])
            if named and step.rest is not None and text[at] in "{[":
                at, over = self._enter(at, step.rest)
                if over:
                    return at, True
                continue
            if (value := read(text, at, end)) is None:
                return end, False
            at = value.raw.end + value.cut
            if named and step.rest is None:
                self._hit(value)
                return at, True
        return at + (at < end), False

    def _names(self, step: KeyStep, inner: str) -> bool:
        key = unescape(inner) if "\\" in inner else inner
        if not step.wild:
            return key == step.key
        self.meter.pay_match(key, step.key)
        return matches(key, step.key)

    def _items(self, at: int, path: str) -> tuple[int, bool]:
        step = item_step(path)
        self.pipe = self.pipe if step.pipe is None else step.pipe
        text, end = self.view.text, self.view.end
        asked = _Asked(self, step.condition, step.rest) if step.condition else None
        starts: list[int] = []
        place = -1
        while at <= end:
            place += 1
            if step.each is not None:
                starts.append(at)
            at = reach(_TO_ITEM, text, at, end)
            if at == end or text[at] == "]":
                return at + 1, self._end_of_items(step, place, starts, asked)
            named = step.index == place
            if named and step.rest is not None and text[at] in "{[":
                at, over = self._enter(at, step.rest)
                if over:
                    return at, True
                continue
            if (value := read(text, at, end)) is None:
                return end, False
            at = value.raw.end + value.cut
            if asked is not None:
                if asked.takes(value):
                    return at, True
            elif named and step.rest is None:
                self._hit(value)
                return at, True
        return at, False

    def _end_of_items(
        self, step: ItemStep, count: int, starts: list[int], asked: _Asked | None
    ) -> bool:
        """What the end of an array means: the answer to `#`, to `#.path`, to a query for all."""
        if step.each is not None:
            self._ask_each(step.each, starts)
            return True
        if step.counts:
            self._hit(Result(Kind.NUMBER, Slice.of(str(count))))
            self.counted = True
            return True
        if asked is not None and asked.condition.every and not self.found.exists:
            self.found = asked.answer()
        return False

    def _ask_each(self, path: str, starts: list[int]) -> None:
        """Ask every item; an item starts somewhere behind the end of the one before."""
        path = self.before_pipe(path)
        text, end = self.view.text, self.view.end
        raws: list[str] = []
        places: list[int] = []
        for start in starts:
            at = reach(_BLANKS, text, start, end)
            value = None if text[at : at + 1] == "]" else value_from(text, at, end)
            if value is None:
                continue
            answer = self.ask(value.raw, path)
            if answer.exists:
                # gjson knows where containers lie, and takes anything else to lie at 0.
                base = value.raw.offset_in(self.view) if value.opens_with else 0
                raws.append(str(answer.raw))
                places.append(answer.index + (base if answer.indexes is None else 0))
        self._hit(Result(Kind.CONTAINER, Slice.of(f"[{','.join(raws)}]")))
        self.found = evolve(self.found, indexes=tuple(places))

    def before_pipe(self, path: str) -> str:
        """The path up to its first pipe; the answer goes through what is behind it."""
        if (split := split_pipe(path)) is None:
            return path
        left, self.pipe = split
        return left


@define
class _Asked:
    """A query put to the items of an array, and the answers of those that fulfil it."""

    search: Search
    condition: Condition
    rest: str | None
    raws: list[str] = field(factory=list)
    places: list[int] = field(factory=list)

    def takes(self, item: Result) -> bool:
        """Put the query to an item; whether that ends the walk."""
        ask = self.search.ask
        subject = item
        if item.kind is Kind.CONTAINER:
            subject = ask(item.raw, self.condition.path)
        elif self.condition.path:
            return False
        if not holds(self.condition, subject, self.search.meter):
            return False
        answer = item
        if self.rest is not None:
            self.rest = self.search.before_pipe(self.rest)
            answer = ask(item.raw, self.rest)
        if not self.condition.every:
            self.search.found = answer
            return True
        if len(answer.raw):
            self.raws.append(str(answer.raw))
            self.places.append(answer.index + item.raw.offset_in(self.search.view))
        return False

    def answer(self) -> Result:
        """All answers as an array."""
        raw = Slice.of(f"[{','.join(self.raws)}]")
        return Result(Kind.CONTAINER, raw, indexes=tuple(self.places) or None)
