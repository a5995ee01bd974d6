"""What the Secret should hold, given what it holds, what was in it, and what is published.

The signer is the newest authority that may sign: one that has been published for the grace time,
or that has signed the certificate of now. Where neither is known it is the oldest with a key, since
keys of older ones are thrown away when the next one takes over. A serving certificate begins when
its authority does, so that a clock that is ahead signs nothing that others cannot use yet.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from stoker.core.authority.facts import LAST_PART, Authority, Certificate, Held, Terms

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

MOST: Final = 8
"""How many authorities are kept; there are more than three only after Secrets were lost."""
MOST_NAMES: Final = 32
OLD: Final = "it is old"

# Who takes an authority away does it much later than others stop to bring it back.
_LIVES: Final = 2


@frozen(kw_only=True)
class Revision:
    """What the Secret is to hold."""

    authorities: tuple[Authority, ...] = ()
    """Those that there are already, the ones with keys to keep as such."""
    makes: bool = False
    """Whether a new authority is added."""
    signer: str | None = None
    """Who signs a new certificate, "" for the new authority; None: `serving` stays."""
    names: frozenset[str] = frozenset()
    """What the new certificate is for."""
    not_after: datetime | None = None
    """Until when it is good, if its authority is."""
    serving: Certificate | None = None
    """The certificate that stays."""
    why: str = ""
    """What it is for, as people say it."""


def revision(  # noqa: PLR0913 - all that it depends on
    held: Held,
    memory: Held | None,
    terms: Terms,
    now: datetime,
    *,
    found: Iterable[Authority] = (),
    settled: Collection[str] = (),
) -> Revision | None:
    """What the Secret should hold instead; None where it should hold what it does.

    `memory` is what it held when it was last whole, `found` are authorities that have to be in it
    because they are published or in use, `settled` those that have been published for long enough.
    """
    restores = memory is not None and memory.is_whole(now) and not held.is_whole(now)
    base = memory if restores and memory is not None else held
    able = sorted(
        (one for one in base.authorities if one.has_key and one.is_good(now)), key=_by_end
    )
    makes = not any(_is_lasting(one, terms, now) for one in able)
    signer = _signer(able, base.serving, settled)
    due = _due(base.serving, signer, able, terms, now)
    keys = {
        one.identity
        for one in base.authorities
        if one.has_key and (signer is None or _by_end(one) >= _by_end(signer))
    }
    kept = _kept((*base.authorities, *held.authorities, *found), keys, base.serving, now)
    reasons = [
        *(["what the Secret held is written again"] if restores else []),
        *(["a new authority"] if makes else []),
        *([f"a new certificate: {due}"] if due else []),
        *(["authorities come or go"] if _names(kept) != _names(held.authorities) else []),
    ]
    if not reasons:
        return None
    return Revision(
        authorities=kept,
        makes=makes,
        signer=(signer.identity if signer else "") if due else None,
        names=_wanted(base.serving, terms, due),
        not_after=_end(base.serving, terms, due, now),
        serving=None if due else base.serving,
        why="; ".join(reasons),
    )


def _by_end(authority: Authority) -> tuple[datetime, str]:
    return authority.not_after, authority.identity


def _is_lasting(authority: Authority, terms: Terms, now: datetime) -> bool:
    return authority.not_after - now > terms.authority_life / LAST_PART


def _signer(
    able: list[Authority], serving: Certificate | None, settled: Collection[str]
) -> Authority | None:
    issuer = serving.issuer if serving else ""
    known = [one for one in able if one.identity in settled or one.identity == issuer]
    if known:
        return known[-1]
    return able[0] if able else None


def _due(
    serving: Certificate | None,
    signer: Authority | None,
    able: list[Authority],
    terms: Terms,
    now: datetime,
) -> str:
    """Why a new certificate is needed; "" when none is."""
    if serving is None:
        return "there is none"
    if signer is None or signer.identity != serving.issuer:
        is_lost = all(one.identity != serving.issuer for one in able)
        return "its authority cannot sign any more" if is_lost else "the next authority takes over"
    if not terms.names <= serving.names:
        return "it is for other names"
    left = serving.not_after - now
    could = min(terms.life, signer.not_after - now)
    if not serving.is_good(now) or (left <= terms.life / LAST_PART and could >= 2 * left):
        return OLD
    return ""


# Replicas of two versions, or with clocks that differ, would sign in turns if what one signs did
# not please the other as well: so all but an old certificate is only bettered.


def _wanted(serving: Certificate | None, terms: Terms, due: str) -> frozenset[str]:
    """The names of a new certificate."""
    if serving is None or due == OLD:
        return terms.names
    others = sorted(serving.names - terms.names)[: max(0, MOST_NAMES - len(terms.names))]
    return terms.names | frozenset(others)


def _end(serving: Certificate | None, terms: Terms, due: str, now: datetime) -> datetime:
    """When a new certificate ends."""
    end = now + terms.life
    return end if serving is None or due == OLD else max(end, serving.not_after)


def _kept(
    all_known: Iterable[Authority],
    keys: Collection[str],
    serving: Certificate | None,
    now: datetime,
) -> tuple[Authority, ...]:
    """The authorities to hold, the newest first; of each the first that is known of counts."""
    known: dict[str, Authority] = {}
    for one in all_known:
        known.setdefault(one.identity, evolve(one, has_key=one.identity in keys))
    lasting = [one for one in known.values() if not one.is_outdated(now, _LIVES)]
    needed = {*keys, serving.issuer if serving else ""}
    newest = sorted(lasting, key=_by_end, reverse=True)
    chosen = sorted(newest, key=lambda one: one.identity not in needed)[:MOST]
    return tuple(one for one in newest if one in chosen)


def _names(authorities: Iterable[Authority]) -> tuple[str, ...]:
    return tuple(one.identity for one in authorities)
