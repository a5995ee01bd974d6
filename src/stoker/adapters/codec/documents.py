"""A text with YAML or JSON documents as plain values that remember the lines on which they stand.

A document is read for its values alone: what they mean is for the decoders to say. What is wrong
with the text itself (a key that is there twice, a tag) is collected, so that it can be told
together with what the decoders find.
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import Any, Final

from attrs import field, frozen

from stoker.adapters.codec.plain import MAX_DEPTH
from stoker.core.spec.problems import Finding, Place, place_text

_LAST_STEP: Final = re.compile(r"(?:\.?[A-Za-z0-9_-]+|\[\d+\]|\[\"(?:[^\"\\]|\\.)*\"\])\Z")


@frozen
class Fault:
    """Something that is wrong with a text, and its line; 0 where lines are not known."""

    finding: Finding
    line: int = 0


@frozen(slots=False)
class Document:
    """One document of a file; what could not be read of it is left out."""

    value: Any
    line: int
    """Where it starts, counted from 1; 0 where lines are not known."""
    places: dict[Place, int] = field(factory=dict, repr=False)
    faults: tuple[Fault, ...] = ()

    def line_of(self, place: str) -> int:
        """The line of a place, written as problems have it, or of the nearest one around it."""
        while place not in self._lines and place:
            shorter = _LAST_STEP.sub("", place)
            place = shorter if shorter != place else ""
        return self._lines.get(place, self.line)

    @cached_property
    def _lines(self) -> dict[str, int]:
        lines: dict[str, int] = {}
        for place, line in self.places.items():
            lines.setdefault(place_text(place), line)
        return lines


@frozen
class Documents:
    """The documents of a text, and why it ends before its end, where it does."""

    documents: tuple[Document, ...]
    fault: Fault | None = None


def too_deep() -> Finding:
    """What is wrong with a document that nobody looks at in full."""
    return Finding((), f"is nested more than {MAX_DEPTH} levels deep", "flatten it")


def twice(place: Place) -> Finding:
    """What is wrong with the second of two keys that are the same."""
    return Finding(place, "is there twice", "remove one of them")


def read_documents(text: str, *, json_only: bool = False) -> Documents:
    """The documents of `text`, as far as it can be read; JSON is read as JSON."""
    if json_only or text.lstrip().startswith("{"):
        try:
            return Documents((_read_json(text),))
        except json.JSONDecodeError as error:
            if json_only:
                told = f"is not JSON: {error.msg} in column {error.colno}"
                return Documents((), Fault(Finding((), told, "correct it"), error.lineno))
        except RecursionError:
            return Documents((), Fault(too_deep()))
        except ValueError:
            told = "holds a number that is too long"
            return Documents((), Fault(Finding((), told, "shorten it")))
    # Only who reads YAML pays for it.
    from stoker.adapters.codec.yaml_events import read_yaml  # noqa: PLC0415

    return read_yaml(text)


def _read_json(text: str) -> Document:
    faults: list[Fault] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        seen = set[str]()
        for key, _ in pairs:
            if key in seen:
                # Where this object stands is not known yet, so its key has to do.
                faults.append(Fault(twice((key,))))
            seen.add(key)
        return members

    value = json.loads(text, object_pairs_hook=members)
    return Document(value, 0, faults=tuple(faults))
