"""The webhook's metrics, in a registry of their own.

Names and labels are a contract with dashboards. Labels are bounded, whatever is sent: statuses and
results are words of our own, a source is one that is known or `unknown`. Namespaces are kept up to
`MOST_NAMESPACES`, and what comes after them is counted as `other`; only those in which a pod was
injected take the second half of the places, so that nobody's reviews of made-up namespaces can
keep real ones out.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from attrs import define, field
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from stoker.adapters.metrics.families import Histogram
from stoker.core.refs import RequestSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

__all__ = [
    "BUCKETS",
    "FAMILIES",
    "MOST_NAMESPACES",
    "PREFIX",
    "InjectionResult",
    "ValidationResult",
    "WebhookMetrics",
]

PREFIX: Final = "stoker_webhook_"
MOST_NAMESPACES: Final = 2_000
"""How many different namespaces the label of that name has."""

InjectionResult: TypeAlias = Literal["injected", "skipped", "denied", "error"]
ValidationResult: TypeAlias = Literal["allowed", "warned", "denied", "error"]

_Values: TypeAlias = tuple[str, ...]

_OTHER: Final = "other"
_UNKNOWN: Final = "unknown"
_MOST_API: Final = 200
_SOURCES: Final = frozenset(RequestSource)
_STATUSES: Final = range(100, 600)
_ADMISSION_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)
_RECEIVER_BOUNDS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)

FAMILIES: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "injector_injections_total": (
        ("namespace", "result"),
        (
            "Pods that asked for an agent, by what became of them: injected, skipped (there was"
            " nothing to do), denied, error."
        ),
    ),
    "validations_total": (
        ("result",),
        "Reviews of GatewaySyncs, by result: allowed, warned, denied, error.",
    ),
    "admission_duration_seconds": (
        ("webhook",),
        "Seconds from a review to its answer, of pods and of gatewaysyncs.",
    ),
    "receiver_requests_total": (
        ("source", "status_code"),
        (
            "Requests to the receiver, by who sent them (unknown where nobody was proved) and the"
            " status of the answer."
        ),
    ),
    "receiver_duration_seconds": ((), "Seconds from a request to the receiver until its answer."),
    "certificate_expiry_timestamp_seconds": (
        (),
        "When the certificate ends that admission is served with.",
    ),
    "api_requests_total": (
        ("method", "resource", "code"),
        (
            "Requests to the API server, by their answer's code; 0 where none came. WATCH is a"
            " method of its own."
        ),
    ),
}
"""Labels and help text of each family, by its name without `PREFIX`."""
BUCKETS: Final[Mapping[str, tuple[float, ...]]] = {
    "admission_duration_seconds": _ADMISSION_BOUNDS,
    "receiver_duration_seconds": _RECEIVER_BOUNDS,
}
"""Upper bounds of each histogram, by the same name."""


@define(eq=False)
class WebhookMetrics(Collector):
    """What the webhook tells of itself; any thread may tell, any may ask."""

    registry: CollectorRegistry = field(factory=CollectorRegistry, init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)
    _namespaces: set[str] = field(factory=set, init=False)
    _injections: Counter[_Values] = field(factory=Counter, init=False)
    _validations: Counter[_Values] = field(factory=Counter, init=False)
    _requests: Counter[_Values] = field(factory=Counter, init=False)
    _api: Counter[_Values] = field(factory=Counter, init=False)
    _admission: dict[str, Histogram] = field(init=False)
    _receiver: Histogram = field(init=False)
    _not_after: float | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._admission = {
            webhook: Histogram(_ADMISSION_BOUNDS) for webhook in ("pods", "gatewaysyncs")
        }
        self._receiver = Histogram(_RECEIVER_BOUNDS)
        self.registry.register(self)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def injected(self, namespace: str, result: InjectionResult, seconds: float) -> None:
        """A review of a pod was answered."""
        with self._lock:
            self._injections[self._label(namespace, result), result] += 1
            self._admission["pods"].add(seconds)

    def validated(self, result: ValidationResult, seconds: float) -> None:
        """A review of a GatewaySync was answered."""
        with self._lock:
            self._validations[(result,)] += 1
            self._admission["gatewaysyncs"].add(seconds)

    def received(self, source: str, status_code: int, seconds: float) -> None:
        """A request to the receiver was answered."""
        known = source if source in _SOURCES else _UNKNOWN
        status = str(int(status_code)) if status_code in _STATUSES else _OTHER
        with self._lock:
            self._requests[known, status] += 1
            self._receiver.add(seconds)

    def certificate(self, not_after: datetime) -> None:
        """Admission is served with a certificate that ends then."""
        with self._lock:
            self._not_after = not_after.timestamp()

    def api_request(self, method: str, resource: str, code: int) -> None:
        """The API server was asked something, or told."""
        key = (method, resource, str(code))
        with self._lock:
            is_known = key in self._api or len(self._api) < _MOST_API
            self._api[key if is_known else (_OTHER, _OTHER, _OTHER)] += 1

    def collect(self) -> Iterator[Metric]:
        """Every family, as of one moment."""
        with self._lock:
            families = [
                _counter("injector_injections_total", self._injections),
                _counter("validations_total", self._validations),
                _histogram(
                    "admission_duration_seconds",
                    {(name,): one for name, one in self._admission.items()},
                ),
                _counter("receiver_requests_total", self._requests),
                _histogram("receiver_duration_seconds", {(): self._receiver}),
                _expiry(self._not_after),
                _counter("api_requests_total", self._api),
            ]
        yield from families

    def describe(self) -> Iterator[Metric]:
        """Nothing by name: there is no second collector to clash with."""
        return iter(())

    def _label(self, namespace: str, result: InjectionResult) -> str:
        if namespace in self._namespaces:
            return namespace
        room = MOST_NAMESPACES if result == "injected" else MOST_NAMESPACES // 2
        if len(self._namespaces) >= room:
            return _OTHER
        self._namespaces.add(namespace)
        return namespace


def _counter(name: str, counts: Mapping[_Values, int]) -> Metric:
    labels, text = FAMILIES[name]
    family = CounterMetricFamily(PREFIX + name, text, labels=labels)
    for told, number in sorted(counts.items()):
        family.add_metric(told, number)
    return family


def _histogram(name: str, histograms: Mapping[_Values, Histogram]) -> Metric:
    labels, text = FAMILIES[name]
    family = HistogramMetricFamily(PREFIX + name, text, labels=labels)
    for told, one in histograms.items():
        family.add_metric(told, one.buckets(), one.total)
    return family


def _expiry(not_after: float | None) -> Metric:
    name = "certificate_expiry_timestamp_seconds"
    family = GaugeMetricFamily(PREFIX + name, FAMILIES[name][1])
    if not_after is not None:
        family.add_metric((), not_after)
    return family
