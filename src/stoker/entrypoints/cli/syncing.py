"""`stoker sync` and `stoker plan`: a request, carried out or looked at, and what came of it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from stoker.adapters.clock import utc_now
from stoker.core.agent import effects as ef
from stoker.core.errors import StokerError
from stoker.core.ignition import projects_of
from stoker.entrypoints.cli.answers import json_text
from stoker.entrypoints.cli.outcome import SyncFailure, SyncOutcome, SyncResult
from stoker.entrypoints.cli.presenting import plan_document, plan_markdown, plan_text
from stoker.entrypoints.cli.presenting.occasion import Occasion
from stoker.entrypoints.cli.running import assignment_of, metadata_of, pod_of, site_of
from stoker.entrypoints.engine.fetching import resolved
from stoker.entrypoints.engine.here import opened
from stoker.entrypoints.engine.once import Ending, sync_once
from stoker.entrypoints.engine.previewing import differences, preview

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stoker.core.refs import Resolution
    from stoker.entrypoints.cli.options import PlanFormat
    from stoker.entrypoints.cli.request import SyncRequest
    from stoker.entrypoints.engine.doers import Doers
    from stoker.entrypoints.engine.planner import Prepared
    from stoker.entrypoints.engine.progress import Progress

_RESULTS: Final[Mapping[ef.SyncResult, SyncResult]] = {
    ef.SyncResult.SYNCED: SyncResult.SYNCED,
    ef.SyncResult.UNCHANGED: SyncResult.UNCHANGED,
    ef.SyncResult.DRY_RUN: SyncResult.DRY_RUN,
    ef.SyncResult.ERROR: SyncResult.ERROR,
    ef.SyncResult.BLOCKED: SyncResult.ERROR,
    ef.SyncResult.ROLLED_BACK: SyncResult.ROLLED_BACK,
}


@frozen
class Planned:
    """What a sync would change, in the form that was asked for."""

    text: str
    has_changes: bool


def sync(request: SyncRequest, progress: Progress, *, dry_run: bool) -> SyncOutcome:
    """One sync; whatever goes wrong is part of what it came to."""
    began = time.monotonic()
    commit = ref = ""
    try:
        with _at_work(request, progress) as (doers, found):
            commit, ref = found.commit, found.ref
            if dry_run or request.profile.dry_run:
                prepared = preview(doers, assignment_of(request, found), found.commit)
                return _outcome(SyncResult.DRY_RUN, found, prepared, began)
            return _came_to(
                sync_once(doers, metadata_of(request, found, dry_run=False), pod_of(request)),
                found,
                began,
            )
    except StokerError as error:
        return SyncOutcome(
            result=SyncResult.ERROR,
            commit=commit,
            ref=ref,
            duration_seconds=time.monotonic() - began,
            error=_failure(error),
        )


def plan(request: SyncRequest, progress: Progress, output: PlanFormat, *, colour: bool) -> Planned:
    """What a sync would change; raises `StokerError`."""
    with _at_work(request, progress) as (doers, found):
        prepared = preview(doers, assignment_of(request, found), found.commit)
        compared = differences(doers.planner, prepared)
        occasion = Occasion(
            commit=found.commit,
            ref=found.ref,
            gateway=request.gateway_name,
            profile=request.profile.name,
            managed=doers.place.store.count(),
            prune_limit_percent=request.profile.prune_limit_percent,
        )
    match output:
        case "json":
            text = json_text(plan_document.document(compared, occasion))
        case "markdown":
            text = plan_markdown.markdown(compared, occasion)
        case _:
            text = plan_text.text(compared, occasion, colour=colour)
    return Planned(text, bool(prepared.plan.ops))


@contextmanager
def _at_work(request: SyncRequest, progress: Progress) -> Iterator[tuple[Doers, Resolution]]:
    site = site_of(request)
    with opened(site, utc_now, progress) as doers:
        yield doers, resolved(site.remote_to(request.url.text), request.revision)


def _came_to(ending: Ending, found: Resolution, began: float) -> SyncOutcome:
    audit = ending.audit
    result = SyncResult.ERROR if audit is None else _RESULTS[audit.result]
    scan = "" if audit is None else audit.scan
    error = ending.error
    if error is None and ending.state.owed:
        # The files are there, and nobody has loaded them: that is not what was asked for.
        error = _NOT_LOADED
    if error is not None and result is not SyncResult.ROLLED_BACK:
        result = SyncResult.ERROR
    done = ending.state.on_disk.commit == found.commit
    prepared = ending.prepared if done else None
    return _outcome(result, found, prepared, began, scan=scan, error=error)


_NOT_LOADED: Final = StokerError(
    "the files are written, and the gateway does not answer, so it has not loaded them",
    cure="start the gateway, or correct --gateway-url",
)


def _outcome(  # noqa: PLR0913 - what there is to tell
    result: SyncResult,
    found: Resolution,
    prepared: Prepared | None,
    began: float,
    *,
    scan: str = "",
    error: StokerError | None = None,
) -> SyncOutcome:
    told = SyncOutcome(
        result=result,
        commit=found.commit,
        ref=found.ref,
        scan=scan,
        duration_seconds=time.monotonic() - began,
        error=None if error is None else _failure(error),
    )
    if prepared is None:
        return told
    planned = prepared.plan
    return evolve(
        told,
        added=planned.added,
        modified=planned.modified,
        deleted=planned.deleted,
        kept=prepared.kept,
        drifted=planned.drifted,
        projects=projects_of(prepared.touched),
    )


def _failure(error: StokerError) -> SyncFailure:
    told = f"{error.message} ({error.cure})" if error.cure else error.message
    return SyncFailure(kind=error.reason, message=told, path=error.where)
