"""The words and bounds of a profile, which the agents need as well as the controller."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

MIN_SYNC_PERIOD: Final = 5
MAX_SYNC_PERIOD: Final = 3600
"""Seconds between two checks of an agent: more often helps nobody, less often is too late."""


class DesignerPolicy(StrEnum):
    """What a sync does while a Designer is open."""

    PROCEED = "proceed"
    WAIT = "wait"
    FAIL = "fail"


class DesignerScope(StrEnum):
    """Which Designers count."""

    PROJECT = "project"
    GATEWAY = "gateway"


class PruneMode(StrEnum):
    """What an orphan is."""

    MIRROR = "mirror"
    OWNED = "owned"
    NONE = "none"


class DriftAction(StrEnum):
    """What happens when files differ from what was last applied."""

    OFF = "off"
    REPORT = "report"
    RESTORE = "restore"


class MappingType(StrEnum):
    """What a mapping's source must be."""

    DIR = "dir"
    FILE = "file"
