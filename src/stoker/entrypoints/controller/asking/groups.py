"""Who is answered together: one question for all, and no two at a time.

CRs are grouped twice. A *place* is what can be seen without reading a Secret: an address, a
namespace, and the Secrets that it refers to; CRs at one place may use the same credential. When a
place is to be asked for, its Secrets are read, and what they hold (never shown here, only its
*identity*) says which *circle* it belongs to: places of any namespace whose credential is the same
for the same address. A circle has at most one question on its way, and an answer goes only to
places that have proved, by what they read for this very turn, that they belong to it.

So a turn of a place is: `begin`; read the Secrets; then `failed`, or `identified`, which says
whether to connect now. A place that need not, because a fresh answer is there, is done; one whose
circle has a question on its way is answered with it. `answered` ends the turns of all of them.
Whoever is not served then (a wish that came later, or for more) makes its place take another turn.

An answer is as old as the older of: the moment when its turn began, before the Secrets were read,
and the same for the turn of the place that is being answered. Times have to grow strictly.

Nothing here waits, reads or calls: methods return what is to be told, and which places want a turn.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, Generic

from attrs import define, evolve, field

from stoker.core.errors import StokerError
from stoker.entrypoints.controller.asking.answers import (
    A,
    Answer,
    Key,
    News,
    Outcome,
    P,
    Q,
    Superseded,
    Tell,
)
from stoker.entrypoints.controller.asking.wishes import (
    EVERYTHING,
    Covering,
    Prefixes,
    Want,
    Wish,
    united,
)

MOST_OPEN: Final = 8
"""How many different questions of one CR may be open: more come only from a spec that flaps."""


@define
class _Group(Generic[Q, A]):
    """A place."""

    wants: dict[Key, Want] = field(factory=dict)
    waiting: dict[tuple[Key, Q], list[Wish]] = field(factory=dict)
    """At most two wishes for a question: one may be met by what is under way, the other not."""
    answer: Answer[A] | None = None
    begun: float | None = None
    is_queued: bool = False
    identity: Hashable = None

    @property
    def is_idle(self) -> bool:
        return self.begun is None and not self.is_queued

    def window(self, now: float) -> float:
        """For how long somebody may still want an answer."""
        return max((one.max_age for one in self.wants.values() if one.is_of_late(now)), default=0.0)

    def wanted(self, now: float) -> Prefixes:
        late = [one.prefixes for one in self.wants.values() if one.is_of_late(now)]
        return united(
            [*late, *(wish.prefixes for wishes in self.waiting.values() for wish in wishes)]
        )

    def served(self) -> list[tuple[Key, Q, Prefixes]]:
        """Whose wishes the answer meets; they are taken away."""
        if self.answer is None:
            return []
        found: list[tuple[Key, Q, Prefixes]] = []
        for (key, question), wishes in list(self.waiting.items()):
            begun, covering = self.answer.begun, self.answer.covering
            left = [one for one in wishes if not one.is_met(begun, covering)]
            if len(left) < len(wishes):
                found.append((key, question, wishes[0].prefixes))
                if left:
                    self.waiting[key, question] = left
                else:
                    del self.waiting[key, question]
        return found


@define
class _Circle(Generic[P, A]):
    """An address and a credential."""

    members: dict[P, None] = field(factory=dict)
    parties: dict[P, None] = field(factory=dict)
    """Places whose turn ends with the question that is on its way."""
    asked: tuple[float, Prefixes] | None = None
    """When the question that is on its way was begun, and for what."""
    answer: Answer[A] | None = None


@define
class Groups(Generic[P, Q, A]):
    """Everybody's wishes, by place and by circle."""

    part: Callable[[A, Prefixes], A]
    """What somebody gets who asked for a part."""
    _places: dict[P, _Group[Q, A]] = field(factory=dict)
    _circles: dict[Hashable, _Circle[P, A]] = field(factory=dict)
    _homes: dict[Key, P] = field(factory=dict)
    """The place where a CR asked last."""
    _open: dict[Key, dict[tuple[P, Q], Prefixes]] = field(factory=dict)

    def ask(self, place: P, key: Key, question: Q, want: Want) -> News[P, Q, A]:
        """A CR wants an answer."""
        group = self._places.setdefault(place, _Group())
        self._settle_in(place, group, key, want)
        prefixes = want.prefixes
        wish = Wish(want.asked - want.max_age, prefixes)
        answer = group.answer
        if answer is not None and wish.is_met(answer.begun, answer.covering):
            return News((Tell(key, question, prefixes, answer.outcome),))
        tells = self._make_room(key, (place, question))
        self._open.setdefault(key, {})[place, question] = prefixes
        _add(group.waiting.setdefault((key, question), []), wish)
        return News(tells, self._queued(place, group))

    def begin(self, place: P, now: float) -> bool:
        """A turn begins, unless nobody there wants one any more."""
        group = self._places[place]
        group.is_queued = False
        if not group.waiting:
            return False
        group.begun = now
        return True

    def failed(self, place: P, error: StokerError) -> News[P, Q, A]:
        """The turn ended before it was known who asks."""
        group = self._places[place]
        outcome = Outcome[A](error, self.part)
        group.answer = Answer(_begun(group), Covering.of(EVERYTHING), outcome)
        return self._end(place, group)

    def identified(
        self, place: P, identity: Hashable, now: float
    ) -> tuple[News[P, Q, A], Prefixes | None]:
        """It is known who asks; what to ask for, if a question is to be asked now."""
        group = self._places[place]
        circle = self._joined(place, group, identity)
        known = circle.answer
        if known is not None:
            known = evolve(known, begun=min(known.begun, _begun(group)))
        group.answer = known
        served = self._told(place, group)
        if not group.waiting:
            return News(served, self._end(place, group).turn), None
        circle.parties[place] = None
        if circle.asked is not None:
            return News(served), None
        prefixes = united([self._places[one].wanted(now) for one in circle.members])
        circle.asked = (_begun(group), prefixes)
        return News(served), prefixes

    def answered(self, identity: Hashable, whole: A | StokerError) -> News[P, Q, A]:
        """The question that was on its way has ended."""
        circle = self._circles[identity]
        if circle.asked is None:
            return News()
        begun, prefixes = circle.asked
        covering = Covering.of(EVERYTHING if isinstance(whole, StokerError) else prefixes)
        circle.answer = Answer(begun, covering, Outcome(whole, self.part))
        circle.asked, parties, circle.parties = None, tuple(circle.parties), {}
        tells: list[Tell[Q, A]] = []
        turns: list[P] = []
        for place in parties:
            group = self._places[place]
            group.answer = Answer(min(begun, _begun(group)), covering, circle.answer.outcome)
            news = self._end(place, group)
            tells += news.tells
            turns += news.turn
        return News(tuple(tells), tuple(turns))

    def forget(self, key: Key) -> None:
        """Tell this CR nothing any more, and ask nothing for it."""
        for place, question in self._open.pop(key, {}):
            self._places[place].waiting.pop((key, question), None)
        home = self._homes.pop(key, None)
        if home is not None:
            self._places[home].wants.pop(key, None)

    def tidy(self, now: float) -> bool:
        """Drop answers that serve nobody any more, and places where nobody asks.

        Whether there are answers still.
        """
        for place, group in list(self._places.items()):
            for key in [key for key, want in group.wants.items() if not want.is_of_late(now)]:
                del group.wants[key], self._homes[key]
            if group.answer is not None and now > group.answer.begun + group.window(now):
                group.answer = None
            if group.is_idle and not (group.wants or group.waiting or group.answer):
                self._left(place, group.identity)
                del self._places[place]
        for circle in self._circles.values():
            windows = (self._places[one].window(now) for one in circle.members)
            if circle.answer and now > circle.answer.begun + max(windows, default=0.0):
                circle.answer = None
        left = any(group.answer is not None for group in self._places.values())
        return left or any(circle.answer is not None for circle in self._circles.values())

    @property
    def size(self) -> tuple[int, int, int, int]:
        """How many places, circles, CRs, and CRs with open questions are remembered."""
        return len(self._places), len(self._circles), len(self._homes), len(self._open)

    def _settle_in(self, place: P, group: _Group[Q, A], key: Key, want: Want) -> None:
        """What a CR wants counts where it asked last, and nowhere else."""
        home = self._homes.get(key)
        before = None if home is None else self._places[home].wants.pop(key, None)
        self._homes[key] = place
        group.wants[key] = want.after(before)

    def _make_room(self, key: Key, coming: tuple[P, Q]) -> tuple[Tell[Q, A], ...]:
        """Give up the oldest of too many questions of one CR."""
        mine = self._open.get(key, {})
        if coming in mine or len(mine) < MOST_OPEN:
            return ()
        (place, question), prefixes = next(iter(mine.items()))
        del mine[place, question]
        del self._places[place].waiting[key, question]
        outcome = Outcome[A](Superseded("many other questions were asked since"), self.part)
        return (Tell(key, question, prefixes, outcome),)

    def _queued(self, place: P, group: _Group[Q, A]) -> tuple[P, ...]:
        if not group.is_idle or not group.waiting:
            return ()
        group.is_queued = True
        return (place,)

    def _end(self, place: P, group: _Group[Q, A]) -> News[P, Q, A]:
        group.begun = None
        told = self._told(place, group)
        return News(told, self._queued(place, group))

    def _told(self, place: P, group: _Group[Q, A]) -> tuple[Tell[Q, A], ...]:
        tells: list[Tell[Q, A]] = []
        for key, question, prefixes in group.served():
            if (key, question) not in group.waiting:
                mine = self._open[key]
                del mine[place, question]
                if not mine:
                    del self._open[key]
            if group.answer is not None:
                tells.append(Tell(key, question, prefixes, group.answer.outcome))
        return tuple(tells)

    def _joined(self, place: P, group: _Group[Q, A], identity: Hashable) -> _Circle[P, A]:
        if group.identity != identity:
            self._left(place, group.identity)
            group.identity = identity
        circle = self._circles.setdefault(identity, _Circle())
        circle.members[place] = None
        return circle

    def _left(self, place: P, identity: Hashable) -> None:
        circle = self._circles.get(identity)
        if circle is None:
            return
        circle.members.pop(place, None)
        if not circle.members and circle.asked is None:
            del self._circles[identity]


def _begun(group: _Group[Q, A]) -> float:
    if group.begun is None:
        raise AssertionError("a place has no turn")
    return group.begun


def _add(wishes: list[Wish], wish: Wish) -> None:
    """Add a wish, unless one that is there is as hard to meet; only the first may be under way."""
    if wishes and wishes[-1].since >= wish.since:
        return
    if len(wishes) > 1:
        wishes[-1] = wish
    else:
        wishes.append(wish)
