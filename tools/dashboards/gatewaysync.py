"""The dashboard of one GatewaySync: how it and its gateways stand, what syncs did and took.

What the controller tells and what agents tell stand beside each other; that is possible because the
PodMonitor calls agents by the names that the controller has for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tools.dashboards import panels as p
from tools.dashboards.panels import BLUE, GREEN, ORANGE, RED, YELLOW, Line, Query, line
from tools.dashboards.words import CONDITION, READY, STATES, conditions, results

if TYPE_CHECKING:
    from tools.dashboards.panels import Json

UID: Final = "stoker-gatewaysync"
_CR: Final = '{namespace="$namespace",name="$name"}'
_THIS: Final = 'namespace="$namespace",name="$name",gateway=~"$gateway"'
_GATEWAY: Final = f"{{{_THIS}}}"
_STATUS: Final = "stoker_controller_gateway_sync_status"


def gatewaysync() -> Json:
    """The dashboard."""
    of = "stoker_controller_cr_ready"
    choices = [
        p.source(),
        p.choice("namespace", "Namespace", f"label_values({of}, namespace)", several=False),
        p.choice(
            "name",
            "GatewaySync",
            f'label_values({of}{{namespace="$namespace"}}, name)',
            several=False,
        ),
        p.choice("gateway", "Gateway", f"label_values({_STATUS}{_CR}, gateway)", several=True),
    ]
    back = {
        "type": "link",
        "title": "Fleet",
        "url": "/d/stoker-fleet",
        "icon": "dashboard",
        "keepTime": True,
    }
    given = {
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": choices},
        "links": [back],
    }
    text = "One GatewaySync, its gateways, and what their agents do"
    return p.dashboard(UID, "Stoker / GatewaySync", text, given, _lines())


def _lines() -> list[Line]:
    return [
        Line(4, ((_ready(), 4), (_synced(), 4), (_age(), 4), (_drifted(), 4), (_follows(), 8))),
        line(9, _conditions(), _states()),
        line(1, p.section("What syncs do and take")),
        line(8, _syncs(), _files(), _ages()),
        line(8, _sync_takes(), _fetch_takes(), _scan_takes()),
        line(7, _fetches(), _scans(), _skipped()),
        line(1, p.section("What people do")),
        line(7, _designers(), _drift(), _rollbacks()),
        line(1, p.section("Agents")),
        line(7, _startup(), _memory(), _processors()),
    ]


# --- At a glance ---


def _ready() -> Json:
    text = "Whether all gateways have the commit that they should have."
    query = Query(f"max(stoker_controller_cr_ready{_CR})")
    return p.stat("Ready", query, text=text, mappings=READY)


def _synced() -> Json:
    expr = f"""
        max(stoker_controller_gateways_synced{_CR})
        / max(stoker_controller_gateways_discovered{_CR})
    """
    bounds = p.steps((None, RED), (0.5, YELLOW), (1, GREEN))
    text = "The share of its gateways that are synced."
    return p.stat("Gateways synced", Query(expr), text=text, unit="percentunit", thresholds=bounds)


def _age() -> Json:
    expr = f"time() - max(stoker_controller_gateway_last_sync_timestamp_seconds{_CR})"
    text = "Since any of its gateways was synced."
    return p.stat("Last sync", Query(expr), text=text, unit="s", decimals=0, color=p.fixed(BLUE))


def _drifted() -> Json:
    text = "Files on its gateways that are not what was applied."
    bounds = p.steps((None, GREEN), (1, ORANGE))
    query = Query(f"sum(stoker_agent_drifted_files{_GATEWAY}) or vector(0)")
    return p.stat("Drifted files", query, text=text, thresholds=bounds)


def _follows() -> Json:
    query = Query(f"stoker_controller_cr_info{_CR}", "{{git_ref}} of {{git_repo}}")
    text = "The ref and the repository of its spec."
    return p.stat("Follows", query, text=text, named_only=True, color=p.fixed(BLUE))


def _conditions() -> Json:
    query = Query(f"max by (type) (stoker_controller_condition_status{_CR})", "{{type}}")
    text = "Green is good: Drifted, RefSkew and Stalled are to be false, the others true."
    return p.timeline("Conditions", [query], text=text, mappings=CONDITION, overrides=conditions())


def _states() -> Json:
    query = Query(f"max by (gateway) ({_STATUS}{_GATEWAY})", "{{gateway}}")
    text = "What the controller thinks of each gateway."
    return p.timeline("Gateways", [query], text=text, mappings=STATES)


# --- Syncs ---


def _syncs() -> Json:
    expr = f"sum by (result) (increase(stoker_agent_sync_total{_GATEWAY}[$__rate_interval]))"
    names = ("synced", "unchanged", "dryRun", "error", "blocked", "rolledBack")
    return p.curves(
        "Syncs", [Query(expr, "{{result}}")], text="Syncs by how they ended.", min=0, stacked=True,
        overrides=results(*names),
    )  # fmt: skip


def _files() -> Json:
    queries = [
        Query(f"stoker_agent_files_{kind}{_GATEWAY}", f"{{{{gateway}}}} {kind}")
        for kind in ("added", "modified", "deleted")
    ]
    text = "What the last sync did to the files of each gateway."
    return p.bars("Files of the last sync", queries, text=text, min=0, color=p.fixed(BLUE))


def _ages() -> Json:
    last = f"stoker_controller_gateway_last_sync_timestamp_seconds{_GATEWAY}"
    query = Query(f"time() - max by (gateway) ({last})", "{{gateway}}")
    text = "Where nothing is committed, a long time is right."
    return p.bars("Since the last sync", [query], text=text, unit="s", min=0, color=p.fixed(BLUE))


def _sync_takes() -> Json:
    query = Query(_average("stoker_agent_sync_duration_seconds", "gateway"), "{{gateway}}")
    text = "A sync from beginning to end, on average. Waiting for a Designer counts."
    return p.curves("A sync takes", [query], text=text, unit="s", min=0)


def _fetch_takes() -> Json:
    name = "stoker_agent_git_fetch_duration_seconds"
    query = Query(_average(name, "gateway, operation"), "{{gateway}} {{operation}}")
    text = "Getting a commit, on average. `clone` is the first time."
    return p.curves("Git takes", [query], text=text, unit="s", min=0)


def _scan_takes() -> Json:
    query = Query(_average("stoker_agent_scan_duration_seconds", "gateway"), "{{gateway}}")
    text = "The gateway's part: scanning what is new, on average."
    return p.curves("The gateway takes", [query], text=text, unit="s", min=0)


def _fetches() -> Json:
    expr = f"sum by (result) (increase(stoker_agent_git_fetch_total{_GATEWAY}[$__rate_interval]))"
    return p.curves(
        "Fetches", [Query(expr, "{{result}}")], text="Commits that were fetched, or not.", min=0,
        stacked=True, overrides=results("success", "error"),
    )  # fmt: skip


def _scans() -> Json:
    expr = f"sum by (result) (increase(stoker_agent_scan_total{_GATEWAY}[$__rate_interval]))"
    text = "What gateways said to what is new. A rejected one is rolled back."
    return p.curves(
        "Scans", [Query(expr, "{{result}}")], text=text, min=0, stacked=True,
        overrides=results("success", "rejected", "error"),
    )  # fmt: skip


def _skipped() -> Json:
    expr = (
        f"sum by (reason) (increase(stoker_agent_sync_skipped_total{_GATEWAY}[$__rate_interval]))"
    )
    text = "Regular looks that began no sync, and why. `commit_unchanged` is the good one."
    return p.curves("No sync, because", [Query(expr, "{{reason}}")], text=text, min=0, stacked=True)


# --- What people do ---


def _designers() -> Json:
    queries = [
        Query(f"stoker_agent_designer_sessions_active{_GATEWAY}", "{{gateway}} open"),
        Query(f"stoker_agent_designer_sessions_blocked{_GATEWAY}", "{{gateway}} in the way"),
    ]
    text = "Designers that were open when they were listed last, and those that hold up a sync."
    return p.curves("Designers", queries, text=text, min=0, decimals=0)


def _drift() -> Json:
    query = Query(f"stoker_agent_drifted_files{_GATEWAY}", "{{gateway}}")
    text = "Files that somebody changed on the gateway since they were applied."
    return p.curves("Files that drifted", [query], text=text, min=0, decimals=0)


def _rollbacks() -> Json:
    expr = f"sum by (gateway, result) (stoker_agent_rollback_total{_GATEWAY})"
    text = "Since the agent started: commits that the gateway refused and that were taken back."
    return p.curves(
        "Rollbacks", [Query(expr, "{{gateway}} {{result}}")], text=text, min=0, decimals=0
    )


# --- Agents ---


def _startup() -> Json:
    query = Query(f"stoker_agent_gateway_startup_duration_seconds{_GATEWAY}", "{{gateway}}")
    text = "From when the files were complete until the gateway answered."
    return p.bars(
        "Gateways started within", [query], text=text, unit="s", min=0, color=p.fixed(BLUE)
    )


def _memory() -> Json:
    query = Query(f"process_resident_memory_bytes{_GATEWAY}", "{{gateway}}")
    text = "Resident memory of the agents; their limit is 256 MiB if nothing else is said."
    return p.curves("Memory", [query], text=text, unit="bytes", min=0)


def _processors() -> Json:
    expr = f"rate(process_cpu_seconds_total{_GATEWAY}[$__rate_interval])"
    text = "Processors that the agents use; their limit is 0.2 if nothing else is said."
    return p.curves("CPU", [Query(expr, "{{gateway}}")], text=text, unit="none", min=0)


def _average(name: str, by: str) -> str:
    took, number = (
        f"sum by ({by}) (rate({name}_{end}{_GATEWAY}[$__rate_interval]))"
        for end in ("sum", "count")
    )
    return f"{took} / ({number} > 0)"
