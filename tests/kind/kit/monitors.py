"""ServiceMonitors and PodMonitors as what Prometheus scrapes: what the Prometheus operator does.

The operator itself would be one more program to build, and all that it does with such objects is to
write a part of Prometheus' configuration. So that is done here, with the labels and in the order
that it has (its `promcfg`): what the chart says of ports, selectors, TLS, tokens, `honorLabels` and
relabelings is what Prometheus then goes by. What is not translated is an error, not left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

    from kit.kubectl import Document

TOKEN: Final = "/var/run/secrets/kubernetes.io/serviceaccount/token"
"""Where the token of Prometheus' account is in its pod."""

_ENDPOINT: Final = frozenset({
    "port", "scheme", "path", "honorLabels", "interval", "scrapeTimeout", "bearerTokenFile",
    "tlsConfig", "relabelings",
})  # fmt: skip


def scrapes(monitor: Document, reaching: Document, token: Path, namespace: str) -> list[Document]:
    """The scrape configurations of one monitor that is in `namespace`.

    `reaching` is how to ask the API server for targets, `token` what stands for the pod's own.
    """
    is_service = monitor["kind"] == "ServiceMonitor"
    spec, name = monitor["spec"], monitor["metadata"]["name"]
    listed = spec["endpoints" if is_service else "podMetricsEndpoints"]
    known = {"selector", "namespaceSelector", "endpoints", "podMetricsEndpoints"}
    assert spec.keys() <= known, spec.keys() - known
    where = _namespaces(spec.get("namespaceSelector", {}), namespace)
    discovery = {"role": "endpoints" if is_service else "pod", **where, **reaching}
    made = []
    for at, endpoint in enumerate(listed):
        assert endpoint.keys() <= _ENDPOINT, endpoint.keys() - _ENDPOINT
        job = f"{namespace}/{name}"
        rules = _of_service(spec, endpoint) if is_service else _of_pod(spec, endpoint, job)
        made.append({
            "job_name": f"{monitor['kind']}/{namespace}/{name}/{at}",
            "kubernetes_sd_configs": [discovery],
            "relabel_configs": [*rules, *map(_spelt, endpoint.get("relabelings", []))],
            **_how(endpoint, token),
        })  # fmt: skip
    return made


def _how(endpoint: Document, token: Path) -> Document:
    names = {"scheme": "scheme", "path": "metrics_path", "honorLabels": "honor_labels",
             "interval": "scrape_interval", "scrapeTimeout": "scrape_timeout"}  # fmt: skip
    made = {theirs: endpoint[ours] for ours, theirs in names.items() if ours in endpoint}
    if "tlsConfig" in endpoint:
        made["tls_config"] = {_snake(key): value for key, value in endpoint["tlsConfig"].items()}
    if "bearerTokenFile" in endpoint:
        assert endpoint["bearerTokenFile"] == TOKEN
        made["authorization"] = {"credentials_file": str(token)}
    return made


def _of_service(spec: Document, endpoint: Document) -> list[Document]:
    return [
        *_selected("service", spec["selector"]),
        _keep("__meta_kubernetes_endpoint_port_name", endpoint["port"]),
        _label("namespace", "__meta_kubernetes_namespace"),
        _label("service", "__meta_kubernetes_service_name"),
        _label("pod", "__meta_kubernetes_pod_name"),
        _label("container", "__meta_kubernetes_pod_container_name"),
        _alive(),
        _label("job", "__meta_kubernetes_service_name"),
        _set("endpoint", endpoint["port"]),
    ]


def _of_pod(spec: Document, endpoint: Document, job: str) -> list[Document]:
    return [
        _alive(),
        *_selected("pod", spec["selector"]),
        _keep("__meta_kubernetes_pod_container_port_name", endpoint["port"]),
        _label("namespace", "__meta_kubernetes_namespace"),
        _label("container", "__meta_kubernetes_pod_container_name"),
        _label("pod", "__meta_kubernetes_pod_name"),
        _set("job", job),
        _set("endpoint", endpoint["port"]),
    ]


def _namespaces(selector: Mapping[str, Any], own: str) -> Document:
    if selector.get("any"):
        return {}
    return {"namespaces": {"names": list(selector.get("matchNames", [own]))}}


def _selected(kind: str, selector: Document) -> list[Document]:
    assert selector.keys() == {"matchLabels"}, selector
    return [
        _keep(f"__meta_kubernetes_{kind}_label_{re.sub(r'[^a-zA-Z0-9_]', '_', name)}", value)
        for name, value in selector["matchLabels"].items()
    ]


def _keep(source: str, value: str) -> Document:
    return {"action": "keep", "source_labels": [source], "regex": value}


def _label(name: str, source: str) -> Document:
    return {"source_labels": [source], "target_label": name}


def _set(name: str, value: str) -> Document:
    return {"target_label": name, "replacement": value}


def _alive() -> Document:
    phase = "__meta_kubernetes_pod_phase"
    return {"action": "drop", "source_labels": [phase], "regex": "(Failed|Succeeded)"}


def _spelt(rule: Document) -> Document:
    return {_snake(key): value for key, value in rule.items()}


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
