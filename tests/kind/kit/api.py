"""The official Python client, configured for the cluster of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kubernetes import client, config

if TYPE_CHECKING:
    from cluster import Cluster


@dataclass(frozen=True)
class Api:
    """The groups of the API that tests ask for; `connection` is for all others."""

    connection: client.ApiClient

    @cached_property
    def core(self) -> client.CoreV1Api:
        """Pods, Services, Secrets, ConfigMaps, events, namespaces."""
        return client.CoreV1Api(self.connection)

    @cached_property
    def apps(self) -> client.AppsV1Api:
        """Deployments and StatefulSets."""
        return client.AppsV1Api(self.connection)

    @cached_property
    def rights(self) -> client.RbacAuthorizationV1Api:
        """Roles and their bindings."""
        return client.RbacAuthorizationV1Api(self.connection)

    @cached_property
    def admission(self) -> client.AdmissionregistrationV1Api:
        """Webhook configurations."""
        return client.AdmissionregistrationV1Api(self.connection)

    @cached_property
    def kinds(self) -> client.ApiextensionsV1Api:
        """Definitions of custom resources."""
        return client.ApiextensionsV1Api(self.connection)

    @cached_property
    def custom(self) -> client.CustomObjectsApi:
        """Custom resources."""
        return client.CustomObjectsApi(self.connection)

    @cached_property
    def leases(self) -> client.CoordinationV1Api:
        """Leases."""
        return client.CoordinationV1Api(self.connection)

    def version(self) -> Any:
        """The API server's version."""
        return client.VersionApi(self.connection).get_code()


@contextmanager
def connected(cluster: Cluster) -> Iterator[Api]:
    """The API of a cluster; the process's own configuration of the client is left alone."""
    settings = client.Configuration()
    load: Any = config.load_kube_config  # the package has no types
    load(str(cluster.kubeconfig), client_configuration=settings)
    with client.ApiClient(settings) as connection:
        yield Api(connection)
