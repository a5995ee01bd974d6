"""A model of replicas that look after certificates, over a Secret and two configurations.

Each replica runs `stoker.core.authority` itself. A move is carried out in steps, and between any
two of them others act, time passes, and the replica may die: the three readings of a look come one
after another, a write arrives later than it was sent, and its answer later still, or never. An API
server uses a configuration as it is now, or as it was up to `LAG` seconds ago.

`served` is checked whenever anything changes: what a replica serves that says of itself that all is
well is trusted by every caBundle of ours that any API server may still use.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from attrs import define, evolve, field

from stoker.core import authority as au
from stoker.core.authority import (
    MISSING,
    UNREAD,
    Authority,
    Certificate,
    Configuration,
    Entry,
    Held,
    Look,
    Publish,
    Rest,
    Serve,
    Standing,
    Terms,
    View,
    Write,
)

LAG = 0.9
"""Seconds; less than the breath of the terms."""
NAMES = ("mutating", "validating")
EPOCH = datetime(2026, 1, 31, tzinfo=UTC)
SKEW = timedelta(hours=1)
"""How long before it is made an authority begins; clocks are wrong by less."""


@define
class Stored:
    """An object, and for a configuration what it has said of late."""

    value: Any = None
    """None: it is not there."""
    said: list[tuple[float, tuple[str, ...], bool]] = field(factory=list)
    """Until when it said what, and whether that was ours."""
    is_ours: bool = False


class Dead(Exception):
    """The replica does not exist any more."""


@define
class Replica:
    """One process."""

    number: int
    terms: Terms
    offset: timedelta
    """By how much its clock is wrong."""
    standing: Standing
    steps: Iterator[float]
    alarm: int = 0
    """Which of its wake-ups counts."""
    is_resting: bool = False
    shown: list[Certificate] = field(factory=list)


@define
class World:
    """All of it; `random` decides whatever is a matter of luck."""

    random: Random
    terms: Terms
    pause: float = 0.0
    """How likely a step takes long."""
    loss: float = 0.0
    """How likely a request fails, or its answer is lost."""
    time: float = 0.0
    secret: Stored = field(factory=Stored)
    configurations: dict[str, Stored] = field(factory=dict)
    known: dict[str, Authority] = field(factory=dict)
    """All authorities that were ever made."""
    replicas: list[Replica] = field(factory=list)
    is_away: bool = False
    secret_writes: list[tuple[float, int, str]] = field(factory=list)
    patches: list[tuple[float, int, str]] = field(factory=list)
    checks: list[Callable[[World], None]] = field(factory=list)
    on_patch: Callable[[World, str], None] | None = None
    _seen: dict[int, Held | None] = field(factory=dict)
    """What the Secret held when each replica read it last."""
    _agenda: list[tuple[float, int, Replica | Callable[[], None], int]] = field(factory=list)
    _numbers: Iterator[int] = field(factory=itertools.count)

    def __attrs_post_init__(self) -> None:
        for name in NAMES:
            self.configurations[name] = Stored(Configuration((Entry(),)))

    # --- Time ---

    def run(self, seconds: float) -> None:
        """Let that much time pass."""
        end = self.time + seconds
        while self._agenda and self._agenda[0][0] <= end:
            self.time, _, who, alarm = heapq.heappop(self._agenda)
            if isinstance(who, Replica):
                self._advance(who, alarm)
            else:
                who()
            for check in self.checks:
                check(self)
        self.time = end

    def at(self, moment: float, act: Callable[[], None]) -> None:
        """Do something then."""
        heapq.heappush(self._agenda, (moment, next(self._numbers), act, 0))

    def _wake(self, replica: Replica, delay: float) -> None:
        replica.alarm = next(self._numbers)
        heapq.heappush(self._agenda, (self.time + delay, replica.alarm, replica, replica.alarm))

    def _advance(self, replica: Replica, alarm: int) -> None:
        if replica.alarm != alarm or replica not in self.replicas:
            return
        replica.is_resting = False
        delay = next(replica.steps)
        self._wake(replica, delay)

    def now(self, replica: Replica) -> datetime:
        """What its clock says."""
        return EPOCH + timedelta(seconds=self.time) + replica.offset

    # --- Replicas ---

    def start(self, offset: timedelta = timedelta(), terms: Terms | None = None) -> Replica:
        """A new process that knows nothing."""
        wanted = terms or self.terms
        standing = Standing(wanted, NAMES, self.time)
        replica = Replica(next(self._numbers), wanted, offset, standing, iter(()))
        replica.steps = self._life(replica)
        self.replicas.append(replica)
        self._wake(replica, self.random.random())
        return replica

    def kill(self, replica: Replica) -> None:
        """It is gone, whatever it was doing; what it has sent may arrive all the same."""
        self.replicas.remove(replica)
        if not replica.is_resting and self.random.random() < 0.5:
            self.at(self.time + self._moment(), lambda: _late(replica))

    def _life(self, replica: Replica) -> Iterator[float]:
        while True:
            match au.move(replica.standing, self.now(replica), self.time):
                case Rest(seconds):
                    replica.is_resting = True
                    yield seconds
                    replica.standing = au.rested(replica.standing)
                case Serve(certificate):
                    replica.standing = au.served(replica.standing, certificate, self.time)
                    replica.shown.append(certificate)
                case Look():
                    yield from self._look(replica)
                case Write() as move:
                    yield from self._write(replica, move)
                case Publish() as move:
                    yield from self._publish(replica, move)

    def _moment(self) -> float:
        if self.random.random() < self.pause:
            return self.random.choice([2.0, 30.0, 100.0]) * self.random.random()
        return self.random.random() * 0.05

    def _is_lost(self) -> bool:
        return self.is_away or self.random.random() < self.loss

    def _failed(self, replica: Replica, key: str) -> None:
        chance = self.random.random()
        replica.standing = au.failed(replica.standing, key, self.time, chance)

    def _look(self, replica: Replica) -> Iterator[float]:
        # What is told from now on has to be looked at again.
        replica.standing = evolve(replica.standing, is_told=False)
        seen: dict[str, Any] = {}
        for name in NAMES:
            yield self._moment()
            seen[name] = UNREAD if self._is_lost() else self.configurations[name].value or MISSING
        yield self._moment()
        if self._is_lost():
            self._failed(replica, au.LOOKING)
            return
        view = View(seen, self.secret.value or Held())
        self._seen[replica.number] = self.secret.value
        replica.standing = au.looked(
            replica.standing, view, self.now(replica), self.time, self.random.random()
        )

    def _write(self, replica: Replica, move: Write) -> Iterator[float]:
        content = self._made(replica, move.revision)
        seen = self._seen[replica.number]
        yield self._moment()
        if self._is_lost():
            self._failed(replica, au.SECRET)
            return
        if self.secret.value != seen:
            replica.standing = au.refused(
                replica.standing, au.SECRET, self.time, self.random.random()
            )
            return
        self.secret_writes.append((self.time, replica.number, move.revision.why))
        self.set_secret(content)
        yield self._moment()
        if self._is_lost():
            self._failed(replica, au.SECRET)
            return
        self._seen[replica.number] = content
        replica.standing = au.wrote(replica.standing, content, self.now(replica), self.time)

    def _made(self, replica: Replica, revision: au.Revision) -> Held:
        """What an adapter does: authorities and certificates with new identities."""
        now, terms = self.now(replica), replica.terms
        authorities, signer = list(revision.authorities), revision.signer
        if revision.makes:
            name = f"authority {len(self.known)}"
            made = Authority(name, now - SKEW, now + terms.authority_life, has_key=True)
            self.known[name] = made
            authorities.append(made)
            authorities.sort(key=lambda one: (one.not_after, one.identity), reverse=True)
            signer = signer or (name if signer is not None else None)
        serving = revision.serving
        if signer is not None:
            (by,) = [one for one in authorities if one.identity == signer]
            assert by.has_key
            serving = Certificate(
                f"certificate {next(self._numbers)}",
                signer,
                by.not_before,
                min(revision.not_after or now, by.not_after),
                revision.names,
            )
        return Held(tuple(authorities), serving)

    def _publish(self, replica: Replica, move: Publish) -> Iterator[float]:
        view = replica.standing.view
        assert view is not None
        seen = view.configurations[move.configuration]
        assert isinstance(seen, Configuration)
        yield self._moment()
        stored = self.configurations[move.configuration]
        if self._is_lost():
            self._failed(replica, move.configuration)
            return
        if stored.value is None or stored.value.entries != seen.entries:
            replica.standing = au.refused(
                replica.standing, move.configuration, self.time, self.random.random()
            )
            return
        self.patches.append((self.time, replica.number, move.configuration))
        self.set_configuration(move.configuration, move.bundle, is_ours=True)
        after = self.configurations[move.configuration].value
        yield self._moment()
        if self._is_lost():
            self._failed(replica, move.configuration)
            return
        replica.standing = au.published(
            replica.standing, move.configuration, after, self.now(replica), self.time
        )

    # --- What is stored ---

    def set_secret(self, content: Held | None) -> None:
        """Have the Secret hold this; None deletes it."""
        self.secret.value = content
        self._tell()

    def set_configuration(
        self, name: str, bundle: tuple[str, ...] | None, *, is_ours: bool = False
    ) -> None:
        """Have a configuration say this; None deletes it."""
        stored = self.configurations[name]
        if stored.value is not None:
            stored.said.append((self.time, stored.value.entries[0].identities, stored.is_ours))
        if bundle is None:
            stored.value = None
        else:
            authorities = tuple(
                evolve(self.known[one], has_key=False) for one in bundle if one in self.known
            )
            stored.value = Configuration((Entry(bundle),), authorities)
        stored.is_ours = is_ours
        stored.said = [one for one in stored.said if self.time - one[0] <= LAG]
        self._tell()
        if is_ours and self.on_patch:
            self.on_patch(self, name)

    def _tell(self) -> None:
        """What watches do: each replica hears of it, soon, late, or once in a while never."""
        for replica in self.replicas:
            luck = self.random.random()
            if luck < self.pause / 4:
                continue
            late = self.random.random() * (30.0 if luck < self.pause else 0.05)
            self.at(self.time + late, lambda replica=replica: self._told(replica))  # type: ignore[misc]

    def _told(self, replica: Replica) -> None:
        replica.standing = au.noticed(replica.standing)
        if replica.is_resting and replica in self.replicas:
            self._wake(replica, 0.0)

    # --- What is asked of it ---

    def usable(self, name: str) -> list[tuple[tuple[str, ...], bool]]:
        """What an API server may take the caBundle to be, and whether that is ours."""
        stored = self.configurations[name]
        said = [(bundle, is_ours) for end, bundle, is_ours in stored.said if self.time - end <= LAG]
        if stored.value is not None:
            said.append((stored.value.entries[0].identities, stored.is_ours))
        return said

    def ready(self) -> list[Replica]:
        """Those that say that all is well."""
        return [one for one in self.replicas if not au.concerns(one.standing, self.time)]


def _late(replica: Replica) -> None:
    """Let the step that is under way come to its end."""
    next(replica.steps, None)


def served(world: World) -> None:
    """What is served is trusted; also what begins after `ready`, while it is."""
    for replica in world.ready():
        serving = replica.standing.serving
        assert serving is not None
        for name in NAMES:
            for bundle, is_ours in world.usable(name):
                if is_ours:
                    assert serving.issuer in bundle, (
                        f"at {world.time:.2f} {name} says {bundle}, and replica {replica.number}"
                        f" serves {serving}"
                    )


def unexpired(world: World) -> None:
    """What is served is good now."""
    now = EPOCH + timedelta(seconds=world.time)
    for replica in world.ready():
        serving = replica.standing.serving
        assert serving is not None
        assert serving.is_good(now)
        assert world.known[serving.issuer].is_good(now)


def agreed(world: World) -> bool:
    """Whether everything is as it should be."""
    held = world.secret.value
    return (
        isinstance(held, Held)
        and held.serving is not None
        and len(world.ready()) == len(world.replicas)
        and all(
            stored.value is None or stored.value.says(held.bundle)
            for stored in world.configurations.values()
        )
        and all(one.standing.serving == held.serving for one in world.replicas)
    )
