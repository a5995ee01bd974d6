"""`Asker`: what the controller's loop asks git servers and GitHub through.

`ask` and `exchange` return at once; `settled` and `exchanged` are called later, from one thread of
the asker's own, one after the other. Each ask is answered once, unless the CR is forgotten or the
asker closed before. Asks for one question of one CR that are open together are answered together
where one answer meets both.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import frozen

from stoker.adapters.githubapp import DEADLINE as EXCHANGE_DEADLINE
from stoker.adapters.githubapp import InstallationToken
from stoker.core.errors import StokerError
from stoker.core.reconcile import ExchangeToken, Question, Resolve
from stoker.core.refs import DEFAULT_PROTOCOLS, Advertisement, check_repo_url
from stoker.entrypoints.controller.asking.answers import Key, Outcome, Tell
from stoker.entrypoints.controller.asking.credentials import Place, Proof, ReadSecret, place_of
from stoker.entrypoints.controller.asking.desk import Desk
from stoker.entrypoints.controller.asking.exchanging import AppPlace, AppProof, Exchanging
from stoker.entrypoints.controller.asking.lanes import PER_HOST, SLOTS, Lanes
from stoker.entrypoints.controller.asking.resolving import Observe, Resolving
from stoker.entrypoints.controller.asking.slots import Slots

if TYPE_CHECKING:
    from pathlib import Path

    from stoker.entrypoints.controller.asking.slots import Job

Settled: TypeAlias = Callable[[Key, Question, Advertisement | StokerError], None]
Exchanged: TypeAlias = Callable[[Key, ExchangeToken, InstallationToken | StokerError], None]
Complain: TypeAlias = Callable[[str, Exception], None]

END: Final = 2.0
"""Seconds that `close` takes at the most."""

_PATIENCE_SHARE: Final = 4
"""A question that has taken this share of its deadline makes its host slow."""


@frozen(kw_only=True)
class Limits:
    """How much may go on at once, and for how long."""

    slots: int = SLOTS
    per_host: int = PER_HOST
    deadline: float = 30.0
    stall: float = 20.0
    exchange_slots: int = 8
    exchanges_per_host: int = 2
    exchange_deadline: float = EXCHANGE_DEADLINE


class Asker:
    """Asks once for everybody who wants to know the same."""

    def __init__(  # noqa: PLR0913 - the ends of all the wires
        self,
        *,
        secrets: ReadSecret,
        settled: Settled,
        exchanged: Exchanged,
        complain: Complain,
        observe: Observe = lambda *_: None,
        allowed_protocols: tuple[str, ...] = DEFAULT_PROTOCOLS,
        limits: Limits = Limits(),
        wall: Callable[[], float] = time.time,
        api_trust: Path | None = None,
    ) -> None:
        """Nothing runs before somebody asks."""
        self._protocols = allowed_protocols
        self._is_over = False

        def observed(operation: str, result: str, seconds: float) -> None:
            # A metric that cannot be written down must not cost the answer.
            try:
                observe(operation, result, seconds)
            except Exception as error:  # noqa: BLE001 - as above
                complain("observe", error)

        resolving = Resolving(
            secrets=secrets,
            protocols=allowed_protocols,
            deadline=limits.deadline,
            stall=limits.stall,
            is_over=lambda: self._is_over,
            observe=observed,
        )
        self._exchanging = Exchanging(
            secrets=secrets,
            deadline=limits.exchange_deadline,
            observe=observed,
            wall=wall,
            trust=api_trust,
        )
        git = _lanes(limits.slots, limits.per_host, limits.deadline)
        app = _lanes(limits.exchange_slots, limits.exchanges_per_host, limits.exchange_deadline)
        self._git = Desk[Place, Question, Advertisement, Proof](
            Slots("ls-remote", git, complain), resolving, settled, complain
        )
        self._app = Desk[AppPlace, ExchangeToken, InstallationToken, AppProof](
            Slots("exchange", app, complain), self._exchanging, exchanged, complain
        )

    def ask(self, key: Key, resolve: Resolve) -> None:
        """Have the CR's question answered; returns at once."""
        question = resolve.question
        try:
            url = check_repo_url(question.repo, self._protocols)
        except StokerError as error:
            self._git.say(Tell(key, question, (), Outcome(error, _whole)))
            return
        if not question.prefixes:
            self._git.say(Tell(key, question, (), Outcome(Advertisement(), _whole)))
            return
        place = place_of(key, question, url)
        self._git.ask(place, key, question, question.prefixes, resolve.max_age)

    def exchange(self, key: Key, exchange: ExchangeToken) -> None:
        """Have the App's key exchanged for a token; returns at once."""
        self._app.ask(AppPlace(key[0], exchange.auth), key, exchange)

    def forget(self, key: Key) -> None:
        """Answer the CR nothing any more: it is gone."""
        self._git.forget(key)
        self._app.forget(key)

    def close(self) -> None:
        """End everything, git's processes too; what is open is not answered."""
        until = time.monotonic() + END
        self._is_over = True
        self._git.close()
        self._app.close()
        self._exchanging.close()
        self._git.join(until)
        self._app.join(until)


def _lanes(slots: int, per_host: int, deadline: float) -> Lanes[Job]:
    return Lanes(slots=slots, per_host=per_host, patience=deadline / _PATIENCE_SHARE)


def _whole(advertised: Advertisement, _: tuple[str, ...]) -> Advertisement:
    return advertised
