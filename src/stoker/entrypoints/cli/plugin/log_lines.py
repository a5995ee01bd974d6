"""Lines of several logs as one: merged by time, filtered, and worded for people.

An agent writes JSON. What is none (the kubelet's own words, a traceback) is shown as it stands.
Nothing in a line can colour a terminal or forge another line.
"""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from stoker.core.refs.names import SHORT_ID
from stoker.entrypoints.cli.presenting.wording import Paint, painted, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Stamp = tuple[datetime, int]
"""An instant, and the nanoseconds that a `datetime` has no room for."""

LONG_AGO: Final[Stamp] = (datetime.min.replace(tzinfo=UTC), 0)

_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_AUDIT: Final = "audit"
_HEAD: Final = frozenset({"time", "level", "logger", "message", "traceback"})
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FEW: Final = 3
"""Entries of a list that are shown."""
_TODAY: Final = timedelta(hours=20)
_LEVELS: Final = {"error": Paint.RED, "warning": Paint.YELLOW, "debug": Paint.FAINT}
_RESULTS: Final = {"error": Paint.RED, "rolledBack": Paint.RED, "blocked": Paint.YELLOW}
_PODS: Final = (Paint.CYAN, Paint.GREEN, Paint.YELLOW)


@frozen
class Line:
    """One line of the agent in `pod`."""

    pod: str
    time: str
    """When the kubelet took it, in its own writing."""
    stamp: Stamp
    text: str
    told: Mapping[str, Any] | None = field(default=None, eq=False)
    """What it says, where it is JSON."""

    @property
    def is_audit(self) -> bool:
        """Whether it is the record of a sync."""
        return self.told is not None and self.told.get("logger") == _AUDIT


def line_of(pod: str, time: str, text: str) -> Line:
    """A line as the kubelet gives it: its time, and what was printed."""
    try:
        told = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        told = None
    return Line(pod, time, stamp_of(time), text, told if isinstance(told, dict) else None)


def stamp_of(time: str) -> Stamp:
    """The instant that the kubelet names; `LONG_AGO` for what is none."""
    parts = _TIME.fullmatch(time)
    if parts is None:
        return LONG_AGO
    second, fraction, zone = parts.groups()
    digits = f"{fraction or '':0<9}"
    try:
        moment = datetime.fromisoformat(f"{second}.{digits[:6]}{zone.replace('Z', '+00:00')}")
        return moment.astimezone(UTC), int(digits[6:])
    except (ValueError, OverflowError):
        return LONG_AGO


def merged(logs: Iterable[Sequence[Line]]) -> Iterator[Line]:
    """The lines of several logs by time. Those of one log keep their order, whatever its clock did.

    Lines of the same instant come in the order of the logs.
    """
    return heapq.merge(*logs, key=lambda line: line.stamp)


@frozen
class Wish:
    """Which lines of each log are wanted."""

    audit: bool = False
    """Only the records of syncs."""
    tail: int | None = None
    """The last ones, so many; None for all."""

    def of(self, lines: Sequence[Line]) -> Sequence[Line]:
        """Those of one log."""
        wanted = [line for line in lines if line.is_audit] if self.audit else lines
        return wanted if self.tail is None else wanted[max(len(wanted) - self.tail, 0) :]


# --- For people ---


@frozen
class Speech:
    """How lines are worded: for whom, and beside which pods."""

    now: datetime
    pods: tuple[str, ...]
    colour: bool = False

    def worded(self, line: Line) -> str:
        """`20:14:05 line-a-0 | the gateway is Synced  commit=6113728`, with its line break."""
        width = max(map(len, self.pods), default=0)
        # A pod that came later may have a longer name than all before.
        pod = printable(line.pod).ljust(width)
        paint = _PODS[self.pods.index(line.pod) % len(_PODS)] if line.pod in self.pods else None
        head = painted(pod, paint, colour=self.colour) if paint else pod
        when = painted(self._when(line.stamp[0]), Paint.FAINT, colour=self.colour)
        return f"{when} {head} | {self._what(line)}\n"

    def _when(self, moment: datetime) -> str:
        is_of_today = abs(self.now - moment) < _TODAY
        return f"{moment:%H:%M:%S}" if is_of_today else f"{moment:%m-%d %H:%M:%S}"

    def _what(self, line: Line) -> str:
        if line.told is None:
            return printable(line.text, keep="\t")
        if line.is_audit:
            result = _RESULTS.get(str(line.told.get("result")), Paint.BOLD)
            return painted(_sync(line.told), result, colour=self.colour)
        level = str(line.told.get("level", "info"))
        paint = _LEVELS.get(level)
        said = printable(str(line.told.get("message", "")))
        head = painted(f"{level.upper()} {said}", paint, colour=self.colour) if paint else said
        return "  ".join([head, " ".join(_fields(line.told))]).rstrip() + _trace(line.told)


def _sync(told: Mapping[str, Any]) -> str:
    """The record of a sync in a sentence."""
    commit, ref = str(told.get("commit", "")), str(told.get("ref", ""))
    what = f"{_short(commit) or 'no commit'} ({ref})" if ref and ref != commit else _short(commit)
    counts = ", ".join(f"{told.get(name, 0)} {name}" for name in ("added", "modified", "deleted"))
    scan = f"; scan: {told['scan']}" if told.get("scan") else ""
    author = f"; by {told['author']}" if told.get("author") else ""
    took = f" in {told['durationSeconds']} s" if "durationSeconds" in told else ""
    return printable(f"sync of {what}: {told.get('result', '?')}, {counts}{took}{scan}{author}")


def _fields(told: Mapping[str, Any]) -> Iterator[str]:
    words = str(told.get("message", "")).split()
    for name, value in told.items():
        # `the gateway is Synced  status=Synced` would say it twice.
        if name not in _HEAD and value not in ("", None, []) and value not in words:
            yield f"{printable(str(name))}={_valued(value)}"


def _valued(value: object) -> str:
    if isinstance(value, list) and len(value) > _FEW:
        shown = ", ".join(json.dumps(one) for one in value[:_FEW])
        return f"[{shown}, … {len(value) - _FEW} more]"
    if isinstance(value, str):
        short = _short(value)
        if short.isprintable() and " " not in short:
            return short
    return json.dumps(value, ensure_ascii=True)


def _short(text: str) -> str:
    return text[:SHORT_ID] if _COMMIT.fullmatch(text) else text


def _trace(told: Mapping[str, Any]) -> str:
    lines = str(told.get("traceback", "")).splitlines()
    return "".join(f"\n    {printable(line)}" for line in lines)
