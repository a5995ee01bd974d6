"""The small values that the controller keeps of what it sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from stoker.adapters.codec.crd import Seen, decode_seen
from stoker.adapters.codec.owned import owners, read_accounts, read_rules
from stoker.adapters.codec.sharing import shared
from stoker.core import names
from stoker.core.pods import Pod
from stoker.core.reconcile import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable


@frozen
class Grant:
    """A Role or RoleBinding of ours: which CR's, by label and owners, and what it says."""

    cr_label: str
    says: tuple[Rule, ...] | tuple[str, ...] | None
    owners: frozenset[str]

    def said(self, uid: str) -> tuple[Rule, ...] | tuple[str, ...] | None:
        """What it says for the CR with this uid; one that it does not own is to be made its own."""
        return self.says if uid in self.owners else None


@frozen
class Unread:
    """A ConfigMap that is not read here: which CR's it is."""

    cr_label: str
    owners: frozenset[str]


def is_of(uid: str, owners: frozenset[str]) -> bool:
    """Whether what has these owners may be the CR's with this uid.

    One of an earlier life of the CR is about to be cleared away by Kubernetes.
    """
    return not owners or uid in owners


def read_cr(document: Mapping[str, Any], known: Seen | None) -> Seen:
    """A CR, as much of it as can be read."""
    return decode_seen(dict(document), known)


def read_pod(document: Mapping[str, Any], _: Pod | None) -> Pod | None:
    """A gateway's pod; None for any other."""
    pod = Pod.of(document)
    return _sharing(pod) if pod.annotations.inject or pod.has_agent else None


def _sharing(pod: Pod) -> Pod:
    """The same pod, with the texts that its report and other pods have too."""
    asked = pod.annotations
    return evolve(
        pod,
        name=shared(pod.name),
        namespace=shared(pod.namespace),
        uid=shared(pod.uid),
        labels={shared(name): shared(value) for name, value in pod.labels.items()},
        service_account_name=shared(pod.service_account_name),
        phase=shared(pod.phase),
        annotations=evolve(
            asked,
            cr_name=asked.cr_name and shared(asked.cr_name),
            profile=asked.profile and shared(asked.profile),
        ),
    )


def read_role(document: Mapping[str, Any], _: Grant | None) -> Grant:
    """A Role of ours."""
    return Grant(_label(document, names.CR_NAME_LABEL), read_rules(document), owners(document))


def read_binding(document: Mapping[str, Any], _: Grant | None) -> Grant:
    """A RoleBinding of ours."""
    role = document["metadata"]["name"]
    label = _label(document, names.GATEWAYSYNC_LABEL)
    return Grant(label, read_accounts(document, role), owners(document))


def read_list(document: Mapping[str, Any], _: Unread | None) -> Unread:
    """A ConfigMap for a list of changes."""
    return Unread(_label(document, names.CR_NAME_LABEL), owners(document))


def _label(document: Mapping[str, Any], name: str) -> str:
    return shared(str((document["metadata"].get("labels") or {}).get(name, "")))


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
