"""The chart: what it renders for which values, what it refuses, and what its rights are.

Helm renders, and the real API server judges, by dry runs.

Broken on purpose, and seen to fail: `list` added to the rights on Secrets, a root that can be
written, a capability that is kept, a protocol of any name, a right on GatewaySyncs taken away.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from kit import CommandFailed, Helm, Kubectl, Space, charts, eventually
from kit.charts import CHART, of_kind, render
from kit.kubectl import Document

from stoker.core.reconcile.announce import agent_rules

EVERYTHING: Final[Document] = {
    "replicaCount": 3,
    "image": {"repository": "registry.example/stoker", "tag": "1.2.3", "pullPolicy": "Always"},
    "imagePullSecrets": [{"name": "registry"}],
    "nameOverride": "keeper",
    "leaderElection": {"enabled": True},
    "git": {"allowedProtocols": ["https", "ssh", "http"]},
    "controller": {"logDevMode": True},
    "agentImage": {"repository": "r/agent", "tag": "9", "allowedRepositories": ["r/mine", "r/x"]},
    "metrics": {"enabled": True, "service": {"type": "NodePort", "port": 9443}},
    "webhook": {
        "port": 10250,
        "failurePolicy": "Fail",
        "timeoutSeconds": 3,
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
    "networkPolicy": {"enabled": True},
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
}
REFUSED: Final[dict[str, tuple[Document, str]]] = {
    "unknown": ({"replicas": 2}, "additional properties 'replicas' not allowed"),
    "unknown below": ({"metrics": {"port": 1}}, "at '/metrics': additional properties 'port'"),
    "later": ({"sharding": {}}, "additional properties 'sharding'"),
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

Rights = set[tuple[str, str, str]]
"""Group, resource and verb."""


@pytest.fixture(params=VALUES)
def rendered(request: pytest.FixtureRequest, shared_space: Space) -> list[Document]:
    return render(shared_space.helm, VALUES[request.param])


def rules(documents: list[Document], *kinds: str) -> Iterator[Document]:
    for document in documents:
        if document["kind"] in kinds:
            yield from document["rules"]


def rights(found: Iterator[Document]) -> Rights:
    return {
        (group, resource, verb)
        for rule in found
        for group in rule.get("apiGroups", ())
        for resource in rule.get("resources", ())
        for verb in rule["verbs"]
    }


def containers_of(documents: list[Document]) -> dict[str, Document]:
    (deployment,) = of_kind(documents, "Deployment")
    return {one["name"]: one for one in deployment["spec"]["template"]["spec"]["containers"]}


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
    foreign = {"ServiceMonitor", "Issuer", "Certificate"}
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
    (deployment,) = of_kind(rendered, "Deployment")
    template = deployment["spec"]["template"]
    spec = {name: one for name, one in template["spec"].items() if name != "serviceAccountName"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}, "spec": spec}
    space.kubectl("create", "--dry-run=server", "--filename", "-", stdin=json.dumps(pod))
    for container in containers_of(rendered).values():
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert template["spec"]["enableServiceLinks"] is False
    selected = deployment["spec"]["selector"]["matchLabels"]
    assert selected.items() <= template["metadata"]["labels"].items()


def test_names_are_not_too_long(rendered: list[Document]) -> None:
    assert all(len(one["metadata"]["name"]) <= 63 or "Role" in one["kind"] for one in rendered)


def test_all_that_can_be_said_is_heard(shared_space: Space) -> None:
    documents = render(shared_space.helm, EVERYTHING)
    kinds = {one["kind"] for one in documents}
    assert {"PodDisruptionBudget", "NetworkPolicy", "ServiceMonitor", "Service"} <= kinds
    container = container_of(documents)
    assert container["image"] == "registry.example/stoker:1.2.3"
    assert {"--allowed-protocols=https,ssh,http", "--log-dev-mode=true"} <= {*container["args"]}
    (deployment,) = of_kind(documents, "Deployment")
    template = deployment["spec"]["template"]
    assert template["metadata"]["labels"]["team"] == "plant"
    assert template["metadata"]["labels"]["app.kubernetes.io/name"] == "keeper"
    assert template["spec"]["topologySpreadConstraints"]
    (monitor,) = of_kind(documents, "ServiceMonitor")
    service = service_of(documents, "metrics")
    wanted = monitor["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= service["metadata"]["labels"].items()
    scraped = [one["port"] for one in monitor["spec"]["endpoints"]]
    assert scraped == [one["name"] for one in service["spec"]["ports"]]
    assert monitor["metadata"]["labels"]["release"] == "p"


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
    (deployment,) = of_kind(documents, "Deployment")
    volumes = {one["name"]: one for one in deployment["spec"]["template"]["spec"]["volumes"]}
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


# --- Rights ---

CORE: Final = ""
RBAC: Final = "rbac.authorization.k8s.io"
EVERYWHERE: Final[Rights] = {
    *(("stoker.io", "gatewaysyncs", verb) for verb in ("get", "list", "watch", "patch", "update")),
    *(("stoker.io", "gatewaysyncs/status", verb) for verb in ("patch", "update")),
    ("stoker.io", "gatewaysyncs/finalizers", "update"),
    ("authentication.k8s.io", "tokenreviews", "create"),
    ("authorization.k8s.io", "subjectaccessreviews", "create"),
}
ALL_VERBS: Final = ("get", "list", "watch", "create", "patch", "update", "delete")
OF_NAMESPACES: Final[Rights] = {
    *((CORE, "pods", verb) for verb in ("get", "list", "watch")),
    *((CORE, "configmaps", verb) for verb in ALL_VERBS),
    *((CORE, "secrets", verb) for verb in ("get", "create", "patch", "delete")),
    *((CORE, "events", verb) for verb in ("get", "create", "patch")),
    *((RBAC, kind, verb) for kind in ("roles", "rolebindings") for verb in ALL_VERBS),
}


def test_no_rule_says_everything(rendered: list[Document]) -> None:
    found = list(rules(rendered, "ClusterRole", "Role"))
    assert found
    for rule in found:
        for field in ("apiGroups", "resources", "verbs", "nonResourceURLs", "resourceNames"):
            assert not [one for one in rule.get(field, ()) if "*" in one], rule
        assert not {"escalate", "bind", "impersonate", "deletecollection"} & {*rule["verbs"]}


def test_the_controller_s_rights_are_these_and_no_others(shared_space: Space) -> None:
    documents = render(shared_space.helm, templates=["rbac/controller"])
    assert rights(rules(documents, "ClusterRole")) == EVERYWHERE | OF_NAMESPACES
    assert not of_kind(documents, "Role")


def test_secrets_are_neither_listed_nor_watched(rendered: list[Document]) -> None:
    found = [
        rule
        for rule in rules(rendered, "ClusterRole", "Role")
        if "secrets" in rule.get("resources", ()) and "resourceNames" not in rule
    ]
    verbs = {verb for _, _, verb in rights(iter(found))}
    assert verbs == {"get", "create", "patch", "delete"}


def test_what_the_webhook_may_do_besides(shared_space: Space) -> None:
    """One Secret and two configurations, each by its name."""
    documents = render(shared_space.helm, templates=["rbac/webhook"])
    hooks = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
    verbs = ("get", "list", "watch", "patch")
    assert rights(rules(documents, "ClusterRole")) == {
        ("admissionregistration.k8s.io", kind, verb) for kind in hooks for verb in verbs
    }
    assert rights(rules(documents, "Role")) == {
        *((CORE, "secrets", verb) for verb in (*verbs, "create"))
    }
    for rule in rules(documents, "ClusterRole", "Role"):
        assert rule["verbs"] == ["create"] or len(rule["resourceNames"]) == 1
    with_cert_manager = rules(render(shared_space.helm, VALUES["cert-manager"]), "ClusterRole")
    assert "admissionregistration.k8s.io" not in json.dumps([*with_cert_manager])


def test_watched_namespaces_have_the_rights_to_themselves(shared_space: Space) -> None:
    """A finalizer comes off in a namespace whose Roles are already gone."""
    documents = render(shared_space.helm, {"watchNamespaces": ["a", "b"]})
    assert rights(rules(of_kind(documents, "ClusterRole")[:1], "ClusterRole")) == EVERYWHERE
    roles = [one for one in of_kind(documents, "Role") if one["metadata"].get("namespace")]
    assert [one["metadata"]["namespace"] for one in roles] == ["a", "b"]
    for role in roles:
        assert rights(iter(role["rules"])) == OF_NAMESPACES
    assert "--watch-namespaces=a,b" in container_of(documents)["args"]


def test_the_controller_may_grant_what_agents_get(shared_space: Space) -> None:
    """RBAC lets nobody give what they do not have."""
    own = rights(rules(render(shared_space.helm, templates=["rbac/controller"]), "ClusterRole"))
    given = {
        (CORE, rule.resource, verb)
        for rule in agent_rules("plant", ["line-1"])
        for verb in rule.verbs
    }
    assert given <= own


def test_without_rights_for_agents_none_can_be_made(shared_space: Space) -> None:
    documents = render(
        shared_space.helm, VALUES["no rights for agents"], templates=["rbac/controller"]
    )
    found = rights(rules(documents, "ClusterRole"))
    assert {verb for group, _, verb in found if group == RBAC} == {"get", "list", "watch", "delete"}


def test_users_of_a_namespace_may_use_gatewaysyncs(shared_space: Space) -> None:
    documents = render(shared_space.helm, templates=["rbac/users"])
    prefix = "rbac.authorization.k8s.io/aggregate-to-"
    found = {
        label.removeprefix(prefix): {
            verb for _, kind, verb in rights(iter(one["rules"])) if kind == "gatewaysyncs"
        }
        for one in documents
        for label in one["metadata"]["labels"]
        if label.startswith(prefix)
    }
    reading = {"get", "list", "watch"}
    writing = reading | {"create", "update", "patch", "delete"}
    assert found == {"admin": writing, "edit": writing, "view": reading}


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
