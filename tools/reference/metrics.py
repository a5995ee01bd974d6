"""The page of metrics: every family of every process, from the objects that tell them.

Nothing is written down twice here: names, labels, types, texts and buckets are read off
`stoker.adapters.metrics`, so a new family stands on the page as soon as it is told, or the page is
stale. What Prometheus' own library adds is read off a registry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen
from tools.reference.table import MARK, code, table

from stoker.adapters.clock import utc_now
from stoker.adapters.metrics import controller, families, webhook
from stoker.adapters.metrics.agent import PREFIX as AGENT
from stoker.adapters.metrics.agent import AgentMetrics
from stoker.adapters.metrics.exposition import Family, Histogram
from stoker.core.spec import SyncStatus
from stoker.core.status import state_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prometheus_client.core import Metric
    from prometheus_client.registry import Collector

_INTRODUCTION: Final = """
# Metrics, one by one

Who may read them, and what to do with them: [Metrics](../metrics.md) and
[Monitoring](../guides/monitoring.md).

Prometheus adds labels of its own: `job`, `instance`, and with the objects of the chart `namespace`,
`pod`, `container` and `endpoint`. For agents the PodMonitor adds `name`, the GatewaySync, and
`gateway`. A histogram has the series `_bucket` (with the label `le`), `_sum` and `_count`.
"""
_CONTROLLER: Final = """
Port 8443. `name` and `namespace` are those of the GatewaySync. Series of GatewaySyncs and their
gateways are told by the leader alone, and go with what they are about.
"""
_AGENT: Final = """
Port 8083 of each gateway's pod, without encryption or token. A series is there as soon as there is
something to tell.
"""
_WEBHOOK: Final = """
Ports 8453 (webhook) and 8454 (receiver). Both processes have all of these; what one does not do
stays at nothing. `namespace` is that of the pods that asked; beyond 2,000 of them it is `other`.
"""


@frozen(kw_only=True)
class Told:
    """A family, as it is told."""

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str
    buckets: tuple[float, ...] = ()


def page() -> str:
    """The page."""
    lines = [MARK, "", _INTRODUCTION.strip(), ""]
    for title, text, found in (
        ("The controller", _CONTROLLER, of_controller()),
        ("The agent", _AGENT, of_agent()),
        ("Webhook and receiver", _WEBHOOK, of_webhook()),
    ):
        lines += [f"## {title}", "", text.strip(), "", *_table(found), ""]
    lines += ["## States of a gateway", "", f"The values of `{_STATES}`:", "", *_states(), ""]
    return "\n".join(lines).rstrip() + "\n"


def of_controller() -> list[Told]:
    """What a controller tells."""
    metrics = controller.ControllerMetrics()
    own = _collected(metrics, controller.PREFIX, families.FAMILIES, families.BUCKETS)
    return [*own, *_libraries(metrics.registry, own)]


def of_webhook() -> list[Told]:
    """What webhook and receiver tell."""
    metrics = webhook.WebhookMetrics()
    own = _collected(metrics, webhook.PREFIX, webhook.FAMILIES, webhook.BUCKETS)
    return [*own, *_libraries(metrics.registry, own)]


def of_agent() -> list[Told]:
    """What an agent tells."""
    return [_of_agent(one) for one in AgentMetrics(utc_now()).families()]


def everything() -> list[Told]:
    """All of them; a name may come twice, as several processes have it."""
    return [*of_controller(), *of_agent(), *of_webhook()]


def series_of(told: Told) -> tuple[str, ...]:
    """The names of a family's series."""
    if told.kind != "histogram":
        return (told.name,)
    return tuple(f"{told.name}_{end}" for end in ("bucket", "sum", "count"))


_STATES: Final = f"{families.PREFIX}gateway_sync_status"


def _collected(
    metrics: Collector,
    prefix: str,
    described: Mapping[str, tuple[tuple[str, ...], str]],
    buckets: Mapping[str, tuple[float, ...]],
) -> list[Told]:
    found = {}
    for metric in metrics.collect():
        name = _name(metric)
        labels, text = described[name.removeprefix(prefix)]
        bounds = buckets.get(name.removeprefix(prefix), ())
        assert bool(bounds) == (metric.type == "histogram"), name
        found[name] = Told(name=name, kind=metric.type, labels=labels, text=text, buckets=bounds)
    assert {prefix + name for name in described} == set(found)
    return list(found.values())


def _libraries(registry: Collector, own: Iterable[Told]) -> list[Told]:
    known = {one.name for one in own}
    return [
        Told(
            name=_name(metric),
            kind=metric.type,
            labels=tuple(sorted({label for one in metric.samples for label in one.labels})),
            text=metric.documentation,
        )
        for metric in registry.collect()
        if _name(metric) not in known
    ]


def _name(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def _of_agent(family: Family | Histogram) -> Told:
    kind = family.kind if isinstance(family, Family) else "histogram"
    bounds = () if isinstance(family, Family) else tuple(family.bounds)
    assert family.name.startswith((AGENT, "process_")), family.name
    return Told(name=family.name, kind=kind, labels=family.labels, text=family.text, buckets=bounds)


def _table(found: Sequence[Told]) -> list[str]:
    return table(("Name", "Type", "Labels", "What it says"), map(_row, found))


def _row(told: Told) -> tuple[str, ...]:
    buckets = ", ".join(f"{bound:g}" for bound in told.buckets)
    text = f"{told.text} Buckets: {buckets}." if buckets else told.text
    return code(told.name), told.kind, ", ".join(map(code, told.labels)), text


def _states() -> list[str]:
    return table(("Value", "State"), ((str(state_number(one)), code(one)) for one in SyncStatus))
