"""What the accounts of a release may do, as the API server has it, with the webhook apart.

It is asked about every verb of every resource that it knows, and some are tried from inside a pod,
with the token that lies there. What they should be is in `test_chart_rights`.

Broken on purpose, and seen to fail: pods to read and Secrets to list for the webhook, and no right
to patch for the receiver.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from kit import Pod, Space, eventually, manifests
from kit.charts import RELEASE, Installed, installed
from kit.kubectl import Document
from kit.plants import Plant, gateway_sync
from kit.requests_inside import LET_IN, REFUSED, Request, asked
from kit.rights import EVERYWHERE, Right, allowed, resources
from kit.senders import Sender, github_release
from test_chart_rights import (
    APART,
    CERTIFICATE,
    HOOKS,
    LEASE,
    METRICS,
    NAMESPACES,
    ONE,
    OWN,
    PLANT,
    RBAC,
    RECEIVING,
    SYNCS,
    TABLES,
    Tables,
    grants_in,
)
from test_webhook_release import is_injected

from stoker.core import names

KEY: Final = "the key of all"


@pytest.fixture(scope="module")
def release(shared_space: Space, definition: Document, product: str) -> Iterator[Installed]:
    """Webhook and receiver apart, for one namespace: so each account can be told from the other."""
    assert definition
    values = {
        "watchNamespaces": [shared_space.name],
        "webhook": {"replicas": 1},
        "webhookReceiver": {"enabled": True, "hmac": {"secret": KEY}},
    }
    with installed(shared_space, product, values) as made:
        shared_space.apply(gateway_sync("plant", "https://nowhere.example/plant.git"))
        yield made
        # While somebody is there to take its finalizer off.
        shared_space.kubectl("delete", "gatewaysync", "plant", "--timeout", "30s")


@pytest.fixture(scope="module")
def answering(release: Installed) -> Pod:
    """The pod of webhook and receiver."""
    (name,) = [
        one["metadata"]["name"]
        for one in release.pods()
        if one["spec"]["serviceAccountName"] == APART and "deletionTimestamp" not in one["metadata"]
    ]
    return release.space.pod(name)


@pytest.fixture(scope="module")
def every_right(release: Installed) -> list[Right]:
    """Those that the API server knows, and those of the tables: it knows no finalizers."""
    of_tables = {one.right for _, tables in TABLES.values() for one in grants_in(tables)}
    unnamed = {one for one in of_tables if not one.name}
    return sorted({*resources(release.space), *unnamed})


@pytest.fixture(scope="module")
def anybody(release: Installed, every_right: list[Right]) -> set[Right]:
    """What any account may do."""
    return allowed(release.space, "default", release.space.name, every_right)


@pytest.mark.parametrize("account", [ONE, APART])
@pytest.mark.parametrize("where", [OWN, "another"])
def test_the_api_server_lets_it_do_that_and_nothing_else(
    release: Installed,
    every_right: list[Right],
    anybody: set[Right],
    account: str,
    where: str,
) -> None:
    """Every verb of every resource is asked about, but for what any account may do."""
    space = release.space
    namespace = space.name if where == OWN else "kube-public"
    tables: Tables = {
        (ONE, EVERYWHERE): [SYNCS, METRICS],
        (ONE, OWN): [LEASE, NAMESPACES],
        (APART, EVERYWHERE): [METRICS],
        (APART, OWN): [CERTIFICATE, RECEIVING],
    }
    wanted = {
        one.right
        for one in grants_in(tables)
        if one.account == account and one.where in (EVERYWHERE, PLANT if where == OWN else "")
    }
    found = allowed(space, account, namespace, every_right) - anybody
    assert sorted(map(str, found)) == sorted(str(one) for one in wanted if not one.name)
    named = {one for one in wanted if one.name}
    assert allowed(space, account, namespace, named) == named


def test_the_webhook_does_what_it_is_for(release: Installed, answering: Pod) -> None:
    """It injects, it takes requests, and it has the API server say who may read metrics."""
    space = release.space
    eventually(lambda: is_injected(space), what="a pod gets its agent")
    host, port = space.ways.to(answering.name, 9444)
    answer = Sender(host, port, KEY).send(space.name, "plant", github_release("v1.2.3"))
    assert answer.status == 202, answer
    annotations = Plant(space, "plant").document()["metadata"]["annotations"]
    assert annotations[names.REQUESTED_REF] == "v1.2.3"


def test_what_it_needs_is_let_in(release: Installed, answering: Pod) -> None:
    space, name = release.space, f"{release.space.name}-{RELEASE}"
    core, hooks = f"/api/v1/namespaces/{space.name}", f"/apis/{HOOKS}/v1"
    ours = f"/apis/stoker.io/v1alpha1/namespaces/{space.name}/gatewaysyncs"
    nothing: Document = {"metadata": {"labels": {"tried": "yes"}}}
    requests: list[Request] = [
        ("GET", ours, None),
        ("GET", f"{ours}?watch=1&timeoutSeconds=1", None),
        ("PATCH", f"{ours}/plant", nothing),
        # The secret of a GatewaySync, by the name that it says.
        ("GET", f"{core}/secrets/{RELEASE}-receiver", None),
        ("GET", f"{core}/secrets/{APART}", None),
        ("PATCH", f"{core}/secrets/{APART}", nothing),
        ("GET", f"{hooks}/mutatingwebhookconfigurations/{name}", None),
        ("PATCH", f"{hooks}/validatingwebhookconfigurations/{name}", nothing),
    ]
    answers = asked(answering, "webhook", *requests)
    assert {*answers} <= LET_IN, list(zip(requests, answers, strict=True))


def test_what_it_does_not_need_is_refused(release: Installed, answering: Pod) -> None:
    space = release.space
    core, hooks = f"/api/v1/namespaces/{space.name}", f"/apis/{HOOKS}/v1"
    ours = f"/apis/stoker.io/v1alpha1/namespaces/{space.name}/gatewaysyncs"
    roles = f"/apis/{RBAC}/v1/namespaces/{space.name}"
    new: Document = {"metadata": {"name": "made-by-a-webhook"}}
    changed: Document = {"metadata": {"labels": {"tried": "yes"}}}
    requests: list[Request] = [
        ("GET", f"{core}/secrets", None),
        ("GET", f"{core}/secrets?watch=1&timeoutSeconds=1", None),
        ("GET", "/api/v1/secrets", None),
        ("GET", "/api/v1/namespaces/kube-public/secrets/any", None),
        ("PATCH", f"{core}/secrets/{RELEASE}-receiver", changed),
        ("DELETE", f"{core}/secrets/{APART}", None),
        ("POST", f"{core}/pods", manifests.pod("p", [manifests.container("c", "none")])),
        ("GET", f"{core}/pods", None),
        ("PATCH", f"{core}/pods/{answering.name}", changed),
        ("DELETE", f"{core}/pods/{answering.name}", None),
        ("POST", f"{core}/pods/{answering.name}/exec?command=id", None),
        ("GET", f"{core}/configmaps", None),
        ("POST", f"{core}/configmaps", new),
        ("POST", f"{core}/events", new),
        ("PATCH", f"{ours}/plant/status", changed),
        ("POST", ours, new),
        ("DELETE", f"{ours}/plant", None),
        ("GET", "/apis/stoker.io/v1alpha1/gatewaysyncs", None),
        ("POST", f"{roles}/roles", {**new, "rules": []}),
        ("POST", f"{roles}/rolebindings", {**new, "roleRef": {}}),
        ("POST", f"/apis/{RBAC}/v1/clusterrolebindings", new),
        ("POST", f"{core}/serviceaccounts/{RELEASE}/token", {"spec": {}}),
        ("GET", f"/apis/coordination.k8s.io/v1/namespaces/{space.name}/leases/{RELEASE}", None),
        ("GET", f"{hooks}/mutatingwebhookconfigurations", None),
        ("PATCH", f"{hooks}/mutatingwebhookconfigurations/somebody-elses", changed),
    ]
    answers = asked(answering, "receiver", *requests)
    wrong = [one for one in zip(requests, answers, strict=True) if one[1] != REFUSED]
    assert wrong == []
