"""Which gateways a CR has: pods in, gateways out.

A gateway is a pod that asked for injection, or carries an agent, and belongs to the CR. Replicas
that share one gateway name are apart: each has its own agent, its own files and its own report.
The order and repetition of pods in a list mean nothing: the answer is sorted and has each pod once.

A pod without an agent is a gateway as well: its creation went through while the webhook was down,
and the status must say so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from stoker.core.names import POD_INDEX_LABEL
from stoker.core.pods import Pod, derive_cr

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_NUMBER: Final = re.compile(r"([+-]?)0*([0-9]{1,19})")
_LOWEST: Final = -(2**63)
_HIGHEST: Final = 2**63 - 1


@frozen(kw_only=True)
class Gateway:
    """One gateway of a CR: a pod, and who it says it is."""

    name: str
    namespace: str
    pod_name: str
    pod_uid: str
    cr_name: str
    profile: str
    has_sidecar: bool
    service_account_name: str = ""
    labels: Mapping[str, str]
    phase: str = ""
    ready: bool = False
    created: datetime | None = None
    sync_period: int | None = None
    """Seconds, where the pod's annotation sets them; else the profile does."""
    ref_override: str | None = None
    """The ref that the pod's annotation wants instead of the CR's."""

    @property
    def ordinal(self) -> int:
        """The pod's number in its set."""
        return pod_ordinal(self.pod_name, self.labels)


def discover(
    pods: Iterable[Pod], *, namespace: str, cr_name: str, namespace_crs: Collection[str]
) -> tuple[Gateway, ...]:
    """The gateways of one CR, sorted by name, then by pod.

    `namespace_crs` names all CRs of the namespace: a pod that names none belongs to the only one.
    """
    gateways = sorted(
        (
            _gateway(pod, cr_name)
            for pod in pods
            if pod.namespace == namespace
            and _is_gateway(pod)
            and derive_cr(namespace_crs, pod.annotations.cr_name) == cr_name
        ),
        key=_all_fields,
    )
    once = {(gateway.pod_name, gateway.pod_uid): gateway for gateway in gateways}
    return tuple(sorted(once.values(), key=_all_fields))


def pod_ordinal(pod_name: str, labels: Mapping[str, str]) -> int:
    """The index that the pod's set gave it, else the number that ends its name, else 0."""
    index = _whole_number(labels.get(POD_INDEX_LABEL, ""))
    if index is None:
        index = _whole_number(pod_name.rpartition("-")[2])
    return 0 if index is None else index


def _is_gateway(pod: Pod) -> bool:
    alive = not (pod.terminating or pod.finished)
    return alive and (pod.annotations.inject or pod.has_agent)


def _gateway(pod: Pod, cr_name: str) -> Gateway:
    return Gateway(
        name=pod.gateway_name,
        namespace=pod.namespace,
        pod_name=pod.name,
        pod_uid=pod.uid,
        cr_name=cr_name,
        profile=pod.profile,
        has_sidecar=pod.has_agent,
        service_account_name=pod.service_account_name,
        labels=pod.labels,
        phase=pod.phase,
        ready=pod.ready,
        created=pod.created,
        sync_period=pod.annotations.sync_period,
        ref_override=pod.annotations.ref_override,
    )


def _all_fields(gateway: Gateway) -> tuple[Any, ...]:
    # All of them: which of two differing views of one pod counts must not depend on their order.
    return (
        gateway.name,
        gateway.pod_name,
        gateway.pod_uid,
        gateway.profile,
        gateway.service_account_name,
        gateway.phase,
        (gateway.has_sidecar, gateway.ready),
        gateway.created.timestamp() if gateway.created else 0.0,
        gateway.sync_period or 0,
        gateway.ref_override or "",
        tuple(sorted(gateway.labels.items())),
    )


def _whole_number(text: str) -> int | None:
    """A decimal number of 64 bits with an optional sign: ASCII digits and nothing else."""
    written = _NUMBER.fullmatch(text)
    if written is None:
        return None
    sign, digits = written.groups()
    number = int(sign + digits)
    return number if _LOWEST <= number <= _HIGHEST else None
