"""Gateways' pods of users, and what the webhook makes of them where no webhook is asked.

`injected` does what the webhook does with a pod that is created, with the product's own core and
settings. So the sidecar is exactly the contract's: its environment, volumes, probes, resources and
security context. What a pod of a user is, `kit.gateways` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from kit import gateways, manifests
from kit.kubectl import Document
from kit.plants import ACCOUNT
from stoker.adapters.codec.crd import decode_gateway_sync
from stoker.core import names
from stoker.core.injection import ImageSettings, InjectionSettings, inject

if TYPE_CHECKING:
    from stoker.core.spec import GatewaySync

PROTOCOLS: Final = ("https", "ssh", "git")


def marks(cr: str | None = None, **more: str) -> dict[str, str]:
    """The annotations of a pod that wants the sidecar; `more` are others of ours."""
    named = {} if cr is None else {names.CR_NAME: cr}
    extra = {f"stoker.io/{key.replace('_', '-')}": value for key, value in more.items()}
    return {names.INJECT: "true", **named, **extra}


def gateway_pod(  # noqa: PLR0913 - what pods of users differ in
    name: str,
    image: str,
    annotations: Mapping[str, str],
    *,
    labels: Mapping[str, str] | None = None,
    switches: Mapping[str, object] | None = None,
    data: Document | None = None,
    **rest: Any,
) -> Document:
    """The pod of a user, without a sidecar; `data` is the volume of the gateway's files."""
    made = gateways.pod(name, image, switches=switches, serviceAccountName=ACCOUNT, **rest)
    made = manifests.marked(made, annotations=annotations, labels=labels)
    # Its name is the gateway's, unless it says another; the kit's own label would be taken first.
    del made["metadata"]["labels"][manifests.NAME_LABEL]
    if data is not None:
        _replace(made["spec"]["volumes"], {**data, "name": gateways.DATA_VOLUME})
    return made


def injected(pod: Document, cr: Document, image: str, namespace: str) -> Document:
    """The same pod after the webhook of a controller that injects this image."""
    repository, _, tag = image.rpartition(":")
    settings = InjectionSettings(
        image=ImageSettings(repository, tag, "IfNotPresent"), allowed_protocols=PROTOCOLS
    )
    return inject(pod, _decoded(cr, namespace), settings)


def sidecar(pod: Document) -> Document:
    """The container that was injected."""
    found: Document = pod["spec"]["initContainers"][0]
    assert found["name"] == names.AGENT_CONTAINER
    return found


def with_volume(pod: Document, volume: Document) -> Document:
    """The pod with another volume in the place of the one of that name."""
    _replace(pod["spec"]["volumes"], volume)
    return pod


def through(pod: Document, address: str, port: int, authority: str) -> Document:
    """The pod with an agent that reaches the API server there, trusting a ConfigMap `authority`."""
    where = {"KUBERNETES_SERVICE_HOST": address, "KUBERNETES_SERVICE_PORT": str(port)}
    sidecar(pod)["env"] += [{"name": name, "value": value} for name, value in where.items()]
    place = {"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}
    sources = [
        {"serviceAccountToken": {"path": "token"}},
        {"configMap": {"name": authority, "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [place]}},
    ]
    return with_volume(pod, {"name": names.VOLUME_API_ACCESS, "projected": {"sources": sources}})


def stateful_set(name: str, pod: Document, replicas: int) -> Document:
    """Replicas of a pod, injected or not, as Kubernetes makes them by numbers."""
    labels = {"set": name, **pod["metadata"].get("labels", {})}
    template = {"metadata": {**pod["metadata"], "labels": labels}, "spec": pod["spec"]}
    template["metadata"].pop("name", None)
    spec = {
        "serviceName": name,
        "replicas": replicas,
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": {"set": name}},
        "template": template,
    }
    return manifests.of_kind("StatefulSet", name, "apps/v1", spec=spec)


def deployment(name: str, pod: Document, replicas: int = 1) -> Document:
    """Replicas of such a pod, or of one that was not injected, with names of no order."""
    made = stateful_set(name, pod, replicas)
    spec = {key: made["spec"][key] for key in ("replicas", "selector", "template")}
    return manifests.of_kind("Deployment", name, "apps/v1", spec=spec)


def _decoded(cr: Document, namespace: str) -> GatewaySync:
    metadata = {**cr["metadata"], "namespace": namespace}
    return decode_gateway_sync({**cr, "metadata": metadata}, rules=False)


def _replace(volumes: Sequence[Document], volume: Document) -> None:
    (found,) = [one for one in volumes if one["name"] == volume["name"]]
    found.clear()
    found.update(volume)
