"""The dashboard of everything: is all well, what is wrong first, and do the processes get on.

From above to below: numbers that are good at a glance; what is not ready, worst first, each with a
link to its own dashboard; then what may be the cause: git, and the processes (`workings`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tools.dashboards import panels as p
from tools.dashboards import workings
from tools.dashboards.panels import GREEN, GREY, RED, YELLOW, Line, Query, line
from tools.dashboards.words import READY, STATES, YES, results, states_by_number

if TYPE_CHECKING:
    from tools.dashboards.panels import Json

UID: Final = "stoker-fleet"
_OURS: Final = '{namespace=~"$namespace"}'
_CR: Final = "max by (namespace, name)"
_GATEWAY: Final = "max by (namespace, name, gateway)"
_DAY: Final = 86400
_ONE: Final = "var-namespace=${__data.fields.Namespace}&var-name=${__data.fields.GatewaySync}"
_LINK: Final = [{"title": "This GatewaySync", "url": f"/d/stoker-gatewaysync?{_ONE}"}]


def fleet() -> Json:
    """The dashboard."""
    choices = [
        p.source(),
        p.choice(
            "namespace",
            "Namespace",
            "label_values(stoker_controller_cr_ready, namespace)",
            several=True,
        ),
    ]
    given = {
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": choices},
        "links": [],
    }
    text = "All GatewaySyncs, and the processes that look after them"
    return p.dashboard(UID, "Stoker / Fleet", text, given, _lines())


def _lines() -> list[Line]:
    return [
        line(4, _ready(), _not_ready(), _synced(), _elsewhere(), _leader(), _certificate()),
        Line(8, ((_wrong(), 16), (_states(), 8))),
        Line(7, ((_gateways(), 16), (_ages(), 8))),
        line(1, p.section("Git and syncs")),
        line(8, _resolving(), _git(), _syncs()),
        line(1, p.section("Controller")),
        line(8, workings.reconciles(), workings.reconciling(), workings.api()),
        line(7, workings.leading(), workings.watches(), workings.tokens()),
        line(1, p.section("Webhook and receiver")),
        line(
            8,
            workings.injections(),
            workings.validations(),
            workings.admission(),
            workings.receiver(),
        ),
        line(1, p.section("Processes")),
        line(8, workings.memory(), workings.processors(), workings.files()),
    ]


# --- At a glance ---


def _ready() -> Json:
    expr = f"sum({_CR} (stoker_controller_cr_ready{_OURS})) or vector(0)"
    text = "GatewaySyncs whose gateways all have the commit that they should have."
    return p.stat("Ready", Query(expr), text=text, thresholds=p.steps((None, GREEN)))


def _not_ready() -> Json:
    expr = f"count({_CR} (stoker_controller_cr_ready{_OURS}) == 0) or vector(0)"
    text = "GatewaySyncs that are not ready; paused ones and those without gateways among them."
    return p.stat("Not ready", Query(expr), text=text, thresholds=p.steps((None, GREEN), (1, RED)))


def _synced() -> Json:
    expr = f"""
        sum({_CR} (stoker_controller_gateways_synced{_OURS}))
        / sum({_CR} (stoker_controller_gateways_discovered{_OURS}))
    """
    bounds = p.steps((None, RED), (0.9, YELLOW), (1, GREEN))
    text = "The share of all gateways that are synced."
    return p.stat("Gateways synced", Query(expr), text=text, unit="percentunit", thresholds=bounds)


def _elsewhere() -> Json:
    expr = f"sum({_CR} (stoker_controller_gateways_missing_sidecar{_OURS})) or vector(0)"
    text = "Gateways that were started while no webhook answered. Delete their pods."
    bounds = p.steps((None, GREEN), (1, RED))
    return p.stat("Without agent", Query(expr), text=text, thresholds=bounds)


def _leader() -> Json:
    expr = """
        sum(stoker_controller_shard_leader) / max(stoker_controller_shards) or vector(0)
    """
    text = "How many controllers act for each shard; without sharding there is one. 1 is right."
    bounds = p.steps((None, RED), (1, GREEN), (1.01, RED))
    return p.stat("Leaders", Query(expr), text=text, thresholds=bounds)


def _certificate() -> Json:
    expr = "min(stoker_webhook_certificate_expiry_timestamp_seconds) - time()"
    bounds = p.steps((None, RED), (4 * _DAY, YELLOW), (14 * _DAY, GREEN))
    text = "Until the webhook's certificate ends. It is renewed after two thirds of its life."
    return p.stat("Certificate", Query(expr), text=text, unit="s", thresholds=bounds)


# --- What is wrong first ---


def _wrong() -> Json:
    asked = [
        ("stoker_controller_cr_ready", ""),
        ("stoker_controller_gateways_synced", ""),
        ("stoker_controller_gateways_discovered", ""),
        ("stoker_controller_gateways_missing_sidecar", ""),
        ("stoker_controller_cr_paused", ""),
        ("stoker_controller_condition_status", ',type="RefResolved"'),
        ("stoker_controller_condition_status", ',type="Drifted"'),
    ]
    queries = [
        Query(f'{_CR} ({name}{{namespace=~"$namespace"{more}}})', is_instant=True, is_table=True)
        for name, more in asked
    ]
    columns = {
        "Value #A": "Ready",
        "namespace": "Namespace",
        "name": "GatewaySync",
        "Value #B": "Synced",
        "Value #C": "Gateways",
        "Value #D": "Without agent",
        "Value #F": "Ref",
        "Value #G": "Drift",
        "Value #E": "Paused",
    }
    cell = {"type": "color-text"}
    ref = p.words({-1: ("unknown", GREY), 0: ("not resolved", RED), 1: ("resolved", GREEN)})
    some = p.steps((None, GREY), (1, RED))
    overrides = [
        p.named("Ready", mappings=READY, custom__cellOptions=cell, custom__width=90),
        p.named("Ref", mappings=ref, custom__cellOptions=cell),
        p.named("Drift", mappings=YES, custom__cellOptions=cell),
        p.named("Paused", mappings=YES, custom__cellOptions=cell),
        p.named(
            "Without agent", thresholds=some, color={"mode": "thresholds"}, custom__cellOptions=cell
        ),
        p.named("GatewaySync", links=_LINK),
    ]
    text = "Each GatewaySync, those that are not ready first. The name leads to its own dashboard."
    return p.rows(
        "GatewaySyncs, worst first", queries, text=text, columns=columns,
        sort=("Ready", False), overrides=overrides,
    )  # fmt: skip


def _states() -> Json:
    expr = f'count_values("state", {_GATEWAY} (stoker_controller_gateway_sync_status{_OURS}))'
    text = "How many gateways are in which state now."
    return p.bars(
        "Gateways by state", [Query(expr, "{{state}}")], text=text, min=0,
        overrides=states_by_number(),
    )  # fmt: skip


def _gateways() -> Json:
    state = f"{_GATEWAY} (stoker_controller_gateway_sync_status{_OURS}) != 1"
    last = f"""
        time() - {_GATEWAY} (stoker_controller_gateway_last_sync_timestamp_seconds{_OURS})
        and {_GATEWAY} (stoker_controller_gateway_sync_status{_OURS}) != 1
    """
    queries = [Query(one, is_instant=True, is_table=True) for one in (state, last)]
    columns = {
        "Value #A": "State",
        "namespace": "Namespace",
        "name": "GatewaySync",
        "gateway": "Gateway",
        "Value #B": "Last synced",
    }
    overrides = [
        p.named(
            "State", mappings=STATES, custom__cellOptions={"type": "color-text"}, custom__width=130
        ),
        p.named("GatewaySync", links=_LINK),
        p.named("Last synced", unit="s", decimals=0),
    ]
    text = "Each gateway that is not synced, and how long ago it was."
    return p.rows(
        "Gateways that are not synced", queries, text=text, columns=columns,
        sort=("Last synced", True), overrides=overrides,
    )  # fmt: skip


def _ages() -> Json:
    expr = f"""
        topk(10, time() - {_GATEWAY} (stoker_controller_gateway_last_sync_timestamp_seconds{_OURS}))
    """
    text = "The gateways whose last sync is longest ago. Where nothing is committed, that is right."
    return p.bars(
        "Longest since the last sync", [Query(expr, "{{namespace}}/{{gateway}}", is_instant=True)],
        text=text, unit="s", min=0, color=p.fixed(p.BLUE),
    )  # fmt: skip


# --- Git and syncs ---


def _resolving() -> Json:
    buckets = f"stoker_controller_ref_resolve_duration_seconds_bucket{_OURS}"
    queries = [
        Query(f"histogram_quantile({share}, sum by (le) (rate({buckets}[$__rate_interval])))", name)
        for share, name in ((0.5, "half"), (0.9, "nine in ten"), (0.99, "99 in 100"))
    ]
    text = (
        "How long git servers take to say which commit a ref is; after 30 s a question has failed."
    )
    return p.curves("Refs are resolved within", queries, text=text, unit="s", min=0)


def _git() -> Json:
    expr = "sum by (result) (rate(stoker_controller_git_requests_total[$__rate_interval]))"
    text = "Questions to git servers, and for tokens of GitHub Apps, by what came of them."
    return p.curves(
        "Questions to git servers", [Query(expr, "{{result}}")], text=text, unit="reqps", min=0,
        stacked=True, overrides=results("ok", "error", "timeout"),
    )  # fmt: skip


def _syncs() -> Json:
    expr = f"sum by (result) (increase(stoker_agent_sync_total{_OURS}[$__rate_interval]))"
    names = ("synced", "unchanged", "dryRun", "error", "blocked", "rolledBack")
    text = "Syncs of all agents, by how they ended."
    return p.curves(
        "Syncs",
        [Query(expr, "{{result}}")],
        text=text,
        min=0,
        stacked=True,
        overrides=results(*names),
    )
