"""What accounts may do: as the rendered roles and bindings say, and as the API server says.

`granted` follows bindings to roles, as an API server does. `allowed` asks the server itself about
every verb of every resource that it knows, so nothing is left out that nobody thought of.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kit.speaking import as_admin
from stoker.adapters.kube.resources import SUBJECT_ACCESS_REVIEWS

if TYPE_CHECKING:
    from kit.kubectl import Document
    from kit.spaces import Space

EVERYWHERE: Final = "everywhere"
_MORE: Final = {
    "roles": ("bind", "escalate"),
    "clusterroles": ("bind", "escalate"),
    "serviceaccounts": ("impersonate",),
    "certificatesigningrequests": ("approve",),
}
"""Verbs that no resource lists."""


@dataclass(frozen=True, order=True)
class Right:
    """One verb on one resource; `name` is empty where it is for objects of any name."""

    group: str
    resource: str
    verb: str
    name: str = ""

    def __str__(self) -> str:
        """To be read in a failure."""
        group = f"{self.group}/" if self.group else ""
        return f"{self.verb} {group}{self.resource}{f' {self.name}' if self.name else ''}"


@dataclass(frozen=True)
class Grant:
    """A right that an account has, in a namespace or everywhere."""

    account: str
    where: str
    right: Right


def rights_of(rule: Document) -> Iterator[Right]:
    """What one rule gives."""
    for verb in rule["verbs"]:
        for name in rule.get("resourceNames") or [""]:
            for group in rule.get("apiGroups", ()):
                for resource in rule.get("resources", ()):
                    yield Right(group, resource, verb, name)
        for path in rule.get("nonResourceURLs", ()):
            yield Right("", path, verb)


def granted(documents: Sequence[Document], namespace: str) -> set[Grant]:
    """What the accounts among the subjects of all bindings get; `namespace` is the release's."""
    roles = {_key(one, namespace): one["rules"] for one in documents if "rules" in one}
    return {
        Grant(subject["name"], _scope(one, namespace), right)
        for one in documents
        if "roleRef" in one
        for subject in one["subjects"]
        for rule in roles[_role_of(one, namespace)]
        for right in rights_of(rule)
    }


def unbound(documents: Sequence[Document], namespace: str) -> list[str]:
    """Names of roles that no binding gives to anybody."""
    bound = {_role_of(one, namespace) for one in documents if "roleRef" in one}
    roles = [_key(one, namespace) for one in documents if "rules" in one]
    return [name for kind, where, name in roles if (kind, where, name) not in bound]


def _key(document: Document, namespace: str) -> tuple[str, str, str]:
    kind, metadata = document["kind"], document["metadata"]
    where = "" if kind == "ClusterRole" else metadata.get("namespace", namespace)
    return kind, where, metadata["name"]


def _role_of(binding: Document, namespace: str) -> tuple[str, str, str]:
    role = binding["roleRef"]
    scope = _scope(binding, namespace)
    return role["kind"], "" if role["kind"] == "ClusterRole" else scope, role["name"]


def _scope(binding: Document, namespace: str) -> str:
    if binding["kind"] == "ClusterRoleBinding":
        return EVERYWHERE
    return str(binding["metadata"].get("namespace", namespace))


# --- As the API server says ---


def resources(space: Space) -> list[Right]:
    """Every verb of every resource that the API server knows, subresources among them."""
    found: set[Right] = set()
    for path, group in _groups(space):
        for one in _raw(space, path)["resources"]:
            more = _MORE.get(one["name"], ())
            found |= {Right(group, one["name"], verb) for verb in (*one["verbs"], *more)}
    return sorted(found)


def _groups(space: Space) -> Iterator[tuple[str, str]]:
    yield "/api/v1", ""
    for group in _raw(space, "/apis")["groups"]:
        for version in group["versions"]:
            yield f"/apis/{version['groupVersion']}", group["name"]


def _raw(space: Space, path: str) -> Any:
    return json.loads(space.kubectl("get", "--raw", path))


def allowed(space: Space, account: str, namespace: str, asked: Iterable[Right]) -> set[Right]:
    """Those of the rights that a ServiceAccount of the space has in a namespace."""
    return {one for one in asked if _is_allowed(space, account, namespace, one)}


def _is_allowed(space: Space, account: str, namespace: str, right: Right) -> bool:
    resource, _, subresource = right.resource.partition("/")
    review = {
        "user": f"system:serviceaccount:{space.name}:{account}",
        "groups": [
            "system:authenticated",
            "system:serviceaccounts",
            f"system:serviceaccounts:{space.name}",
        ],
        "resourceAttributes": {
            "namespace": namespace,
            "verb": right.verb,
            "group": right.group,
            "resource": resource,
            "subresource": subresource,
            "name": right.name,
        },
    }
    admin = as_admin(space.cluster.kubeconfig)
    answer = admin.create(SUBJECT_ACCESS_REVIEWS, "", {"spec": review})
    return bool(answer["status"]["allowed"])
