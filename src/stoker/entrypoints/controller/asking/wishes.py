"""Who wants to know what, how fresh, and which part of a server's refs that takes.

A wish is met by an answer whose question was begun late enough and asked for every prefix that is
wanted. The question of a group asks for everything that its CRs wanted lately, so that fifty refs
of one repository are one question; of the answer each CR gets exactly what it asked for, as if
nobody else had asked, and nothing else is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from stoker.core.refs import Advertisement

if TYPE_CHECKING:
    from collections.abc import Iterable

Prefixes = tuple[str, ...]
"""As of `stoker.core.refs.ref_prefixes`: full names, and folders that end in `/`."""

EVERYTHING: Final = ("",)
"""The prefixes of an answer that serves whoever wants any: a failure is one of the whole server."""

LEAST_INTERVAL: Final = 60.0
"""What is taken for a CR's interval at the least: webhooks ask in between."""
UNKNOWN_INTERVAL: Final = 3600.0
"""What is taken for the interval of a CR that has asked once."""

_MOST_NAMES: Final = 400
_MOST_TEXT: Final = 40_000
"""Beyond so many names, or characters of them, whole folders are asked for instead: arguments of a
program have a limit."""


@frozen
class Wish:
    """An answer is wanted whose question was begun at `since` or later."""

    since: float
    prefixes: Prefixes

    def is_met(self, begun: float, prefixes: Covering) -> bool:
        """Whether the answer to a question that was begun then serves."""
        return begun >= self.since and prefixes.covers(self.prefixes)


@frozen
class Covering:
    """Prefixes that were asked for, ready to be compared with those that are wanted."""

    names: frozenset[str]
    folders: Prefixes

    @classmethod
    def of(cls, prefixes: Iterable[str]) -> Covering:
        """Sort names and folders; the empty prefix is the folder of everything."""
        told = frozenset(prefixes)
        folders = tuple(sorted(one for one in told if not one or one.endswith("/")))
        return cls(told, folders)

    def covers(self, wanted: Iterable[str]) -> bool:
        """Whether everything that is wanted was asked for."""
        return all(one in self.names or one.startswith(self.folders) for one in wanted)


@frozen
class Want:
    """What a CR asked for last, and how often it asks."""

    prefixes: Prefixes
    asked: float
    max_age: float
    interval: float = UNKNOWN_INTERVAL

    def after(self, before: Want | None) -> Want:
        """This want, of a CR that wanted something before.

        Longer intervals are believed at once, and shorter ones little by little: a webhook that
        asks in between polls says nothing about when the next one is due.
        """
        if before is None:
            return self
        interval = max(self.asked - before.asked, LEAST_INTERVAL)
        if before.interval != UNKNOWN_INTERVAL:
            interval = max(interval, before.interval / 2)
        return evolve(self, interval=interval)

    def is_of_late(self, now: float) -> bool:
        """Whether the CR still counts: one that has not asked for two intervals does not."""
        return now - self.asked <= 2 * self.interval


def united(several: Iterable[Prefixes]) -> Prefixes:
    """All of them, each once, in an order that depends on nothing else."""
    return tuple(sorted({one for prefixes in several for one in prefixes}))


def patterns(prefixes: Prefixes) -> Prefixes:
    """What to ask git for: the prefixes, or the folders they are in where they are too many."""
    if len(prefixes) <= _MOST_NAMES and sum(map(len, prefixes)) <= _MOST_TEXT:
        return prefixes
    wide = united([tuple(_folder(one) for one in prefixes)])
    # Nothing at all asks for everything; it is cut afterwards.
    return wide if len(wide) <= _MOST_NAMES else ()


def _folder(name: str) -> str:
    parts = name.split("/")
    return name if len(parts) < 3 else f"{parts[0]}/{parts[1]}/"  # noqa: PLR2004 - refs/heads/x


def cut(advertised: Advertisement, prefixes: Prefixes) -> Advertisement:
    """What was asked for, and nothing else: git also prints what only ends like it."""
    refs = advertised.refs
    kept = {one: refs[one] for one in prefixes if one in refs}
    folders = tuple(one for one in prefixes if one.endswith("/"))
    if folders:
        kept |= {name: commit for name, commit in refs.items() if name.startswith(folders)}
    return advertised if len(kept) == len(refs) else Advertisement(kept)
