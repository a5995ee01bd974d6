"""The Secret and both webhook configurations on the API server.

They are read in one order: first the configurations, then the Secret. What is written is written in
place of what was read, and of nothing else; labels or webhooks of others may change meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from attrs import define, field, frozen

from stoker.adapters.certs import Root
from stoker.adapters.kube.client import Client, Document
from stoker.adapters.kube.errors import ApiFailed, Conflict, Invalid, NotFound
from stoker.adapters.kube.resources import (
    MUTATING_WEBHOOKS,
    SECRETS,
    VALIDATING_WEBHOOKS,
    Resource,
)
from stoker.core.authority import MISSING, UNREAD, Configuration, Configured, View
from stoker.entrypoints.webhook.certificates import configurations, secret
from stoker.entrypoints.webhook.certificates.discretion import discreet
from stoker.entrypoints.webhook.certificates.secret import Content

_UNPROCESSABLE: Final = 422


@frozen
class Place:
    """An object that is looked after."""

    resource: Resource
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        """How people are told of it."""
        return f"{self.resource.kind} {self.name}"


def places(mutating: str, validating: str) -> Mapping[str, Place]:
    """The configurations that have a name, by what they are called here."""
    both = (Place(MUTATING_WEBHOOKS, mutating), Place(VALIDATING_WEBHOOKS, validating))
    return {str(place): place for place in both if place.name}


@define
class Cluster:
    """All of it, as it was read last."""

    client: Client
    secret: Place
    configurations: Mapping[str, Place]
    content: Content = field(factory=Content)
    roots: tuple[Root, ...] = ()
    """The authorities of ours in the configurations."""
    _document: Document | None = None
    _read: dict[str, Document] = field(factory=dict)

    def look(self, unread: dict[str, ApiFailed]) -> View:
        """Read everything; raises `ApiFailed` where the Secret cannot be read.

        `unread` gets the reasons why configurations cannot be.
        """
        seen: dict[str, Configured] = {}
        roots: list[Root] = []
        self._read.clear()
        for key, place in self.configurations.items():
            try:
                self._read[key] = self.client.get(place.resource, "", place.name)
            except ApiFailed as error:
                is_missing = isinstance(error, NotFound) and bool(error.code)
                seen[key] = MISSING if is_missing else UNREAD
                if not is_missing:
                    unread[key] = error
            else:
                seen[key], found = configurations.read(self._read[key])
                roots += found
        self._document = self._secret()
        self.content = Content() if self._document is None else secret.read(self._document)
        self.roots = tuple(roots)
        return View(seen, self.content.held)

    def _secret(self) -> Document | None:
        try:
            return self.client.get(SECRETS, self.secret.namespace, self.secret.name)
        except NotFound as error:
            if not error.code:
                raise
            return None

    def write(self, content: Content) -> None:
        """Have the Secret hold this; raises `ApiFailed`, whose words hold nothing of a key."""
        place, before = self.secret, self._document
        try:
            if before is None:
                made = secret.new(content, place.name)
                self._document = self.client.create(SECRETS, place.namespace, made)
            else:
                steps = secret.change(content, before)
                self._document = self._patch(
                    place, steps, lambda now: now.get("data") == before.get("data")
                )
        except ApiFailed as error:
            raise discreet(error, (*content.keys, *self.content.keys)) from None
        self.content = content

    def publish(self, key: str) -> Configuration:
        """Have a configuration list the authorities of the Secret; raises `ApiFailed`."""
        place, before = self.configurations[key], self._read[key]
        steps = configurations.change(before, self.content.bundle)
        after = self._patch(place, steps, lambda now: configurations.is_same(now, before))
        self._read[key] = after
        said, _ = configurations.read(after)
        return said

    def _patch(
        self, place: Place, steps: list[Document], is_same: Callable[[Document], bool]
    ) -> Document:
        """Carry out a patch with tests; raises `Conflict` where it was those that failed."""
        client = self.client
        try:
            return client.json_patch(place.resource, place.namespace, place.name, steps)
        except Invalid as error:
            if error.status == _UNPROCESSABLE:
                now = client.get(place.resource, place.namespace, place.name)
                if not is_same(now):
                    raise Conflict("it was changed meanwhile", where=str(place)) from None
            raise

    def has_read(self, place: Place, version: str) -> bool:
        """Whether this version of an object was read already."""
        key = str(place)
        document = self._document if place == self.secret else self._read.get(key)
        return document is not None and document["metadata"].get("resourceVersion") == version
