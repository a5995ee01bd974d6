"""Webhook certificates on the real API server: replicas that race, renew, and are disturbed.

The API server calls our webhooks for every ConfigMap of the namespace and refuses it where the call
fails, so each handshake that goes wrong is a ConfigMap that was not made.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from kit import Space, eventually
from kit.breaking import Way, way_to
from kit.control_plane import ControlPlane
from kit.keepers import SECRET, Calls, Keepers, keepers
from kit.speaking import with_token

from stoker.adapters.certs import Root, read_leaf, read_roots
from stoker.adapters.clock import utc_now
from stoker.adapters.kube.errors import ApiFailed
from stoker.adapters.kube.resources import (
    MUTATING_WEBHOOKS,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
    VALIDATING_WEBHOOKS,
    Resource,
)

BRIEF: dict[str, Any] = {"life": timedelta(seconds=4), "authority_life": timedelta(seconds=15)}
CLUSTER_ROLES = Resource(
    "rbac.authorization.k8s.io/v1", "clusterroles", "ClusterRole", namespaced=False
)
CLUSTER_ROLE_BINDINGS = Resource(
    "rbac.authorization.k8s.io/v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False
)


@pytest.fixture
def fleet(space: Space) -> Iterator[Keepers]:
    with keepers(space) as made:
        yield made


def text(document: dict[str, Any], name: str) -> bytes:
    return base64.b64decode(document["data"][name])


def identity_of(document: dict[str, Any]) -> str:
    """The serving certificate that the Secret holds."""
    roots = read_roots(text(document, "ca.crt"))
    leaf = read_leaf(text(document, "tls.crt"), text(document, "tls.key"), roots)
    assert leaf.issuer
    return leaf.identity


def replace(fleet: Keepers, **data: bytes | None) -> None:
    """Somebody writes other things into the Secret; `tls_key` is its key `tls.key`."""
    encoded = {
        name.replace("_", "."): None if one is None else base64.b64encode(one).decode()
        for name, one in data.items()
    }
    fleet.admin.merge(SECRETS, fleet.space.name, SECRET, {"data": encoded})


# --- The beginning ---


@pytest.mark.parametrize("by_helm", [False, True])
def test_replicas_that_start_together_agree_on_one_certificate(
    fleet: Keepers,
    by_helm: bool,  # noqa: FBT001 - pytest gives it by its name
) -> None:
    if by_helm:  # the chart makes it, so that it goes with the release
        body = {"metadata": {"name": SECRET, "labels": {"a": "b"}}, "type": "Opaque"}
        fleet.admin.create(SECRETS, fleet.space.name, body)
    replicas = [fleet.start() for _ in range(4)]
    fleet.well()
    assert len({one.keeper.not_after for one in replicas}) == 1
    done = [sum(one.count(method, SECRETS) for one in replicas) for method in ("POST", "PATCH")]
    assert done == [int(not by_helm), int(by_helm)]
    assert sum(one.writes() for one in replicas) == 3
    assert fleet.is_published()
    assert [one.complaints for one in replicas] == [[], [], [], []]
    secret = fleet.secret()
    assert secret["type"] == ("Opaque" if by_helm else "kubernetes.io/tls")
    assert secret["metadata"]["labels"] == (
        {"a": "b"} if by_helm else {"app.kubernetes.io/managed-by": "stoker-webhook"}
    )
    with Calls(fleet).running() as calls:
        eventually(lambda: calls.done > 100, what="calls", tell=[lambda: str(calls.failures[:2])])
    assert calls.failures == []


def test_nothing_is_asked_or_written_while_nothing_happens(fleet: Keepers) -> None:
    replicas = [fleet.start() for _ in range(2)]
    fleet.well()
    time.sleep(1.5)
    before = [len(one.requests) for one in replicas]
    time.sleep(4)
    assert [len(one.requests) for one in replicas] == before


def test_webhooks_of_others_are_left_alone(fleet: Keepers) -> None:
    before = fleet.configuration()["webhooks"]
    fleet.start()
    fleet.well()
    after = fleet.configuration()["webhooks"]
    assert after[1] == before[1]
    for webhook in (after[0], after[2]):
        del webhook["clientConfig"]["caBundle"]
    assert after == before


def test_configurations_that_come_later_are_waited_for(space: Space) -> None:
    with keepers(space, configured=False) as fleet:
        replica = fleet.start()
        what = "it says that they are missing"
        eventually(lambda: "is not there" in replica.keeper.trouble, what=what, within=5)
        fleet.make_configurations()
        fleet.well()
        assert fleet.is_published()
        assert replica.complaints == []


# --- Renewal ---


def test_certificates_and_authorities_are_renewed_without_a_failed_call(fleet: Keepers) -> None:
    """Three replicas, certificates of four seconds, authorities of fifteen."""
    for _ in range(3):
        fleet.start(**BRIEF)
    fleet.well()
    leaves, issuers = set(), set()
    with Calls(fleet).running() as calls:
        began = time.monotonic()
        while time.monotonic() - began < 25:
            document = fleet.secret()
            leaves.add(identity_of(document))
            roots = read_roots(text(document, "ca.crt"), text(document, "ca.key"))
            issuers.add(min(one.identity for one in roots if one.key is not None))
            time.sleep(0.2)
    assert calls.failures == []
    assert calls.done > 500
    assert len(leaves) >= 7
    assert len(issuers) >= 3
    assert fleet.is_published()


def test_another_name_is_signed_for_at_once_and_by_the_same_authority(fleet: Keepers) -> None:
    old = fleet.start()
    fleet.well()
    bundle = fleet.bundles()
    with Calls(fleet).running() as calls:
        fleet.start(names=("new.test.svc", fleet.host))
        fleet.well()
        eventually(
            lambda: (
                b"new.test.svc" in text(fleet.secret(), "tls.crt")
                or "new.test.svc" in names(fleet.secret())
            ),
            what="the certificate is for the new name as well",
            within=5,
        )
        time.sleep(0.5)
    assert calls.failures == []
    assert fleet.bundles() == bundle
    assert {"new.test.svc", "webhook.test.svc", fleet.host} <= names(fleet.secret())
    assert old.complaints == []


def names(document: dict[str, Any]) -> frozenset[str]:
    roots = read_roots(text(document, "ca.crt"))
    return read_leaf(text(document, "tls.crt"), text(document, "tls.key"), roots).names


# --- Somebody disturbs ---


def deleted(fleet: Keepers) -> None:
    assert fleet.admin.delete(SECRETS, fleet.space.name, SECRET)


def emptied(fleet: Keepers) -> None:
    replace(fleet, ca_crt=b"", ca_key=b"", tls_crt=b"", tls_key=b"")


def garbled(fleet: Keepers) -> None:
    replace(fleet, ca_crt=b"garbage", tls_crt=b"-----BEGIN CERTIFICATE-----\nAAAA\n", tls_key=b"x")


def with_another_key(fleet: Keepers) -> None:
    replace(fleet, tls_key=Root.make(timedelta(days=1), utc_now()).key_pem)


def without_the_key_of_the_authority(fleet: Keepers) -> None:
    replace(fleet, ca_key=None)


@pytest.mark.parametrize(
    "disturb",
    [deleted, emptied, garbled, with_another_key, without_the_key_of_the_authority],
)
def test_a_lost_secret_is_written_again_and_nobody_notices(
    fleet: Keepers, disturb: Callable[[Keepers], None]
) -> None:
    replicas = [fleet.start() for _ in range(2)]
    fleet.well()
    before, bundles = fleet.secret()["data"], fleet.bundles()
    with Calls(fleet).running() as calls:
        disturb(fleet)
        eventually(lambda: fleet.secret()["data"] == before, what="it is back", within=5)
        time.sleep(0.5)
    assert calls.failures == []
    assert fleet.bundles() == bundles
    assert [one.keeper.trouble for one in replicas] == ["", ""]
    assert sum(one.writes() for one in replicas) == 4


def test_an_expired_certificate_is_replaced_at_once(fleet: Keepers) -> None:
    fleet.start()
    fleet.well()
    document = fleet.secret()
    (root,) = read_roots(text(document, "ca.crt"), text(document, "ca.key"))
    old = root.sign([fleet.host], utc_now() - timedelta(minutes=1))
    with Calls(fleet).running() as calls:
        replace(fleet, tls_crt=old.certificate, tls_key=old.key)
        eventually(
            lambda: text(fleet.secret(), "tls.crt") not in (old.certificate, b""),
            what="another one is there",
            within=5,
        )
        time.sleep(0.5)
    assert calls.failures == []


def test_an_authority_of_somebody_else_is_taken_without_a_failed_call(fleet: Keepers) -> None:
    """As when a Secret is restored from elsewhere: what is served is trusted at every moment."""
    replicas = [fleet.start() for _ in range(2)]
    fleet.well()
    mine = text(fleet.secret(), "ca.crt")
    root = Root.make(timedelta(days=4000), utc_now())
    pair = root.sign([fleet.host, "webhook.test.svc"], utc_now() + timedelta(days=80))
    with Calls(fleet).running() as calls:
        replace(
            fleet,
            ca_crt=root.pem,
            ca_key=root.key_pem,
            tls_crt=pair.certificate,
            tls_key=pair.key,
        )
        eventually(
            lambda: all(one.keeper.not_after == pair.not_after for one in replicas),
            what="it is served",
            within=10,
        )
        time.sleep(0.5)
    assert calls.failures == []
    assert text(fleet.secret(), "ca.crt") == root.pem + mine


def test_an_overwritten_bundle_is_put_back_at_once(fleet: Keepers) -> None:
    fleet.start()
    fleet.well()
    other = Root.make(timedelta(days=1), utc_now()).pem
    bundles = fleet.bundles()
    for wrong in (
        b"",
        b"\n",
        other.replace(b"-----\n", b"-----\n\n"),
        text(fleet.secret(), "tls.crt"),
    ):
        fleet.overwrite(base64.b64encode(wrong).decode())
        eventually(fleet.is_published, what="it is put back", within=10)
        time.sleep(0.1)
    # An authority that a replica of ours may have made is kept until it has expired.
    fleet.overwrite(base64.b64encode(other).decode(), MUTATING_WEBHOOKS)
    eventually(fleet.is_published, what="it is put back", within=10)
    assert other in text(fleet.secret(), "ca.crt")
    assert base64.b64decode(bundles[0]) in text(fleet.secret(), "ca.crt")


def test_who_overwrites_again_and_again_is_not_fought_without_end(fleet: Keepers) -> None:
    replica = fleet.start()
    fleet.well()
    over = threading.Event()

    def insist() -> None:
        while not over.wait(0.05):
            if fleet.bundles()[2]:
                fleet.overwrite("")

    stubborn = threading.Thread(target=insist)
    before = replica.count("PATCH", VALIDATING_WEBHOOKS)
    stubborn.start()
    time.sleep(8)
    over.set()
    stubborn.join()
    assert 3 <= replica.count("PATCH", VALIDATING_WEBHOOKS) - before <= 5
    assert replica.keeper.trouble == ""
    eventually(fleet.is_published, what="it is right in the end", within=10)


def test_a_configuration_that_goes_and_comes_again_is_put_right(fleet: Keepers) -> None:
    replica = fleet.start()
    fleet.well()
    fleet.admin.delete(MUTATING_WEBHOOKS, "", fleet.space.name)
    time.sleep(1)
    assert replica.keeper.trouble == ""
    fleet.make_configurations()
    eventually(fleet.is_published, what="it is put right", within=5)
    assert replica.complaints == []


def test_a_storm_of_other_writes_does_not_keep_it_from_its_work(fleet: Keepers) -> None:
    over = threading.Event()

    def storm() -> None:
        count = 0
        while not over.wait(0.01):
            count += 1
            changed = {"metadata": {"annotations": {"storm": str(count)}}}
            for resource, space, name in (
                (MUTATING_WEBHOOKS, "", fleet.space.name),
                (VALIDATING_WEBHOOKS, "", fleet.space.name),
                (SECRETS, fleet.space.name, SECRET),
            ):
                try:
                    fleet.admin.merge(resource, space, name, changed)
                except ApiFailed:
                    pass

    blowing = [threading.Thread(target=storm) for _ in range(2)]
    for one in blowing:
        one.start()
    try:
        replicas = [fleet.start(life=timedelta(seconds=6)) for _ in range(2)]
        fleet.well(30)
        with Calls(fleet).running() as calls:
            time.sleep(8)
    finally:
        over.set()
        for one in blowing:
            one.join()
    assert calls.failures == []
    assert [one.keeper.trouble for one in replicas] == ["", ""]


# --- The API server ---


def test_while_the_api_server_is_away_what_is_served_stays_and_is_renewed_after(
    fleet: Keepers, tmp_path: Path
) -> None:
    with way_to(fleet.space.cluster.kubeconfig, tmp_path) as way:
        replica = fleet.start(way.kubeconfig, life=timedelta(seconds=30))
        fleet.well()
        before = identity_of(fleet.secret())
        for does in (Way.silent, Way.passing):
            way.does = does
            way.reset()
            with Calls(fleet).running() as calls:
                time.sleep(4)
            assert calls.failures == []
        deleted(fleet)
        eventually(lambda: identity_of(fleet.secret()) == before, what="it is back", within=20)
        assert replica.keeper.trouble == ""


def test_a_killed_api_server_is_found_again(fleet: Keepers, control_plane: ControlPlane) -> None:
    replicas = [fleet.start(life=timedelta(seconds=12)) for _ in range(2)]
    fleet.well()
    before = identity_of(fleet.secret())
    control_plane.kill_api_server()
    control_plane.back()
    eventually(lambda: identity_of(fleet.secret()) != before, what="it is renewed", within=40)
    with Calls(fleet).running() as calls:
        time.sleep(2)
    assert calls.failures == []
    assert [one.keeper.trouble for one in replicas] == ["", ""]


@pytest.fixture
def account(fleet: Keepers, tmp_path: Path) -> Path:
    """A kubeconfig of an account that may do nothing yet."""
    kubectl = fleet.space.kubectl
    kubectl("create", "serviceaccount", "keeper")
    token = kubectl("create", "token", "keeper", "--duration", "1h").strip()
    original: Any = yaml.safe_load(fleet.space.cluster.kubeconfig.read_text())
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(with_token(original, token, fleet.space.name)))
    return file


def test_who_may_not_says_so_and_goes_on_as_soon_as_it_may(fleet: Keepers, account: Path) -> None:
    """The rights are those that the chart gives, and enough."""
    replica = fleet.start(account)
    eventually(lambda: "forbidden" in replica.keeper.trouble, what="it says so", within=5)
    space, admin = fleet.space.name, fleet.admin
    subject = {"kind": "ServiceAccount", "name": "keeper", "namespace": space}
    verbs = ["get", "list", "watch", "patch"]
    by_name = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [SECRET]}
    own = [
        {**by_name, "verbs": verbs},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]},
    ]
    hooks = {
        "apiGroups": ["admissionregistration.k8s.io"],
        "resources": [MUTATING_WEBHOOKS.plural, VALIDATING_WEBHOOKS.plural],
        "resourceNames": [space],
        "verbs": ["get", "list", "watch", "patch"],
    }
    group = "rbac.authorization.k8s.io"
    try:
        admin.apply(CLUSTER_ROLES, "", space, {"rules": [hooks]})
        reference = {"apiGroup": group, "kind": "ClusterRole", "name": space}
        admin.apply(CLUSTER_ROLE_BINDINGS, "", space, {"roleRef": reference, "subjects": [subject]})
        admin.apply(ROLES, space, "keeper", {"rules": own})
        reference = {"apiGroup": group, "kind": "Role", "name": "keeper"}
        admin.apply(ROLE_BINDINGS, space, "keeper", {"roleRef": reference, "subjects": [subject]})
        fleet.well(60)
        assert fleet.is_published()
        fleet.overwrite("")
        eventually(fleet.is_published, what="its watches are let through", within=20)
        replace(fleet, ca_key=None)
        eventually(lambda: fleet.secret()["data"].get("ca.key"), what="it is back", within=20)
    finally:
        admin.delete(CLUSTER_ROLE_BINDINGS, "", space)
        admin.delete(CLUSTER_ROLES, "", space)


def test_nothing_that_is_told_holds_a_key(
    fleet: Keepers, account: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    replicas = [fleet.start(), fleet.start(account)]
    eventually(lambda: not replicas[0].keeper.trouble, what="one is well", within=10)
    for disturb in (garbled, with_another_key, deleted):
        disturb(fleet)
        eventually(fleet.is_published, what="it is put right", within=10)
    document = fleet.secret()
    told = "".join(capfd.readouterr()) + "".join(
        line for one in replicas for line in one.complaints
    )
    assert told
    for name in ("tls.key", "ca.key"):
        encoded, plain = document["data"][name], text(document, name).decode().splitlines()
        for piece in (encoded[40:60], encoded[-40:-20], *plain[1:-1]):
            assert piece not in told
