"""What is counted of a sync, beside its end: one small value for each thing that was done."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from attrs import frozen

from stoker.core.ignition import ScanKind
from stoker.core.scan import Verdict


class Operation(StrEnum):
    """How much git was asked for."""

    CLONE = "clone"
    """There was nothing that it could build upon."""
    FETCH = "fetch"


class Result(StrEnum):
    """How it ended."""

    SUCCESS = "success"
    ERROR = "error"


@frozen
class Fetched:
    """Git was asked for a commit; a commit that is there already is not asked for."""

    operation: Operation
    result: Result
    seconds: float


@frozen
class Scanned:
    """The gateway was asked to scan."""

    kind: ScanKind
    verdict: Verdict
    seconds: float


@frozen
class RolledBack:
    """What an apply had replaced was to be put back."""

    result: Result


@frozen
class DesignersSeen:
    """The gateway has told who has the Designer open."""

    active: int
    """How many of them are at work, in whichever project."""


Observation = Fetched | Scanned | RolledBack | DesignersSeen
Observe = Callable[[Observation], None]


def nobody_counts(_: Observation) -> None:
    """For who counts nothing."""
