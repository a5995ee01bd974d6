"""The agent's metrics, read by the official library: names, labels, numbers, and the text."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as parsed

from property.strategies.reports import a_report
from stoker.adapters.metrics.agent import AgentMetrics
from stoker.adapters.metrics.exposition import Family, Histogram
from stoker.core.agent.effects import Audit, CountSkip, CountSync, SkipReason, SyncResult

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def an_audit(result: SyncResult = SyncResult.SYNCED) -> Audit:
    return Audit(
        time=NOW,
        gateway="gw-0",
        cr="plant",
        profile="blue",
        ref="main",
        commit="1" * 40,
        author="jane",
        added=1,
        modified=2,
        deleted=3,
        scan="projects=ok",
        duration_seconds=1.5,
        result=result,
    )


@pytest.fixture
def metrics() -> AgentMetrics:
    return AgentMetrics(NOW)


def told(metrics: AgentMetrics) -> dict[str, float]:
    """Every sample by its name and labels; those of the process are of no interest."""
    return {
        _key(sample): sample.value
        for family in parsed(metrics.exposition())
        for sample in family.samples
        if sample.name.startswith("stoker_agent_") and not sample.name.endswith("_bucket")
    }


def _key(sample: Any) -> str:
    labels = ",".join(f"{name}={text}" for name, text in sorted(sample.labels.items()))
    name = sample.name.removeprefix("stoker_agent_")
    return f"{name}{{{labels}}}" if labels else name


def test_nothing_is_told_before_it_happens(metrics: AgentMetrics) -> None:
    assert told(metrics) == {}


def test_everything_that_an_agent_tells(metrics: AgentMetrics) -> None:
    """The names and labels are the contract's, §6."""
    metrics.counted(CountSync(SyncResult.SYNCED, "blue", 1.5))
    metrics.counted(CountSkip(SkipReason.BACKOFF, "blue"))
    metrics.audited(an_audit())
    metrics.reported(a_report(drift=7, designer_sessions_blocked=2))
    metrics.fetched("clone", "success", 0.5)
    metrics.scanned("success", 0.25)
    metrics.rolled_back("success")
    metrics.designers(4)
    metrics.gateway_started(42.0)
    metrics.api_request("GET", "configmaps", 200)
    assert told(metrics) == {
        "sync_duration_seconds_sum{profile=blue}": 1.5,
        "sync_duration_seconds_count{profile=blue}": 1,
        "sync_total{profile=blue,result=synced}": 1,
        "files_changed{profile=blue}": 6,
        "files_added{profile=blue}": 1,
        "files_modified{profile=blue}": 2,
        "files_deleted{profile=blue}": 3,
        "git_fetch_duration_seconds_sum{operation=clone}": 0.5,
        "git_fetch_duration_seconds_count{operation=clone}": 1,
        "git_fetch_total{operation=clone,result=success}": 1,
        "scan_duration_seconds_sum": 0.25,
        "scan_duration_seconds_count": 1,
        "scan_total{result=success}": 1,
        "designer_sessions_active": 4,
        "designer_sessions_blocked": 2,
        "last_sync_timestamp_seconds": NOW.timestamp(),
        "last_sync_success": 1,
        "sync_skipped_total{reason=backoff}": 1,
        "gateway_startup_duration_seconds": 42,
        "drifted_files": 7,
        "rollback_total{result=success}": 1,
        "api_requests_total{code=200,method=GET,resource=configmaps}": 1,
    }


@pytest.mark.parametrize("result", SyncResult)
def test_a_sync_is_good_or_not(metrics: AgentMetrics, result: SyncResult) -> None:
    metrics.counted(CountSync(result, "blue", 1.5))
    metrics.audited(an_audit(result))
    good = result in {SyncResult.SYNCED, SyncResult.UNCHANGED, SyncResult.DRY_RUN}
    assert told(metrics)["last_sync_success"] == good
    assert ("last_sync_timestamp_seconds" in told(metrics)) is good


def test_the_process_is_told_of(metrics: AgentMetrics) -> None:
    found = {family.name: family for family in parsed(metrics.exposition())}
    assert found["process_start_time_seconds"].samples[0].value == NOW.timestamp()
    assert found["process_resident_memory_bytes"].samples[0].value > 1 << 20
    assert found["process_cpu_seconds"].samples[0].value > 0
    assert found["process_open_fds"].samples[0].value > 2


# --- The text ---

# What ends a line elsewhere is none of the labels that there are.
labels = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]) | st.just("\n"))


@given(labels, st.floats(allow_nan=False, allow_infinity=True))
def test_any_label_and_number_is_read_back(label: str, number: float) -> None:
    """Seen to fail without the escapes, and with `int` for every number."""
    family = Family("x", "Some text.", ("a",))
    family.set(number, label)
    (read,) = parsed("\n".join(family.lines()) + "\n")
    ((name, found, value, *_),) = read.samples
    assert (name, found, value) == ("x", {"a": label}, number)


@given(st.lists(st.floats(0, 100)), st.lists(st.floats(0.1, 50), min_size=1, unique=True))
def test_a_histogram_counts_what_is_not_above_each_bound(
    values: list[float], bounds: list[float]
) -> None:
    """Seen to fail with `bisect_right`, and without the last bucket."""
    histogram = Histogram("x", "Some text.", sorted(bounds))
    for value in values:
        histogram.observe(value)
    told = set[float]()
    for family in parsed("\n".join(histogram.lines()) + "\n"):
        for sample in family.samples:
            if sample.name == "x_bucket":
                bound = float(sample.labels["le"])
                told.add(bound)
                assert sample.value == sum(value <= bound for value in values)
            elif sample.name == "x_count":
                assert sample.value == len(values)
            else:
                assert math.isclose(sample.value, sum(values), abs_tol=1e-9)
    assert told == ({*bounds, math.inf} if values else set())


def test_a_counter_adds_up_and_a_gauge_does_not() -> None:
    family = Family("x_total", "Some text.", ("a",), "counter")
    family.add(1, "b")
    family.add(2, "b")
    family.set(5, "c")
    assert list(family.lines())[2:] == ['x_total{a="b"} 3', 'x_total{a="c"} 5']
    family.clear()
    assert list(family.lines()) == []
