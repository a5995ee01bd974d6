"""What the controller remembers of one CR between two decisions.

All of it can be lost: then the git server is asked once more. `answered`, `exchanged` and
`announced` make the next memory from what an action brought; the loop only stores it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import evolve, field, frozen

from stoker.core.backoff import Backoff
from stoker.core.errors import StokerError
from stoker.core.refs import (
    Advertisement,
    RefName,
    Request,
    RequestedRef,
    Resolution,
    SemverRange,
    ref_prefixes,
    resolve_tracked,
)
from stoker.core.spec import GitAuth, SecretKeyRef

PAUSE: Final = 30.0
"""Seconds between two exchanges at the least."""


@frozen
class Question:
    """What the git server is asked: of which repository, as whom, and for which refs."""

    repo: str
    auth: GitAuth
    ca_secret_ref: SecretKeyRef | None
    tracked: RefName | SemverRange
    request: Request | None

    @property
    def requested(self) -> RequestedRef | None:
        """The ref that a webhook asked for."""
        return self.request if isinstance(self.request, RequestedRef) else None

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Which refs the server has to name; none when the question answers itself."""
        if self.requested is None:
            return ref_prefixes(self.tracked)
        return ref_prefixes(self.tracked, self.requested.ref)

    def settle(self, advertised: Advertisement) -> Resolution | StokerError:
        """The answer, given what the server named."""
        requests = () if self.requested is None else (self.requested,)
        try:
            return resolve_tracked(advertised, self.tracked, requests)
        except StokerError as error:
            return error


@frozen
class Answer:
    """What came of a question."""

    question: Question
    at: datetime
    outcome: Resolution | StokerError
    backoff: Backoff = field(factory=Backoff)

    @property
    def resolution(self) -> Resolution | None:
        """The outcome, if it is a good one."""
        return self.outcome if isinstance(self.outcome, Resolution) else None

    def covers(self, question: Question) -> bool:
        """Whether it answers `question` as well.

        Once the spec's own ref is in force, it makes no difference that the request is gone.
        """
        if self.question == question:
            return True
        is_own = self.resolution is not None and self.resolution.request is None
        return is_own and evolve(self.question, request=None) == question


@frozen
class Exchange:
    """The last exchange of a GitHub App's key for a token: for what, and how it ended."""

    key: str
    request: Request | None
    error: StokerError | None
    backoff: Backoff
    """When the next one may be made, at the earliest."""


@frozen(kw_only=True)
class Memory:
    """What is remembered of one CR."""

    answer: Answer | None = None
    exchange: Exchange | None = None
    announced: str = ""
    """Which request was reported as unresolvable: once is enough."""


def answered(
    memory: Memory, question: Question, outcome: Advertisement | StokerError, now: datetime
) -> Memory:
    """The memory after the git server named its refs, or failed to.

    Failures of one question add up; another question, such as one that a webhook brings, starts
    anew.
    """
    settled = outcome if isinstance(outcome, StokerError) else question.settle(outcome)
    if not isinstance(settled, StokerError):
        return evolve(memory, answer=Answer(question, now, settled))
    before = memory.answer
    backoff = before.backoff if before and before.question == question else Backoff()
    failed = backoff.failed(now, settled.disposition)
    return evolve(memory, answer=Answer(question, now, settled, failed))


def exchanged(
    memory: Memory,
    key: str,
    request: Request | None,
    error: StokerError | None,
    now: datetime,
) -> Memory:
    """The memory after an exchange; a token that was received is in its Secret.

    Also after a success there is a short wait: a token can seem to be too old when it comes, where
    clocks differ, and a Secret can be deleted again and again. What the git server was asked in
    vain before there was this token is asked again at once.
    """
    if error is None:
        answer = memory.answer
        good = answer if answer is not None and answer.resolution is not None else None
        done = Exchange(key, request, None, Backoff(0, now, PAUSE))
        return evolve(memory, exchange=done, answer=good)
    before = memory.exchange
    again = before is not None and (before.key, before.request) == (key, request)
    backoff = before.backoff if before is not None and again else Backoff()
    failed = backoff.failed(now, error.disposition)
    return evolve(memory, exchange=Exchange(key, request, error, failed))


def announced(memory: Memory, what: str) -> Memory:
    """The memory after an event that is not to be repeated."""
    return evolve(memory, announced=what) if what else memory
