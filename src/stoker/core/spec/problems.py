"""Where something is wrong with a document, while it is still being collected.

A `Finding` keeps its place as the steps that lead there, because steps can be compared, put in the
document's order, and related to each other; a `Problem`, which is what people and callers see, has
it as text. Whatever a document holds, the text about it stays short: names and values are cut, and
after `MAX_PROBLEMS` the rest is only counted.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.errors import Problem, StokerError, TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Place = tuple[str | int, ...]
"""The steps to a value: names of fields, keys of maps, positions in lists."""

MAX_PROBLEMS: Final = 200
"""Problems that are listed; nobody reads more, and a hostile document can have a million."""
MAX_SHOWN: Final = 60
"""Characters of a value or a name that a message repeats."""

_MAX_CANDIDATES: Final = 200
_LIKENESS: Final = 0.6
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


@frozen
class Finding:
    """Something wrong at a place."""

    place: Place
    message: str
    cure: str = ""

    def problem(self) -> Problem:
        """The same for people."""
        return Problem(place_text(self.place), self.message, self.cure)


def place_text(place: Place) -> str:
    """`spec.sync.profiles.blue.mappings[2].source`; a key that is no plain word is quoted."""
    return "".join(_step_text(step) for step in place).removeprefix(".")


def _step_text(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if len(step) <= MAX_SHOWN and _PLAIN_KEY.fullmatch(step):
        return f".{step}"
    return f"[{shown(step)}]"


def shown(text: str) -> str:
    """`text` in quotes for a message: escaped, and cut when it is long."""
    return json.dumps(text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…")


def refusal(place: Place, parse: Callable[[str], object], text: str) -> Iterator[Finding]:
    """What `parse` has against `text`, as a finding at `place`.

    An empty text is none of its business: the field's own bounds say what to think of it.
    """
    if not text:
        return
    try:
        parse(text)
    except TemplateError as error:
        position = f"line {error.line}, column {error.column}: " if error.line else ""
        yield Finding(place, f"the template does not parse: {position}{error.message}", error.cure)
    except StokerError as error:
        yield Finding(place, error.message, error.cure)


def unrelated(findings: Iterable[Finding], places: Iterable[Place]) -> Iterator[Finding]:
    """The findings at places that neither hold one of `places` nor lie in one."""
    whole = set(places)
    holding = {place[:length] for place in whole for length in range(len(place))}
    for finding in findings:
        above = (finding.place[:length] for length in range(len(finding.place) + 1))
        if finding.place not in holding and whole.isdisjoint(above):
            yield finding


def listed(findings: Iterable[Finding], ranks: Mapping[Place, int]) -> tuple[Problem, ...]:
    """The findings as problems in the order of `ranks`, at most one of a message at a place.

    A place without a rank, such as a field that is missing, stands where its parent does.
    """
    unique = dict.fromkeys(findings)
    ordered = sorted(unique, key=lambda finding: _rank(finding.place, ranks))
    problems = [finding.problem() for finding in ordered[:MAX_PROBLEMS]]
    if further := len(ordered) - len(problems):
        more = f"{further} further problem(s) are not listed"
        problems.append(Problem("", more, "correct the others first"))
    return tuple(problems)


def _rank(place: Place, ranks: Mapping[Place, int]) -> int:
    while place and place not in ranks:
        place = place[:-1]
    return ranks.get(place, 0)


def ranks_of(document: object, root: Place = ()) -> dict[Place, int]:
    """The position of each place of a document, read from its top to its end."""
    ranks: dict[Place, int] = {}
    waiting: list[tuple[Place, object]] = [(root, document)]
    while waiting:
        place, value = waiting.pop()
        ranks[place] = len(ranks)
        match value:
            case dict():
                below: list[tuple[Place, object]] = [
                    ((*place, key), item) for key, item in value.items()
                ]
            case list():
                below = [((*place, index), item) for index, item in enumerate(value)]
            case _:
                continue
        waiting.extend(reversed(below))
    return ranks


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that somebody who wrote `word` most likely meant."""
    if len(word) > MAX_SHOWN:
        return None
    from difflib import get_close_matches  # noqa: PLC0415 - only mistakes pay for it

    by_lower = {name.lower(): name for name in islice(known, _MAX_CANDIDATES)}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=_LIKENESS)
    return by_lower[found[0]] if found else None
