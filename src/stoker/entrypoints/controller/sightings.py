"""The small values that the controller keeps of what it sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from stoker.adapters.codec.crd import Seen, decode_seen
from stoker.adapters.codec.owned import owners, read_accounts, read_rules
from stoker.core import names
from stoker.core.pods import Pod
from stoker.core.reconcile import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable


@frozen
class Grant:
    """A Role or RoleBinding of ours: which CR's, and what it says."""

    cr_label: str
    says: tuple[Rule, ...] | tuple[str, ...] | None


@frozen
class Unread:
    """A ConfigMap that is not read here: which CR's it is."""

    cr_label: str
    owners: frozenset[str]


def read_cr(document: Mapping[str, Any], _: Seen | None) -> Seen:
    """A CR, as much of it as can be read."""
    return decode_seen(dict(document))


def read_pod(document: Mapping[str, Any], _: Pod | None) -> Pod | None:
    """A gateway's pod; None for any other."""
    pod = Pod.of(document)
    return pod if pod.annotations.inject or pod.has_agent else None


def read_role(document: Mapping[str, Any], _: Grant | None) -> Grant:
    """A Role of ours."""
    return Grant(_label(document, names.CR_NAME_LABEL), read_rules(document))


def read_binding(document: Mapping[str, Any], _: Grant | None) -> Grant:
    """A RoleBinding of ours."""
    role = document["metadata"]["name"]
    return Grant(_label(document, names.GATEWAYSYNC_LABEL), read_accounts(document, role))


def read_list(document: Mapping[str, Any], _: Unread | None) -> Unread:
    """A ConfigMap for a list of changes."""
    return Unread(_label(document, names.CR_NAME_LABEL), owners(document))


def _label(document: Mapping[str, Any], name: str) -> str:
    return str((document["metadata"].get("labels") or {}).get(name, ""))


@frozen
class Inhabitants:
    """The CRs of a namespace: their names, and these by the label that their objects bear."""

    names: frozenset[str]
    by_label: Mapping[str, str]

    @classmethod
    def of(cls, crs: Iterable[str]) -> Inhabitants:
        """These CRs."""
        known = frozenset(crs)
        return cls(known, {names.cr_label_value(name): name for name in known})
