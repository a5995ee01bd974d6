"""The chart: what it renders for which values, and what it refuses.

Helm renders, and the real API server judges, by dry runs. Its rights: `test_chart_rights`; other
versions of Kubernetes: `test_chart_schemas`.

Broken on purpose, and seen to fail: a root that can be written, a capability that is kept, a
protocol of any name.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final

import pytest
from kit import CommandFailed, Helm, Kubectl, Space, charts, eventually
from kit.charts import CHART, of_kind, render
from kit.kubectl import Document

EVERYTHING: Final[Document] = {
    "replicaCount": 3,
    "image": {"repository": "registry.example/stoker", "tag": "1.2.3", "pullPolicy": "Always"},
    "imagePullSecrets": [{"name": "registry"}],
    "nameOverride": "keeper",
    "leaderElection": {"enabled": True},
    "sharding": {"shards": 3},
    "git": {"allowedProtocols": ["https", "ssh", "http"]},
    "controller": {"logDevMode": True},
    "agentImage": {"repository": "r/agent", "tag": "9", "allowedRepositories": ["r/mine", "r/x"]},
    "metrics": {"enabled": True, "service": {"type": "NodePort", "port": 9443}},
    "webhook": {
        "port": 10250,
        "failurePolicy": "Fail",
        "timeoutSeconds": 3,
        "replicas": 2,
        "namespaceSelector": {"requireLabel": True},
        "objectSelector": {"matchLabels": {"team": "plant"}},
        "certificate": {"life": "24h", "authorityLife": "240h"},
    },
    "webhookReceiver": {
        "enabled": True,
        "port": 8080,
        "hmac": {"secret": "a key"},
        "token": {"secretRef": {"name": "tokens", "key": "receiver"}},
        "allowUnauthenticated": True,
        "rateLimit": {"source": {"perSecond": 0.5, "burst": 7}, "gatewaySync": {"burst": 8}},
        "trustedProxies": ["10.0.0.0/8", "fd00::/8"],
        "tls": {"secretName": "receiver-tls"},
        "service": {"type": "NodePort"},
        "ingress": {
            "enabled": True,
            "ingressClassName": "nginx",
            "annotations": {"a": "b"},
            "hosts": [
                {"host": "hooks.example", "paths": [{"path": "/webhook", "pathType": "Prefix"}]}
            ],
            "tls": [{"hosts": ["hooks.example"], "secretName": "hooks"}],
        },
    },
    "serviceMonitor": {"enabled": True, "labels": {"release": "p"}, "interval": "1m"},
    "podMonitor": {
        "enabled": True,
        "labels": {"release": "p"},
        "interval": "2m",
        "scrapeTimeout": "9s",
        "namespaceSelector": {"matchNames": ["plant"]},
    },
    "prometheusRule": {
        "enabled": True,
        "labels": {"release": "p"},
        "additionalRules": [{"alert": "Mine", "expr": "vector(1)"}],
    },
    "grafanaDashboard": {
        "enabled": True,
        "namespace": "default",
        "labels": {"folder": "plants"},
        "annotations": {"grafana_folder": "Plants"},
    },
    "networkPolicy": {
        "enabled": True,
        "metrics": {"from": [{"podSelector": {"matchLabels": {"app": "prometheus"}}}]},
        "webhook": {"from": [{"ipBlock": {"cidr": "10.0.0.10/32"}}]},
        "receiver": {"from": [{"namespaceSelector": {}}]},
        "egress": {
            "dns": {"to": [{"namespaceSelector": {}}]},
            "apiServer": {"to": [{"ipBlock": {"cidr": "10.0.0.10/32"}}], "ports": [6443]},
            "git": {"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}], "ports": [3000]},
            "extra": [{"ports": [{"port": 3128, "protocol": "TCP"}]}],
        },
    },
    "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "system-cluster-critical",
    "podAnnotations": {"a": "b"},
    "podLabels": {"team": "plant", "app.kubernetes.io/name": "mine"},
}
VALUES: Final[dict[str, Document]] = {
    "nothing": {},
    "everything": EVERYTHING,
    "no metrics": {"metrics": {"enabled": False}},
    "no election": {"leaderElection": {"enabled": False}},
    "no rights for agents": {"rbac": {"autoBindAgent": {"enabled": False}}},
    "two namespaces": {"watchNamespaces": ["default", "kube-public"]},
    "a long name": {"fullnameOverride": "n" * 53},
    "none at all": {"replicaCount": 0},
    "a receiver": {"webhookReceiver": {"enabled": True}},
    "a receiver alone": {
        "webhook": {"enabled": False},
        "webhookReceiver": {"enabled": True, "token": {"secret": "a token"}},
    },
    "cert-manager": {"certManager": {"enabled": True}},
    "an issuer": {"certManager": {"enabled": True, "issuerRef": {"name": "plant"}}},
    "a webhook apart": {"webhook": {"replicas": 1}},
    "webhook and receiver apart": {
        "webhook": {"replicas": 3},
        "webhookReceiver": {"enabled": True, "hmac": {"secret": "a key"}},
        "watchNamespaces": ["default"],
    },
    "a receiver apart": {
        "webhook": {"enabled": False, "replicas": 2},
        "webhookReceiver": {"enabled": True},
        "metrics": {"enabled": False},
    },
    "isolated": {"networkPolicy": {"enabled": True}, "webhookReceiver": {"enabled": True}},
    "isolated, apart": {
        "networkPolicy": {"enabled": True, "egress": {"enabled": False}},
        "webhook": {"replicas": 2},
    },
}
REFUSED: Final[dict[str, tuple[Document, str]]] = {
    "unknown": ({"replicas": 2}, "additional properties 'replicas' not allowed"),
    "unknown below": ({"metrics": {"port": 1}}, "at '/metrics': additional properties 'port'"),
    "no shard": ({"sharding": {"shards": 0}}, "at '/sharding/shards'"),
    "shards without leases": (
        {"sharding": {"shards": 2}, "leaderElection": {"enabled": False}},
        "each shard has a lease, which needs leaderElection.enabled=true",
    ),
    "a failure policy": ({"webhook": {"failurePolicy": "x"}}, "at '/webhook/failurePolicy'"),
    "a life": ({"webhook": {"certificate": {"life": "90d"}}}, "at '/webhook/certificate/life'"),
    "a proxy": (
        {"webhookReceiver": {"trustedProxies": ["proxy"]}},
        "at '/webhookReceiver/trustedProxies/0'",
    ),
    "a rate": (
        {"webhookReceiver": {"rateLimit": {"source": {"perSecond": 0}}}},
        "at '/webhookReceiver/rateLimit/source/perSecond'",
    ),
    "no host": (
        {"webhookReceiver": {"ingress": {"enabled": True}}},
        "an ingress needs at least one host",
    ),
    "one port": (
        {"webhookReceiver": {"port": 9443}},
        "webhookReceiver.port: it is that of the webhook",
    ),
    "rules for nobody": (
        {"prometheusRule": {"additionalRules": [{"alert": "X", "expr": "1"}]}},
        "nobody gets them without prometheusRule.enabled=true",
    ),
    "half a pod": ({"webhook": {"replicas": -1}}, "at '/webhook/replicas'"),
    "no number": ({"replicaCount": "2"}, "at '/replicaCount': got string, want integer"),
    "too few": ({"replicaCount": -1}, "at '/replicaCount'"),
    "a protocol": ({"git": {"allowedProtocols": ["ext"]}}, "at '/git/allowedProtocols/0'"),
    "a disk": ({"git": {"allowedProtocols": ["file"]}}, "at '/git/allowedProtocols/0'"),
    "no protocol": ({"git": {"allowedProtocols": []}}, "at '/git/allowedProtocols'"),
    "a namespace": ({"watchNamespaces": ["A_b"]}, "at '/watchNamespaces/0'"),
    "namespaces": ({"watchNamespaces": "plant"}, "at '/watchNamespaces': got string"),
    "a namespace twice": ({"watchNamespaces": ["a", "a"]}, "at '/watchNamespaces'"),
    "a service": ({"metrics": {"service": {"type": "X"}}}, "at '/metrics/service/type'"),
    "a port": ({"metrics": {"service": {"port": 0}}}, "at '/metrics/service/port'"),
    "a policy": ({"image": {"pullPolicy": "Often"}}, "at '/image/pullPolicy'"),
    "a tag": ({"image": {"tag": "a b"}}, "at '/image/tag'"),
    "an interval": ({"serviceMonitor": {"interval": "soon"}}, "at '/serviceMonitor/interval'"),
    "a switch": ({"leaderElection": {"enabled": "yes"}}, "at '/leaderElection/enabled'"),
    "a label": ({"podLabels": {"a": 1}}, "at '/podLabels/a'"),
    "two leaders": (
        {"replicaCount": 2, "leaderElection": {"enabled": False}},
        "more than one controller needs leaderElection.enabled=true",
    ),
    "nothing to scrape": (
        {"serviceMonitor": {"enabled": True}, "metrics": {"enabled": False}},
        "nothing to scrape without metrics.enabled=true",
    ),
}


@pytest.fixture(params=VALUES)
def rendered(request: pytest.FixtureRequest, shared_space: Space) -> list[Document]:
    return render(shared_space.helm, VALUES[request.param])


def containers_of(documents: list[Document]) -> dict[str, Document]:
    return {
        one["name"]: one
        for deployment in of_kind(documents, "Deployment")
        for one in deployment["spec"]["template"]["spec"]["containers"]
    }


def container_of(documents: list[Document], name: str = "controller") -> Document:
    return containers_of(documents)[name]


def configurations_of(documents: list[Document]) -> list[Document]:
    kinds = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
    return [one for kind in kinds for one in of_kind(documents, kind)]


def service_of(documents: list[Document], ending: str) -> Document:
    services = of_kind(documents, "Service")
    (found,) = [one for one in services if one["metadata"]["name"].endswith(f"-{ending}")]
    return found


def by_namespace(documents: list[Document], default: str) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = {}
    for document in documents:
        found.setdefault(document["metadata"].get("namespace", default), []).append(document)
    return found


# --- Values ---


def test_helm_has_nothing_against_it(shared_space: Space) -> None:
    told = shared_space.helm("lint", "--strict", str(CHART), "--kube-version", "v1.33.0")
    assert "0 chart(s) failed" in told


@pytest.mark.parametrize("name", REFUSED)
def test_values_that_are_wrong_are_refused_by_their_path(name: str, shared_space: Space) -> None:
    values, why = REFUSED[name]
    with pytest.raises(CommandFailed) as caught:
        render(shared_space.helm, values)
    assert why in str(caught.value)


def test_the_api_server_takes_what_is_rendered(
    rendered: list[Document], shared_space: Space
) -> None:
    # Nobody has the Prometheus operator or cert-manager here.
    foreign = {"ServiceMonitor", "PodMonitor", "PrometheusRule", "Issuer", "Certificate"}
    taken = [one for one in rendered if one["kind"] not in foreign]
    words = (
        "apply",
        "--dry-run=server",
        "--validate=strict",
        "--output",
        "name",
        "--filename",
        "-",
    )
    for namespace, documents in by_namespace(taken, shared_space.name).items():
        kubectl = Kubectl.of(shared_space.cluster, namespace)
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": documents})
        assert len(kubectl(*words, stdin=listed).split()) == len(documents)


def test_the_pod_holds_to_all_restrictions(rendered: list[Document], space: Space) -> None:
    """The namespace of the test enforces `restricted`."""
    for deployment in of_kind(rendered, "Deployment"):
        template = deployment["spec"]["template"]
        spec = {name: one for name, one in template["spec"].items() if name != "serviceAccountName"}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}, "spec": spec}
        space.kubectl("create", "--dry-run=server", "--filename", "-", stdin=json.dumps(pod))
        assert template["spec"]["enableServiceLinks"] is False
        selected = deployment["spec"]["selector"]["matchLabels"]
        assert selected.items() <= template["metadata"]["labels"].items()
    for container in containers_of(rendered).values():
        assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_names_are_not_too_long(rendered: list[Document]) -> None:
    assert all(len(one["metadata"]["name"]) <= 63 or "Role" in one["kind"] for one in rendered)


def test_all_that_can_be_said_is_heard(shared_space: Space) -> None:
    documents = render(shared_space.helm, EVERYTHING)
    kinds = {one["kind"] for one in documents}
    assert {"PodDisruptionBudget", "NetworkPolicy", "ServiceMonitor", "Service"} <= kinds
    container = container_of(documents)
    assert container["image"] == "registry.example/stoker:1.2.3"
    assert {"--allowed-protocols=https,ssh,http", "--log-dev-mode=true"} <= {*container["args"]}
    for deployment in of_kind(documents, "Deployment"):
        template = deployment["spec"]["template"]
        assert template["metadata"]["labels"]["team"] == "plant"
        assert template["metadata"]["labels"]["app.kubernetes.io/name"] == "keeper"
        assert template["spec"]["topologySpreadConstraints"]


def test_without_metrics_nothing_of_them_is_there(shared_space: Space) -> None:
    documents = render(shared_space.helm, VALUES["no metrics"])
    for container in containers_of(documents).values():
        assert "--metrics-bind-address=0" in container["args"]
    assert [one["spec"]["ports"][0]["name"] for one in of_kind(documents, "Service")] == ["webhook"]
    assert "tokenreviews" not in json.dumps(documents)


def test_a_lone_controller_is_replaced_and_not_joined(shared_space: Space) -> None:
    documents = render(shared_space.helm, VALUES["no election"])
    assert of_kind(documents, "Deployment")[0]["spec"]["strategy"] == {"type": "Recreate"}
    assert "leases" not in json.dumps(documents)


# --- Webhook and receiver ---


def test_the_api_server_is_told_where_the_webhook_is(shared_space: Space) -> None:
    documents = render(shared_space.helm, EVERYTHING)
    (pods,) = of_kind(documents, "MutatingWebhookConfiguration")[0]["webhooks"]
    (syncs,) = of_kind(documents, "ValidatingWebhookConfiguration")[0]["webhooks"]
    service = service_of(documents, "webhook")
    (port,) = service["spec"]["ports"]
    for hook, path in ((pods, "/mutate-pods"), (syncs, "/validate-gatewaysyncs")):
        client = hook["clientConfig"]
        assert client["service"]["name"] == service["metadata"]["name"]
        assert (client["service"]["port"], client["service"]["path"]) == (port["port"], path)
        assert "caBundle" not in client
        assert (hook["failurePolicy"], hook["timeoutSeconds"]) == ("Fail", 3)
        assert hook["sideEffects"] == "None"
    assert pods["objectSelector"] == {"matchLabels": {"team": "plant"}}
    selected = {one["key"]: one for one in pods["namespaceSelector"]["matchExpressions"]}
    assert selected["stoker.io/injection"]["values"] == ["enabled"]
    left_out = selected["kubernetes.io/metadata.name"]
    assert (left_out["operator"], left_out["values"]) == (
        "NotIn",
        ["kube-system", "kube-node-lease"],
    )


def test_what_the_webhook_is_told(shared_space: Space) -> None:
    documents = render(shared_space.helm, EVERYTHING)
    webhook = container_of(documents, "webhook")
    name = service_of(documents, "webhook")["metadata"]["name"]
    assert {
        "--admission-bind-address=:10250",
        "--receiver-bind-address=0",
        "--agent-image-repository=r/agent",
        "--agent-image-tag=9",
        "--agent-allowed-repositories=r/mine,r/x",
        "--certificate-life=24h",
        "--authority-life=240h",
        "--allowed-protocols=https,ssh,http",
    } <= {*webhook["args"]}
    assert f"--certificate-secret={name}" in webhook["args"]
    (names,) = [one for one in webhook["args"] if one.startswith("--certificate-names=")]
    assert names.startswith(f"--certificate-names={name}.")
    assert ".svc," in names
    configurations = configurations_of(documents)
    for kind, one in zip(("mutating", "validating"), configurations, strict=True):
        assert f"--{kind}-configuration={one['metadata']['name']}" in webhook["args"]
    plain = container_of(render(shared_space.helm, {"image": {"tag": "7"}}), "webhook")["args"]
    assert {"--agent-image-repository=stoker", "--agent-image-tag=7"} <= {*plain}


def test_what_the_receiver_is_told(shared_space: Space) -> None:
    documents = render(shared_space.helm, EVERYTHING)
    receiver = container_of(documents, "receiver")
    assert {
        "--receiver-bind-address=:8080",
        "--admission-bind-address=0",
        "--receiver-hmac-file=/etc/stoker/receiver/hmac",
        "--receiver-token-file=/etc/stoker/receiver/token",
        "--receiver-cert-dir=/etc/stoker/receiver-certificate",
        "--allow-unauthenticated=true",
        "--rate-limit-source=0.5",
        "--rate-limit-source-burst=7",
        "--rate-limit-cr=1",
        "--rate-limit-cr-burst=8",
        "--trusted-proxies=10.0.0.0/8,fd00::/8",
    } <= {*receiver["args"]}
    assert "a key" not in json.dumps(of_kind(documents, "Deployment"))
    (apart,) = [
        one
        for one in of_kind(documents, "Deployment")
        if one["metadata"]["name"].endswith("-webhook")
    ]
    volumes = {one["name"]: one for one in apart["spec"]["template"]["spec"]["volumes"]}
    sources = [one["secret"] for one in volumes["receiver"]["projected"]["sources"]]
    (own,) = [one for one in of_kind(documents, "Secret") if one.get("data")]
    assert base64.b64decode(own["data"]["hmac"]) == b"a key"
    assert [(one["name"], one["items"][0]["key"]) for one in sources] == [
        (own["metadata"]["name"], "hmac"),
        ("tokens", "receiver"),
    ]
    (ingress,) = of_kind(documents, "Ingress")
    backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    service = service_of(documents, "receiver")
    assert backend["name"] == service["metadata"]["name"]
    assert backend["port"]["number"] == service["spec"]["ports"][0]["port"]
    assert service["metadata"]["labels"]["app.kubernetes.io/component"] == "receiver"


def test_without_a_secret_the_receiver_has_none(shared_space: Space) -> None:
    documents = render(shared_space.helm, VALUES["a receiver"])
    receiver = container_of(documents, "receiver")
    assert not [one for one in receiver["args"] if "file" in one or "cert" in one]
    assert "volumeMounts" not in receiver


def test_with_cert_manager_the_webhook_makes_none(shared_space: Space) -> None:
    documents = render(shared_space.helm, VALUES["cert-manager"])
    (certificate,) = of_kind(documents, "Certificate")
    webhook = container_of(documents, "webhook")
    assert "--certificate-dir=/etc/stoker/certificate" in webhook["args"]
    assert not [one for one in webhook["args"] if "configuration" in one or "authority" in one]
    name = certificate["metadata"]["name"]
    for one in configurations_of(documents):
        injected = one["metadata"]["annotations"]["cert-manager.io/inject-ca-from"]
        assert injected.endswith(f"/{name}")
    service = service_of(documents, "webhook")["metadata"]["name"]
    assert certificate["spec"]["dnsNames"][0].startswith(f"{service}.")
    assert of_kind(documents, "Issuer")
    assert not of_kind(render(shared_space.helm, VALUES["an issuer"]), "Issuer")


def test_the_switches_of_webhook_and_receiver(shared_space: Space) -> None:
    assert [*containers_of(render(shared_space.helm))] == ["controller", "webhook"]
    alone = render(shared_space.helm, VALUES["a receiver alone"])
    assert [*containers_of(alone)] == ["controller", "receiver"]
    assert not configurations_of(alone)


# --- A release ---


@pytest.mark.usefixtures("definition")
def test_it_installs_runs_and_goes(product: str, space: Space, helm: Helm) -> None:
    with charts.installed(space, product, {"watchNamespaces": [space.name]}) as release:
        status: Any = release.deployment["status"]
        assert status["readyReplicas"] == 1
        (pod,) = release.pods()
        assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
        eventually(lambda: '"message":"leading"' in release.logs(), what="it leads")
        assert "rollout status" in helm("get", "notes", charts.RELEASE)
    eventually(lambda: not release.pods(), what="its pods are gone")
    left = space.kubectl("get", "clusterroles,clusterrolebindings", "--output", "name")
    assert space.name not in left
