"""What one replica knows, and what it knows after something came of a move.

`clock` are seconds that pass evenly and mean something only to this process; grace times are
counted by them. `now` is the time as certificates have it, and may jump.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from attrs import evolve, field, frozen

from stoker.core.authority.facts import (
    MISSING,
    UNREAD,
    Authority,
    Certificate,
    Configuration,
    Configured,
    Held,
    Terms,
    View,
)
from stoker.core.authority.pacing import LONGEST_TRUCE, Bout, Wait

SECRET: Final = "the Secret"  # noqa: S105 - what a wait is for
LOOKING: Final = "looking"
PATIENCE: Final = 60.0
"""Seconds that a configuration which is not there counts as not there yet."""

_TRUCE_PART: Final = 10.0


@frozen
class Standing:
    """What a replica knows."""

    terms: Terms
    names: tuple[str, ...]
    """The configurations that it looks after."""
    began: float
    view: View | None = None
    """What was seen last."""
    is_fresh: bool = False
    """Whether it was seen just now."""
    is_told: bool = True
    """Whether there is something to look at."""
    seen: float = 0.0
    memory: Held | None = None
    """What the Secret held when it was last whole."""
    serving: Certificate | None = None
    issuer: Authority | None = None
    """Who signed what is served."""
    since: Mapping[tuple[str, str], float] = field(factory=dict)
    """From when on a configuration has had an authority without a break."""
    trusted: Mapping[str, float] = field(factory=dict)
    """When each configuration first trusted what is served; it counts from then on."""
    waits: Mapping[str, Wait] = field(factory=dict)
    bouts: Mapping[str, Bout] = field(factory=dict)

    def trusting(self, identity: str, seconds: float, clock: float) -> int:
        """How many configurations have had an authority for so long."""
        return sum(
            each == identity and clock - since >= seconds for (_, each), since in self.since.items()
        )

    def is_settled(self, identity: str, seconds: float, clock: float) -> bool:
        """Whether all that there are have had it for so long."""
        if self.view is None or self.view.is_partial:
            return False
        return self.trusting(identity, seconds, clock) == len(self.view.there)


def looked(
    standing: Standing, view: View, now: datetime, clock: float, chance: float = 0.0
) -> Standing:
    """After everything was read; `clock` is when that began."""
    told = evolve(standing, is_told=False, is_fresh=True, seen=clock)
    told = _well(told, LOOKING) if not view.is_partial else _ill(told, LOOKING, clock, chance)
    return _knowing(evolve(told, is_told=view.is_partial), view, now, clock)


def noticed(standing: Standing) -> Standing:
    """After a watch has told that something changed.

    What was just read can still be written upon: who waited for quiet might wait for ever.
    """
    return evolve(standing, is_told=True)


def rested(standing: Standing) -> Standing:
    """After a rest."""
    return evolve(standing, is_fresh=False)


def served(standing: Standing, certificate: Certificate, clock: float) -> Standing:
    """After a certificate is shown."""
    authorities = standing.view.held.authorities if standing.view else ()
    issuer = next((one for one in authorities if one.identity == certificate.issuer), None)
    known = evolve(standing, serving=certificate, issuer=issuer)
    return evolve(known, trusted=_trusted(known, clock))


def wrote(standing: Standing, held: Held, now: datetime, clock: float) -> Standing:
    """After the Secret holds this."""
    if standing.view is None:
        return standing
    longest = min(LONGEST_TRUCE, standing.terms.life / timedelta(seconds=_TRUCE_PART))
    known = _fought(_well(standing, SECRET), SECRET, (), clock, longest)
    return _knowing(known, evolve(standing.view, held=held), now, clock)


def published(
    standing: Standing, name: str, configuration: Configuration, now: datetime, clock: float
) -> Standing:
    """After a configuration was written, and holds this; `clock` is when the answer was there."""
    view = standing.view
    if view is None:
        return standing
    known = _fought(_well(standing, name), name, view.held.bundle, clock, LONGEST_TRUCE)
    there = {**view.configurations, name: configuration}
    return _knowing(known, evolve(view, configurations=there), now, clock)


def refused(standing: Standing, key: str, clock: float, chance: float) -> Standing:
    """After a write that came too late: somebody else was first."""
    wait = standing.waits.get(key, Wait()).refused(clock, chance)
    return noticed(evolve(standing, waits={**standing.waits, key: wait}, is_fresh=False))


def failed(
    standing: Standing, key: str, clock: float, chance: float, asked: float = 0.0
) -> Standing:
    """After something did not work, or may have; `key` as of `waits`."""
    return noticed(evolve(_ill(standing, key, clock, chance, asked), is_fresh=False))


def _knowing(standing: Standing, view: View, now: datetime, clock: float) -> Standing:
    known = evolve(
        standing,
        view=view,
        memory=view.held if view.held.is_whole(now) else standing.memory,
        since=_since(standing, view, clock),
    )
    return evolve(known, trusted=_trusted(known, clock))


def _since(standing: Standing, view: View, clock: float) -> Mapping[tuple[str, str], float]:
    """Of a configuration that could not be read holds what did before."""
    before = {
        key: at for key, at in standing.since.items() if view.configurations[key[0]] is UNREAD
    }
    seen = {
        (name, identity): standing.since.get((name, identity), clock)
        for name, one in view.configurations.items()
        if isinstance(one, Configuration)
        for identity in one.common
    }
    return before | seen


def _trusted(standing: Standing, clock: float) -> Mapping[str, float]:
    if standing.serving is None or standing.view is None:
        return standing.trusted
    now_trusted = {
        name: clock
        for name, one in standing.view.configurations.items()
        if isinstance(one, Configuration) and standing.serving.issuer in one.common
    }
    return {**now_trusted, **standing.trusted}


def _well(standing: Standing, key: str) -> Standing:
    return evolve(
        standing, waits={name: wait for name, wait in standing.waits.items() if name != key}
    )


def _ill(standing: Standing, key: str, clock: float, chance: float, asked: float = 0.0) -> Standing:
    wait = standing.waits.get(key, Wait()).failed(clock, chance, asked)
    return evolve(standing, waits={**standing.waits, key: wait})


def _fought(
    standing: Standing, key: str, what: tuple[str, ...], clock: float, longest: float
) -> Standing:
    bout = standing.bouts.get(key)
    fought = bout.again(what, clock) if bout else Bout(what, clock, longest=longest)
    return evolve(standing, bouts={**standing.bouts, key: fought})


# --- What is not as it should be ---


def concerns(standing: Standing, clock: float) -> tuple[str, ...]:
    """Why the API server does not trust us yet.

    Once it has, by a configuration, that one is no concern any more: every replica is in the same
    boat, and to call none of them would only take the other configuration's calls away as well.
    """
    view = standing.view
    if view is None:
        return ("the API server could not be asked yet",)
    if standing.serving is None:
        return ("there is no certificate yet",)
    return tuple(
        f"{name} {concern}"
        for name, one in view.configurations.items()
        if (concern := _concern(standing, name, one, clock))
    )


def _concern(standing: Standing, name: str, one: Configured, clock: float) -> str:
    if name in standing.trusted:
        is_known = clock - standing.trusted[name] >= standing.terms.breath
        return "" if is_known else "trusts our authority since a moment ago"
    match one:
        case Configuration() if not one.entries:
            return "has no webhook of ours"
        case Configuration():
            return "does not trust our authority yet"
        case _ if one is MISSING and standing.trusted and clock - standing.began >= PATIENCE:
            return ""
        case _:
            return one.value
