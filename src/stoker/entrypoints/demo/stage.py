"""Where the demo plays: a repository, a fake gateway, and the agent between them.

The agent is the standalone one, as a service would run it; only its periods are those of an
impatient audience.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from stoker.adapters.clock import utc_now
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.agent import initial
from stoker.core.errors import StokerError
from stoker.entrypoints.demo import plant
from stoker.entrypoints.engine.here import opened
from stoker.entrypoints.engine.loop import GatewayWatch, Loop
from stoker.entrypoints.standalone import followed_by, pod_of, site_of
from stoker.entrypoints.standalone.config import decode_config
from stoker.entrypoints.standalone.following import Follower
from stoker.testing.gateway import FakeGateway, Settings
from stoker.testing.repositories import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.core.report import ChangeList, GatewayReport

PATIENCE: Final = 30.0
"""Seconds that anything in the demo may take."""
PERIOD: Final = 1
"""Seconds between two looks at the disk."""


class Witness:
    """An `Outlet` that remembers, so that the demo can wait for what it announced."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._changed = threading.Condition()
        self.report_: GatewayReport | None = None
        self.records: list[ef.Audit] = []
        self.complaints: list[str] = []

    def report(self, report: GatewayReport) -> None:
        """The newest one counts."""
        with self._changed:
            self.report_ = report
            self._changed.notify_all()

    def publish(self, changes: ChangeList) -> None:
        """The records say enough."""

    def audit(self, record: ef.Audit) -> None:
        """Each sync has one."""
        with self._changed:
            self.records.append(record)
            self._changed.notify_all()

    def announce(self, news: ef.Announce) -> None:
        """The visitor sees the records."""

    def count(self, counted: ef.CountSync | ef.CountSkip) -> None:
        """Nobody counts here."""

    def open_gate(self) -> None:
        """The gateway of the demo runs already."""

    def complain(self, doing: str, error: Exception) -> None:
        """Shown if the demo fails."""
        with self._changed:
            self.complaints.append(f"{doing}: {error}")

    def wait_for_record(self, number: int) -> ef.Audit:
        """The record of the sync with that number; raises `StokerError` if it does not come."""
        self._wait(lambda: len(self.records) > number, "a sync to end")
        return self.records[number]

    def wait_for_report(self, fits: Callable[[GatewayReport], bool], what: str) -> GatewayReport:
        """The first report that fits from now on."""
        self._wait(lambda: self.report_ is not None and fits(self.report_), what)
        if self.report_ is None:
            raise AssertionError(what)
        return self.report_

    def _wait(self, is_so: Callable[[], bool], what: str) -> None:
        with self._changed:
            if not self._changed.wait_for(is_so, timeout=PATIENCE):
                told = "; ".join(self.complaints[-3:])
                raise StokerError(f"the demo waited {PATIENCE:.0f} s for {what}: {told}")


@frozen
class Stage:
    """All that plays a part."""

    folder: Path
    upstream: Upstream
    gateway: FakeGateway
    witness: Witness
    look: Callable[[], None]
    """Have the agent look at the repository, as a webhook does."""

    def push(self, files: dict[str, str], message: str) -> str:
        """Commit some files and tell the agent; the commit."""
        commit = self.upstream.commit(files, message)
        self.look()
        return commit

    def data(self, path: str) -> Path:
        """A file of the gateway."""
        return self.folder / "data" / path


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Everything up and running, and taken down again."""
    (folder / "data").mkdir(parents=True)
    upstream = Upstream.create(folder / "plant.git")
    upstream.commit(plant.first_commit(), "Begin the packaging line")
    with ExitStack() as stack:
        settings = Settings(name="line-4", scan_seconds=0.05)
        gateway = stack.enter_context(FakeGateway(folder / "data", settings))
        (folder / "api-key").write_text(gateway.token)
        config = decode_config(
            {
                "gateway": {
                    "name": "line-4",
                    "url": gateway.url,
                    "apiKeyFile": str(folder / "api-key"),
                },
                "git": {"repo": f"file://{upstream.git_dir}", "ref": "main", "pollInterval": "5s"},
                "dataDir": str(folder / "data"),
                "repoDir": str(folder / "agent"),
                "profile": plant.PROFILE,
            },
            "the demo",
        )
        site = site_of(config)
        doers = stack.enter_context(opened(site, utc_now))
        witness = Witness()
        loop = Loop(initial(site.identity, pod_of(config)), doers, witness, utc_now)
        followed = followed_by(config, site)
        followed = evolve(followed, profile=evolve(followed.profile, sync_period=PERIOD))
        follower = Follower(followed, loop.hear, witness.complain, utc_now)
        watch = GatewayWatch(doers, loop.hear, utc_now)
        running = threading.Thread(target=loop.run, name="agent", daemon=True)

        def end() -> None:
            watch.stop()
            follower.stop()
            loop.hear(ev.Sigterm(utc_now()))
            running.join(PATIENCE)

        loop.hear(ev.Started(utc_now()))
        watch.start()
        follower.start()
        running.start()
        stack.callback(end)
        yield Stage(folder, upstream, gateway, witness, follower.look)


def seconds_since(began: float) -> float:
    """How long ago that was."""
    return time.monotonic() - began
