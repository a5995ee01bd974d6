"""A kubeconfig that says where, whom to believe, and by which token: no more than a pod is given.

Most of those that programs are given are so, and for them the official package is not needed, which
takes 20 MB of memory and a quarter of a second to begin. Of any other (with programs to run, with
certificates or passwords to log in, with proxies) `read` says nothing, and the package reads it.
"""

from __future__ import annotations

import base64
import json
import ssl
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from attrs import field, frozen

from stoker.adapters.kube.inside import trusting
from stoker.adapters.kube.podwire import PodWire

if TYPE_CHECKING:
    from pathlib import Path

_CLUSTER: Final = frozenset({"server", "certificate-authority-data"})
_USER: Final = frozenset({"token"})
_HTTPS: Final = 443


@frozen
class Bearer:
    """Who bears a token, and believes one authority."""

    _token: str = field(repr=False)
    _trust: ssl.SSLContext = field(repr=False)

    def authorization(self) -> str:
        """The header by which we say who we are."""
        return f"Bearer {self._token}"

    def trust(self) -> ssl.SSLContext:
        """The authority."""
        return self._trust


def read(file: Path, context: str, spares: int) -> PodWire | None:
    """The wire of such a file; None of any other, also of one that cannot be read."""
    try:
        document = _document(file.read_text(encoding="utf-8"))
        named = _one(document["contexts"], context or document["current-context"])["context"]
        cluster = _one(document["clusters"], named["cluster"])["cluster"]
        user = _one(document["users"], named["user"])["user"]
        if cluster.keys() != _CLUSTER or user.keys() != _USER:
            return None
        place = urlsplit(cluster["server"])
        if place.scheme != "https" or not place.hostname or place.path.strip("/"):
            return None
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        bearer = Bearer(user["token"].strip(), trusting(authority))
        return PodWire(place.hostname, place.port or _HTTPS, bearer, spares)
    except (AttributeError, KeyError, OSError, StopIteration, TypeError, ValueError):
        return None


def _document(text: str) -> Any:  # noqa: ANN401 - a document
    try:
        return json.loads(text)
    except ValueError:
        pass
    import yaml  # noqa: PLC0415 - most who come here have JSON

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError from error


def _one(listed: Any, name: str) -> Any:  # noqa: ANN401 - parts of a document
    return next(one for one in listed if one["name"] == name)
