"""What the conditions depend on beside the gateways and their reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from stoker.core.conditions import Conditions
from stoker.core.errors import InvalidDocument
from stoker.core.profile import ResolvedProfile
from stoker.core.report import Origin


@frozen
class Resolving:
    """The git server has not answered yet."""

    commit: str | None = None
    """The commit that the ref was resolved to before, if it was."""


@frozen
class Resolved:
    """The ref is this commit."""

    commit: str


@frozen(kw_only=True)
class Unresolvable:
    """The last attempt failed."""

    reason: str
    message: str
    stalled: bool = False
    """Whether trying again cannot help before somebody changes something."""
    commit: str | None = None
    """The commit that the ref was resolved to before, if it was."""


RefState = Resolving | Resolved | Unresolvable


@frozen(kw_only=True)
class Situation:
    """The CR as the controller sees it at one moment."""

    now: datetime
    ref: RefState
    """Its commit is what the gateways should have."""
    profiles: Mapping[str, ResolvedProfile] | InvalidDocument
    generation: int = 0
    paused: bool = False
    verifies_host_keys: bool | None = None
    """Whether SSH host keys are checked; None where there is no SSH."""
    heard: Mapping[Origin, datetime] = field(factory=dict)
    """When the report of an origin last changed, by the controller's clock."""
    previous: Conditions = field(factory=Conditions)

    @property
    def known_profiles(self) -> Mapping[str, ResolvedProfile]:
        """The profiles; none where the spec cannot be used."""
        return {} if isinstance(self.profiles, InvalidDocument) else self.profiles
