"""What a pod's annotations ask for.

One reader for everybody: the webhook refuses a pod whose annotations have problems, the agent
reads the same text from the downward API volume while it runs, reports the problems and goes on
without the values that have one. An empty value is as good as none, because a chart writes one for
a setting that is not used.

Whether a CR or a profile of that name exists, an image is allowed or a pattern is a glob is for
those to say who know.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Self, TypeVar

from attrs import frozen

from stoker.core import names
from stoker.core.errors import Problem, RefError
from stoker.core.refs import RefName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MIN_SYNC_PERIOD: Final = 5
MAX_SYNC_PERIOD: Final = 3600
MAX_EXCLUDE_PATTERNS: Final = 100
"""How many patterns one annotation may list; the CR takes more."""
MAX_GATEWAY_NAME: Final = 253

_GATEWAY_NAME: Final = re.compile(r"[-._A-Za-z0-9]+")
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
# What is escaped or in a class separates nothing. A class that is never closed takes all the rest.
_MARKS: Final = re.compile(r"\\.|\[(?:\\.|[^\\\]])*+(?:\]|\\?\Z)|[{},]", re.DOTALL)
_SHOWN: Final = 60

_Value = TypeVar("_Value")


@frozen(kw_only=True)
class PodAnnotations:
    """The values that a pod's annotations set; None where there is none, or none that is legal."""

    inject: bool = False
    injected: bool = False
    cr_name: str | None = None
    profile: str | None = None
    gateway_name: str | None = None
    ref_override: RefName | None = None
    agent_image: str | None = None
    sync_period: int | None = None
    exclude_patterns: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @classmethod
    def read(cls, annotations: Mapping[str, object]) -> Self:
        """Read them all, and list what is malformed."""
        problems: list[Problem] = []

        def value(name: str, parse: Callable[[str], _Value | Problem]) -> _Value | None:
            parsed = _parsed(name, annotations.get(name), parse)
            if isinstance(parsed, Problem):
                problems.append(parsed)
                return None
            return parsed

        return cls(
            inject=value(names.INJECT, _switch) or False,
            injected=annotations.get(names.INJECTED) == "true",
            cr_name=value(names.CR_NAME, _as_written),
            profile=value(names.PROFILE, _as_written),
            gateway_name=value(names.GATEWAY_NAME, _gateway_name),
            ref_override=value(names.REF_OVERRIDE, _ref),
            agent_image=value(names.AGENT_IMAGE, _as_written),
            sync_period=value(names.SYNC_PERIOD, _sync_period),
            exclude_patterns=value(names.EXCLUDE_PATTERNS, _patterns) or (),
            problems=tuple(problems),
        )

    def problem_with(self, name: str) -> Problem | None:
        """What is wrong with the annotation `name`."""
        place = _place(name)
        return next((problem for problem in self.problems if problem.path == place), None)


def annotation_problem(name: str, message: str, cure: str) -> Problem:
    """A problem of the annotation `name`, with its place."""
    return Problem(_place(name), message, cure)


def _place(name: str) -> str:
    return f"metadata.annotations[{name}]"


def quoted(text: str) -> str:
    """`text` for a message: in quotes, on one line, and not too much of it."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def split_patterns(text: str) -> tuple[str, ...]:
    """The patterns of a comma separated list; a comma inside `{…}` or `[…]` separates nothing."""
    pieces: list[str] = []
    start = depth = 0
    for mark in _MARKS.finditer(text):
        match mark.group():
            case "{":
                depth += 1
            case "}":
                depth = max(depth - 1, 0)
            case "," if depth == 0:
                pieces.append(text[start : mark.start()])
                start = mark.end()
    pieces.append(text[start:])
    return tuple(piece.strip() for piece in pieces if piece.strip())


def _parsed(
    name: str, value: object, parse: Callable[[str], _Value | Problem]
) -> _Value | Problem | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        return annotation_problem(name, "the value is not text", "put it in quotes")
    return parse(value)


def _as_written(text: str) -> str:
    return text


def _switch(text: str) -> bool | Problem:
    match text:
        case "true":
            return True
        case "false":
            return False
        case _:
            return annotation_problem(
                names.INJECT, f"{quoted(text)} is not a switch", 'write "true" or "false"'
            )


def _gateway_name(text: str) -> str | Problem:
    # What can be a key of a ConfigMap, as which Go agents write it, and a label of a metric.
    if len(text) <= MAX_GATEWAY_NAME and _GATEWAY_NAME.fullmatch(text) and text not in {".", ".."}:
        return text
    return annotation_problem(
        names.GATEWAY_NAME,
        f"{quoted(text)} cannot name a gateway",
        f"use letters, digits, '-', '_' and '.', at most {MAX_GATEWAY_NAME} of them",
    )


def _ref(text: str) -> RefName | Problem:
    try:
        return RefName.parse(text)
    except RefError as error:
        message = f"{quoted(text)}: {error.message}"
        return annotation_problem(names.REF_OVERRIDE, message, error.cure)


def _sync_period(text: str) -> int | Problem:
    if _SECONDS.fullmatch(text) and MIN_SYNC_PERIOD <= int(text) <= MAX_SYNC_PERIOD:
        return int(text)
    return annotation_problem(
        names.SYNC_PERIOD,
        f"{quoted(text)} is not a number of seconds",
        f"write a whole number from {MIN_SYNC_PERIOD} to {MAX_SYNC_PERIOD}",
    )


def _patterns(text: str) -> tuple[str, ...] | Problem:
    patterns = split_patterns(text)
    if len(patterns) <= MAX_EXCLUDE_PATTERNS:
        return patterns
    return annotation_problem(
        names.EXCLUDE_PATTERNS,
        f"it lists {len(patterns)} patterns",
        f"list at most {MAX_EXCLUDE_PATTERNS}, and put the others into the GatewaySync",
    )
