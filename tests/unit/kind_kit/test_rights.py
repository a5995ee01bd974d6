"""Who gets which rights: as an API server follows bindings to roles."""

from __future__ import annotations

from typing import Any, Final

from kit.rights import EVERYWHERE, Grant, Right, granted, rights_of, unbound

READ_PODS: Final = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}


def role(name: str, namespace: str = "", kind: str = "Role") -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"kind": kind, "metadata": metadata, "rules": [READ_PODS]}


def binding(
    name: str, namespace: str = "", kind: str = "RoleBinding", of: str = "Role"
) -> dict[str, Any]:
    subjects = [{"kind": "ServiceAccount", "name": "a"}]
    role_ref = {"kind": of, "name": name}
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"kind": kind, "metadata": metadata, "roleRef": role_ref, "subjects": subjects}


def test_a_rule_gives_each_verb_on_each_resource_by_each_name() -> None:
    rule = {
        "apiGroups": ["apps"],
        "resources": ["deployments", "deployments/scale"],
        "resourceNames": ["a", "b"],
        "verbs": ["get", "patch"],
    }
    found = list(rights_of(rule))
    assert len(found) == 8
    assert Right("apps", "deployments/scale", "patch", "b") in found
    assert str(found[0]) == "get apps/deployments a"


def test_no_names_are_all_names() -> None:
    assert list(rights_of(READ_PODS | {"resourceNames": []})) == [Right("", "pods", "get")]
    assert list(rights_of({"nonResourceURLs": ["/metrics"], "verbs": ["get"]})) == [
        Right("", "/metrics", "get")
    ]


def test_a_right_is_had_where_it_is_bound() -> None:
    documents = [
        role("own"),
        role("watched", "plant"),
        role("all", kind="ClusterRole"),
        role("lent", kind="ClusterRole"),
        role("spare", kind="ClusterRole"),
        binding("own"),
        binding("watched", "plant"),
        binding("all", kind="ClusterRoleBinding", of="ClusterRole"),
        binding("lent", "plant", of="ClusterRole"),
    ]
    right = Right("", "pods", "get")
    assert granted(documents, "stoker") == {
        Grant("a", where, right) for where in ("stoker", "plant", EVERYWHERE)
    }
    assert granted([documents[3], documents[8]], "stoker") == {Grant("a", "plant", right)}
    assert unbound(documents, "stoker") == ["spare"]
