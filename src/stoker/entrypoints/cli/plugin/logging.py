"""From what was told to the lines of the agents: those that there are, or those that come."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from stoker.adapters.clock import utc_now
from stoker.adapters.kube.errors import Invalid, NotFound
from stoker.adapters.kube.pod_logs import PodLog, Wanted
from stoker.core import names
from stoker.core.errors import StokerError
from stoker.core.spec import Duration
from stoker.entrypoints.cli.answers import INTERRUPTED, Answer, UsageError, error_line
from stoker.entrypoints.cli.cluster.options import named_one
from stoker.entrypoints.cli.cluster.reaching import SECONDS, Cluster
from stoker.entrypoints.cli.cluster.reading import read_sync, target_of
from stoker.entrypoints.cli.cluster.refusals import asking
from stoker.entrypoints.cli.commanding import as_invalid_input, wants_colour
from stoker.entrypoints.cli.plugin.agents import Audience, Speaker
from stoker.entrypoints.cli.plugin.diffing import chosen
from stoker.entrypoints.cli.plugin.following import Heard, follow
from stoker.entrypoints.cli.plugin.log_lines import Line, Speech, Wish, line_of, merged
from stoker.entrypoints.cli.saying import Unheard, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from stoker.entrypoints.cli.cluster.options import Place

USUAL_TAIL: Final = 50
"""Lines of each gateway, where nobody says how many."""
MOST_AGENTS: Final = 60
"""How many logs there may be."""
_AT_A_TIME: Final = 8


@frozen(kw_only=True)
class Told:
    """What is wanted, as it was told."""

    gateway: str = ""
    follow: bool = False
    tail: int | None = None
    since: str = ""
    audit: bool = False
    previous: bool = False
    raw: bool = False

    @property
    def wish(self) -> Wish:
        """Which lines of each gateway."""
        if self.tail is None:
            return Wish(self.audit, None if self.since else USUAL_TAIL)
        return Wish(self.audit, None if self.tail < 0 else self.tail)

    def wanted(self, namespace: str, since: int | None) -> Wanted:
        """What the kubelet is asked for, of a pod that is named later."""
        tail = self.wish.tail
        if self.audit:  # the records are counted when the other lines are left out
            tail = None
        elif self.follow and tail is not None:  # one line at least, to go on behind it
            tail = max(tail, 1)
        return Wanted(
            namespace=namespace,
            pod="",
            container=names.AGENT_CONTAINER,
            previous=self.previous,
            tail=tail,
            since_seconds=since,
        )


@frozen
class _Log:
    """What one agent has said so far, or why that is not to be had."""

    speaker: Speaker
    lines: tuple[Line, ...] = ()
    complaint: str = ""


def logs_answer(place: Place, told: Told) -> Answer:
    """Print them as they come."""
    with as_invalid_input():
        one = named_one(place)
        since = _seconds(told.since)
        if told.follow and told.previous:
            raise UsageError("--follow and --previous exclude each other", cure="give one of them")
    cluster = Cluster.of(place.kubeconfig, place.context)
    target = target_of(cluster, one)
    status = read_sync(cluster, target).status
    rows = [row.pod_name for row in chosen(status, told.gateway, target)]
    audience = Audience(cluster, target, told.gateway)
    speakers = audience.speakers(rows)
    _see_some(speakers, target, told)
    wanted = told.wanted(target[0], since)
    try:
        return _told(audience, speakers, wanted, told)
    except KeyboardInterrupt:
        return Answer(code=INTERRUPTED)
    except Unheard as unheard:
        return unheard.answer


def _told(audience: Audience, speakers: Sequence[Speaker], wanted: Wanted, told: Told) -> Answer:
    write = _writer([speaker.pod for speaker in speakers], raw=told.raw)
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        logs = list(pool.map(lambda speaker: _log(audience, speaker, wanted), speakers))
    write(merged(told.wish.of(log.lines) for log in logs))
    complaints = tuple(log.complaint for log in logs if log.complaint)
    if told.follow:
        sys.stderr.write("".join(f"{complaint}\n" for complaint in complaints))
        heard = {log.speaker: Heard() for log in logs}
        for log in logs:
            for line in log.lines:
                heard[log.speaker].heard(line)
        follow(audience, wanted, heard, write, Wish(told.audit))
    return Answer(code=1 if len(complaints) == len(logs) else 0, complaints=complaints)


def _seconds(since: str) -> int | None:
    if not since:
        return None
    seconds = Duration.parse(since).seconds
    if seconds <= 0:
        raise UsageError(f"{since!r} is no time that has passed", where="--since", cure="write 10m")
    return max(int(seconds), 1)


def _see_some(speakers: Sequence[Speaker], target: tuple[str, str], told: Told) -> None:
    name = "/".join(target)
    if len(speakers) > MOST_AGENTS:
        raise StokerError(
            f"{len(speakers)} agents are more than are listened to at a time",
            where=f"GatewaySync {name}",
            cure="name one with --gateway",
        )
    if not speakers and not told.follow:
        gateway = told.gateway
        raise StokerError(
            f"gateway {gateway} has no agent" if gateway else "it has no gateway with an agent",
            where=f"GatewaySync {name}",
            cure=f"see stoker status {name}",
        )


def _writer(pods: Sequence[str], *, raw: bool) -> Callable[[Iterable[Line]], None]:
    """What writes lines to standard output."""
    colour = wants_colour(sys.stdout)

    def write(lines: Iterable[Line]) -> None:
        speech = Speech(utc_now(), tuple(pods), colour)
        shown = (f"{line.text}\n" if raw else speech.worded(line) for line in lines)
        if text := "".join(shown):
            say(sys.stdout, text)

    return write


def _log(audience: Audience, speaker: Speaker, wanted: Wanted) -> _Log:
    """The lines of one agent; raises `NotAllowed` and others."""
    cluster = audience.cluster
    wanted = evolve(wanted, pod=speaker.pod)
    log = PodLog(cluster.transport, wanted, seconds=SECONDS, idle=SECONDS)
    try:
        with asking(cluster, "get", "pods/log", audience.target[0]), log:
            return _Log(speaker, tuple(line_of(speaker.pod, when, text) for when, text in log))
    except NotFound:
        return _Log(speaker, complaint=error_line(f"{speaker.pod}: the pod is gone"))
    except StokerError as error:
        if isinstance(error.__cause__, Invalid):  # its container has not begun, or never ended
            return _Log(speaker, complaint=error_line(f"{speaker.pod}: {error.__cause__.message}"))
        raise
