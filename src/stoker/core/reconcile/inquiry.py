"""When to ask the git server and GitHub, and what is known of the ref in the meantime.

A question is asked when nobody has answered it yet: at the start, when the spec's source changed,
when a webhook asked for a ref or for a look. It is asked again when a poll is due, or after a
failure when its wait is over. Comparisons of times are made so that a clock that was set back makes
a thing due at once instead of far away, and then only once.

Everyone who polls a repository with one interval does so at the same place within it, so that one
connection answers them all; different repositories have different places. How old an answer may be
that somebody else got, `Resolve.max_age`, says what such sharing may cost in time: nothing where a
webhook asked, half an interval where a poll was due.

While a question is open, the last thing that was said of this generation of the spec still holds:
a controller that was just restarted does not make a CR unready that was ready.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.backoff import Backoff, until_poll
from stoker.core.conditions import ConditionReason, ConditionStatus, ConditionType
from stoker.core.errors import InvalidDocument, Permanent, RefError, StokerError
from stoker.core.reconcile.actions import ExchangeToken, Resolve
from stoker.core.reconcile.memory import Answer, Exchange, Memory, Question
from stoker.core.reconcile.snapshot import Snapshot, token_key
from stoker.core.refs import (
    Advertisement,
    RefName,
    Request,
    Resolution,
    SemverRange,
    check_repo_url,
)
from stoker.core.spec import GatewaySyncSpec, GitHubAppAuth, GitSource
from stoker.core.spec.document import rfc3339
from stoker.core.status import RefState, Resolved, Resolving, Unresolvable

if TYPE_CHECKING:
    from datetime import datetime

REFRESH_BEFORE: Final = 300.0
"""Seconds before its end at which a token is replaced."""
MIN_INTERVAL: Final = 5.0
"""Seconds between two polls at the least, whatever the spec says."""
FRESH: Final = 5.0
"""How many seconds old an answer may be for a CR that has none, or only a failure."""


@frozen(kw_only=True)
class Inquiry:
    """What is known of the ref, what to ask, and when to look again."""

    state: RefState
    resolution: Resolution | None = None
    """The answer to the question as the spec puts it now, if there is one."""
    asks: tuple[ExchangeToken | Resolve, ...] = ()
    wakes: tuple[float, ...] = ()
    """In how many seconds something is due."""


def inquire(
    snapshot: Snapshot, spec: GatewaySyncSpec, request: Request | None, now: datetime
) -> Inquiry:
    """What to ask for a CR with this valid spec."""
    access = _access(snapshot, spec, request, now)
    if spec.paused:
        state = held_state(snapshot, of_this_spec=False)
        return Inquiry(state=state, asks=access.asks, wakes=access.wakes)
    try:
        question = _question(snapshot, spec.git, request)
    except StokerError as error:
        return Inquiry(
            state=_unresolvable(snapshot, ConditionReason.REF_RESOLUTION_FAILED, error, None),
            asks=access.asks,
            wakes=access.wakes,
        )
    known = _known(snapshot, question, now)
    # Nothing can be asked without a token; what is known stays known.
    asked = _asking(spec, question, known, now) if access.usable else _Asking()
    return Inquiry(
        state=access.obstacle or _state(snapshot, known),
        resolution=None if known is None else known.resolution,
        asks=(*access.asks, *asked.asks),
        wakes=(*access.wakes, *asked.wakes),
    )


def quiet(
    spec: GatewaySyncSpec | InvalidDocument, before: Memory, after: Memory, now: datetime
) -> float | None:
    """Seconds until the next poll, where the answer to the last one is what it was before.

    None: there is something to look at. So a poll that finds nothing new ends with its answer.
    """
    was, known = before.answer, after.answer
    if was is None or known is None or isinstance(spec, InvalidDocument) or spec.paused:
        return None
    is_same = was.resolution is not None and (was.question, was.outcome) == (
        known.question,
        known.outcome,
    )
    return _wait(spec, known, now) if is_same else None


def held_state(snapshot: Snapshot, *, of_this_spec: bool = True) -> RefState:
    """What was last said of the ref; with `of_this_spec`, only if it was of this spec."""
    commit = last_commit(snapshot)
    said = snapshot.status.conditions.get(ConditionType.REF_RESOLVED)
    if said is None:
        return Resolving(commit)
    if of_this_spec and said.observed_generation != snapshot.metadata.generation:
        return Resolving(commit)
    match said.status:
        case ConditionStatus.TRUE if commit is not None:
            return Resolved(commit)
        case ConditionStatus.FALSE:
            stalled = snapshot.status.conditions.get(ConditionType.STALLED)
            return Unresolvable(
                reason=said.reason,
                message=said.message,
                stalled=stalled is not None and stalled.reason == said.reason,
                commit=commit,
            )
        case _:
            return Resolving(commit)


def last_commit(snapshot: Snapshot) -> str | None:
    """The commit that the ref was last resolved to."""
    told = snapshot.owned.metadata
    return snapshot.status.last_sync_commit or (told.commit if told else "") or None


@frozen(kw_only=True)
class _Access:
    """Whether the git server can be asked at all."""

    usable: bool = True
    asks: tuple[ExchangeToken, ...] = ()
    wakes: tuple[float, ...] = ()
    obstacle: Unresolvable | None = None
    """Why not, when that is more than that a token is on its way."""


def _access(
    snapshot: Snapshot, spec: GatewaySyncSpec, request: Request | None, now: datetime
) -> _Access:
    auth = spec.git.auth.method
    if not isinstance(auth, GitHubAppAuth):
        return _Access()
    key = token_key(auth)
    token = snapshot.owned.token
    own = token is not None and token.key == key
    left = (token.expires - now).total_seconds() if token is not None and own else 0.0
    if left > REFRESH_BEFORE:
        return _Access(wakes=(left - REFRESH_BEFORE,))
    ask = ExchangeToken(auth, key, request)
    last = snapshot.memory.exchange
    if last is None or (last.key, last.request) != (key, request):
        return _Access(usable=left > 0, asks=(ask,))
    wait = last.backoff.wait(now)
    # A token that came a moment ago is good, also where it seems to be too old: clocks differ.
    usable = left > 0 or (own and last.error is None)
    return _Access(
        usable=usable,
        asks=() if wait else (ask,),
        wakes=(wait,) if wait else (),
        obstacle=None if usable else _failed_exchange(snapshot, last),
    )


def _failed_exchange(snapshot: Snapshot, last: Exchange) -> Unresolvable | None:
    if last.error is None:
        return None
    reason = ConditionReason.GITHUB_APP_EXCHANGE_FAILED
    return _unresolvable(snapshot, reason, last.error, last.backoff)


def _question(snapshot: Snapshot, git: GitSource, request: Request | None) -> Question:
    check_repo_url(git.repo, snapshot.settings.allowed_protocols)
    return Question(git.repo, git.auth, git.ca_secret_ref, _tracked(git), request)


def _tracked(git: GitSource) -> RefName | SemverRange:
    if git.semver is not None:
        return SemverRange.parse(git.semver)
    if git.ref is not None:
        return RefName.parse(git.ref)
    raise RefError("there is nothing to follow", where="spec.git", cure="set ref or semver")


def _known(snapshot: Snapshot, question: Question, now: datetime) -> Answer | None:
    """The answer to `question`, if it was given, or if the question answers itself."""
    if not question.prefixes:
        return Answer(question, now, question.settle(Advertisement()))
    answer = snapshot.memory.answer
    return answer if answer is not None and answer.covers(question) else None


@frozen(kw_only=True)
class _Asking:
    asks: tuple[Resolve, ...] = ()
    wakes: tuple[float, ...] = ()


def _asking(
    spec: GatewaySyncSpec, question: Question, known: Answer | None, now: datetime
) -> _Asking:
    if not question.prefixes:
        return _Asking()
    wait = 0.0 if known is None else _wait(spec, known, now)
    if wait is None:
        return _Asking()
    if wait > 0:
        return _Asking(wakes=(wait,))
    return _Asking(asks=(Resolve(question, _max_age(spec, question, known)),))


def _wait(spec: GatewaySyncSpec, known: Answer, now: datetime) -> float | None:
    """Seconds until the question is asked again; None: not by itself."""
    if isinstance(known.outcome, StokerError):
        return known.backoff.wait(now)
    if not spec.polling.enabled:
        return None
    passed = (now - known.at).total_seconds()
    if passed < 0:
        return 0.0
    return max(0.0, until_poll(spec.git.repo, _interval(spec), known.at) - passed)


def _interval(spec: GatewaySyncSpec) -> float:
    return max(spec.polling.interval.seconds, MIN_INTERVAL)


def _max_age(spec: GatewaySyncSpec, question: Question, known: Answer | None) -> float:
    if known is None:
        # What a webhook tells of has only just happened.
        return FRESH if question.request is None else 0.0
    return FRESH if known.resolution is None else _interval(spec) / 2


def _state(snapshot: Snapshot, known: Answer | None) -> RefState:
    if known is None:
        return held_state(snapshot)
    match known.outcome:
        case Resolution(commit=commit):
            return Resolved(commit)
        case error:
            return _unresolvable(
                snapshot, ConditionReason.REF_RESOLUTION_FAILED, error, known.backoff
            )


def _unresolvable(
    snapshot: Snapshot, reason: str, error: StokerError, backoff: Backoff | None
) -> Unresolvable:
    message = str(error)
    if backoff is not None and backoff.not_before is not None:
        at = backoff.not_before.replace(microsecond=0)
        message = f"{message}; next try at {rfc3339(at)}"
    return Unresolvable(
        reason=reason,
        message=message,
        stalled=isinstance(error.disposition, Permanent),
        commit=last_commit(snapshot),
    )
