"""What the accounts of a release may do: these verbs on these resources, and no others.

`TABLES` is the list, for what the values make of it: who adds a right adds a line here. This is
what is rendered; `test_release_rights` asks an API server about it.

Broken on purpose, and seen to fail: `list` added to the rights on Secrets, ConfigMaps given to the
receiver, a verb on GatewaySyncs taken away, the certificate's Secret without its name, rights of
the webhook given to the controller, a wildcard for who scrapes, `delete` for who views, `escalate`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from cluster import Cluster
from kit import Helm
from kit.charts import RELEASE, of_kind, render
from kit.kubectl import Document
from kit.rights import EVERYWHERE, Grant, Right, granted, rights_of, unbound
from test_chart import VALUES

from stoker.core.reconcile.announce import agent_rules

Table = dict[str, str]
"""Verbs, by group and resource; a name stands behind the resource where only that one is meant."""

READ: Final = "get list watch"
WRITE: Final = "create patch update delete"
RBAC: Final = "rbac.authorization.k8s.io"
HOOKS: Final = "admissionregistration.k8s.io"
PLANT: Final = "plant"
OWN: Final = "its own"
"""The namespace of the release."""

SYNCS: Final[Table] = {
    "stoker.io/gatewaysyncs": f"{READ} patch update",
    "stoker.io/gatewaysyncs/status": "patch update",
    "stoker.io/gatewaysyncs/finalizers": "update",
}
METRICS: Final[Table] = {
    "authentication.k8s.io/tokenreviews": "create",
    "authorization.k8s.io/subjectaccessreviews": "create",
}
NAMESPACES: Final[Table] = {
    "pods": READ,
    "configmaps": f"{READ} {WRITE}",
    "secrets": "get create patch delete",
    "events": "get create patch",
    f"{RBAC}/roles": f"{READ} {WRITE}",
    f"{RBAC}/rolebindings": f"{READ} {WRITE}",
}
NAMESPACES_WITHOUT_AGENTS: Final[Table] = NAMESPACES | {
    f"{RBAC}/roles": f"{READ} delete",
    f"{RBAC}/rolebindings": f"{READ} delete",
}
LEASE: Final[Table] = {
    "coordination.k8s.io/leases": "create",
    f"coordination.k8s.io/leases {RELEASE}": "get update patch",
}
LEASES: Final[Table] = {
    "coordination.k8s.io/leases": "create list",
    f"coordination.k8s.io/leases {RELEASE}-0-of-2": "get update patch",
    f"coordination.k8s.io/leases {RELEASE}-1-of-2": "get update patch",
}
CERTIFICATE: Final[Table] = {
    "secrets": "create",
    f"secrets {RELEASE}-webhook": f"{READ} patch",
}
CONFIGURATIONS: Final[Table] = {
    f"{HOOKS}/mutatingwebhookconfigurations {PLANT}-{RELEASE}": f"{READ} patch",
    f"{HOOKS}/validatingwebhookconfigurations {PLANT}-{RELEASE}": f"{READ} patch",
}
REVIEWING: Final[Table] = {"stoker.io/gatewaysyncs": READ}
RECEIVING: Final[Table] = {"stoker.io/gatewaysyncs": f"{READ} patch", "secrets": "get"}

ONE, APART = RELEASE, f"{RELEASE}-webhook"
CONTROLLER: Final = {(ONE, EVERYWHERE): [SYNCS, METRICS, NAMESPACES], (ONE, OWN): [LEASE]}

Tables = dict[tuple[str, str], list[Table]]
"""By account, and by where it has these rights."""

TABLES: Final[dict[str, tuple[Document, Tables]]] = {
    "nothing": (
        {},
        {
            (ONE, EVERYWHERE): [SYNCS, METRICS, NAMESPACES, CONFIGURATIONS],
            (ONE, OWN): [LEASE, CERTIFICATE],
        },
    ),
    "a receiver": (
        {"webhookReceiver": {"enabled": True}},
        {
            (ONE, EVERYWHERE): [SYNCS, METRICS, NAMESPACES, CONFIGURATIONS],
            (ONE, OWN): [LEASE, CERTIFICATE],
        },
    ),
    "no webhook": ({"webhook": {"enabled": False}}, CONTROLLER),
    "a receiver alone": (
        {"webhook": {"enabled": False}, "webhookReceiver": {"enabled": True}},
        CONTROLLER,
    ),
    "cert-manager": ({"certManager": {"enabled": True}}, CONTROLLER),
    "no metrics": (
        {"metrics": {"enabled": False}, "webhook": {"enabled": False}},
        {(ONE, EVERYWHERE): [SYNCS, NAMESPACES], (ONE, OWN): [LEASE]},
    ),
    "no election": (
        {"leaderElection": {"enabled": False}, "webhook": {"enabled": False}},
        {(ONE, EVERYWHERE): [SYNCS, METRICS, NAMESPACES]},
    ),
    "two shards": (
        {"sharding": {"shards": 2}, "webhook": {"enabled": False}},
        {(ONE, EVERYWHERE): [SYNCS, METRICS, NAMESPACES], (ONE, OWN): [LEASES]},
    ),
    "no rights for agents": (
        {"rbac": {"autoBindAgent": {"enabled": False}}, "webhook": {"enabled": False}},
        {
            (ONE, EVERYWHERE): [SYNCS, METRICS, NAMESPACES_WITHOUT_AGENTS],
            (ONE, OWN): [LEASE],
        },
    ),
    "two namespaces": (
        # A finalizer comes off in a namespace whose Roles are already gone: hence everywhere.
        {"watchNamespaces": ["a", "b"]},
        {
            (ONE, EVERYWHERE): [SYNCS, METRICS, CONFIGURATIONS],
            (ONE, OWN): [LEASE, CERTIFICATE],
            (ONE, "a"): [NAMESPACES],
            (ONE, "b"): [NAMESPACES],
        },
    ),
    "apart": (
        {"webhook": {"replicas": 2}},
        {**CONTROLLER, (APART, EVERYWHERE): [METRICS, REVIEWING, CONFIGURATIONS],
         (APART, OWN): [CERTIFICATE]},
    ),
    "apart, with a receiver": (
        {"webhook": {"replicas": 2}, "webhookReceiver": {"enabled": True}},
        {**CONTROLLER, (APART, EVERYWHERE): [METRICS, RECEIVING, CONFIGURATIONS],
         (APART, OWN): [CERTIFICATE]},
    ),
    "apart, with cert-manager": (
        {"webhook": {"replicas": 2}, "certManager": {"enabled": True}},
        {**CONTROLLER, (APART, EVERYWHERE): [METRICS, REVIEWING]},
    ),
    "apart, without metrics": (
        {"webhook": {"replicas": 2}, "metrics": {"enabled": False}},
        {
            (ONE, EVERYWHERE): [SYNCS, NAMESPACES],
            (ONE, OWN): [LEASE],
            (APART, EVERYWHERE): [REVIEWING, CONFIGURATIONS],
            (APART, OWN): [CERTIFICATE],
        },
    ),
    "a receiver apart, alone": (
        {"webhook": {"enabled": False, "replicas": 1}, "webhookReceiver": {"enabled": True}},
        {**CONTROLLER, (APART, EVERYWHERE): [METRICS, RECEIVING]},
    ),
    "apart, in two namespaces": (
        {
            "webhook": {"replicas": 2},
            "webhookReceiver": {"enabled": True},
            "watchNamespaces": ["a", "b"],
        },
        {
            (ONE, EVERYWHERE): [SYNCS, METRICS],
            (ONE, OWN): [LEASE],
            (ONE, "a"): [NAMESPACES],
            (ONE, "b"): [NAMESPACES],
            (APART, EVERYWHERE): [METRICS, CONFIGURATIONS],
            (APART, OWN): [CERTIFICATE],
            (APART, "a"): [RECEIVING],
            (APART, "b"): [RECEIVING],
        },
    ),
}  # fmt: skip


def rights_in(table: Table) -> Iterator[Right]:
    for what, verbs in table.items():
        path, _, name = what.partition(" ")
        group, _, resource = (
            path.partition("/") if "." in path.partition("/")[0] else ("", "", path)
        )
        for verb in verbs.split():
            yield Right(group, resource, verb, name)


def grants_in(tables: Tables, namespace: str = PLANT) -> set[Grant]:
    return {
        Grant(account, namespace if where == OWN else where, right)
        for (account, where), listed in tables.items()
        for table in listed
        for right in rights_in(table)
    }


def right_without_name(right: Right) -> Right:
    return Right(right.group, right.resource, right.verb, "a name" if right.name else "")


def kind_of(role: str) -> str:
    """What a role of the release is for."""
    return role.partition(f"{RELEASE}-")[2]


def shown(grants: set[Grant]) -> list[str]:
    return sorted(f"{one.account} in {one.where}: {one.right}" for one in grants)


@pytest.fixture(scope="module")
def helm_alone(cluster: Cluster) -> Helm:
    """In a namespace that is not there: nothing but what is rendered is looked at."""
    return Helm.of(cluster, PLANT)


@pytest.mark.parametrize("name", TABLES)
def test_accounts_have_these_rights_and_no_others(name: str, helm_alone: Helm) -> None:
    values, tables = TABLES[name]
    documents = render(helm_alone, values)
    assert shown(granted(documents, PLANT)) == shown(grants_in(tables))
    accounts = {one["metadata"]["name"] for one in of_kind(documents, "ServiceAccount")}
    assert accounts == {account for account, _ in tables}
    assert {kind_of(one) for one in unbound(documents, PLANT)} <= {"view", "edit", "metrics-reader"}


@pytest.mark.parametrize("name", VALUES)
def test_no_values_give_more(name: str, helm_alone: Helm) -> None:
    """Whatever the values: no verb on a resource that no table has for that account."""
    known = {
        (one.account == APART, right_without_name(one.right))
        for _, tables in TABLES.values()
        for one in grants_in(tables)
    }
    for one in granted(render(helm_alone, VALUES[name]), PLANT):
        assert (one.account.endswith("-webhook"), right_without_name(one.right)) in known, one


@pytest.mark.parametrize("name", VALUES)
def test_no_rule_says_everything(name: str, helm_alone: Helm) -> None:
    found = [
        one for one in render(helm_alone, VALUES[name]) if "rules" in one and "spec" not in one
    ]
    assert found
    for rule in (rule for one in found for rule in one["rules"]):
        for field in ("apiGroups", "resources", "verbs", "nonResourceURLs", "resourceNames"):
            assert not [one for one in rule.get(field, ()) if "*" in one], rule
        assert not {"escalate", "bind", "impersonate", "deletecollection"} & {*rule["verbs"]}


def test_they_are_told_to_look_where_they_have_rights(helm_alone: Helm) -> None:
    values, _ = TABLES["apart, in two namespaces"]
    found = [
        container["args"]
        for one in of_kind(render(helm_alone, values), "Deployment")
        for container in one["spec"]["template"]["spec"]["containers"]
    ]
    assert len(found) == 3
    assert all("--watch-namespaces=a,b" in arguments for arguments in found)


def test_the_controller_may_grant_what_agents_get(helm_alone: Helm) -> None:
    """RBAC lets nobody give what they do not have."""
    own = {one.right for one in granted(render(helm_alone), PLANT) if one.where == EVERYWHERE}
    given = {
        Right("", rule.resource, verb)
        for rule in agent_rules("plant", ["line-1"])
        for verb in rule.verbs
    }
    assert given <= own


def test_users_of_a_namespace_may_use_gatewaysyncs(helm_alone: Helm) -> None:
    prefix = "rbac.authorization.k8s.io/aggregate-to-"
    found = {
        label.removeprefix(prefix): {
            str(right) for rule in one["rules"] for right in rights_of(rule)
        }
        for one in render(helm_alone, templates=["rbac/users"])
        for label in one["metadata"]["labels"]
        if label.startswith(prefix)
    }
    status = "get stoker.io/gatewaysyncs/status"
    reading = {status, *(f"{verb} stoker.io/gatewaysyncs" for verb in READ.split())}
    writing = {*reading, *(f"{verb} stoker.io/gatewaysyncs" for verb in WRITE.split())}
    assert found == {"admin": writing, "edit": writing, "view": reading}


def test_who_scrapes_may_do_that_alone(helm_alone: Helm) -> None:
    (role,) = render(helm_alone, templates=["rbac/metrics-reader"])
    assert [str(right) for rule in role["rules"] for right in rights_of(rule)] == ["get /metrics"]
