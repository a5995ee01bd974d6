"""Another definition of GatewaySync for a while, and the real one afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from kit import manifests
from kit.eventually import eventually
from kit.misshapen import permissive
from stoker.adapters.codec.crd_schema import custom_resource_definition
from stoker.adapters.kube.errors import Invalid
from stoker.adapters.kube.resources import GATEWAY_SYNCS, Resource

if TYPE_CHECKING:
    from kit.kubectl import Document
    from stoker.adapters.kube.client import Client

_DEFINITIONS: Final = Resource(
    "apiextensions.k8s.io/v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    namespaced=False,
)
_PROBE: Final = "probe-of-the-definition"


@contextmanager
def anything_goes(client: Client) -> Iterator[None]:
    """A definition that takes everything, for the `with`; the API server needs a moment for it."""
    _define(client, permissive())
    try:
        eventually(lambda: _takes_anything(client), what="any GatewaySync is taken")
        yield
    finally:
        real(client)


def real(client: Client) -> None:
    """The real definition, in force."""
    _define(client, custom_resource_definition())
    eventually(lambda: not _takes_anything(client), what="the real definition is in force")


def _define(client: Client, definition: Document) -> None:
    name = definition["metadata"]["name"]
    client.apply(_DEFINITIONS, "", name, definition)


def _takes_anything(client: Client) -> bool:
    probe = manifests.of_kind("GatewaySync", _PROBE, "stoker.io/v1alpha1", spec=5)
    try:
        client.create(GATEWAY_SYNCS, "default", probe)
    except Invalid:
        return False
    client.delete(GATEWAY_SYNCS, "default", _PROBE)
    return True
