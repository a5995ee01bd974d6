"""The chart's parts: one Deployment or two, who reaches whom, and what monitoring is told.

Helm renders; nothing is installed here. `test_chart.py` has the API server judge the same values.

Broken on purpose, and seen to fail: a Service that selects by the component, a budget for both
parts by one selector, a monitor without `honorLabels`, a dashboard left out, egress to git for pods
that never talk to it.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from kit import Space
from kit.charts import CHART, of_kind, render
from kit.kubectl import Document

APART: Final[Document] = {
    "webhook": {"replicas": 2},
    "webhookReceiver": {"enabled": True, "hmac": {"secret": "a key"}},
}
TOGETHER: Final[Document] = {"replicaCount": 2, "webhookReceiver": {"enabled": True}}
MONITORED: Final[Document] = {
    "serviceMonitor": {"enabled": True, "labels": {"release": "p"}, "interval": "1m"},
    "podMonitor": {"enabled": True, "labels": {"release": "p"}, "interval": ""},
    "prometheusRule": {
        "enabled": True,
        "labels": {"release": "p"},
        "additionalRules": [{"alert": "Mine", "expr": "vector(1)"}],
    },
    "grafanaDashboard": {
        "enabled": True,
        "namespace": "monitoring",
        "labels": {"team": "plant"},
        "annotations": {"grafana_folder": "Plants"},
    },
}


def of_part(documents: list[Document], kind: str) -> dict[str, Document]:
    """Those of a kind, by the part that they belong to."""
    label = "app.kubernetes.io/component"
    found = of_kind(documents, kind)
    assert len({one["metadata"]["labels"][label] for one in found}) == len(found)
    return {one["metadata"]["labels"][label]: one for one in found}


def template_of(deployment: Document) -> Any:
    return deployment["spec"]["template"]


def containers_of(deployment: Document) -> list[str]:
    return [one["name"] for one in template_of(deployment)["spec"]["containers"]]


def reached(documents: list[Document], selector: dict[str, str]) -> list[str]:
    """The Deployments whose pods a Service, a budget or a policy with this selector means."""
    return [
        part
        for part, one in of_part(documents, "Deployment").items()
        if selector.items() <= template_of(one)["metadata"]["labels"].items()
    ]


def ports_of(documents: list[Document]) -> dict[str, set[str]]:
    """By part, the names of its containers' ports."""
    return {
        part: {
            port["name"]
            for container in template_of(one)["spec"]["containers"]
            for port in container["ports"]
        }
        for part, one in of_part(documents, "Deployment").items()
    }


# --- One Deployment, or two ---


def test_together_is_what_there_is_unless_it_is_said(shared_space: Space) -> None:
    documents = render(shared_space.helm, TOGETHER)
    (deployment,) = of_kind(documents, "Deployment")
    assert containers_of(deployment) == ["controller", "webhook", "receiver"]
    assert len(of_kind(documents, "ServiceAccount")) == 1


def test_apart_each_has_its_pods_and_its_account(shared_space: Space) -> None:
    documents = render(shared_space.helm, APART)
    parts = of_part(documents, "Deployment")
    assert containers_of(parts["controller"]) == ["controller"]
    assert containers_of(parts["webhook"]) == ["webhook", "receiver"]
    assert [parts[one]["spec"]["replicas"] for one in ("controller", "webhook")] == [1, 2]
    accounts = {template_of(one)["spec"]["serviceAccountName"] for one in parts.values()}
    assert accounts == {one["metadata"]["name"] for one in of_kind(documents, "ServiceAccount")}
    assert len(accounts) == 2
    names = {volume["name"] for volume in template_of(parts["controller"])["spec"]["volumes"]}
    assert names == {"tmp"}, "secrets of the receiver are with the receiver alone"


@pytest.mark.parametrize("values", [TOGETHER, APART], ids=["together", "apart"])
def test_services_reach_who_answers_and_nobody_else(values: Document, shared_space: Space) -> None:
    documents = render(shared_space.helm, values)
    ports = ports_of(documents)
    for service in of_kind(documents, "Service"):
        (part,) = reached(documents, service["spec"]["selector"])
        assert {one["targetPort"] for one in service["spec"]["ports"]} <= ports[part]
    served = [
        one["targetPort"] for s in of_kind(documents, "Service") for one in s["spec"]["ports"]
    ]
    assert sorted(served) == ["metrics", "rc-metrics", "receiver", "webhook", "wh-metrics"]


def test_who_answers_is_selected_alike_before_and_after(shared_space: Space) -> None:
    """So that the pods of before answer until those of after do."""
    chosen = [
        [
            one["spec"]["selector"]
            for one in of_kind(render(shared_space.helm, values), "Service")
            if one["metadata"]["name"].endswith(("-webhook", "-receiver"))
        ]
        for values in (TOGETHER, APART)
    ]
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 2


def test_budgets_are_for_parts_of_which_there_are_several(shared_space: Space) -> None:
    assert not of_kind(render(shared_space.helm, {}), "PodDisruptionBudget")
    for values, wanted in (
        (TOGETHER, {"controller"}),
        (APART, {"webhook"}),
        ({**APART, "replicaCount": 3}, {"controller", "webhook"}),
    ):
        documents = render(shared_space.helm, values)
        budgets = of_part(documents, "PodDisruptionBudget")
        assert set(budgets) == wanted
        for part, budget in budgets.items():
            assert reached(documents, budget["spec"]["selector"]["matchLabels"]) == [part]
            assert budget["spec"]["maxUnavailable"] == 1


def test_a_part_that_is_off_leaves_no_empty_pods(shared_space: Space) -> None:
    documents = render(shared_space.helm, {"webhook": {"enabled": False, "replicas": 2}})
    assert set(of_part(documents, "Deployment")) == {"controller"}
    values = {"webhook": {"enabled": False, "replicas": 2}, "webhookReceiver": {"enabled": True}}
    parts = of_part(render(shared_space.helm, values), "Deployment")
    assert containers_of(parts["webhook"]) == ["receiver"]


# --- Monitoring ---


@pytest.mark.parametrize("values", [TOGETHER, APART], ids=["together", "apart"])
def test_the_service_monitor_finds_every_metrics_port(
    values: Document, shared_space: Space
) -> None:
    documents = render(shared_space.helm, {**values, **MONITORED})
    (monitor,) = of_kind(documents, "ServiceMonitor")
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    services = [
        one for one in of_kind(documents, "Service") if wanted <= one["metadata"]["labels"].items()
    ]
    offered = [port["name"] for one in services for port in one["spec"]["ports"]]
    scraped = [one["port"] for one in monitor["spec"]["endpoints"]]
    assert sorted(scraped) == sorted(offered) == ["metrics", "metrics-receiver", "metrics-webhook"]
    assert all(
        one["honorLabels"] and one["scheme"] == "https" for one in monitor["spec"]["endpoints"]
    )
    assert {one["interval"] for one in monitor["spec"]["endpoints"]} == {"1m"}
    assert monitor["metadata"]["labels"]["release"] == "p"


def test_the_pod_monitor_looks_where_gateways_are(shared_space: Space) -> None:
    def monitor(values: Document) -> Any:
        (found,) = of_kind(render(shared_space.helm, {**MONITORED, **values}), "PodMonitor")
        assert found["metadata"]["labels"]["release"] == "p"
        return found["spec"]

    assert monitor({})["namespaceSelector"] == {"any": True}
    assert monitor({"watchNamespaces": ["a"]})["namespaceSelector"] == {"matchNames": ["a"]}
    (endpoint,) = monitor({})["podMetricsEndpoints"]
    assert endpoint["port"] == "metrics"
    assert "interval" not in endpoint, "an empty one is Prometheus' own"
    assert endpoint["scrapeTimeout"] == "10s"


def test_rules_of_ours_and_of_theirs_are_in_one_object(shared_space: Space) -> None:
    (rules,) = of_kind(render(shared_space.helm, MONITORED), "PrometheusRule")
    groups = {one["name"]: one["rules"] for one in rules["spec"]["groups"]}
    assert groups.pop("stoker.additional") == MONITORED["prometheusRule"]["additionalRules"]
    assert groups
    told = [rule["annotations"]["summary"] for one in groups.values() for rule in one]
    assert any("{{ $labels.namespace }}" in one for one in told), "helm leaves them to Prometheus"


def test_each_dashboard_is_a_configmap_as_it_stands(shared_space: Space) -> None:
    found = of_kind(render(shared_space.helm, MONITORED), "ConfigMap")
    files = sorted(CHART.glob("files/dashboards/*.json"))
    assert [one.stem for one in files] == ["fleet", "gatewaysync"]
    assert len(found) == len(files)
    for document, file in zip(found, files, strict=True):
        metadata = document["metadata"]
        assert metadata["namespace"] == "monitoring"
        assert metadata["labels"].items() >= {"grafana_dashboard": "1", "team": "plant"}.items()
        assert metadata["annotations"] == {"grafana_folder": "Plants"}
        (text,) = document["data"].values()
        assert json.loads(text) == json.loads(file.read_text())
        assert len(text) < 500_000, "an object of Kubernetes holds a MiB"


# --- The network ---


def test_nobody_is_let_in_but_by_what_is_named(shared_space: Space) -> None:
    values = {**APART, "networkPolicy": {"enabled": True}}
    documents = render(shared_space.helm, values)
    policies = of_part(documents, "NetworkPolicy")
    assert set(policies) == {"controller", "webhook"}
    ports = ports_of(documents)
    for part, policy in policies.items():
        spec = policy["spec"]
        assert reached(documents, spec["podSelector"]["matchLabels"]) == [part]
        assert spec["policyTypes"] == ["Ingress", "Egress"]
        opened = {one["port"] for rule in spec["ingress"] for one in rule["ports"]}
        assert opened == {one for one in ports[part] if not one.endswith("probes")}
    (metrics,) = policies["controller"]["spec"]["ingress"]
    assert metrics["from"] == [{"namespaceSelector": {"matchLabels": {"metrics": "enabled"}}}]


def egress(policy: Document) -> set[int]:
    return {one["port"] for rule in policy["spec"]["egress"] for one in rule["ports"]}


def test_only_the_controller_reaches_git_servers(shared_space: Space) -> None:
    policies = of_part(
        render(shared_space.helm, {**APART, "networkPolicy": {"enabled": True}}), "NetworkPolicy"
    )
    answering = {53, 5353, 443, 6443, 8443, 16443}
    assert egress(policies["webhook"]) == answering
    assert egress(policies["controller"]) == answering | {22}
    protocols = {"git": {"allowedProtocols": ["http", "git"]}}
    (policy,) = of_kind(
        render(shared_space.helm, {**protocols, "networkPolicy": {"enabled": True}}),
        "NetworkPolicy",
    )
    assert egress(policy) == answering | {80, 9418}


def test_what_is_known_of_the_network_narrows_it(shared_space: Space) -> None:
    proxy = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}]
    host = [{"ipBlock": {"cidr": "10.0.0.10/32"}}]
    given = {
        "enabled": True,
        "receiver": {"from": proxy},
        "webhook": {"from": host},
        "egress": {"git": {"to": host, "ports": [3000]}, "extra": [{"to": host}]},
    }
    (policy,) = of_kind(
        render(shared_space.helm, {**TOGETHER, "networkPolicy": given}), "NetworkPolicy"
    )
    by_port = {rule["ports"][0]["port"]: rule for rule in policy["spec"]["ingress"]}
    assert by_port["receiver"]["from"] == proxy
    assert by_port["webhook"]["from"] == host
    assert {"ports": [{"port": 3000, "protocol": "TCP"}], "to": host} in policy["spec"]["egress"]
    assert policy["spec"]["egress"][-1] == {"to": host}
    given = {"enabled": True, "egress": {"enabled": False}}
    (policy,) = of_kind(render(shared_space.helm, {"networkPolicy": given}), "NetworkPolicy")
    assert policy["spec"]["policyTypes"] == ["Ingress"]
    assert "egress" not in policy["spec"]


# --- What a user reads afterwards ---


def notes(space: Space, values: Document) -> str:
    words = ("install", "stoker-operator", str(CHART), "--dry-run=client", "--values", "-")
    text = space.helm(*words, stdin=json.dumps(values))
    return text.rpartition("NOTES:")[2]


def test_the_notes_tell_the_next_step(shared_space: Space) -> None:
    told = notes(shared_space, {})
    assert "rollout status deployment/stoker-operator" in told
    assert "gateway-api-key" in told
    assert 'stoker.io/inject: "true"' in told
    assert "WARNING" not in told
    assert "{{" not in told
    assert "deployment/stoker-operator-webhook" in notes(shared_space, APART)
    hosts = [{"host": "hooks.example", "paths": [{"path": "/", "pathType": "Prefix"}]}]
    ingress = {"webhookReceiver": {"enabled": True, "ingress": {"enabled": True, "hosts": hosts}}}
    assert "http://hooks.example/webhook/NAMESPACE/NAME" in notes(shared_space, ingress)
    asked = notes(shared_space, {"webhook": {"namespaceSelector": {"requireLabel": True}}})
    assert "stoker.io/injection=enabled" in asked
    isolated = notes(shared_space, {"networkPolicy": {"enabled": True}})
    assert "ports 443, 6443, 8443, 16443" in isolated
    assert "git servers at 443, 22" in isolated


def test_an_agent_of_another_operator_is_warned_of(shared_space: Space) -> None:
    told = notes(shared_space, {"agentImage": {"repository": "registry.example/stoker-agent"}})
    assert "WARNING: registry.example/stoker-agent looks like" in told
