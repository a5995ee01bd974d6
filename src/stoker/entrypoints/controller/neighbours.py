"""Whom the loop of the controller talks to, as far as it has to know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from stoker.core.errors import InvalidDocument
    from stoker.core.reconcile import ExchangeToken, Resolve
    from stoker.core.spec import GatewaySyncSpec, GatewaySyncStatus
    from stoker.entrypoints.controller.queue import Key


class Asking(Protocol):
    """Who asks git servers and GitHub, and comes back with `settled` and `token_came`."""

    def ask(self, key: Key, resolve: Resolve) -> None:
        """Have the question answered; returns at once."""

    def exchange(self, key: Key, exchange: ExchangeToken) -> None:
        """Have the key exchanged; returns at once."""

    def forget(self, key: Key) -> None:
        """There is no such CR any more."""


class Meter(Protocol):
    """Who counts."""

    def reconciled(self, namespace: str, name: str, result: str, seconds: float) -> None:
        """A look ended."""

    def resolved(self, namespace: str, name: str, seconds: float) -> None:
        """A question to a git server was answered."""

    def show(
        self,
        namespace: str,
        name: str,
        spec: GatewaySyncSpec | InvalidDocument,
        status: GatewaySyncStatus,
    ) -> None:
        """How a CR stands."""

    def forget(self, namespace: str, name: str) -> None:
        """There is no such CR any more."""
