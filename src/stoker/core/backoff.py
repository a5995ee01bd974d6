"""When to try again after a failure, and when to poll.

`Backoff` is a value: `failed` makes the next one, `reset` the first. Waits are 30, 60, 120, 240 and
then 300 seconds; a server that asks for more time gets it, up to an hour. Success, a webhook
request and a new commit reset it (the caller says when).

Clocks jump. A wait is therefore remembered as when it began and how long it is, and it is over as
soon as the clock is that far away from its beginning, in either direction. A clock that is set
forward ends waits early, once each; one that is set back by a day does too, instead of stalling
for a day; one that is set back a little makes a wait at most twice as long. Failures go on being
counted across all of it, so no jump makes the waits themselves shorter.

Polls do not drift or bunch up: each key has its own place within the interval, a hash of the key,
and the next poll is at the next time that the clock passes this place. There is no state that a
jump could spoil: a poll is never further away than about one interval.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final, Self

from attrs import frozen

from stoker.core.errors import Disposition, Permanent, Retryable

DELAYS: Final = (30.0, 60.0, 120.0, 240.0, 300.0)
"""Seconds to wait after the first, second, … failure in a row; the last one from then on."""

MAX_ASKED: Final = 3600.0
"""The most that a server's own wish (`Retry-After`) can make us wait, in seconds."""

NEAR: Final = 0.05
"""Which share of an interval before a poll counts as that poll."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = datetime.max.replace(tzinfo=UTC)


@frozen
class Backoff:
    """How many times in a row something failed, and the wait that followed the last time."""

    failures: int = 0
    since: datetime | None = None
    delay: float = 0.0

    @property
    def not_before(self) -> datetime | None:
        """When the wait ends, for messages; None when there is none."""
        if self.since is None:
            return None
        try:
            return self.since + timedelta(seconds=self.delay)
        except OverflowError:
            return _END

    def failed(self, now: datetime, disposition: Disposition = Permanent()) -> Self:  # noqa: B008 - frozen
        """After one more failure at `now`; `disposition` is that of the error."""
        failures = self.failures + 1
        delay = DELAYS[min(failures, len(DELAYS)) - 1]
        match disposition:
            # NaN and less than nothing fail the comparison, and are no wish at all.
            case Retryable(after=float() | int() as after) if after > delay:
                delay = min(after, MAX_ASKED)
            case _:
                pass
        return type(self)(failures, now, float(delay))

    def reset(self) -> Self:
        """After a success, a webhook request or a new commit."""
        return type(self)()

    def wait(self, now: datetime) -> float:
        """Seconds from `now` until the next try is due; 0 when it is."""
        if self.since is None:
            return 0.0
        elapsed = (now - self.since).total_seconds()
        return self.delay - elapsed if abs(elapsed) < self.delay else 0.0

    def is_due(self, now: datetime) -> bool:
        """Whether the next try may be made at `now`."""
        return self.wait(now) == 0.0


def spread(key: str, interval: float) -> float:
    """The place of `key` within `interval`: the same for ever, and evenly spread over all keys."""
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return interval * int.from_bytes(digest) / 2**48


def until_poll(key: str, interval: float, now: datetime) -> float:
    """Seconds from `now` until the next poll of `key`: about one interval at most."""
    clock = (now - _EPOCH).total_seconds()
    wait = interval - (clock - spread(key, interval)) % interval
    # A timer that fires a moment early must not poll twice.
    return wait if wait >= NEAR * interval else wait + interval
