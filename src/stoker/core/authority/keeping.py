"""What one replica does next.

A write is made only after a look with no rest in between, and only in place of what was
seen then. What fails is left alone for a time and keeps nothing else from being done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import frozen

from stoker.core.authority.facts import LAST_PART, Authority, Certificate, Configuration, View
from stoker.core.authority.pacing import Wait
from stoker.core.authority.revising import Revision, revision
from stoker.core.authority.standing import LOOKING, SECRET, Standing

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

POLL: Final = 600.0
"""Seconds after which everything is looked at again, whether or not a watch has told anything."""

_LONGEST_REST: Final = 60.0
_SHORTEST_REST: Final = 0.01


@frozen
class Look:
    """Read the configurations, and then the Secret."""


@frozen
class Write:
    """Make the Secret hold this, if it is still as it was seen."""

    revision: Revision


@frozen
class Publish:
    """Have a configuration list these authorities, if it is still as it was seen."""

    configuration: str
    bundle: tuple[str, ...]


@frozen
class Serve:
    """Show this certificate of the Secret from now on."""

    certificate: Certificate


@frozen
class Rest:
    """Do nothing for so many seconds, or until a watch tells something."""

    seconds: float


Move: TypeAlias = Look | Write | Publish | Serve | Rest


def move(standing: Standing, now: datetime, clock: float) -> Move:
    """What to do next."""
    view = standing.view
    if view is None:
        return _look(standing, clock)
    candidate = view.held.serving
    if candidate is not None and _is_better(standing, candidate, now, clock):
        return Serve(candidate)
    for step in _steps(standing, view, now, clock):
        if clock < _when(standing, step):
            continue
        if standing.is_fresh:
            return step
        return _look(standing, clock)
    if standing.is_told or clock - standing.seen >= POLL:
        return _look(standing, clock)
    return _rest(standing, view, now, clock)


def _steps(
    standing: Standing, view: View, now: datetime, clock: float
) -> tuple[Write | Publish, ...]:
    """What is to be written, in this order."""
    write = _write(standing, view, now, clock)
    publishing = _publishing(view, write, now)
    return publishing if write is None else (write, *publishing)


def _look(standing: Standing, clock: float) -> Look | Rest:
    wait = standing.waits.get(LOOKING, Wait())
    return Look() if clock >= wait.until else Rest(wait.until - clock)


# --- The Secret ---


def _write(standing: Standing, view: View, now: datetime, clock: float) -> Write | None:
    terms = standing.terms
    known = {identity for _, identity in standing.since}
    settled = {one for one in known if standing.is_settled(one, terms.grace, clock)}
    revised = revision(
        view.held,
        standing.memory,
        terms,
        now,
        found=_found(standing, view, now),
        settled=settled,
    )
    return None if revised is None else Write(revised)


def _found(standing: Standing, view: View, now: datetime) -> tuple[Authority, ...]:
    """Authorities that have to be in the Secret: those that are published, and that of ours."""
    published = [one for each in view.there for one in each.authorities]
    ours = () if standing.issuer is None else (standing.issuer,)
    return tuple(one for one in (*ours, *published) if not one.is_outdated(now))


# --- The configurations ---


def _publishing(view: View, write: Write | None, now: datetime) -> tuple[Publish, ...]:
    bundle = view.held.bundle
    if not bundle:
        return ()
    held = set(bundle)
    return tuple(
        Publish(name, bundle)
        for name, one in view.configurations.items()
        if isinstance(one, Configuration)
        and not one.says(bundle)
        # While the Secret cannot be written, nothing is taken back that should be in it.
        and (write is None or all(_is_safe(each, held, now) for each in one.authorities))
    )


def _is_safe(authority: Authority, held: Collection[str], now: datetime) -> bool:
    return authority.identity in held or authority.is_outdated(now)


def _when(standing: Standing, step: Write | Publish) -> float:
    """When it may be done."""
    key, what = (step.configuration, step.bundle) if isinstance(step, Publish) else (SECRET, ())
    wait = standing.waits.get(key, Wait())
    bout = standing.bouts.get(key)
    return max(wait.until, bout.until(what)) if bout else wait.until


# --- Serving ---


def _is_better(standing: Standing, candidate: Certificate, now: datetime, clock: float) -> bool:
    """Whether what the Secret holds is to be served instead of what is."""
    current = standing.serving
    if current is None or candidate.identity == current.identity:
        return current is None
    if current.is_good(now) and not candidate.is_good(now):
        return False
    enough = standing.terms.grace if current.is_good(now) else standing.terms.breath
    if candidate.issuer == current.issuer or standing.is_settled(candidate.issuer, enough, clock):
        return True
    theirs = standing.trusting(candidate.issuer, enough, clock)
    ours = standing.trusting(current.issuer, 0.0, clock)
    return theirs > ours or (theirs == ours > 0 and not current.is_good(now))


# --- Resting ---


def _rest(standing: Standing, view: View, now: datetime, clock: float) -> Rest:
    terms, held = standing.terms, view.held
    moments = [
        *(_when(standing, step) - clock for step in _steps(standing, view, now, clock)),
        *(since + terms.grace - clock for since in standing.since.values()),
        *(since + terms.breath - clock for since in standing.since.values()),
        standing.seen + POLL - clock,
    ]
    ends = [
        *(one.not_after - terms.authority_life / LAST_PART for one in held.authorities),
        *([held.serving.not_after - terms.life / LAST_PART] if held.serving else []),
        *([standing.serving.not_after] if standing.serving else []),
    ]
    moments += [(end - now).total_seconds() for end in ends]
    coming = min((moment for moment in moments if moment > 0), default=_LONGEST_REST)
    return Rest(min(max(coming, _SHORTEST_REST), _LONGEST_REST))
