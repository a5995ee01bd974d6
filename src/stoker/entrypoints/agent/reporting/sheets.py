"""A ConfigMap that the controller made for this agent, and one key in it that is ours to write.

A write is a merge patch of that one key, so label and owner stay as the controller wants them. It
names the version that it follows on. That is what keeps an older text from arriving after a newer
one, when a write that nobody waits for any more is carried out late: the API server refuses it.
Whoever is refused looks which version is there now, and writes once more.

The answers are asked for without their data, which is what we have just sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stoker.adapters.kube.errors import Conflict, NotFound
from stoker.adapters.kube.resources import CONFIG_MAPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stoker.adapters.kube.client import Client


class Sheet:
    """One of them; used by one thread at a time."""

    def __init__(self, namespace: str, name: str, key: str) -> None:
        """Nothing is known of it yet."""
        self.name = name
        self.uid = ""
        """Which object it was last; one that was made anew has another."""
        self._namespace = namespace
        self._key = key
        self._version = ""

    def read(self, client: Client) -> str:
        """What stands there; raises `ApiFailed`."""
        document = client.get(CONFIG_MAPS, self._namespace, self.name)
        self._saw(document)
        data = document.get("data")
        text = data.get(self._key) if isinstance(data, dict) else None
        return text if isinstance(text, str) else ""

    def look(self, client: Client) -> None:
        """See which version is there; raises `ApiFailed`."""
        try:
            found = client.get(CONFIG_MAPS, self._namespace, self.name, metadata_only=True)
        except NotFound:
            self._version = self.uid = ""
            raise
        self._saw(found)

    def write(self, client: Client, text: str) -> None:
        """Have it say this; raises `ApiFailed`."""
        try:
            self._patch(client, text)
        except Conflict:
            self.look(client)
            self._patch(client, text)
        except NotFound:
            self._version = self.uid = ""
            raise

    def _patch(self, client: Client, text: str) -> None:
        body: dict[str, Any] = {"data": {self._key: text}}
        if self._version:
            body["metadata"] = {"resourceVersion": self._version}
        written = client.merge(CONFIG_MAPS, self._namespace, self.name, body, metadata_only=True)
        self._saw(written)

    def _saw(self, document: Mapping[str, Any]) -> None:
        metadata = document.get("metadata")
        told = metadata if isinstance(metadata, dict) else {}
        self._version = str(told.get("resourceVersion") or "")
        self.uid = str(told.get("uid") or "")
