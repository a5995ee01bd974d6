"""From what was told to the answer: the fleet, or one GatewaySync."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.adapters.clock import utc_now
from stoker.core.spec import Duration
from stoker.core.standing import State, Summary, summarise
from stoker.entrypoints.cli.answers import FAILED, Answer, UsageError, error_line, json_text
from stoker.entrypoints.cli.cluster.options import Place, named
from stoker.entrypoints.cli.cluster.reaching import Cluster
from stoker.entrypoints.cli.cluster.reading import read_syncs, target_of
from stoker.entrypoints.cli.commanding import as_invalid_input, wants_colour
from stoker.entrypoints.cli.standing import fleet_text, sync_text
from stoker.entrypoints.cli.standing.document import fleet_document, sync_document
from stoker.entrypoints.cli.standing.gathering import gather
from stoker.entrypoints.cli.standing.layout import Look
from stoker.entrypoints.cli.standing.watching import watched

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from stoker.entrypoints.cli.cluster.options import Named

LOOK: Final = 0.5
"""Seconds between two looks of who waits."""


@frozen(kw_only=True)
class Told:
    """What stands on the command line, unchecked."""

    place: Place
    as_json: bool = False
    watch: bool = False
    wait: bool = False
    timeout: str = "5m"
    exit_code: bool = False


@frozen
class Shown:
    """What one look has come to."""

    out: str
    unready: tuple[Summary, ...]
    """The GatewaySyncs that are not ready."""


def status_answer(told: Told) -> Answer:
    """How GatewaySyncs stand."""
    with as_invalid_input():
        one, seconds = named(told.place), Duration.parse(told.timeout).seconds
        if told.watch and (told.as_json or told.wait):
            other = "--output json" if told.as_json else "--wait"
            raise UsageError(f"--watch and {other} exclude each other", cure="give one of them")
    cluster = Cluster.of(told.place.kubeconfig, told.place.context)

    def look() -> Shown:
        return _one(cluster, one, told) if one else _fleet(cluster, told)

    if told.watch:
        return watched(lambda: look().out, sys.stdout)
    shown = _waited(look, seconds) if told.wait else look()
    if not shown.unready or not (told.wait or told.exit_code):
        return Answer(shown.out)
    names = ", ".join(f"{each.namespace}/{each.name}" for each in shown.unready)
    waited = f" within {told.timeout}" if told.wait else ""
    return Answer(shown.out, FAILED, (error_line(f"not ready{waited}: {names}"),))


def _one(cluster: Cluster, one: Named, told: Told) -> Shown:
    gathered = gather(cluster, target_of(cluster, one), utc_now())
    facts = gathered.facts
    summary = summarise(facts.metadata, facts.spec, facts.status)
    out = (
        json_text(sync_document(gathered))
        if told.as_json
        else sync_text.text(gathered, look_of(sys.stdout))
    )
    return Shown(out, () if summary.is_ready else (summary,))


def _fleet(cluster: Cluster, told: Told) -> Shown:
    namespace = "" if told.place.everywhere else told.place.namespace or cluster.namespace
    found = [
        summarise(seen.metadata, seen.spec, seen.status) for seen in read_syncs(cluster, namespace)
    ]
    unready = tuple(summary for summary in found if not summary.is_ready)
    if told.as_json:
        return Shown(json_text(fleet_document(found)), unready)
    if not found:
        where = f"in namespace {namespace}; see all with -A" if namespace else "in this cluster"
        return Shown(f"There is no GatewaySync {where}\n", ())
    look = look_of(sys.stdout)
    out = fleet_text.text(found, utc_now(), look, everywhere=told.place.everywhere)
    return Shown(out, unready)


def look_of(stream: TextIO) -> Look:
    """What is printed to; a file gets whole lines."""
    colour = wants_colour(stream)
    width = shutil.get_terminal_size().columns if stream.isatty() else None
    return Look(width=width, colour=colour)


def _waited(look: Callable[[], Shown], seconds: float) -> Shown:
    """The look at which all are ready, or the last one in the time for it."""
    until = time.monotonic() + seconds
    while True:
        shown = look()
        cannot = any(summary.state is State.PAUSED for summary in shown.unready)
        if not shown.unready or cannot or time.monotonic() >= until:
            return shown
        time.sleep(LOOK)
