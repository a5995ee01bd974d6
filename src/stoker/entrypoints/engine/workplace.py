"""`Workplace`: everything outside of the process that the work on one gateway's files touches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from attrs import field, frozen

from stoker.adapters.fs.handles import DataDirectory
from stoker.adapters.fs.store import Store
from stoker.adapters.git.remote import Remote
from stoker.adapters.git.repository import Repository
from stoker.core.agent import Assignment, Identity
from stoker.entrypoints.engine.observations import Observe, nobody_counts
from stoker.entrypoints.engine.progress import Progress, nobody_waits


@frozen(kw_only=True)
class Workplace:
    """The data directory, what is remembered on it, the repository, the clock; and who listens."""

    identity: Identity
    data: DataDirectory
    store: Store
    repository: Repository
    remote_for: Callable[[Assignment], Remote]
    """How to reach the repository of an assignment; raises `StokerError`."""
    now: Callable[[], datetime]
    progress: Progress = field(default=nobody_waits)
    observe: Observe = field(default=nobody_counts)
