"""The verbs of the API on raw documents.

A client is the transport, a fence that is asked before each write, and the seconds that a call may
take. `unfenced` and `within` give views of the same client that differ in one of these.

Lists come in pages, so that no answer is larger than some hundred objects, and pages that are too
large all the same are asked for again with fewer objects. When the place in a list has expired, the
list begins anew: the page says so, and what came before it is to be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from attrs import define, evolve, field

from stoker.adapters.kube.errors import Conflict, Gone, Invalid, NotFound
from stoker.adapters.kube.lists import Page, listed
from stoker.adapters.kube.stream import Stream, read_all
from stoker.adapters.kube.transport import Observer, Request, TooLarge, Transport

if TYPE_CHECKING:
    from pathlib import Path

    from stoker.adapters.kube.resources import Resource

Document: TypeAlias = dict[str, Any]

FIELD_MANAGER: Final = "stoker-controller"
"""Who writes, where nobody has said otherwise."""

_SECONDS: Final = 30.0
_BEGINNINGS: Final = 3
_METADATA: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_METADATA_LIST: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_JSON: Final = "application/json"
_APPLY: Final = "application/apply-patch+yaml"
_MERGE: Final = "application/merge-patch+json"
_JSON_PATCH: Final = "application/json-patch+json"


def _open(_: str) -> None:
    """No fence."""


@define
class Client:
    """The API server, as documents; calls may come from any thread."""

    _transport: Transport
    fence: Callable[[str], None] = _open
    """Told the namespace of each write before; raises `NotLeading` to hold it back."""
    field_manager: str = field(default=FIELD_MANAGER, kw_only=True)
    """By what name the API server remembers who wrote a field."""
    _seconds: float = field(default=_SECONDS, kw_only=True)

    @property
    def observer(self) -> Observer:
        """Called once for each request, also for those of `unfenced` and `within`."""
        return self._transport.observer

    @observer.setter
    def observer(self, observer: Observer) -> None:
        self._transport.observer = observer

    def unfenced(self) -> Self:
        """The same client for what must be written without leading."""
        return evolve(self, fence=_open)

    def within(self, seconds: float) -> Self:
        """The same client, whose calls take no longer than that."""
        return evolve(self, seconds=seconds)

    def close(self) -> None:
        """Let go of the connections that nobody uses."""
        self._transport.close()

    # --- Reading ---

    def get(
        self, resource: Resource, namespace: str, name: str, *, metadata_only: bool = False
    ) -> Document:
        """An object; raises `NotFound` and others."""
        path = resource.object_path(namespace, name)
        accept = _METADATA if metadata_only else _JSON
        return self._ask(Request(method="GET", path=path, resource=resource, accept=accept))

    def pages(  # noqa: PLR0913 - as the API has them
        self,
        resource: Resource,
        namespace: str = "",
        *,
        labels: str = "",
        fields: str = "",
        limit: int = 500,
        metadata_only: bool = False,
    ) -> Iterator[Page]:
        """All objects of a kind, in pages of one version; a `first` page begins anew."""
        asked = {"labelSelector": labels, "fieldSelector": fields}
        request = Request(
            method="GET",
            path=resource.path(namespace),
            resource=resource,
            query={name: text for name, text in asked.items() if text},
            accept=_METADATA_LIST if metadata_only else _JSON,
        )
        for beginning in range(_BEGINNINGS):
            try:
                yield from self._pages(request, resource, limit)
            except Gone:
                if beginning == _BEGINNINGS - 1:
                    raise
            else:
                return

    def _pages(self, request: Request, resource: Resource, limit: int) -> Iterator[Page]:
        place, is_first = "", True
        while is_first or place:
            named = {"limit": str(limit), **({"continue": place} if place else {})}
            try:
                answer = self._ask(evolve(request, query={**request.query, **named}))
            except TooLarge:
                if limit == 1:
                    raise
                limit = max(1, limit // 4)
                continue
            items, version, place = listed(answer, request.where)
            for item in items:  # lists leave out what their items have in common
                item.setdefault("apiVersion", resource.api_version)
                item.setdefault("kind", resource.kind)
            yield Page(items, version, is_first)
            is_first = False

    def watch(  # noqa: PLR0913 - as the API has them
        self,
        resource: Resource,
        namespace: str = "",
        *,
        labels: str = "",
        fields: str = "",
        resource_version: str,
        timeout_seconds: int,
        idle: float,
        metadata_only: bool = False,
        skips: Callable[[bytes], bool] = read_all,
    ) -> Stream:
        """What changes after a version; `idle` seconds without a byte are too many."""
        asked = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(timeout_seconds),
            "labelSelector": labels,
            "fieldSelector": fields,
        }
        request = Request(
            method="WATCH",
            path=resource.path(namespace),
            resource=resource,
            query={name: text for name, text in asked.items() if text},
            accept=_METADATA if metadata_only else _JSON,
        )
        return Stream(self._transport, request, timeout_seconds, idle, skips)

    # --- Writing ---

    def create(self, resource: Resource, namespace: str, body: Document) -> Document:
        """A new object; raises `AlreadyExists`, `NamespaceTerminating` and others."""
        path = resource.path(_place(resource, namespace))
        request = self._request("POST", path, resource, _named(resource, body))
        return self._write(request, namespace)

    def replace(
        self, resource: Resource, namespace: str, name: str, body: Document, subresource: str = ""
    ) -> Document:
        """The object as a whole; with a `resourceVersion` only if it is still that version."""
        path = resource.object_path(namespace, name, subresource)
        request = self._request("PUT", path, resource, _named(resource, body))
        return self._write(request, namespace)

    def apply(  # noqa: PLR0913 - as the API has them
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: Document,
        *,
        subresource: str = "",
        force: bool = True,
    ) -> Document:
        """Server-side apply: what `body` says is so, and is ours; made if it is not there."""
        path = resource.object_path(namespace, name, subresource)
        metadata = {**body.get("metadata", {}), "name": name}
        if namespace:
            metadata["namespace"] = namespace
        body = {**_named(resource, body), "metadata": metadata}
        request = self._request("PATCH", path, resource, body)
        query = {**request.query, "force": "true" if force else "false"}
        return self._write(evolve(request, query=query, content_type=_APPLY), namespace)

    def merge(  # noqa: PLR0913 - as the API has them
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: Document,
        subresource: str = "",
        *,
        metadata_only: bool = False,
    ) -> Document:
        """A JSON merge patch; with a `resourceVersion` only if it is still that version.

        `metadata_only`: the answer has no more than that of the object.
        """
        path = resource.object_path(namespace, name, subresource)
        request = self._request("PATCH", path, resource, body)
        accept = _METADATA if metadata_only else _JSON
        return self._write(evolve(request, content_type=_MERGE, accept=accept), namespace)

    def json_patch(
        self, resource: Resource, namespace: str, name: str, operations: list[Document]
    ) -> Document:
        """A JSON patch; `Invalid` when a test of it fails."""
        path = resource.object_path(namespace, name)
        request = self._request("PATCH", path, resource, operations)
        return self._write(evolve(request, content_type=_JSON_PATCH), namespace)

    def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        *,
        uid: str = "",
        resource_version: str = "",
    ) -> bool:
        """Delete an object, if it is that one; False: it was gone. Raises `Conflict`, others."""
        asked = {"uid": uid, "resourceVersion": resource_version}
        conditions = {each: text for each, text in asked.items() if text}
        body: Document = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": conditions}
        body["propagationPolicy"] = "Background"
        path = resource.object_path(namespace, name)
        request = Request(method="DELETE", path=path, resource=resource, body=body)
        try:
            self._write(request, namespace)
        except NotFound as error:
            if not error.code:
                raise  # not even the kind of object is there: something else is wrong
            return False
        except Conflict:
            if not uid or self._is_there(resource, namespace, name, uid):
                raise
            return False
        return True

    def _is_there(self, resource: Resource, namespace: str, name: str, uid: str) -> bool:
        try:
            found = self.get(resource, namespace, name, metadata_only=True)
        except NotFound:
            return False
        return bool(found["metadata"]["uid"] == uid)

    def _request(self, method: str, path: str, resource: Resource, body: object) -> Request:
        query = {"fieldManager": self.field_manager}
        return Request(method=method, path=path, resource=resource, query=query, body=body)

    def _write(self, request: Request, namespace: str) -> Document:
        """The one place through which writes go."""
        self.fence(namespace)
        return self._ask(request)

    def _ask(self, request: Request) -> Document:
        return self._transport.document(request, self._seconds)


def connect(kubeconfig: Path | None, *, user_agent: str, pool: int) -> Client:
    """A client for the cluster that `kubeconfig` names.

    Without one it is the cluster that we run in, else that of $KUBECONFIG or ~/.kube/config.
    `pool` is how many calls and watches there will be at a time; more work too, each with a
    connection of its own. Raises `NoCluster`; the API server itself is not asked anything.
    """
    # An agent in a pod has neither the memory nor the need for what this brings along.
    from stoker.adapters.kube.connecting import way_to  # noqa: PLC0415

    return Client(way_to(kubeconfig, user_agent, pool))


def _named(resource: Resource, body: Document) -> Document:
    return {"apiVersion": resource.api_version, "kind": resource.kind, **body}


def _place(resource: Resource, namespace: str) -> str:
    """The namespace of something new; without one the path would be of all namespaces."""
    if resource.namespaced and not namespace:
        raise Invalid(f"a {resource.kind} is to be made in no namespace", where=resource.plural)
    return namespace
