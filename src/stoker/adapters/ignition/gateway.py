"""A gateway, as the engine sees it.

Each method is one question of the step machine, and each ends in a value or an error that it
knows, within a time that is given beforehand, whatever stands behind the address: the gateway, its
start-up page, another server, or nobody.

The certificate of a gateway in the same pod is made by itself, and the connection never leaves the
pod, so on that hop alone none is asked for. Everywhere else it is checked.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from stoker.adapters.ignition import lists, loaded
from stoker.adapters.ignition.address import parse_address
from stoker.adapters.ignition.api import Api
from stoker.adapters.ignition.http import Trust
from stoker.adapters.ignition.patience import Patience
from stoker.adapters.ignition.scans import Scans
from stoker.core.errors import StokerError
from stoker.core.scan import Readiness, ScanOutcome, Succeeded, readiness

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from stoker.adapters.ignition.lists import GatewayInfo
    from stoker.core.ignition import ResourcePath, ScanKind
    from stoker.core.scan import DesignerList

VERIFY_PATIENCE: Final = 60.0
"""Seconds for all questions about what is loaded."""


class Gateway:
    """One gateway; it holds no connection, so there is nothing to close."""

    def __init__(  # noqa: PLR0913 - two of them what it is, the others how to deal with it
        self,
        url: str,
        token: Callable[[], str] | None,
        *,
        verify: bool = False,
        ca_file: Path | None = None,
        timeout: float = 10.0,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Raises `AddressError` for a URL that is no gateway's.

        The token is read for each request and sent to no other host. `verify` has the
        certificate checked on the loopback hop as well; elsewhere it always is, against the
        authorities of `ca_file` or those of the system.
        """
        self.address = parse_address(url)
        checked = verify or ca_file is not None or not self.address.is_loopback
        self.trust = Trust(checked, ca_file)
        self._api = Api(self.address, token, self.trust, timeout)
        self._scans = Scans(self._api, sleep, monotonic)
        self._sleep, self._monotonic, self._wall = sleep, monotonic, wall

    def readiness(self) -> Readiness:
        """How far the gateway's start has come; takes as long as one request."""
        half = self._api.seconds / 2
        # What knows less is asked first: else a web server that comes up between the two would
        # pass for a gateway that runs, while it is set up and overwrites files.
        gwinfo = self._api.ask_openly("/system/gwinfo", half)
        return readiness(self._api.ask_openly("/StatusPing", half), gwinfo)

    def scan(self, kind: ScanKind, patience: float = 120.0) -> ScanOutcome:
        """Have the gateway scan, and wait for the end, at most for so many seconds."""
        return self._scans.scan(kind, patience)

    def lock(self, kinds: Collection[ScanKind], acquire: float = 10.0, hold: float = 60.0) -> None:
        """Keep the gateway from scanning; raises `ScanError` and then holds none of the locks.

        A gateway without such locks is fine. A lock ends by itself after `hold` seconds and
        cannot be prolonged: ask for as many as the work may take.
        """
        self._scans.lock(kinds, acquire, hold)

    def release(self, kinds: Collection[ScanKind], *, untouched: bool = False) -> None:
        """Give back those of the locks that are still held; never raises.

        Only a scan ends a lock, and a scan may show the gateway half of a change. So this asks
        for one only if the files are `untouched`; else the lock is left to end by itself, and a
        new wish for it is met by what is left of it.
        """
        if untouched:
            self._scans.give_back(kinds)

    def designers(self) -> tuple[DesignerList, int]:
        """Who has the Designer open, and the time in milliseconds to judge that by.

        Raises `NoAnswer` or `GatewayError`.
        """
        return lists.designers(self._api, self._wall)

    def verify(self, resources: Iterable[ResourcePath], since_ms: int) -> ScanOutcome:
        """Whether the gateway has loaded `resources`, which were written since `since_ms`.

        The time is in milliseconds by the gateway's clock, as in `Succeeded.timestamp`.
        `Unsupported` means that nothing speaks against it, and that not everything could be
        asked. Never raises.
        """
        written = tuple(sorted(set(resources)))
        if not written:
            return Succeeded(since_ms)
        patience = Patience(VERIFY_PATIENCE, self._sleep, self._monotonic)
        return loaded.verify(self._api, written, self._deployment_mode, since_ms, patience)

    def _deployment_mode(self) -> str:
        try:
            return self.info().deployment_mode
        except StokerError:
            return ""

    def info(self) -> GatewayInfo:
        """Who the gateway is; raises `NoAnswer` or `GatewayError`."""
        return lists.info(self._api)
