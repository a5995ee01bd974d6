"""Following a ref: what the controller does for agents in a cluster, for one that is alone.

A thread asks the server what the ref means, and tells the machine when that has changed. A server
that does not answer is asked again after a wait that grows; meanwhile the gateway keeps its files.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from attrs import frozen

from stoker.adapters.git.remote import Remote
from stoker.core.agent import events as ev
from stoker.core.backoff import Backoff
from stoker.core.errors import StokerError
from stoker.core.profile import Metadata, ResolvedProfile
from stoker.core.refs import RefName, SemverRange
from stoker.entrypoints.engine.fetching import resolved

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from stoker.core.refs import Resolution


@frozen(kw_only=True)
class Followed:
    """A ref of a repository, and what its commits are for."""

    remote: Remote
    tracked: RefName | SemverRange
    interval: float
    profile: ResolvedProfile

    def metadata(self, found: Resolution) -> Metadata:
        """What the machine is told."""
        return Metadata(
            commit=found.commit,
            ref=found.ref,
            git_url=self.remote.url.text,
            profiles={self.profile.name: self.profile},
        )


class Follower:
    """Looks at the repository at every interval, and when it is told to."""

    def __init__(
        self,
        followed: Followed,
        hear: Callable[[ev.Event], None],
        complain: Callable[[str, Exception], None],
        now: Callable[[], datetime],
    ) -> None:
        """Nothing is asked before `start`."""
        self._followed = followed
        self._hear = hear
        self._complain = complain
        self._now = now
        self._due = threading.Event()
        self._over = False
        self._error: StokerError | None = None

    @property
    def error(self) -> StokerError | None:
        """Why the last look failed, if it did."""
        return self._error

    def start(self) -> None:
        """Look now, and then again and again."""
        threading.Thread(target=self._follow, name="follower", daemon=True).start()

    def look(self) -> None:
        """Look now."""
        self._due.set()

    def stop(self) -> None:
        """Look no more."""
        self._over = True
        self._due.set()

    def _follow(self) -> None:
        backoff = Backoff()
        while not self._over:
            self._due.clear()
            backoff = self._look(backoff)
            self._due.wait(max(backoff.delay, self._followed.interval))

    def _look(self, backoff: Backoff) -> Backoff:
        try:
            found = resolved(self._followed.remote, self._followed.tracked)
        except StokerError as error:
            self._error = error
            self._complain("resolve the ref", error)
            return backoff.failed(self._now(), error.disposition)
        except Exception as error:  # noqa: BLE001 - an agent that follows nothing any more is none
            told = f"unexpected {type(error).__name__}: {error}"
            self._error = StokerError(told, cure="please report this")
            self._complain("resolve the ref", error)
            return backoff.failed(self._now())
        self._error = None
        self._hear(ev.MetadataChanged(self._now(), self._followed.metadata(found)))
        return backoff.reset()
