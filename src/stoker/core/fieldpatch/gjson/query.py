"""The answer of gjson to a query path: what it finds and where.

A path may start with a modifier (`@name`), a constant (`!true`) or a selector (`[a,b]`, `{a,b}`):
these make a new text, and what follows is asked of that. Anything else is a walk through the text
(`Search`), and what follows a pipe is asked of what the walk found. What was found in a made text
lies nowhere in the document. gjson sometimes forgets that and gives indexes all the same, and so
does this; whether writing there leaves JSON is seen when it is written.
"""

from __future__ import annotations

from typing import Final

from attrs import evolve, frozen

from stoker.core.fieldpatch.gjson.meter import Meter
from stoker.core.fieldpatch.gjson.modifiers import modified
from stoker.core.fieldpatch.gjson.result import Kind, Result, Slice, parse
from stoker.core.fieldpatch.gjson.search import Search
from stoker.core.fieldpatch.gjson.steps import (
    Selection,
    is_simple_name,
    last_name,
    modification,
    selections,
)
from stoker.core.fieldpatch.lexical import bracket_end, quote
from stoker.core.fieldpatch.syntax import is_json

_CONSTANTS: Final = frozenset({"true", "false", "null", "nan", "inf"})
_CONSTANT_STARTS: Final = frozenset('{["+-0123456789')


@frozen
class Query:
    """Answers paths; all its work is paid for from one meter."""

    meter: Meter

    def ask(self, view: Slice, path: str) -> Result:
        """What `path` finds in `view`, with the index relative to `view`."""
        self.meter.pay(len(view))
        if len(path) > 1:
            if (made := self._made(view, path)) is not None:
                text, rest = made
                if rest.startswith(("|", ".")):
                    return evolve(self.ask(text, rest[1:]), index=0, indexes=None)
                return parse(text)
            if path[0] in "[{":
                # A selector that is not closed leaves nothing of the path, one that something
                # follows leaves just that: gjson looks on with what is left.
                selected, rest = selections(path) or ([], "")
                if selected and (not rest or rest[0] in ".|"):
                    return self._select(view, path[0], selected, rest)
                path = rest
        return self._walk(view, path)

    def _walk(self, view: Slice, path: str) -> Result:
        search = Search(view, self.ask, self.meter)
        search.walk(path)
        found = search.found
        if search.pipe is not None:
            return evolve(self._inside(found, search.pipe), index=0)
        if len(found.raw) and not search.counted:
            return evolve(found, index=found.raw.offset_in(view))
        return found

    def _inside(self, found: Result, path: str) -> Result:
        """What `path` finds inside what was found."""
        answer = self.ask(found.raw, path)
        if answer.indexes is None:
            return evolve(answer, index=answer.index + found.index)
        return evolve(answer, indexes=tuple(place + found.index for place in answer.indexes))

    def _made(self, view: Slice, path: str) -> tuple[Slice, str] | None:
        """The text that a modifier or a constant makes, and the rest of the path."""
        match path[0]:
            case "@" if (parts := modification(path)) is not None:
                name, argument, rest = parts
                return modified(view, name, argument, self.ask), rest
            case "!":
                return _constant(path)
            case _:
                return None

    def _select(self, view: Slice, kind: str, selected: list[Selection], rest: str) -> Result:
        pieces: list[str] = []
        for selection in selected:
            answer = self.ask(view, selection.path)
            if answer.exists:
                name = f"{_name(selection)}:" if kind == "{" else ""
                pieces.append(f"{name}{answer.raw}")
        made = Slice.of(f"{kind}{','.join(pieces)}{'}' if kind == '{' else ']'}")
        found = Result(Kind.CONTAINER, made)
        return evolve(self._inside(found, rest[1:]), index=0) if rest else found


def _constant(path: str) -> tuple[Slice, str] | None:
    """The constant that a path starts with, and the rest."""
    if path[1] in _CONSTANT_STARTS:
        end = min(bracket_end(path, 1, len(path)), len(path))
    else:
        end = min((at for sign in ".|" if (at := path.find(sign)) > 0), default=len(path))
        if path[1:end].lower() not in _CONSTANTS:
            return None
    return Slice(path, 1, end), path[end:]


def _name(selection: Selection) -> str:
    """The name of a selected value in the object that a selector makes."""
    if selection.name:
        is_string = selection.name[0] == '"' and is_json(selection.name)
        return selection.name if is_string else quote(selection.name)
    last = last_name(selection.path)
    return quote(last if is_simple_name(last) else "_")
