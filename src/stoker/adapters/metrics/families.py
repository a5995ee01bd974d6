"""The families with their names, labels and texts, made from what is known.

`FAMILIES` is the contract's table. A family is made at once and given away before the next one, so
a scrape of a large fleet needs the memory of its largest family only.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Final

from attrs import define, field
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from stoker.core.spec import SyncStatus
from stoker.core.status import state_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.adapters.metrics.shown import CrShown

PREFIX: Final = "stoker_controller_"
RECONCILE_BOUNDS: Final = (0.005, 0.025, 0.1, 0.5, 2.0, 10.0)
"""Seconds; a decision takes milliseconds, its writes some more."""
RESOLVE_BOUNDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)
"""Seconds; a git server that takes more than thirty has failed."""

_STATES: Final = ", ".join(f"{state_number(one)} {one}" for one in SyncStatus)
_CR: Final = ("name", "namespace")
_INFO: Final = ("git_repo", "git_ref", "auth_type", "polling_interval")
_APP: Final = ("app_id", "installation_id")

FAMILIES: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "reconcile_duration_seconds": (
        _CR,
        "Seconds from the beginning of a look at a GatewaySync until its writes are done.",
    ),
    "reconcile_total": (
        (*_CR, "result"),
        (
            "Looks at a GatewaySync, by result: success, error, conflict (somebody else wrote"
            " first), abandoned (the lease was lost)."
        ),
    ),
    "ref_resolve_duration_seconds": (
        _CR,
        (
            "Seconds from a question to a git server until it answered or failed, with the wait"
            " for a slot."
        ),
    ),
    "gateways_discovered": (_CR, "Gateway pods of a GatewaySync."),
    "gateways_synced": (_CR, "Gateways that are synced at the commit that they should have."),
    "gateways_missing_sidecar": (_CR, "Gateway pods without an agent."),
    "cr_ready": (_CR, "Whether the condition Ready is true."),
    "cr_paused": (_CR, "Whether the spec says paused; not there while the spec is invalid."),
    "cr_info": (
        (*_CR, *_INFO),
        "What a GatewaySync follows; always 1, and not there while the spec is invalid.",
    ),
    "condition_status": ((*_CR, "type"), "A condition: 1 true, 0 false, -1 unknown."),
    "gateway_sync_status": (
        (*_CR, "gateway"),
        f"State of a gateway: {_STATES}.",
    ),
    "gateway_last_sync_timestamp_seconds": (
        (*_CR, "gateway"),
        "When a gateway was last synced; not there before the first time.",
    ),
    "github_app_token_expiry_timestamp_seconds": (
        _APP,
        "When the token of a GitHub App's installation ends; it is renewed five minutes before.",
    ),
    "git_requests_total": (
        ("operation", "result"),
        (
            "Questions to git servers (ls-remote) and for tokens of GitHub Apps (exchange), by"
            " result: ok, error, timeout."
        ),
    ),
    "api_requests_total": (
        ("method", "resource", "code"),
        (
            "Requests to the API server, by their answer's code; 0 where none came. WATCH is a"
            " method of its own."
        ),
    ),
    "watch_last_event_timestamp_seconds": (
        ("kind",),
        (
            "When a watch last brought something; where nothing happens, a sign of life every"
            " minute or so."
        ),
    ),
    "leader": ((), "Whether this replica is one that writes: it leads one shard at least."),
    "shards": ((), "Into how many shards the namespaces are divided."),
    "shard_leader": (("shard",), "Whether this replica is the one that writes in a shard."),
}
"""Labels and help text of each family, by its name without `PREFIX`."""
BUCKETS: Final = {
    "reconcile_duration_seconds": RECONCILE_BOUNDS,
    "ref_resolve_duration_seconds": RESOLVE_BOUNDS,
}
"""Upper bounds of each histogram, by the same name."""

Key = tuple[str, str]
"""Name and namespace of a CR: the values of the labels that it has everywhere."""

Values = Iterable[tuple[tuple[str, ...], float]]
"""Values of labels, and the number."""


@define
class Histogram:
    """How many took how long."""

    bounds: tuple[float, ...]
    counts: list[int] = field()
    total: float = 0.0

    @counts.default
    def _none(self) -> list[int]:
        return [0] * (len(self.bounds) + 1)

    def add(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Each upper bound, and how many took at most that long."""
        names = [*map(str, self.bounds), "+Inf"]
        return list(zip(names, map(float, accumulate(self.counts)), strict=True))


def gauge(name: str, values: Values) -> Metric:
    """A family of numbers that rise and fall."""
    labels, text = FAMILIES[name]
    family = GaugeMetricFamily(PREFIX + name, text, labels=labels)
    for told, value in values:
        family.add_metric(told, value)
    return family


def counter(name: str, values: Values) -> Metric:
    """A family of numbers that only rise."""
    labels, text = FAMILIES[name]
    family = CounterMetricFamily(PREFIX + name, text, labels=labels)
    for told, value in values:
        family.add_metric(told, value)
    return family


def histogram(name: str, values: Iterable[tuple[Key, Histogram]]) -> Metric:
    """A family of durations."""
    labels, text = FAMILIES[name]
    family = HistogramMetricFamily(PREFIX + name, text, labels=labels)
    for told, one in values:
        family.add_metric(told, one.buckets(), one.total)
    return family


def of_crs(crs: list[tuple[Key, CrShown]]) -> Iterator[Metric]:
    """The families of what CRs are like now."""
    for name in (
        "gateways_discovered",
        "gateways_synced",
        "gateways_missing_sidecar",
        "cr_ready",
        "cr_paused",
    ):
        yield gauge(name, [(key, cr.values[name]) for key, cr in crs if name in cr.values])
    yield gauge("cr_info", [((*key, *cr.info), 1.0) for key, cr in crs if cr.info])
    conditions = (
        [((*key, kind), value) for kind, value in cr.conditions.items()] for key, cr in crs
    )
    yield gauge("condition_status", chain.from_iterable(conditions))
    gateways = [((*key, name), one) for key, cr in crs for name, one in cr.gateways.items()]
    yield gauge("gateway_sync_status", [(labels, one.state) for labels, one in gateways])
    yield gauge(
        "gateway_last_sync_timestamp_seconds",
        [(labels, one.last_sync) for labels, one in gateways if one.last_sync is not None],
    )
