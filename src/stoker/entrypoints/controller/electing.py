"""The elector that the settings ask for: of one lease, or of one for each shard."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from stoker.adapters.kube.lease import Elector
from stoker.adapters.kube.shards import ShardElectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from stoker.adapters.kube.client import Client
    from stoker.adapters.kube.shards import Lead
    from stoker.entrypoints.controller.settings import Election


def elector_of(
    client: Client,
    election: Election,
    *,
    lead: Callable[[bool], None],
    changed: Callable[[int, Lead], None] | None,
    complain: Callable[[str, Exception], None],
) -> Elector | ShardElectors:
    """One that is not started yet, as the fence of the client; `changed` is told of shards."""
    made = (
        partial(Elector, on_change=lead)
        if changed is None
        else partial(ShardElectors, count=election.shards, on_change=changed)
    )
    elector: Elector | ShardElectors = made(
        client.unfenced(),
        election.namespace,
        election.name,
        election.identity,
        duration=election.lease,
        renew_deadline=election.renew,
        retry=election.retry,
        complain=complain,
    )
    client.fence = elector.fence
    return elector
