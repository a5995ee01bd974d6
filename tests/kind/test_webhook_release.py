"""A release of the chart with two replicas: asked by its Service, rolled, and held to its rights.

All is as helm installs it: the certificate is the product's own, replicas come and go while pods
are created, and what git servers send reaches whichever replica it reaches.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from kit import Space, charts, eventually, injected, manifests
from kit.admissions import pods_are_created, wanting_pod
from kit.api import Api
from kit.charts import Installed, installed
from kit.kubectl import Document, tried
from kit.plants import Plant, gateway_sync
from kit.pods import Pod
from kit.requests_inside import LET_IN, REFUSED, Request, asked
from kit.senders import Sender, github_push, github_release
from kit.webhooks import MUTATING, VALIDATING

from stoker.core import names
from support.command import STOKER

KEY: Final = "the key of all"
RECEIVER_PORT: Final = 9444
VALUES: Final[Document] = {
    "replicaCount": 2,
    "git": {"allowedProtocols": ["https", "git"]},
    "webhookReceiver": {"enabled": True, "hmac": {"secret": KEY}},
    # Its own pods ask for an agent, and get none.
    "podAnnotations": {names.INJECT: "true"},
}


@pytest.fixture(scope="module")
def release(shared_space: Space, definition: Document, product: str) -> Iterator[Installed]:
    assert definition
    values = {**VALUES, "watchNamespaces": [shared_space.name]}
    with installed(shared_space, product, values) as made:
        shared_space.apply(gateway_sync("plant", "git://nowhere.example/plant.git"))
        yield made


def ready_pods(release: Installed) -> list[Pod]:
    found = [one for one in release.pods() if "deletionTimestamp" not in one["metadata"]]
    return [release.space.pod(one["metadata"]["name"]) for one in found]


def is_injected(space: Space) -> bool:
    words = ("create", "--dry-run=server", "--output", "json", "--filename", "-")
    made = json.loads(space.kubectl(*words, stdin=json.dumps(wanting_pod("gw", cr_name="plant"))))
    return "initContainers" in made["spec"]


def bundle(space: Space, kind: str) -> str:
    name = f"{space.name}-{charts.RELEASE}"
    (hook,) = space.kubectl.json("get", kind, name)["webhooks"]
    return str(hook["clientConfig"]["caBundle"])


# --- What helm makes of it ---


def test_pods_are_injected_as_soon_as_it_is_ready(release: Installed, product: str) -> None:
    space = release.space
    eventually(lambda: is_injected(space), what="a pod gets its agent", within=5)
    words = ("create", "--dry-run=server", "--output", "json", "--filename", "-")
    made = json.loads(space.kubectl(*words, stdin=json.dumps(wanting_pod("gw", cr_name="plant"))))
    assert injected.sidecar(made)["image"] == product


def test_its_own_pods_get_no_agent(release: Installed) -> None:
    for pod in release.pods():
        assert pod["metadata"]["annotations"][names.INJECT] == "true"
        assert "initContainers" not in pod["spec"]
        statuses = pod["status"]["containerStatuses"]
        assert {one["name"] for one in statuses} == {"controller", "webhook", "receiver"}
        assert [one["restartCount"] for one in statuses] == [0, 0, 0]


def test_its_certificate_is_in_a_secret_of_the_release(release: Installed) -> None:
    space = release.space
    secret = space.kubectl.json("get", "secret", f"{charts.RELEASE}-webhook")
    data = {name: base64.b64decode(value) for name, value in secret["data"].items()}
    (served,) = x509.load_pem_x509_certificates(data["tls.crt"])[:1]
    known = served.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    host = f"{charts.RELEASE}-webhook.{space.name}.svc"
    assert host in known.get_values_for_type(x509.DNSName)
    trusted = bundle(space, MUTATING)
    assert trusted == bundle(space, VALIDATING)
    assert base64.b64decode(trusted) == data["ca.crt"]


# --- While replicas come and go ---


def test_an_update_costs_no_pod_its_agent(release: Installed, api: Api) -> None:
    """The policy is Ignore: a pod whose question nobody answers would start without."""
    space = release.space
    eventually(lambda: is_injected(space), what="a pod gets its agent")
    before = {pod.name for pod in ready_pods(release)}
    trusted = bundle(space, MUTATING)
    deployment = f"deployment/{charts.RELEASE}"
    with pods_are_created(api, space.name, rate=25) as made:
        made.will_be(25)
        space.kubectl("rollout", "restart", deployment)
        space.kubectl("rollout", "status", deployment, "--timeout", "90s", patience=100)

        def are_gone() -> bool:
            assert not before & {one["metadata"]["name"] for one in release.pods()}
            return True

        eventually(are_gone, what="the replicas of before are gone", within=40)
        made.will_be(25)
    failed = made.failed()
    assert not failed, (len(failed), len(made.done), failed[:3])
    took = sorted(one.seconds for one in made.done)
    assert took[len(took) * 95 // 100] < 2.0, took[-10:]
    assert bundle(space, MUTATING) == trusted, "who comes takes over the certificate"


def test_an_upgrade_leaves_the_certificate_alone(
    release: Installed, product: str, shared_space: Space
) -> None:
    trusted = bundle(shared_space, MUTATING)
    values = {**VALUES, "watchNamespaces": [shared_space.name]}
    release.upgrade(product, values)
    assert bundle(shared_space, MUTATING) == trusted
    assert is_injected(shared_space)


# --- The receiver ---


def test_each_replica_takes_requests(release: Installed) -> None:
    """One of the two leads; the other one has nothing to do with what is requested."""
    received = Plant(release.space, "plant")
    pods = ready_pods(release)
    assert len(pods) == 2
    for number, pod in enumerate(pods):
        host, port = release.space.ways.to(pod.name, RECEIVER_PORT)
        sender = Sender(host, port, KEY)
        tag = f"v1.0.{number}"
        answer = sender.send(release.space.name, "plant", github_release(tag))
        assert answer.status == 202, answer
        annotations = received.document()["metadata"]["annotations"]
        assert annotations[names.REQUESTED_REF] == tag
        refused = Sender(host, port, "a guess").send(
            release.space.name, "plant", github_push("refs/heads/main", "1" * 40)
        )
        assert refused.status == 401


def test_a_person_triggers_it_by_way_of_the_api_server(release: Installed, tmp_path: Path) -> None:
    """No address and no secret is given: both are in the cluster."""
    space, kubeconfig = release.space, str(release.space.cluster.kubeconfig)
    own = {"secretRef": {"name": "receiver", "key": "key"}}
    space.apply(
        manifests.secret("receiver", {"key": "the key of one"}),
        gateway_sync("own", "git://nowhere.example/plant.git", receiver=own),
    )
    words = ("trigger", f"{space.name}/own", "--ref", "v9.9.9", "--kubeconfig", kubeconfig)

    def taken() -> bool:
        said = tried([*STOKER, *words])
        assert said.status == 0, said
        return True

    # The receiver hears of the CR by its watch.
    eventually(taken, what="the request is taken", within=10)
    annotations = Plant(space, "own").document()["metadata"]["annotations"]
    assert annotations[names.REQUESTED_REF] == "v9.9.9"
    wrong = tmp_path / "secret"
    wrong.write_text("a guess")
    said = tried([*STOKER, *words, "--secret-file", str(wrong)])
    assert said.status == 1
    assert len(said.err.strip().splitlines()) == 1, said.err


def test_the_secret_is_nowhere_to_be_read(release: Installed) -> None:
    written = release.space.kubectl("get", "pods,gatewaysyncs,events,configmaps", "-o", "yaml")
    for pod in ready_pods(release):
        told = "".join(pod.logs(name) for name in ("controller", "webhook", "receiver"))
        assert KEY not in told
        assert KEY not in pod.exec("receiver", "cat", "/proc/1/cmdline", "/proc/1/environ")
    assert KEY not in written


# --- Rights ---


def test_what_the_chart_says_is_let_in(release: Installed) -> None:
    space, name = release.space, f"{release.space.name}-{charts.RELEASE}"
    core = f"/api/v1/namespaces/{space.name}"
    ours = "/apis/stoker.io/v1alpha1"
    hooks = "/apis/admissionregistration.k8s.io/v1"
    nothing: Document = {"metadata": {"labels": {"tried": "yes"}}}
    requests: list[Request] = [
        ("GET", f"{ours}/gatewaysyncs", None),
        ("GET", f"{ours}/namespaces/{space.name}/gatewaysyncs?watch=1&timeoutSeconds=1", None),
        ("PATCH", f"{ours}/namespaces/{space.name}/gatewaysyncs/plant", nothing),
        ("GET", f"{core}/secrets/{charts.RELEASE}-webhook", None),
        ("PATCH", f"{core}/secrets/{charts.RELEASE}-webhook", nothing),
        ("GET", f"{hooks}/mutatingwebhookconfigurations/{name}", None),
        ("PATCH", f"{hooks}/mutatingwebhookconfigurations/{name}", nothing),
        ("GET", f"{hooks}/validatingwebhookconfigurations/{name}", None),
        ("PATCH", f"{hooks}/validatingwebhookconfigurations/{name}", nothing),
    ]
    answers = asked(ready_pods(release)[0], "webhook", *requests)
    assert {*answers} <= LET_IN, list(zip(requests, answers, strict=True))


def test_everything_else_is_refused(release: Installed) -> None:
    space, name = release.space, f"{release.space.name}-{charts.RELEASE}"
    core = f"/api/v1/namespaces/{space.name}"
    ours = f"/apis/stoker.io/v1alpha1/namespaces/{space.name}/gatewaysyncs"
    hooks = "/apis/admissionregistration.k8s.io/v1"
    mutating = f"{hooks}/mutatingwebhookconfigurations"
    new: Document = {"metadata": {"name": "made-by-a-webhook"}}
    changed: Document = {"metadata": {"labels": {"tried": "yes"}}}
    requests: list[Request] = [
        ("GET", mutating, None),
        ("GET", f"{mutating}/somebody-elses", None),
        ("PATCH", f"{mutating}/somebody-elses", changed),
        ("POST", mutating, {**new, "webhooks": []}),
        ("DELETE", f"{mutating}/{name}", None),
        ("DELETE", f"{hooks}/validatingwebhookconfigurations", None),
        ("GET", f"{core}/secrets", None),
        ("GET", f"{core}/secrets?watch=1&timeoutSeconds=1", None),
        ("GET", "/api/v1/secrets", None),
        ("GET", "/api/v1/namespaces/kube-system/secrets/any", None),
        ("POST", "/api/v1/namespaces/kube-system/secrets", new),
        ("POST", ours, new),
        ("DELETE", f"{ours}/plant", None),
        ("DELETE", ours, None),
        ("POST", f"{core}/pods", manifests.pod("p", [manifests.container("c", "none")])),
        ("DELETE", f"{core}/pods/any", None),
        ("POST", f"{core}/pods/any/exec?command=id", None),
        ("GET", f"{core}/pods/any/log", None),
        ("POST", f"{core}/serviceaccounts/default/token", {"spec": {}}),
        ("GET", "/api/v1/nodes", None),
        ("GET", "/api/v1/namespaces", None),
        ("GET", "/api/v1/pods", None),
        ("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", new),
        ("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", None),
        ("PATCH", f"/apis/apps/v1/namespaces/{space.name}/deployments/{charts.RELEASE}", changed),
    ]
    answers = asked(ready_pods(release)[0], "receiver", *requests)
    wrong = [one for one in zip(requests, answers, strict=True) if one[1] != REFUSED]
    assert wrong == []


def test_a_replica_that_is_killed_is_replaced(release: Installed) -> None:
    """Its place is taken over by the other one, and nothing has to be made anew by hand."""
    space, (first, second) = release.space, ready_pods(release)
    trusted, began = bundle(space, MUTATING), time.monotonic()
    first.space.kubectl("delete", "pod", first.name, "--now", "--wait=false")
    deployment = f"deployment/{charts.RELEASE}"
    space.kubectl("rollout", "status", deployment, "--timeout", "60s", patience=70)
    eventually(lambda: is_injected(space), what="a pod gets its agent", within=20)
    assert time.monotonic() - began < 60
    assert bundle(space, MUTATING) == trusted
    found: Any = {pod.name for pod in ready_pods(release)}
    assert second.name in found
