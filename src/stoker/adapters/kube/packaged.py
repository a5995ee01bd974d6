"""The wire of a kubeconfig as the official package reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubernetes import config
from kubernetes.client import Configuration
from kubernetes.client.rest import RESTClientObject

from stoker.adapters.kube.errors import NoCluster
from stoker.adapters.kube.pooled import Pooled, hurry

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN = "BearerToken"  # noqa: S105 - the name of a setting


def wire_of(kubeconfig: str, context: str, pool: int) -> Pooled:
    """The wire; raises `NoCluster`. `context` is one of the file; "" is the current one."""
    settings = Configuration()
    settings.connection_pool_maxsize = pool
    settings.retries = False
    settings.keep_alive = True
    _load(settings, kubeconfig, context)
    manager = RESTClientObject(settings).pool_manager
    hurry(manager)
    return Pooled(settings.host.rstrip("/"), manager, _credential(settings))


def _load(settings: Configuration, kubeconfig: str, context: str) -> None:
    load: Any = config  # the package has no types
    try:
        load.load_kube_config(
            kubeconfig, context or None, client_configuration=settings, persist_config=False
        )
    except Exception as error:  # the package lets out whatever a wrong file leads to
        said = str(error) if isinstance(error, config.ConfigException) else type(error).__name__
        raise NoCluster(
            f"how to reach the API server cannot be read: {said}",
            where=kubeconfig,
            cure="name a kubeconfig that can be read, or run in a pod with a service account",
        ) from error


def _credential(settings: Configuration) -> Callable[[], str]:
    """The header by which we say who we are; a client certificate needs none."""

    def header() -> str:
        token = settings.get_api_key_with_prefix(_TOKEN, alias="authorization")
        return str(token or "").strip()

    return header
