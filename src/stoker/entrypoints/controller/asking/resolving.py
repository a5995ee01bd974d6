"""The errand to a git server: one `git ls-remote`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from attrs import field, frozen

from stoker.adapters.git.errors import GitTimeout
from stoker.adapters.git.remote import Remote
from stoker.core.errors import StokerError
from stoker.entrypoints.controller.asking.credentials import Place, Proof, ReadSecret, proof_of
from stoker.entrypoints.controller.asking.lanes import Verdict
from stoker.entrypoints.controller.asking.wishes import cut, patterns

if TYPE_CHECKING:
    from stoker.core.refs import Advertisement
    from stoker.entrypoints.controller.asking.wishes import Prefixes

Observe: TypeAlias = Callable[[str, str, float], None]
"""Operation, result and seconds of everything that was asked."""

OPERATION = "ls-remote"


@frozen(kw_only=True)
class Resolving:
    """How to ask git servers."""

    secrets: ReadSecret = field(repr=False)
    protocols: tuple[str, ...]
    deadline: float
    stall: float
    is_over: Callable[[], bool]
    observe: Observe
    scratch: Path = Path("/dev/null")
    """What git takes for its user's home; nothing can stand in it."""

    def prove(self, place: Place) -> Proof:
        """Read the Secrets that the place refers to."""
        return proof_of(place, self.secrets, self.protocols)

    def carry(
        self, place: Place, proof: Proof, prefixes: Prefixes
    ) -> tuple[Advertisement | StokerError, Verdict]:
        """Ask for these refs."""
        remote = Remote(
            url=place.url,
            scratch=self.scratch,
            access=proof.access,
            deadline=self.deadline,
            stall=self.stall,
            is_over=self.is_over,
        )
        begun = time.monotonic()
        outcome: Advertisement | StokerError
        try:
            outcome = cut(remote.advertisement(patterns(prefixes)), prefixes)
        except StokerError as error:
            outcome = error
        self.observe(OPERATION, _result(outcome), time.monotonic() - begun)
        hung = isinstance(outcome, GitTimeout)
        return outcome, Verdict.HUNG if hung else Verdict.ANSWERED

    def part(self, whole: Advertisement, prefixes: Prefixes) -> Advertisement:
        """The refs that one CR asked for."""
        return cut(whole, prefixes)


def _result(outcome: Advertisement | StokerError) -> str:
    match outcome:
        case GitTimeout():
            return "timeout"
        case StokerError():
            return "error"
        case _:
            return "ok"
