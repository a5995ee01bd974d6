"""The objects that Stoker owns in a cluster, to and from their documents.

Documents for server-side apply hold exactly the fields that the controller wants to own: what is
left out of them is somebody else's. Each names its CR twice, by a label to be found by and as its
owner, so that Kubernetes itself clears it away when the CR is gone.

What is read here was written by a controller, or changed by hand since: whatever is not as this
module writes it reads as None, and the next decision puts it right.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from stoker.adapters.codec.crd import encode_status
from stoker.adapters.codec.metadata import encode_metadata
from stoker.core import names
from stoker.core.reconcile import Rule, Token
from stoker.core.spec.document import rfc3339
from stoker.core.spec.schema import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stoker.core.profile import Metadata
    from stoker.core.spec import GatewaySyncStatus, ObjectMeta

Document = dict[str, Any]

_RIGHTS: Final = "rbac.authorization.k8s.io"


def metadata_object(cr: ObjectMeta, metadata: Metadata) -> Document:
    """The ConfigMap that tells the agents of `cr` what to sync."""
    name = names.metadata_config_map(cr.name)
    head = _head("v1", "ConfigMap", cr, name, names.MANAGED_BY_CONTROLLER)
    return {**head, "data": encode_metadata(metadata)}


def agents_object(cr: ObjectMeta, name: str) -> Document:
    """A ConfigMap for an agent to write; its data is none of the controller's."""
    head = _head("v1", "ConfigMap", cr, name, names.MANAGED_BY_AGENT)
    if is_of_changes(name):
        head["metadata"]["labels"][names.CONTENT_LABEL] = names.CONTENT_CHANGES
    return head


def is_of_changes(name: str) -> bool:
    """Whether a ConfigMap of this name is for a list of changes, which nobody here reads."""
    return name.startswith("stoker-changes-")


def role_object(cr: ObjectMeta, name: str, rules: Iterable[Rule]) -> Document:
    """What the agents of `cr` may touch."""
    head = _head(f"{_RIGHTS}/v1", "Role", cr, name, names.MANAGED_BY_CONTROLLER)
    return {**head, "rules": [_rule(rule) for rule in rules]}


def binding_object(cr: ObjectMeta, name: str, role: str, accounts: Iterable[str]) -> Document:
    """Who the agents of `cr` are."""
    head = _head(f"{_RIGHTS}/v1", "RoleBinding", cr, name, names.MANAGED_BY_CONTROLLER)
    head["metadata"]["labels"][names.GATEWAYSYNC_LABEL] = names.cr_label_value(cr.name)
    subjects = [
        {"kind": "ServiceAccount", "name": account, "namespace": cr.namespace}
        for account in accounts
    ]
    role_ref = {"apiGroup": _RIGHTS, "kind": "Role", "name": role}
    return {**head, "roleRef": role_ref, "subjects": subjects}


def token_object(cr: ObjectMeta, token: Token, text: str) -> Document:
    """The Secret with the installation token of `cr`."""
    name = names.github_token_secret(cr.name)
    head = _head("v1", "Secret", cr, name, names.MANAGED_BY_CONTROLLER)
    head["metadata"]["annotations"] = {
        names.SECRET_TYPE_ANNOTATION: names.SECRET_TYPE_GITHUB_TOKEN,
        names.TOKEN_KEY_ANNOTATION: token.key,
        names.TOKEN_EXPIRES_ANNOTATION: rfc3339(token.expires),
    }
    coded = base64.b64encode(text.encode()).decode()
    return {**head, "type": "Opaque", "data": {names.GITHUB_TOKEN_KEY: coded}}


def status_object(cr: ObjectMeta, status: GatewaySyncStatus) -> Document:
    """The CR with nothing but its status."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": cr.name, "namespace": cr.namespace, "uid": cr.uid},
        "status": encode_status(status),
    }


def status_change(cr: ObjectMeta, status: GatewaySyncStatus) -> Document:
    """The same as a merge patch, for a CR that cannot be applied to as it breaks its definition.

    A patch leaves what it does not name, so whatever is not said is taken away by name.
    """
    nothing = dict.fromkeys(one.json_name for one in fields_of(type(status)))
    return {"metadata": {"uid": cr.uid}, "status": {**nothing, **encode_status(status)}}


def read_rules(document: Mapping[str, Any]) -> tuple[Rule, ...] | None:
    """The rules of a Role; None when they are not as `role_object` writes them."""
    rules = document.get("rules") or []
    read = tuple(_read_rule(rule) for rule in rules) if isinstance(rules, list) else (None,)
    return None if None in read else tuple(rule for rule in read if rule is not None)


def read_accounts(document: Mapping[str, Any], role: str) -> tuple[str, ...] | None:
    """The ServiceAccounts that a RoleBinding binds to `role`; None for any other binding."""
    role_ref, subjects = document.get("roleRef"), document.get("subjects") or []
    wanted = {"apiGroup": _RIGHTS, "kind": "Role", "name": role}
    namespace = document.get("metadata", {}).get("namespace")
    if role_ref != wanted or not isinstance(subjects, list):
        return None
    of_ours = [
        one.get("name")
        for one in subjects
        if one.get("kind") == "ServiceAccount" and one.get("namespace") == namespace
    ]
    return tuple(of_ours) if len(of_ours) == len(subjects) else None


def read_token(document: Mapping[str, Any]) -> Token | None:
    """Whose token a Secret holds and until when, by its annotations; None when they do not say."""
    annotations = document.get("metadata", {}).get("annotations") or {}
    key = annotations.get(names.TOKEN_KEY_ANNOTATION)
    try:
        expires = datetime.fromisoformat(annotations.get(names.TOKEN_EXPIRES_ANNOTATION, ""))
    except (TypeError, ValueError):
        return None
    return Token(key, expires) if isinstance(key, str) and expires.tzinfo else None


def owners(document: Mapping[str, Any]) -> frozenset[str]:
    """The uids of an object's owners."""
    listed = document.get("metadata", {}).get("ownerReferences") or []
    uids = (one["uid"] for one in listed if isinstance(one, Mapping) and "uid" in one)
    return _shared(frozenset(uids))


@lru_cache(maxsize=1 << 14)
def _shared(uids: frozenset[str]) -> frozenset[str]:
    """The same set for all objects of an owner: there are dozens of them."""
    return uids


def _head(api_version: str, kind: str, cr: ObjectMeta, name: str, manager: str) -> Document:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": cr.namespace,
            "labels": {
                names.CR_NAME_LABEL: names.cr_label_value(cr.name),
                names.MANAGED_BY_LABEL: manager,
            },
            "ownerReferences": [
                {
                    "apiVersion": names.API_VERSION,
                    "kind": names.KIND,
                    "name": cr.name,
                    "uid": cr.uid,
                    "controller": True,
                    # The finalizer holds up the CR already; this would need one more right.
                    "blockOwnerDeletion": False,
                }
            ],
        },
    }


def _rule(rule: Rule) -> Document:
    made: Document = {"apiGroups": [""], "resources": [rule.resource], "verbs": list(rule.verbs)}
    return {**made, "resourceNames": list(rule.names)} if rule.names else made


def _read_rule(document: object) -> Rule | None:
    if not isinstance(document, Mapping) or document.get("apiGroups") != [""]:
        return None
    resources, verbs = document.get("resources") or [], document.get("verbs") or []
    if len(resources) != 1 or document.keys() - {
        "apiGroups",
        "resources",
        "verbs",
        "resourceNames",
    }:
        return None
    return Rule(resources[0], tuple(verbs), tuple(document.get("resourceNames") or ()))
