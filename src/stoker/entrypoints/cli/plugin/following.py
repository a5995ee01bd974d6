"""The logs of agents as they grow, whatever becomes of their pods.

A thread reads each log. When one ends (its container was restarted, its pod went, the connection
broke off, nothing came for long) the pods are looked at again, and whoever is there is listened to
from where it was left. A pod that takes another's place is heard from its beginning. Lines that
come at about the same time are put in order before they are shown.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from typing import TYPE_CHECKING, Final, NoReturn

from attrs import define, evolve, field

from stoker.adapters.kube.pod_logs import PodLog, Wanted
from stoker.core.errors import StokerError
from stoker.entrypoints.cli.answers import error_line
from stoker.entrypoints.cli.cluster.refusals import NotAllowed, asking
from stoker.entrypoints.cli.plugin.agents import Audience, Speaker
from stoker.entrypoints.cli.plugin.log_lines import LONG_AGO, Line, Stamp, Wish, line_of, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


LOOK: Final = 2.0
"""Seconds between two looks at the pods."""
TOGETHER: Final = 0.3
"""Seconds for which lines are held, so that those of others can be put before them."""
IDLE: Final = 600.0
"""Seconds without a line after which a log is asked for anew."""

_LONG: Final = 12 * 3600.0


@define
class Heard:
    """One life of a pod: up to where it was heard, and who listens now."""

    until: Stamp = LONG_AGO
    since: str = ""
    """The time of the last line, as the kubelet wrote it."""
    listener: threading.Thread | None = None

    def heard(self, line: Line) -> bool:
        """Whether a line is one that was not heard yet; from now on it was."""
        if line.stamp <= self.until and line.stamp != LONG_AGO:
            return False
        self.until, self.since = max(line.stamp, self.until), line.time
        return True


@define
class Followed:
    """All logs that are followed."""

    audience: Audience
    wanted: Wanted
    _heard: dict[Speaker, Heard]
    _lines: queue.SimpleQueue[Line | StokerError] = field(factory=queue.SimpleQueue)
    _is_away: bool = False

    def look(self) -> None:
        """Listen to all who are there and are not listened to; raises `NotAllowed`."""
        try:
            speakers = self.audience.speakers()
        except NotAllowed:
            raise
        except StokerError as error:
            if not self._is_away:  # told once, and again when it has come back and is gone
                sys.stderr.write(f"{error_line(error)}\n")
            self._is_away = True
            return
        self._is_away = False
        for speaker in speakers:
            heard = self._heard.setdefault(speaker, Heard())
            if heard.listener is None or not heard.listener.is_alive():
                self._listen(speaker, heard)

    def taken(self) -> list[Line]:
        """The lines that have come; raises what ends everything."""
        found: list[Line] = []
        while not self._lines.empty():
            one = self._lines.get()
            if isinstance(one, StokerError):
                raise one
            found.append(one)
        return found

    def _listen(self, speaker: Speaker, heard: Heard) -> None:
        wanted = evolve(self.wanted, pod=speaker.pod, follow=True, tail=None)
        if heard.since:
            wanted = evolve(wanted, since_seconds=None, since_time=heard.since)
        heard.listener = threading.Thread(
            target=self._read, args=(speaker, heard, wanted), daemon=True
        )
        heard.listener.start()

    def _read(self, speaker: Speaker, heard: Heard, wanted: Wanted) -> None:
        """In a thread: take one log to its end."""
        cluster, namespace = self.audience.cluster, self.audience.target[0]
        log = PodLog(cluster.transport, wanted, seconds=_LONG, idle=IDLE)
        try:
            with asking(cluster, "get", "pods/log", namespace), log:
                for when, text in log:
                    line = line_of(speaker.pod, when, text)
                    if heard.heard(line):
                        self._lines.put(line)
        except NotAllowed as error:
            self._lines.put(error)
        except StokerError:
            return  # it has not begun yet, is gone, or broke off: the next look tries again


def follow(
    audience: Audience,
    wanted: Wanted,
    heard: dict[Speaker, Heard],
    write: Callable[[Iterable[Line]], None],
    wish: Wish,
) -> NoReturn:
    """Write what comes after what was heard, for good; raises `NotAllowed`, `Unheard`, others."""
    followed = Followed(audience, wanted, heard)
    looked = float("-inf")
    while True:
        if time.monotonic() - looked >= LOOK:
            followed.look()
            looked = time.monotonic()
        time.sleep(TOGETHER)
        by_pod: dict[str, list[Line]] = {}
        for line in followed.taken():
            by_pod.setdefault(line.pod, []).append(line)
        write(merged(wish.of(lines) for lines in by_pod.values()))
