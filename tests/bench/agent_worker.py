"""An agent of the engine alone: the part of `bench_agent` that is measured.

It has what every agent has (machine, loop, hands apart, the watch of the gateway) and nothing of
what they differ in: it reads its metadata from a file at the start and at each SIGHUP, and prints
when the gateway may start and each record of a sync.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stoker.adapters.clock import utc_now
from stoker.adapters.git.credentials import Access, token_from_file
from stoker.adapters.ignition import Gateway
from stoker.core.agent import Identity, initial
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.pods import Pod, PodAnnotations
from stoker.core.profile import Metadata, ResolvedProfile
from stoker.core.refs import check_repo_url
from stoker.core.report import ChangeList, GatewayReport
from stoker.core.spec import SourceMapping
from stoker.entrypoints.engine.apart import apart
from stoker.entrypoints.engine.loop import GatewayWatch, Loop
from stoker.entrypoints.engine.site import Site
from stoker.entrypoints.memory import settle_down
from stoker.entrypoints.signals import heard

PROFILE = ResolvedProfile(
    name="default",
    mappings=(
        SourceMapping(source="projects", destination="projects"),
        SourceMapping(source="config", destination="config"),
    ),
)


def say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


class Outlet:
    """Prints what the benchmark wants to know."""

    def report(self, report: GatewayReport) -> None:
        """Nobody reads it."""

    def publish(self, changes: ChangeList) -> None:
        """Nobody reads it."""

    def audit(self, record: ef.Audit) -> None:
        """The end of a sync."""
        say(sync=record.result.value, seconds=record.duration_seconds, commit=record.commit)

    def announce(self, news: ef.Announce) -> None:
        """Nobody reads it."""

    def count(self, counted: ef.CountSync | ef.CountSkip) -> None:
        """Nobody reads it."""

    def open_gate(self) -> None:
        """The gateway may start."""
        say(open=time.time())

    def complain(self, doing: str, error: Exception) -> None:
        """Something is wrong with the benchmark."""
        say(failed=f"{doing}: {error}")


def site_of(said: dict[str, str]) -> Site:
    return Site(
        identity=Identity(namespace="bench", pod_name="bench-0", cr_name="bench"),
        data=Path(said["data"]),
        repository=Path(said["repository"]),
        scratch=Path(said["scratch"]),
        access=Access(
            host=check_repo_url(said["url"], ("https",)).host,
            token=token_from_file(Path(said["token"])),
            ca_file=Path(said["ca"]),
            protocols=("https",),
        ),
        gateway=Gateway(said["gateway"], token_from_file(Path(said["key"]))),
    )


def main(config: str) -> None:
    said = json.loads(Path(config).read_text())
    site = site_of(said)
    pod = Pod(name="bench-0", labels={}, annotations=PodAnnotations.read({}))
    outlet = Outlet()
    with apart(site, utc_now, complain=outlet.complain) as hands:
        loop = Loop(initial(site.identity, pod), hands, outlet, utc_now)

        def read() -> None:
            commit = Path(said["commit"]).read_text()
            metadata = Metadata(
                commit=commit, ref="main", git_url=said["url"], profiles={"default": PROFILE}
            )
            loop.hear(ev.MetadataChanged(utc_now(), metadata))

        def end() -> None:
            loop.hear(ev.Sigterm(utc_now()))

        actions: dict[int, Callable[[], None]] = {signal.SIGHUP: read, signal.SIGTERM: end}
        watch = GatewayWatch(hands, loop.hear, utc_now)
        loop.hear(ev.Started(utc_now()))
        read()
        with heard(actions):
            settle_down()
            watch.start()
            loop.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
