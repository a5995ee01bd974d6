"""A fake Ignition gateway, which really reads the tree and loads it.

`FakeGateway` runs one in this process, `python -m stoker.testing.gateway` in another.

- `settings`, `clock`: which gateway is played, and how fast
- `tree`, `resources`, `signatures`, `tags`, `loading`, `loaded`: from files to what is loaded
- `startup`, `scans`, `designers`, `log`, `model`: what changes about a gateway, without I/O
- `messages`, `access`, `api`, `actions`: what it answers, and how that goes wrong
- `disk`, `writing`, `http1`, `ports`, `certificate`: disks and sockets
- `engine`, `answering`, `listening`: what runs, and how it answers
- `fake`, `control`, `switches`, `picture`, `pair`: the handles on it
"""

from __future__ import annotations

from stoker.core.ignition import ScanKind
from stoker.testing.gateway.actions import (
    Delay,
    DesignerSaves,
    Fault,
    Hang,
    Reset,
    RestartInScan,
    ScanNeverEnds,
    SlowBody,
    Status,
    TruncatedBody,
    When,
)
from stoker.testing.gateway.clock import Clock, ManualClock, ScaledClock
from stoker.testing.gateway.designers import DORMANT, Designer
from stoker.testing.gateway.errors import FakeGatewayError, WaitTimedOut
from stoker.testing.gateway.fake import FakeGateway
from stoker.testing.gateway.loaded import Collection, Loaded, LoadReport, Project
from stoker.testing.gateway.log import LogLine
from stoker.testing.gateway.model import Received
from stoker.testing.gateway.pair import RedundantPair
from stoker.testing.gateway.settings import (
    Coalescing,
    Commissioning,
    Failed,
    Links,
    LockedScan,
    Release,
    Restamp,
    Role,
    Settings,
    Token,
)
from stoker.testing.gateway.startup import Phase

__all__ = [
    "DORMANT",
    "Clock",
    "Coalescing",
    "Collection",
    "Commissioning",
    "Delay",
    "Designer",
    "DesignerSaves",
    "Failed",
    "FakeGateway",
    "FakeGatewayError",
    "Fault",
    "Hang",
    "Links",
    "LoadReport",
    "Loaded",
    "LockedScan",
    "LogLine",
    "ManualClock",
    "Phase",
    "Project",
    "Received",
    "RedundantPair",
    "Release",
    "Reset",
    "Restamp",
    "RestartInScan",
    "Role",
    "ScaledClock",
    "ScanKind",
    "ScanNeverEnds",
    "Settings",
    "SlowBody",
    "Status",
    "Token",
    "TruncatedBody",
    "WaitTimedOut",
    "When",
]
