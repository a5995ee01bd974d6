"""The way to the API server by the official package: a kubeconfig, or a service account.

The official package reads them, keeps the tokens fresh and sets up TLS and proxies; the connection
pool is the one that it makes, with connections that have a deadline.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubernetes import config
from kubernetes.client import Configuration
from kubernetes.client.rest import RESTClientObject

from stoker.adapters.kube.errors import NoCluster
from stoker.adapters.kube.pooled import Pooled, hurry
from stoker.adapters.kube.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN = "BearerToken"  # noqa: S105 - the name of a setting


def way_to(kubeconfig: Path | None, user_agent: str, pool: int, context: str = "") -> Transport:
    """The transport to the cluster that is meant; raises `NoCluster`.

    `context` is one of the kubeconfig; without it, it is the current one.
    """
    settings = Configuration()
    settings.connection_pool_maxsize = pool
    settings.retries = False
    settings.keep_alive = True
    _load(settings, kubeconfig, context)
    manager = RESTClientObject(settings).pool_manager
    hurry(manager)
    wire = Pooled(settings.host.rstrip("/"), manager, _credential(settings))
    return Transport(wire, user_agent)


def _load(settings: Configuration, kubeconfig: Path | None, context: str) -> None:
    load: Any = config  # the package has no types
    is_inside = kubeconfig is None and not context
    if is_inside and os.environ.get("KUBERNETES_SERVICE_HOST"):
        where = "the pod's service account"
        cure = "mount the token of a service account, or name a kubeconfig"
    else:
        where = str(kubeconfig or os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")
        cure = "name a kubeconfig that can be read, or run in a pod with a service account"
    try:
        if is_inside and os.environ.get("KUBERNETES_SERVICE_HOST"):
            load.load_incluster_config(client_configuration=settings)
        else:
            load.load_kube_config(
                where, context or None, client_configuration=settings, persist_config=False
            )
    except Exception as error:  # the package lets out whatever a wrong file leads to
        said = str(error) if isinstance(error, config.ConfigException) else type(error).__name__
        raise NoCluster(
            f"how to reach the API server cannot be read: {said}", where=where, cure=cure
        ) from error


def _credential(settings: Configuration) -> Callable[[], str]:
    """The header by which we say who we are; a client certificate needs none."""

    def header() -> str:
        token = settings.get_api_key_with_prefix(_TOKEN, alias="authorization")
        return str(token or "").strip()

    return header
