"""`decide`: one look at a CR, one list of what to do about it.

The order of the actions matters where one could fail, or many CRs wait: first the finalizer, and
the questions, whose answers are for the next decision; then what lets agents in, and what they are
told; then the status, the events that tell of it, and the end of a request that is fulfilled; last
what each agent reports to, of which there is the most. `Turn` names these steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from stoker.core.discovery import Gateway, discover
from stoker.core.errors import InvalidDocument
from stoker.core.names import FINALIZER
from stoker.core.once import once
from stoker.core.profile import Metadata, ResolvedProfile, resolve_profiles
from stoker.core.reconcile.actions import (
    Action,
    AddFinalizer,
    ClearRequestedRef,
    Decision,
    EmitEvent,
    EventType,
    WriteMetadata,
    WriteStatus,
)
from stoker.core.reconcile.announce import agents_metadata, paused_metadata
from stoker.core.reconcile.belongings import access, agent_pods, farewell, upkeep
from stoker.core.reconcile.inquiry import Inquiry, held_state, inquire
from stoker.core.reconcile.news import event, news
from stoker.core.reconcile.snapshot import Snapshot
from stoker.core.refs import RequestAnnotations, RequestedRef, read_request
from stoker.core.spec import (
    GatewaySyncSpec,
    GatewaySyncStatus,
    GitHubAppAuth,
    RefResolutionStatus,
    SshKeyAuth,
)
from stoker.core.status import (
    Deadline,
    RefState,
    Resolved,
    Situation,
    Unresolvable,
    conditions_of,
    deadlines,
    gateway_rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MIN_SLEEP: Final = 1.0
"""Seconds that a wait lasts at least, so that a rounded time cannot make the loop spin."""
MAX_SLEEP: Final = 3600.0
"""Seconds after which it is time to look again, whatever was said."""
_REQUEST_UNRESOLVABLE: Final = "RequestedRefUnresolvable"


@frozen(kw_only=True)
class _View:
    """A snapshot, and what follows from it at once."""

    snapshot: Snapshot
    profiles: Mapping[str, ResolvedProfile] | InvalidDocument
    gateways: tuple[Gateway, ...]
    request: RequestAnnotations
    inquiry: Inquiry
    watched: tuple[Deadline, ...]
    """Until when each agent has to be heard of."""


def decide(snapshot: Snapshot, now: datetime) -> Decision:
    """What to do about the CR as it is seen at `now`."""
    if snapshot.metadata.deleting:
        return Decision(tuple(farewell(snapshot)))
    if snapshot.namespace_terminating:
        return Decision()
    view, pods = _view(snapshot, now), agent_pods(snapshot)
    actions: tuple[Action, ...] = (
        *_finalizer(snapshot),
        *view.inquiry.asks,
        *access(snapshot, pods),
        *_metadata(view),
        *_status(view, now),
        *_request(view),
        *upkeep(snapshot, pods, wants_token=_wants_token(snapshot)),
    )
    return Decision(actions, _wake_at(view, now))


def _view(snapshot: Snapshot, now: datetime) -> _View:
    request = read_request(snapshot.metadata.annotations)
    spec = snapshot.spec
    if isinstance(spec, InvalidDocument):
        profiles: Mapping[str, ResolvedProfile] | InvalidDocument = spec
        inquiry = Inquiry(state=held_state(snapshot, of_this_spec=False))
    else:
        profiles = _profiles(spec)
        inquiry = inquire(snapshot, spec, request.request, now)
    gateways = discover(
        snapshot.pods,
        namespace=snapshot.metadata.namespace,
        cr_name=snapshot.metadata.name,
        namespace_crs=snapshot.namespace_crs,
    )
    known = {} if isinstance(profiles, InvalidDocument) else profiles
    return _View(
        snapshot=snapshot,
        profiles=profiles,
        gateways=gateways,
        request=request,
        inquiry=inquiry,
        watched=deadlines(gateways, snapshot.reports, profiles=known, heard=snapshot.heard),
    )


@once
def _profiles(spec: GatewaySyncSpec) -> Mapping[str, ResolvedProfile] | InvalidDocument:
    try:
        return resolve_profiles(spec)
    except InvalidDocument as invalid:
        return invalid


def _finalizer(snapshot: Snapshot) -> Iterator[AddFinalizer]:
    if FINALIZER not in snapshot.metadata.finalizers:
        yield AddFinalizer()


def _wants_token(snapshot: Snapshot) -> bool:
    # What an invalid spec wants is not known, so nothing is taken away for it.
    spec = snapshot.spec
    return isinstance(spec, InvalidDocument) or isinstance(spec.git.auth.method, GitHubAppAuth)


def _metadata(view: _View) -> Iterator[WriteMetadata]:
    told = view.snapshot.owned.metadata
    wanted = _wanted_metadata(view, told)
    if wanted is not None and wanted != told:
        yield WriteMetadata(wanted)


def _wanted_metadata(view: _View, told: Metadata | None) -> Metadata | None:
    spec, profiles = view.snapshot.spec, view.profiles
    if isinstance(spec, InvalidDocument):
        return None
    if spec.paused:
        return paused_metadata(spec, told)
    if isinstance(profiles, InvalidDocument):
        return None
    resolution, request = view.inquiry.resolution, view.request.request
    return agents_metadata(spec, profiles, resolution, request, told)


def _status(view: _View, now: datetime) -> Iterator[WriteStatus | EmitEvent]:
    before = view.snapshot.status
    after = _status_of(view, now)
    if after != before:
        yield WriteStatus(after)
        yield from news(before, after)


def _status_of(view: _View, now: datetime) -> GatewaySyncStatus:
    snapshot, state = view.snapshot, view.inquiry.state
    spec = snapshot.spec
    situation = Situation(
        now=now,
        ref=state,
        profiles=view.profiles,
        generation=snapshot.metadata.generation,
        paused=isinstance(spec, GatewaySyncSpec) and spec.paused,
        verifies_host_keys=_verifies_host_keys(spec),
        heard=snapshot.heard,
        previous=snapshot.status.conditions,
    )
    rows = gateway_rows(view.gateways, snapshot.reports, state.commit)
    return evolve(
        _with_commit(snapshot.status, view.inquiry, now),
        observed_generation=snapshot.metadata.generation,
        ref_resolution_status=_progress(state, asks=_asks(spec)),
        profile_count=_profile_count(view),
        conditions=conditions_of(rows, view.watched, situation),
        discovered_gateways=rows,
    )


def _with_commit(status: GatewaySyncStatus, inquiry: Inquiry, now: datetime) -> GatewaySyncStatus:
    found = inquiry.resolution
    if found is None:
        return status
    if found.commit == status.last_sync_commit:
        return evolve(status, last_sync_ref=str(found.ref))
    return evolve(
        status,
        last_sync_ref=str(found.ref),
        last_sync_commit=str(found.commit),
        last_sync_commit_short=found.commit.short,
        last_sync_time=now.replace(microsecond=0),
    )


def _asks(spec: GatewaySyncSpec | InvalidDocument) -> bool:
    return isinstance(spec, GatewaySyncSpec) and not spec.paused


def _progress(state: RefState, *, asks: bool) -> RefResolutionStatus:
    match state:
        case Resolved():
            return RefResolutionStatus.RESOLVED
        case Unresolvable():
            return RefResolutionStatus.ERROR
        case _:
            return RefResolutionStatus.RESOLVING if asks else RefResolutionStatus.NOT_RESOLVED


def _profile_count(view: _View) -> int:
    spec = view.snapshot.spec
    if isinstance(spec, InvalidDocument):
        return view.snapshot.status.profile_count
    return len(spec.sync.profiles)


def _verifies_host_keys(spec: GatewaySyncSpec | InvalidDocument) -> bool | None:
    if isinstance(spec, InvalidDocument) or not isinstance(spec.git.auth.method, SshKeyAuth):
        return None
    ssh = spec.git.auth.method
    return ssh.known_hosts is not None or not ssh.insecure_skip_host_key_check


def _request(view: _View) -> Iterator[ClearRequestedRef | EmitEvent]:
    resolution, asked = view.inquiry.resolution, view.request
    if resolution is not None and resolution.clear and isinstance(asked.request, RequestedRef):
        yield ClearRequestedRef(asked.request)
    what, why = "", ""
    if asked.problem is not None:
        what, why = f"malformed: {asked.problem.message}", str(asked.problem)
    elif resolution is not None and resolution.unresolvable is not None:
        request, error = resolution.unresolvable
        what, why = f"{request.ref} at {request.at.isoformat()}", str(error)
    if what and what != view.snapshot.memory.announced:
        message = f"the requested ref is ignored: {why}"
        yield event(EventType.WARNING, _REQUEST_UNRESOLVABLE, message, remembered=what)


def _wake_at(view: _View, now: datetime) -> datetime | None:
    # An agent is stale only after its deadline.
    ahead = [deadline.until for deadline in view.watched if deadline.until >= now]
    waits = [*view.inquiry.wakes, *((until - now).total_seconds() + 1.0 for until in ahead)]
    if not waits:
        return None
    return now + timedelta(seconds=min(max(min(waits), MIN_SLEEP), MAX_SLEEP))
