"""How long to wait before something is tried again.

A write that came too late is tried again at once, and then less and less often; what failed is
left alone for up to a minute, or as long as the server asks for.

What somebody overwrites is put back at once. Where it is overwritten again and again, somebody
wants something else, and putting it back each time would be a fight without end: so each time that
it did not last, the next one comes later, up to five minutes.
"""

from __future__ import annotations

from typing import Final

from attrs import evolve, frozen

LONGEST: Final = 60.0
"""Seconds between two tries of what fails."""
LONGEST_TRUCE: Final = 300.0
"""Seconds between two times that something is put back, where it never lasts."""

_FIRST: Final = 1.0
_LATE: Final = 0.05
_LONGEST_LATE: Final = 5.0
_MOST_ASKED: Final = 600.0
_DOUBLINGS: Final = 12
_PART: Final = 5.0


@frozen
class Wait:
    """How often in a row something did not work, and until when it is left alone."""

    failures: int = 0
    until: float = 0.0

    def failed(self, clock: float, chance: float, asked: float = 0.0) -> Wait:
        """After it failed; `chance` is a random number from 0 to 1, `asked` the server's wish."""
        delay = _grown(_FIRST, self.failures, LONGEST) * (0.5 + chance / 2)
        return Wait(self.failures + 1, clock + max(delay, min(asked, _MOST_ASKED)))

    def refused(self, clock: float, chance: float) -> Wait:
        """After somebody else was first."""
        return Wait(self.failures + 1, clock + _grown(_LATE, self.failures, _LONGEST_LATE) * chance)


@frozen
class Bout:
    """How often in a row something was written that did not last."""

    what: tuple[str, ...]
    at: float
    count: int = 0
    longest: float = LONGEST_TRUCE

    def again(self, what: tuple[str, ...], clock: float) -> Bout:
        """After `what` was written."""
        lasting = self.longest / _PART + 2 * self.truce
        is_same = what == self.what and clock - self.at < lasting
        return evolve(self, what=what, at=clock, count=self.count + 1 if is_same else 0)

    def until(self, what: tuple[str, ...]) -> float:
        """When `what` may be written again."""
        return self.at + self.truce if what == self.what else self.at

    @property
    def truce(self) -> float:
        """How long it is left as it is."""
        return _grown(self.longest / LONGEST_TRUCE, self.count - 1, self.longest)


def _grown(first: float, times: int, longest: float) -> float:
    return min(longest, first * 2.0 ** min(times, _DOUBLINGS)) if times >= 0 else 0.0
