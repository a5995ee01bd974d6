"""Kinds of objects, and where the API has them.

Names come from CRs and pods, hence from outside. A path is refused if a part of it would make it
the path of something else: a missing name that of a whole collection, dots that of what is above.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from attrs import frozen

from stoker.adapters.kube.errors import Invalid


@frozen
class Resource:
    """A kind of object."""

    api_version: str
    plural: str
    kind: str
    namespaced: bool = True

    def __str__(self) -> str:
        """Its plural, which is how `kubectl` and roles name it."""
        return self.plural

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of an object; without a name, of the collection; "" is all namespaces."""
        if name and self.namespaced and not namespace:
            raise Invalid(f"{self.kind} {name!r} is named without a namespace", where=self.plural)
        if subresource and not name:
            raise Invalid(f"the {subresource} of no object was asked for", where=self.plural)
        root = "apis" if "/" in self.api_version else "api"
        parts = [root, *self.api_version.split("/")]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        parts += [part for part in (name, subresource) if part]
        return "".join(f"/{self._part(part)}" for part in parts)

    def object_path(self, namespace: str, name: str, subresource: str = "") -> str:
        """The path of an object, never that of a collection."""
        if not name:
            raise Invalid(f"a {self.kind} without a name was asked for", where=self.plural)
        return self.path(namespace, name, subresource)

    def _part(self, text: str) -> str:
        if text in {".", ".."}:
            raise Invalid(f"{text!r} is not the name of an object", where=self.plural)
        return quote(text, safe="", errors="surrogatepass")


GATEWAY_SYNCS: Final = Resource("stoker.io/v1alpha1", "gatewaysyncs", "GatewaySync")
PODS: Final = Resource("v1", "pods", "Pod")
CONFIG_MAPS: Final = Resource("v1", "configmaps", "ConfigMap")
SECRETS: Final = Resource("v1", "secrets", "Secret")
EVENTS: Final = Resource("v1", "events", "Event")
ROLES: Final = Resource("rbac.authorization.k8s.io/v1", "roles", "Role")
ROLE_BINDINGS: Final = Resource("rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding")
LEASES: Final = Resource("coordination.k8s.io/v1", "leases", "Lease")
NAMESPACES: Final = Resource("v1", "namespaces", "Namespace", namespaced=False)
TOKEN_REVIEWS: Final = Resource(
    "authentication.k8s.io/v1", "tokenreviews", "TokenReview", namespaced=False
)
SUBJECT_ACCESS_REVIEWS: Final = Resource(
    "authorization.k8s.io/v1", "subjectaccessreviews", "SubjectAccessReview", namespaced=False
)
MUTATING_WEBHOOKS: Final = Resource(
    "admissionregistration.k8s.io/v1",
    "mutatingwebhookconfigurations",
    "MutatingWebhookConfiguration",
    namespaced=False,
)
VALIDATING_WEBHOOKS: Final = Resource(
    "admissionregistration.k8s.io/v1",
    "validatingwebhookconfigurations",
    "ValidatingWebhookConfiguration",
    namespaced=False,
)
