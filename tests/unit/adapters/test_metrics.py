"""The controller's metrics: the contract's table, and how long a series lives.

Broken on purpose, and seen to fail: a CR that `forget` leaves, one that counting brings back, the
user of a URL left in, the last row of a gateway's name taken instead of the worst.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from attrs import evolve
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from stoker.adapters.metrics.controller import FAMILIES, MOST_WORDS, PREFIX, ControllerMetrics
from stoker.core.conditions import Condition, Conditions, ConditionStatus, ConditionType
from stoker.core.errors import InvalidDocument, Problem
from stoker.core.sharding import shard_of
from stoker.core.spec import (
    DiscoveredGateway,
    Duration,
    GatewaySyncStatus,
    GitAuth,
    GitHubAppAuth,
    GitSource,
    Polling,
    SecretKeyRef,
    SyncStatus,
    TokenAuth,
)
from support.specs import a_spec

NOW: Final = datetime(2026, 1, 31, 12, tzinfo=UTC)
REF: Final = SecretKeyRef("git", "token")

CONTRACT: Final = {
    "stoker_controller_reconcile_duration_seconds": ("histogram", {"name", "namespace"}),
    "stoker_controller_reconcile_total": ("counter", {"name", "namespace", "result"}),
    "stoker_controller_ref_resolve_duration_seconds": ("histogram", {"name", "namespace"}),
    "stoker_controller_gateways_discovered": ("gauge", {"name", "namespace"}),
    "stoker_controller_gateways_synced": ("gauge", {"name", "namespace"}),
    "stoker_controller_cr_ready": ("gauge", {"name", "namespace"}),
    "stoker_controller_cr_info": (
        "gauge",
        {"name", "namespace", "git_repo", "git_ref", "auth_type", "polling_interval"},
    ),
    "stoker_controller_cr_paused": ("gauge", {"name", "namespace"}),
    "stoker_controller_condition_status": ("gauge", {"name", "namespace", "type"}),
    "stoker_controller_gateway_sync_status": ("gauge", {"name", "namespace", "gateway"}),
    "stoker_controller_gateway_last_sync_timestamp_seconds": (
        "gauge",
        {"name", "namespace", "gateway"},
    ),
    "stoker_controller_gateways_missing_sidecar": ("gauge", {"name", "namespace"}),
    "stoker_controller_github_app_token_expiry_timestamp_seconds": (
        "gauge",
        {"app_id", "installation_id"},
    ),
    "stoker_controller_git_requests_total": ("counter", {"operation", "result"}),
    "stoker_controller_api_requests_total": ("counter", {"method", "resource", "code"}),
    "stoker_controller_watch_last_event_timestamp_seconds": ("gauge", {"kind"}),
    "stoker_controller_leader": ("gauge", set()),
    "stoker_controller_shards": ("gauge", set()),
    "stoker_controller_shard_leader": ("gauge", {"shard"}),
}
"""CONTRACT §6, letter by letter."""


def a_row(name: str, state: SyncStatus = SyncStatus.SYNCED, **fields: Any) -> DiscoveredGateway:
    given = {"last_sync_time": NOW, "pod_name": f"{name}-0", **fields}
    return DiscoveredGateway(name=name, namespace="plant", sync_status=state, **given)


def a_status(*rows: DiscoveredGateway, **conditions: ConditionStatus) -> GatewaySyncStatus:
    stated = [Condition(kind, value, "X", "m", NOW) for kind, value in conditions.items()]
    return GatewaySyncStatus(discovered_gateways=rows, conditions=Conditions.of(stated))


APP: Final = GitAuth(github_app=GitHubAppAuth(7, 9, REF))


@pytest.fixture
def metrics() -> ControllerMetrics:
    made = ControllerMetrics()
    made.leading(leads=True)
    return made


def full(metrics: ControllerMetrics) -> ControllerMetrics:
    spec = a_spec()
    spec = evolve(spec, git=evolve(spec.git, auth=APP))
    status = a_status(a_row("blue"), Ready=ConditionStatus.TRUE)
    metrics.show("plant", "line", spec, status)
    metrics.reconciled("plant", "line", "success", 0.02)
    metrics.resolved("plant", "line", 0.3)
    metrics.git_request("ls-remote", "success")
    metrics.watch_event("Pod", NOW)
    metrics.token_expiry(7, 9, 1_800_000_000.0)
    metrics.api_request("PATCH", "gatewaysyncs", 200)
    return metrics


def series(metrics: ControllerMetrics, name: str) -> dict[frozenset[tuple[str, str]], float]:
    told = generate_latest(metrics.registry).decode()
    return {
        frozenset(sample.labels.items()): sample.value
        for family in text_string_to_metric_families(told)
        for sample in family.samples
        if sample.name == PREFIX + name
    }


def only(metrics: ControllerMetrics, name: str) -> tuple[dict[str, str], float]:
    ((labels, value),) = series(metrics, name).items()
    return dict(labels), value


def of_gateways(metrics: ControllerMetrics, name: str = "gateway_sync_status") -> dict[str, float]:
    return {dict(labels)["gateway"]: value for labels, value in series(metrics, name).items()}


# --- The table ---


def test_names_types_and_labels_are_the_contract_s(metrics: ControllerMetrics) -> None:
    told = generate_latest(full(metrics).registry).decode()
    found = {}
    for family in text_string_to_metric_families(told):
        if family.name.startswith(PREFIX):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = {one for sample in family.samples for one in sample.labels} - {"le"}
            found[name] = (family.type, labels)
            assert family.documentation
    assert found == CONTRACT
    assert {PREFIX + name for name in FAMILIES} == set(CONTRACT)


def test_every_family_has_a_sample_and_no_series_comes_twice(metrics: ControllerMetrics) -> None:
    told = generate_latest(full(metrics).registry).decode()
    lines = [line.rpartition(" ")[0] for line in told.splitlines() if not line.startswith("#")]
    assert len(lines) == len(set(lines))


def test_the_process_and_the_platform_are_told_of(metrics: ControllerMetrics) -> None:
    told = generate_latest(metrics.registry).decode()
    assert "process_resident_memory_bytes" in told
    assert "python_info{" in told


def test_nothing_is_put_into_the_package_s_own_registry(metrics: ControllerMetrics) -> None:
    full(metrics)
    assert PREFIX not in generate_latest().decode()


# --- What is shown of a CR ---


def test_a_cr_in_numbers(metrics: ControllerMetrics) -> None:
    status = a_status(
        a_row("blue"),
        a_row("red", SyncStatus.MISSING_SIDECAR, last_sync_time=None),
        a_row("green", SyncStatus.ROLLED_BACK),
        Ready=ConditionStatus.FALSE,
        RefResolved=ConditionStatus.TRUE,
        AgentReady=ConditionStatus.UNKNOWN,
        SomebodyElses=ConditionStatus.TRUE,
    )
    metrics.show("plant", "line", a_spec(paused=True), status)
    where = {"name": "line", "namespace": "plant"}
    for name, value in {
        "gateways_discovered": 3,
        "gateways_synced": 1,
        "gateways_missing_sidecar": 1,
        "cr_ready": 0,
        "cr_paused": 1,
    }.items():
        assert only(metrics, name) == (where, value)
    stated = {
        dict(labels)["type"]: value for labels, value in series(metrics, "condition_status").items()
    }
    assert stated == {"Ready": 0, "RefResolved": 1, "AgentReady": -1}
    assert of_gateways(metrics) == {"blue": 1, "red": 3, "green": 8}
    at = of_gateways(metrics, "gateway_last_sync_timestamp_seconds")
    assert at == {"blue": NOW.timestamp(), "green": NOW.timestamp()}


@pytest.mark.parametrize(("state", "number"), [*zip(SyncStatus, range(9), strict=True)])
def test_each_state_has_its_number(
    state: SyncStatus, number: int, metrics: ControllerMetrics
) -> None:
    metrics.show("plant", "line", a_spec(), a_status(a_row("blue", state)))
    assert of_gateways(metrics) == {"blue": number}


def test_each_condition_can_be_told(metrics: ControllerMetrics) -> None:
    stated = dict.fromkeys(map(str, ConditionType), ConditionStatus.TRUE)
    metrics.show("plant", "line", a_spec(), a_status(**stated))
    assert set(series(metrics, "condition_status").values()) == {1.0}
    assert len(series(metrics, "condition_status")) == len(ConditionType)
    assert only(metrics, "cr_ready")[1] == 1


@pytest.mark.parametrize(
    ("git", "label"),
    [
        (GitSource("https://git.example/a.git", ref="main"), "https://git.example/a.git"),
        (GitSource("ssh://git@git.example/a.git", ref="main"), "ssh://git@git.example/a.git"),
        (GitSource("git@git.example:a.git", ref="main"), "git@git.example:a.git"),
        (GitSource("https://sesame@git.example/a.git", ref="main"), "https://git.example/a.git"),
        (GitSource("https://u:sesame@git.example/a", ref="main"), "https://***@git.example/a"),
        (GitSource("ssh://u:sesame@git.example/a", ref="main"), "ssh://***@git.example/a"),
        (GitSource("https://git.example/a?key=sesame", ref="main"), "https://git.example/a"),
        (GitSource("sesame@@host:" + "x" * 3000, ref="main"), None),
    ],
)
def test_a_repository_is_named_without_its_user(
    git: GitSource, label: str | None, metrics: ControllerMetrics
) -> None:
    metrics.show("plant", "line", a_spec(git=git), a_status())
    told = only(metrics, "cr_info")[0]["git_repo"]
    assert label is None or told == label
    assert "sesame" not in generate_latest(metrics.registry).decode()
    assert len(told) <= 2048


def test_what_a_cr_follows(metrics: ControllerMetrics) -> None:
    git = GitSource("https://git.example/a", semver=">=1.0", auth=GitAuth(token=TokenAuth(REF)))
    polling = Polling(interval=Duration.parse("5m"))
    metrics.show("plant", "line", a_spec(git=git, polling=polling), a_status())
    labels, value = only(metrics, "cr_info")
    assert value == 1
    assert labels == {
        "name": "line",
        "namespace": "plant",
        "git_repo": "https://git.example/a",
        "git_ref": ">=1.0",
        "auth_type": "token",
        "polling_interval": "5m",
    }
    still = evolve(git, semver=None, ref="x" * 1000, auth=GitAuth())
    metrics.show("plant", "line", a_spec(git=still, polling=Polling(enabled=False)), a_status())
    labels, _ = only(metrics, "cr_info")
    assert (labels["auth_type"], labels["polling_interval"]) == ("none", "off")
    assert len(labels["git_ref"]) == 256


def test_an_invalid_spec_shows_its_status_alone(metrics: ControllerMetrics) -> None:
    metrics.show("plant", "line", a_spec(), a_status())
    wrong = InvalidDocument.of("spec", (Problem("spec.git", "is missing"),))
    metrics.show("plant", "line", wrong, a_status(a_row("blue"), Ready=ConditionStatus.FALSE))
    assert not series(metrics, "cr_info")
    assert not series(metrics, "cr_paused")
    assert only(metrics, "cr_ready")[1] == 0
    assert of_gateways(metrics) == {"blue": 1}


def test_of_pods_with_one_name_the_worst_is_shown(metrics: ControllerMetrics) -> None:
    rows = [a_row("blue", state) for state in (SyncStatus.PENDING, SyncStatus.ERROR)]
    for several in ([*rows, a_row("blue")], [a_row("blue"), *reversed(rows)]):
        metrics.show("plant", "line", a_spec(), a_status(*several))
        assert of_gateways(metrics) == {"blue": 2}
        assert only(metrics, "gateways_discovered")[1] == 3


# --- How long a series lives ---


def test_nothing_is_left_of_a_cr_that_is_forgotten(metrics: ControllerMetrics) -> None:
    full(metrics)
    metrics.show("plant", "other", a_spec(), a_status(a_row("red")))
    metrics.forget("plant", "line")
    metrics.reconciled("plant", "line", "success", 0.1)
    metrics.resolved("plant", "line", 0.1)
    told = generate_latest(metrics.registry).decode()
    assert 'name="line"' not in told
    assert 'app_id="7"' not in told
    assert 'name="other"' in told
    metrics.forget("plant", "line")
    metrics.forget("plant", "other")
    assert 'namespace="plant"' not in generate_latest(metrics.registry).decode()


def test_a_gateway_s_series_go_with_its_row(metrics: ControllerMetrics) -> None:
    metrics.show("plant", "line", a_spec(), a_status(a_row("blue"), a_row("red")))
    metrics.show("plant", "line", a_spec(), a_status(a_row("red")))
    assert of_gateways(metrics) == {"red": 1}
    assert set(of_gateways(metrics, "gateway_last_sync_timestamp_seconds")) == {"red"}


def test_a_token_is_told_of_while_a_cr_uses_it(metrics: ControllerMetrics) -> None:
    name = "github_app_token_expiry_timestamp_seconds"
    spec = evolve(a_spec(), git=evolve(a_spec().git, auth=APP))
    metrics.token_expiry(7, 9, NOW)
    assert not series(metrics, name)
    metrics.show("plant", "a", spec, a_status())
    metrics.show("plant", "b", spec, a_status())
    assert only(metrics, name) == ({"app_id": "7", "installation_id": "9"}, NOW.timestamp())
    metrics.show("plant", "a", a_spec(), a_status())
    assert only(metrics, name)[1] == NOW.timestamp()
    metrics.forget("plant", "b")
    assert not series(metrics, name)


def test_what_is_counted_stays_when_the_cr_is_shown_anew(metrics: ControllerMetrics) -> None:
    full(metrics)
    metrics.reconciled("plant", "line", "error", 3.0)
    metrics.reconciled("plant", "line", "success", 11.0)
    metrics.show("plant", "line", a_spec(), a_status())
    counted = {
        dict(labels)["result"]: value
        for labels, value in series(metrics, "reconcile_total").items()
    }
    assert counted == {"success": 2, "error": 1}
    buckets = {
        dict(labels)["le"]: value
        for labels, value in series(metrics, "reconcile_duration_seconds_bucket").items()
    }
    assert buckets == {
        "0.005": 0,
        "0.025": 1,
        "0.1": 1,
        "0.5": 1,
        "2.0": 1,
        "10.0": 2,
        "+Inf": 3,
    }
    assert only(metrics, "reconcile_duration_seconds_sum")[1] == pytest.approx(14.02)
    assert only(metrics, "reconcile_duration_seconds_count")[1] == 3


def test_words_are_bounded(metrics: ControllerMetrics) -> None:
    full(metrics)
    for number in range(3 * MOST_WORDS):
        metrics.git_request("ls-remote", f"r{number}")
        metrics.reconciled("plant", "line", f"r{number}", 0.1)
    assert len(series(metrics, "git_requests_total")) == MOST_WORDS + 1
    assert sum(series(metrics, "git_requests_total").values()) == 3 * MOST_WORDS + 1
    assert len(series(metrics, "reconcile_total")) == MOST_WORDS + 1


def test_the_leader_says_so(metrics: ControllerMetrics) -> None:
    assert only(ControllerMetrics(), "leader")[1] == 0
    assert only(metrics, "leader")[1] == 1
    metrics.leading(leads=False)
    assert only(metrics, "leader")[1] == 0


def test_who_does_not_lead_tells_nothing_of_crs(metrics: ControllerMetrics) -> None:
    full(metrics)
    metrics.leading(leads=False)
    metrics.show("plant", "line", a_spec(), a_status(a_row("blue")))
    metrics.reconciled("plant", "line", "success", 0.1)
    told = generate_latest(metrics.registry).decode()
    assert 'namespace="plant"' not in told
    assert "app_id" not in told
    assert only(metrics, "git_requests_total")[1] == 1
    metrics.leading(leads=True)
    assert 'namespace="plant"' not in generate_latest(metrics.registry).decode()
    metrics.show("plant", "line", a_spec(), a_status(a_row("blue")))
    assert of_gateways(metrics) == {"blue": 1}


def test_shards_are_led_and_forgotten_one_by_one() -> None:
    metrics = ControllerMetrics(2)
    spaces = {shard_of(f"site-{number}", 2): f"site-{number}" for number in range(9)}
    assert only(metrics, "shards") == ({}, 2)
    assert only(metrics, "leader")[1] == 0
    metrics.leading(leads=True, shard=1)
    assert only(metrics, "leader")[1] == 1
    assert series(metrics, "shard_leader") == {
        frozenset({("shard", "0")}): 0,
        frozenset({("shard", "1")}): 1,
    }
    metrics.leading(leads=True, shard=0)
    for space in spaces.values():
        metrics.show(space, "line", a_spec(), a_status())
    metrics.leading(leads=False, shard=0)
    for space in spaces.values():
        metrics.show(space, "other", a_spec(), a_status())
    told = {dict(labels)["namespace"] for labels in series(metrics, "cr_paused")}
    assert told == {spaces[1]}
    assert only(metrics, "leader")[1] == 1


def test_it_is_told_and_asked_by_threads_at_once(metrics: ControllerMetrics) -> None:
    def tell(thread: int) -> None:
        for number in range(200):
            name = f"cr-{thread}-{number % 7}"
            metrics.show("plant", name, a_spec(), a_status(a_row("blue")))
            metrics.reconciled("plant", name, "success", 0.1)
            if number % 5 == 0:
                metrics.forget("plant", name)

    threads = [threading.Thread(target=tell, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        generate_latest(metrics.registry)
    for thread in threads:
        thread.join()
    assert len(series(metrics, "cr_ready")) <= 28
