"""What a decision asks for, done: each action is one write, or a question that is passed on.

Every write may be repeated: by a retry, after a crash, or by another leader. Objects are applied
(server-side, as our own field manager), so the API server merges what is ours with what is others'.
Where that could bring back to life what somebody has just deleted, or overwrite what somebody has
just changed, the write names the version that it was decided on. So does a deletion, as watches can
be late: what its pod's agent has written since is not lost by it.

A namespace that goes can take our rights in it away first. So a CR that is to go does not wait for
what we may not delete or see: Kubernetes clears away what it owned.

What the API server answers goes back to where sightings are kept, so the next decision sees its own
writes before a watch tells of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from stoker.adapters.codec import owned
from stoker.adapters.kube.client import Client
from stoker.adapters.kube.errors import (
    AlreadyExists,
    Busy,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
)
from stoker.adapters.kube.resources import (
    CONFIG_MAPS,
    GATEWAY_SYNCS,
    PODS,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
)
from stoker.core import names
from stoker.core.errors import StokerError
from stoker.core.reconcile import (
    Action,
    AddFinalizer,
    ClearRequestedRef,
    DeleteObject,
    EnsureBinding,
    EnsureConfigMap,
    EnsureRole,
    RemoveFinalizer,
    Token,
    WriteMetadata,
    WriteStatus,
)
from stoker.entrypoints.controller.cluster import Cluster
from stoker.entrypoints.controller.definition import Definition

if TYPE_CHECKING:
    from stoker.core.reconcile import ObjectName
    from stoker.core.spec import GatewaySyncStatus, ObjectMeta

_KINDS = {
    "ConfigMap": CONFIG_MAPS,
    "Secret": SECRETS,
    "Role": ROLES,
    "RoleBinding": ROLE_BINDINGS,
}
_FAILED = 500
_ENDED = frozenset({"Succeeded", "Failed"})
_REQUEST = (names.REQUESTED_REF, names.REQUESTED_AT, names.REQUESTED_BY)


@frozen
class NameTaken(StokerError):
    """An object of a name that is ours by contract belongs to somebody else."""

    reason = "NameTaken"


@frozen
class Hands:
    """Does what decisions ask for; raises `StokerError` where that cannot be done."""

    client: Client
    cluster: Cluster
    definition: Definition = field(factory=Definition)

    def write(self, cr: ObjectMeta, action: Action) -> None:
        """Do one action that changes the cluster."""
        match action:
            case AddFinalizer() | RemoveFinalizer():
                self._mark(cr, wanted=isinstance(action, AddFinalizer))
            case ClearRequestedRef():
                self._clear_request(cr)
            case WriteStatus(status):
                self._show(cr, status)
            case WriteMetadata(metadata):
                written = self._apply(cr, CONFIG_MAPS, owned.metadata_object(cr, metadata))
                self.cluster.saw(self.cluster.notes, written, ours=True)
            case EnsureConfigMap(name, _):
                made = self._made(cr, name)
                self.cluster.saw(self.cluster.shelf_of_notes(name), made, ours=True)
            case EnsureRole(name, rules):
                written = self._apply(cr, ROLES, owned.role_object(cr, name, rules))
                self.cluster.saw(self.cluster.roles, written, ours=True)
            case EnsureBinding():
                self._bind(cr, action)
            case DeleteObject(name):
                self._delete(cr, name)
            case _:
                raise TypeError(action)

    def store_token(self, cr: ObjectMeta, token: Token, text: str) -> None:
        """Put an installation token into the CR's Secret."""
        self._apply(cr, SECRETS, owned.token_object(cr, token, text))
        self.cluster.has_token((cr.namespace, cr.name), token)

    def look_for_token(self, cr: ObjectMeta) -> None:
        """See whether the CR has a token Secret; its content is not read."""
        key, name = (cr.namespace, cr.name), names.github_token_secret(cr.name)
        try:
            there = self.client.get(SECRETS, cr.namespace, name, metadata_only=True)
        except (Forbidden, NotFound) as error:
            if isinstance(error, Forbidden) and not cr.deleting:
                raise
            self.cluster.has_no_token(key)
        else:
            self.cluster.has_token(key, owned.read_token(there))

    def _apply(self, cr: ObjectMeta, resource: Any, document: Any, sub: str = "") -> Any:  # noqa: ANN401 - documents
        name = document["metadata"]["name"]
        return self.client.apply(resource, cr.namespace, name, document, subresource=sub)

    def _show(self, cr: ObjectMeta, status: GatewaySyncStatus) -> None:
        """Have the CR bear this status."""
        document = owned.status_object(cr, status)
        try:
            written = self._apply(cr, GATEWAY_SYNCS, document, "status")
        except (Invalid, Busy) as error:
            # A CR that breaks its definition cannot be merged with, and the server says that it
            # has failed. A plain patch touches nothing but the status.
            if isinstance(error, Busy) and error.status != _FAILED:
                raise
            change = owned.status_change(cr, status)
            written = self.client.merge(GATEWAY_SYNCS, cr.namespace, cr.name, change, "status")
        self.definition.took(document, written)
        self.cluster.told(written, document, status)

    def _delete(self, cr: ObjectMeta, name: ObjectName) -> None:
        """Delete an object if it is as it was when that was decided; else learn how it is."""
        resource, version = _KINDS[name.kind], self.cluster.version(cr.namespace, name)
        try:
            if not cr.deleting:
                self._look_for_pod(cr, name)
            self.client.delete(resource, cr.namespace, name.name, resource_version=version)
        except Forbidden:
            if not cr.deleting:
                raise
            return
        except Conflict:
            self._learn(cr, name)
            raise
        self.cluster.deleted((cr.namespace, cr.name), name)

    def _look_for_pod(self, cr: ObjectMeta, name: ObjectName) -> None:
        """See that the pod of a ConfigMap is gone, and not made anew before a watch told of it.

        Its agent may have reported there already; raises `Conflict` where it is there.
        """
        pod = names.pod_of(cr.name, name.name) if name.kind == "ConfigMap" else ""
        if not pod:
            return
        try:
            there = self.client.get(PODS, cr.namespace, pod)
        except NotFound:
            return
        if there.get("status", {}).get("phase") in _ENDED:  # the watch leaves them out
            return
        self.cluster.saw(self.cluster.pods, there, ours=True)
        if self.cluster.has_agent((cr.namespace, cr.name), pod):
            raise Conflict("its pod was made anew", where=f"{cr.namespace}/{name.name}")

    def _learn(self, cr: ObjectMeta, name: ObjectName) -> None:
        """See how an object is, without waiting for a watch that is late."""
        shelf = self.cluster.shelf_of(name)
        if shelf is None:
            return
        try:
            there = self.client.get(_KINDS[name.kind], cr.namespace, name.name)
        except NotFound:
            self.cluster.deleted((cr.namespace, cr.name), name)
        else:
            self.cluster.saw(shelf, there, ours=True)

    def _mark(self, cr: ObjectMeta, *, wanted: bool) -> None:
        """Have the CR bear our finalizer, or not; by version, as an apply could create the CR."""
        others = [one for one in cr.finalizers if one != names.FINALIZER]
        marks = [*others, names.FINALIZER] if wanted else others
        change = {"metadata": {"resourceVersion": cr.resource_version, "finalizers": marks}}
        try:
            written = self.client.merge(GATEWAY_SYNCS, cr.namespace, cr.name, change)
        except NotFound:
            return
        self.cluster.saw(self.cluster.crs, written, ours=True)

    def _clear_request(self, cr: ObjectMeta) -> None:
        there = [name for name in _REQUEST if name in cr.annotations]
        paths = {name: f"/metadata/annotations/{name.replace('/', '~1')}" for name in there}
        tests = [
            {"op": "test", "path": paths[name], "value": cr.annotations[name]} for name in there
        ]
        removals = [{"op": "remove", "path": paths[name]} for name in there]
        try:
            written = self.client.json_patch(
                GATEWAY_SYNCS, cr.namespace, cr.name, [*tests, *removals]
            )
        except (Conflict, Invalid, NotFound):
            # Another request stands there by now, or none; the watch tells which.
            return
        self.cluster.saw(self.cluster.crs, written, ours=True)

    def _made(self, cr: ObjectMeta, name: str) -> Any:  # noqa: ANN401 - a document
        """A ConfigMap of the CR's for an agent, new or as it is."""
        document = owned.agents_object(cr, name)
        try:
            return self.client.create(CONFIG_MAPS, cr.namespace, document)
        except AlreadyExists:
            there = self.client.get(CONFIG_MAPS, cr.namespace, name)
        label = (there["metadata"].get("labels") or {}).get(names.CR_NAME_LABEL)
        is_ours = cr.uid in owned.owners(there) or label in (None, names.cr_label_value(cr.name))
        if not is_ours:
            raise NameTaken(
                f"the ConfigMap belongs to the GatewaySync {label}",
                where=name,
                cure="rename one of the GatewaySyncs, or the pod: names of both make that of the"
                " ConfigMap",
            )
        return self._apply(cr, CONFIG_MAPS, document)

    def _bind(self, cr: ObjectMeta, action: EnsureBinding) -> None:
        document = owned.binding_object(cr, action.name, action.role, action.service_accounts)
        try:
            written = self._apply(cr, ROLE_BINDINGS, document)
        except Invalid:
            # Which Role is bound can never be changed; somebody bound another one by this name.
            self.client.delete(ROLE_BINDINGS, cr.namespace, action.name)
            written = self._apply(cr, ROLE_BINDINGS, document)
        self.cluster.saw(self.cluster.bindings, written, ours=True)
