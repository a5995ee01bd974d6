"""Which gateway is played: every switch, with the value that needs no thought.

A gateway by these defaults is of release 8.3, has been commissioned, runs at once, and knows one
token. Where sources disagree about what a real one does, there is a switch, and its default is the
harsher behaviour. `Settings.lifelike()` has the times of a real start.

Seconds are those of the gateway's clock, so `speed` shortens all of them.
"""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

from attrs import evolve, field, fields_dict, frozen

from stoker.testing.gateway.errors import FakeGatewayError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Release(StrEnum):
    """What kind of gateway: 8.1 knows nothing of `/data/api/v1`, and only projects are files."""

    V81 = "8.1"
    V83 = "8.3"


class Role(StrEnum):
    """The place in a redundant pair, as `/gateway-info` spells it."""

    INDEPENDENT = "Independent"
    MASTER = "Master"
    BACKUP = "Backup"


class Restamp(StrEnum):
    """What becomes of a resource whose signature does not fit its files."""

    RESTAMP = "restamp"
    """It is loaded and signed anew, by the actor `external`."""
    SKIP = "skip"
    """It is left out, and the log says so."""
    IGNORE = "ignore"
    """It is loaded, and stays as it is."""


class Failed(StrEnum):
    """What stays loaded where something cannot be loaded."""

    KEEP = "keep"
    """What was loaded before."""
    DROP = "drop"
    """Nothing."""


class Links(StrEnum):
    """What a symbolic link is to the gateway."""

    FOLLOW = "follow"
    FAIL = "fail"
    """A resource that needs it cannot be loaded."""


class Coalescing(StrEnum):
    """What a request for a scan means while one is running; it is answered 200 in any case."""

    MERGE = "merge"
    """Nothing: the running scan is the answer, whatever it has read already."""
    FOLLOW = "follow"
    """Another scan begins as soon as the running one is over."""


class LockedScan(StrEnum):
    """What becomes of a request for a scan while somebody else holds the lock."""

    WAIT = "wait"
    """It is accepted, and the scan begins when the lock is free."""
    REFUSE = "refuse"
    """It is answered with `lock_conflict_status`."""


class Commissioning(StrEnum):
    """Whether a start ends with the gateway being set up."""

    NEVER = "never"
    FIRST = "first"
    """Where the data directory has no `.uuid` yet: a real gateway's first start."""
    ALWAYS = "always"


@frozen(kw_only=True)
class Token:
    """An API token; it is sent as `name:secret`."""

    name: str = "stoker"
    secret: str = field(default="sesame", repr=False)
    read: bool = True
    write: bool = True
    secure_channel: bool = False
    """Whether it is good over TLS alone."""

    @property
    def value(self) -> str:
        """What the header `X-Ignition-API-Token` has to hold."""
        return f"{self.name}:{self.secret}"


MODULES: Final = (
    "com.inductiveautomation.alarm-notification",
    "com.inductiveautomation.historian",
    "com.inductiveautomation.opcua",
    "com.inductiveautomation.perspective",
    "com.inductiveautomation.reporting",
    "com.inductiveautomation.sfc",
    "com.inductiveautomation.vision",
    "com.inductiveautomation.webdev",
)


@frozen(kw_only=True)
class Settings:
    """A fake gateway's switches; `FakeGateway.change` turns them while it runs."""

    # Who it is.
    name: str = "fake-gateway"
    version: str = "8.3.1"
    edition: str = "standard"
    release: Release = field(default=Release.V83, converter=Release)
    deployment_mode: str = ""
    """The mode, whose collection is loaded besides `core`, `external` and `local`."""
    role: Role = field(default=Role.INDEPENDENT, converter=Role)
    modules: tuple[str, ...] = field(default=MODULES, converter=tuple[str, ...])
    quarantined: tuple[str, ...] = field(default=(), converter=tuple[str, ...])
    """Modules whose resources are not loaded."""

    # Where it listens. 0 is any free port; None is no port at all.
    host: str = "127.0.0.1"
    port: int = 0
    tls_port: int | None = None
    control_port: int | None = None
    """A further port for `/_fake/`, which answers when the gateway itself refuses or hangs."""

    # Who may ask.
    tokens: tuple[Token, ...] = field(default=(Token(),), converter=tuple[Token, ...])
    secure_channel: bool = False
    """Whether the REST API answers over TLS alone."""

    # Its start. Each stage may be left out.
    speed: float = 1.0
    refused_seconds: float = 0.0
    unavailable_seconds: float = 0.0
    """Everything is answered with 503."""
    starting_seconds: float = 0.0
    """`StatusPing` says STARTING, the rest is 503."""
    commissioning: Commissioning = field(default=Commissioning.NEVER, converter=Commissioning)
    commissioning_seconds: float | None = 20.0
    """None: until somebody says `commission`."""
    restart_seconds: float = 40.0
    """From a request for a restart until it runs again: a quarter 503, the rest STARTING."""
    boot_counts_as_scan: bool = True
    """Whether `lastScanTimestamp` after a restart is that of the start, or 0."""
    wiping_faults: bool = True
    """Whether a folder that vanishes during the start is the end of it."""

    # Scans and locks.
    scan_seconds: float = 0.2
    scan_every: float = 300.0
    """Its own scans; 0 is never."""
    coalescing: Coalescing = field(default=Coalescing.MERGE, converter=Coalescing)
    locked_scan: LockedScan = field(default=LockedScan.WAIT, converter=LockedScan)
    lock_conflict_status: int = 409

    # What it thinks of files.
    restamp: Restamp = field(default=Restamp.RESTAMP, converter=Restamp)
    failed: Failed = field(default=Failed.KEEP, converter=Failed)
    links: Links = field(default=Links.FAIL, converter=Links)
    unwritable_faults: bool = True
    """Whether a file that it may not write is the end of it."""
    uid: int = field(factory=os.geteuid)
    """Who it is to the disk: what this user may not write by owner and mode, it may not write,
    even where the process could."""
    gid: int = field(factory=os.getegid)
    fills_cache: bool = True
    """Whether it fills `.resources` folders."""

    @classmethod
    def lifelike(cls) -> Self:
        """A gateway that takes its time, as a real one on its first start."""
        return cls(
            refused_seconds=5.0,
            unavailable_seconds=10.0,
            starting_seconds=25.0,
            commissioning=Commissioning.FIRST,
            scan_seconds=2.0,
        )

    def but(self, **switches: object) -> Self:
        """The same with some switches turned; raises `FakeGatewayError` for what is none."""
        known = fields_dict(type(self))
        for name, value in switches.items():
            if name not in known:
                raise FakeGatewayError("there is no such switch", where=name)
            if not _fits(known[name].type, value):
                raise FakeGatewayError(f"{value!r} is no value for this switch", where=name)
        try:
            turned: dict[str, Any] = switches
            return evolve(self, **turned)
        except ValueError as error:
            raise FakeGatewayError(str(error), where=", ".join(switches)) from error


_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "bool": (bool,),
    "int": (int,),
    "int | None": (int, type(None)),
    "float": (int, float),
    "float | None": (int, float, type(None)),
}
_ITEMS: Final[Mapping[str, type]] = {"tuple[str, ...]": str, "tuple[Token, ...]": Token}


def _fits(annotation: object, value: object) -> bool:
    """Whether `value` is of the kind that a field is annotated with; enumerations are texts."""
    kind = str(annotation)
    if kind in _ITEMS:
        if not isinstance(value, (list, tuple)):
            return False
        return all(isinstance(item, _ITEMS[kind]) for item in value)
    if isinstance(value, bool) and kind != "bool":
        return False
    return isinstance(value, _KINDS.get(kind, (str,)))
