"""The lower half of the fleet's dashboard: whether the processes that look after it get on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tools.dashboards import panels as p
from tools.dashboards.panels import ORANGE, RED, Query
from tools.dashboards.words import LEADER, results

if TYPE_CHECKING:
    from tools.dashboards.panels import Json

_OURS: Final = '{namespace=~"$namespace"}'

# --- Controller ---


def reconciles() -> Json:
    """How they ended."""
    expr = f"sum by (result) (rate(stoker_controller_reconcile_total{_OURS}[$__rate_interval]))"
    names = ("success", "error", "conflict", "abandoned")
    text = "Looks at GatewaySyncs, by what came of them. Conflicts are tried again at once."
    return p.curves(
        "Reconciles", [Query(expr, "{{result}}")], text=text, unit="ops", min=0, stacked=True,
        overrides=results(*names),
    )  # fmt: skip


def reconciling() -> Json:
    """How long they took."""
    buckets = f"stoker_controller_reconcile_duration_seconds_bucket{_OURS}"
    queries = [
        Query(f"histogram_quantile({share}, sum by (le) (rate({buckets}[$__rate_interval])))", name)
        for share, name in ((0.5, "half"), (0.99, "99 in 100"))
    ]
    text = "How long a look at a GatewaySync takes, with all that is written."
    return p.curves("A reconcile takes", queries, text=text, unit="s", min=0)


def api() -> Json:
    """What the API server answered."""
    counted = '{__name__=~"stoker_(controller|webhook|agent)_api_requests_total"}'
    expr = f"sum by (code) (rate({counted}[$__rate_interval]))"
    text = "Requests of all processes, by the code of the answer. 0: none; 404 and 409 are normal."
    return p.curves(
        "Requests to the API server", [Query(expr, "{{code}}")], text=text, unit="reqps", min=0,
        overrides=[p.named("0", color=p.fixed(RED)), p.named("403", color=p.fixed(ORANGE))],
    )  # fmt: skip


def leading() -> Json:
    """Who led when."""
    text = "Which replica acts, and since when; with sharding there are several."
    query = Query("max by (pod) (stoker_controller_leader)", "{{pod}}")
    return p.timeline("Leader", [query], text=text, mappings=LEADER)


def watches() -> Json:
    """How old what is known may be."""
    last = "min by (kind) (stoker_controller_watch_last_event_timestamp_seconds)"
    expr = f"clamp_min(time() - {last}, 0)"
    text = "How long ago a watch brought something; a sign of life comes every minute or so."
    return p.curves("Nothing heard of", [Query(expr, "{{kind}}")], text=text, unit="s", min=0)


def tokens() -> Json:
    """GitHub's."""
    expr = """
        max by (app_id, installation_id) (
            stoker_controller_github_app_token_expiry_timestamp_seconds
        ) - time()
    """
    text = "Until the tokens of GitHub Apps end. They are renewed five minutes before."
    return p.curves(
        "Tokens of GitHub Apps end in", [Query(expr, "app {{app_id}}")], text=text, unit="s"
    )


# --- Webhook and receiver ---


def injections() -> Json:
    """Pods."""
    expr = f"sum by (result) (stoker_webhook_injector_injections_total{_OURS})"
    text = """
        Pods that asked for an agent since the webhooks started, by what became of them. They are
        few, so they are added up. A denied gateway does not start.
    """
    return p.curves(
        "Pods that asked for an agent", [Query(expr, "{{result}}")], text=text, min=0, decimals=0,
        stacked=True, overrides=results("injected", "skipped", "denied", "error"),
    )  # fmt: skip


def validations() -> Json:
    """GatewaySyncs."""
    expr = "sum by (result) (stoker_webhook_validations_total)"
    text = """
        GatewaySyncs that somebody wrote since the webhooks started, by what was said to them.
    """
    return p.curves(
        "Reviews of GatewaySyncs", [Query(expr, "{{result}}")], text=text, min=0, decimals=0,
        stacked=True, overrides=results("allowed", "warned", "denied", "error"),
    )  # fmt: skip


def admission() -> Json:
    """How long the API server was kept waiting."""
    buckets = "stoker_webhook_admission_duration_seconds_bucket"
    expr = f"histogram_quantile(0.99, sum by (le, webhook) (rate({buckets}[10m])))"
    text = """
        How long 99 of 100 reviews of ten minutes took at most. The API server waits for each.
    """
    return p.curves("A review takes", [Query(expr, "{{webhook}}")], text=text, unit="s", min=0)


def receiver() -> Json:
    """What came from outside."""
    counted = "stoker_webhook_receiver_requests_total"
    expr = f"sum by (status_code) (increase({counted}[$__rate_interval]))"
    text = (
        "Requests of GitHub and others, by the status of the answer. 401: no proof, or a wrong one."
    )
    return p.curves(
        "Requests to the receiver", [Query(expr, "{{status_code}}")], text=text, min=0,
        stacked=True, overrides=results("202", "401", "429", "503"),
    )  # fmt: skip


# --- Processes ---

_TELLTALES: Final = "stoker_controller_leader|stoker_webhook_receiver_duration_seconds_count"
_OWN: Final = f'and on (job, instance) {{__name__=~"{_TELLTALES}"}}'
"""Of processes that tell what only ours do."""


def memory() -> Json:
    """What they hold."""
    expr = f"process_resident_memory_bytes {_OWN}"
    text = "Resident memory of controllers, webhooks and receivers."
    return p.curves(
        "Memory", [Query(expr, "{{pod}} {{container}}")], text=text, unit="bytes", min=0
    )


def processors() -> Json:
    """What they use."""
    expr = f"rate(process_cpu_seconds_total[$__rate_interval]) {_OWN}"
    text = "Processors that controllers, webhooks and receivers use."
    return p.curves("CPU", [Query(expr, "{{pod}} {{container}}")], text=text, unit="none", min=0)


def files() -> Json:
    """What they have open."""
    expr = f"process_open_fds {_OWN}"
    text = "Open files and connections of controllers, webhooks and receivers."
    return p.curves("Open files", [Query(expr, "{{pod}} {{container}}")], text=text, min=0)
