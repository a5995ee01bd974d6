"""What the webhook tells of itself, and that nobody can make it grow.

Broken on purpose, and seen to fail: namespaces not bounded, places of injected ones given to
others, any source taken as a label.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from stoker.adapters.metrics.webhook import MOST_NAMESPACES, InjectionResult, WebhookMetrics


def told(metrics: WebhookMetrics) -> list[str]:
    lines = generate_latest(metrics.registry).decode().splitlines()
    return [line for line in lines if line.startswith("stoker_webhook_")]


def test_names_and_labels_are_those_of_the_contract() -> None:
    metrics = WebhookMetrics()
    metrics.injected("plant", "injected", 0.003)
    metrics.injected("plant", "injected", 0.003)
    metrics.injected("plant", "denied", 0.003)
    metrics.validated("warned", 0.2)
    metrics.received("github", 202, 0.01)
    metrics.received("", 401, 0.01)
    metrics.certificate(datetime(2026, 1, 1, tzinfo=UTC))
    metrics.api_request("GET", "gatewaysyncs", 200)
    lines = told(metrics)
    for line in (
        'stoker_webhook_injector_injections_total{namespace="plant",result="injected"} 2.0',
        'stoker_webhook_injector_injections_total{namespace="plant",result="denied"} 1.0',
        'stoker_webhook_admission_duration_seconds_count{webhook="pods"} 3.0',
        'stoker_webhook_admission_duration_seconds_bucket{le="0.0025",webhook="pods"} 0.0',
        'stoker_webhook_admission_duration_seconds_bucket{le="0.005",webhook="pods"} 3.0',
        'stoker_webhook_admission_duration_seconds_count{webhook="gatewaysyncs"} 1.0',
        'stoker_webhook_validations_total{result="warned"} 1.0',
        'stoker_webhook_receiver_requests_total{source="github",status_code="202"} 1.0',
        'stoker_webhook_receiver_requests_total{source="unknown",status_code="401"} 1.0',
        "stoker_webhook_receiver_duration_seconds_count 2.0",
        "stoker_webhook_certificate_expiry_timestamp_seconds 1.7672256e+09",
        'stoker_webhook_api_requests_total{code="200",method="GET",resource="gatewaysyncs"} 1.0',
    ):
        assert line in lines


def test_before_anything_happened_there_is_no_certificate() -> None:
    lines = told(WebhookMetrics())
    assert not any("certificate_expiry" in line for line in lines)


@given(
    st.lists(
        st.tuples(st.text(max_size=5), st.integers(-(2**70), 2**70), st.floats(0, 100)), max_size=30
    )
)
def test_whatever_is_received_labels_are_bounded(requests: list[tuple[str, int, float]]) -> None:
    """Statuses are those of HTTP, sources those that are known."""
    metrics = WebhookMetrics()
    for source, status, seconds in requests:
        metrics.received(source, status, seconds)
    counted = [line for line in told(metrics) if "receiver_requests_total{" in line]
    assert sum(float(line.rpartition(" ")[2]) for line in counted) == len(requests)
    for line in counted:
        label = line.partition('status_code="')[2].partition('"')[0]
        assert label == "other" or 100 <= int(label) < 600


@pytest.mark.parametrize("result", ["denied", "skipped", "error"])
def test_made_up_namespaces_keep_no_real_one_out(result: InjectionResult) -> None:
    metrics = WebhookMetrics()
    for number in range(2 * MOST_NAMESPACES):
        metrics.injected(f"made-up-{number}", result, 0.0)
    metrics.injected("plant", "injected", 0.0)
    metrics.injected("plant", result, 0.0)
    lines = [line for line in told(metrics) if "injections_total{" in line]
    assert len(lines) == MOST_NAMESPACES // 2 + 3
    assert any('namespace="plant",result="injected"' in line for line in lines)
    assert any(f'namespace="plant",result="{result}"' in line for line in lines)
    assert any('namespace="other"' in line and line.endswith(" 3000.0") for line in lines)
    for number in range(2 * MOST_NAMESPACES):
        metrics.injected(f"real-{number}", "injected", 0.0)
    lines = [line for line in told(metrics) if "injections_total{" in line]
    assert len(lines) <= MOST_NAMESPACES + 3


def test_requests_to_the_api_server_are_bounded_as_well() -> None:
    metrics = WebhookMetrics()
    for number in range(1_000):
        metrics.api_request("GET", f"kind-{number}", 200)
    lines = [line for line in told(metrics) if "api_requests_total{" in line]
    assert len(lines) == 201
