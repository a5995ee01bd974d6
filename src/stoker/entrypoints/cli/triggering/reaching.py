"""Which receiver is meant, and the two ways to it: by its address, or through the API server."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, ClassVar, Final, Protocol
from urllib.parse import urlsplit

import httpx
from attrs import frozen

from stoker.adapters.kube import services
from stoker.adapters.kube.errors import ApiFailed, NotFound
from stoker.adapters.kube.services import Passed, Way
from stoker.core.errors import StokerError
from stoker.entrypoints.cli.answers import UsageError
from stoker.entrypoints.cli.cluster.reaching import SECONDS, Cluster
from stoker.entrypoints.cli.files import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_PART_OF: Final = "app.kubernetes.io/part-of=stoker"
_COMPONENTS: Final = ("receiver", "controller")


@frozen
class ReceiverError(StokerError):
    """The receiver cannot be reached, or does not do it; `where` is how it was to be reached."""

    reason: ClassVar[str] = "ReceiverFailed"


class Receiver(Protocol):
    """A way to a receiver."""

    @property
    def where(self) -> str:
        """How errors name it."""
        ...

    def post(self, path: str, headers: Mapping[str, str], body: bytes) -> Passed:
        """Send it once; raises `StokerError` where no answer comes."""
        ...


@frozen
class Direct:
    """A receiver at an address."""

    url: str
    tls: ssl.SSLContext

    @classmethod
    def of(cls, url: str, ca_file: Path | None) -> Direct:
        """Raises `StokerError` for an address or a file that cannot be used."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            raise UsageError(
                "this is no address of a receiver",
                where="--url",
                cure="write https://HOST, without a user",
            )
        tls = ssl.create_default_context()
        if ca_file is not None:
            try:
                tls = ssl.create_default_context(cadata=read_text(ca_file))
            except ssl.SSLError as error:
                raise UsageError(
                    "it holds no certificate of an authority",
                    where=str(ca_file),
                    cure="name a PEM file",
                ) from error
        return cls(url.rstrip("/"), tls)

    @property
    def where(self) -> str:
        """Its address."""
        return self.url

    def post(self, path: str, headers: Mapping[str, str], body: bytes) -> Passed:
        """Straight to it."""
        url = self.url if self.url.endswith(path) else self.url + path
        try:
            with httpx.Client(verify=self.tls, timeout=SECONDS) as client:
                answer = client.post(url, headers=dict(headers), content=body)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise ReceiverError(
                f"the receiver does not answer: {_why(error)}",
                where=self.where,
                cure="check the address, and --ca-file for a private authority",
            ) from error
        return Passed(answer.status_code, answer.headers.get("retry-after", ""), answer.content)


@frozen
class Through:
    """A receiver behind the API server."""

    cluster: Cluster
    way: Way

    @property
    def where(self) -> str:
        """Its Service."""
        return f"Service {self.way}"

    def post(self, path: str, headers: Mapping[str, str], body: bytes) -> Passed:
        """By way of the API server."""
        return services.post(
            self.cluster.transport, self.way, path, headers=headers, body=body, seconds=SECONDS
        )


def found(cluster: Cluster, named: str) -> Through:
    """The receiver in the cluster, `named` as NAMESPACE/NAME[:PORT] or looked for."""
    if named:
        return Through(cluster, _named(cluster, named))
    for component in _COMPONENTS:
        labels = f"{_PART_OF},app.kubernetes.io/component={component}"
        try:
            ways = [way for way in services.services(cluster.client, labels) if _may_be(way)]
        except ApiFailed as error:
            raise ReceiverError(
                f"the receiver cannot be looked for: {error.message}",
                where=error.where,
                cure="name it with --service NAMESPACE/NAME, or its address with --url",
            ) from error
        if len(ways) > 1:
            listed = ", ".join(str(way) for way in ways)
            raise ReceiverError(
                f"there are several receivers: {listed}", cure="name one of them with --service"
            )
        if ways:
            return Through(cluster, ways[0])
    raise ReceiverError(
        "there is no receiver in this cluster",
        cure="install the chart with webhookReceiver.enabled=true, or name the receiver with "
        "--service or --url",
    )


def _may_be(way: Way) -> bool:
    # Services of the controller are, besides, for its metrics and for admission.
    return not way.name.endswith(("-metrics", "-webhook", "-admission"))


def _named(cluster: Cluster, named: str) -> Way:
    place, _, port = named.partition(":")
    namespace, _, name = place.partition("/")
    if not namespace or not name or "/" in name:
        raise UsageError(
            f"{named!r} names no Service", where="--service", cure="write NAMESPACE/NAME[:PORT]"
        )
    if port:
        return Way(namespace, name, port)
    try:
        return services.service(cluster.client, namespace, name)
    except NotFound as error:
        raise ReceiverError(
            "there is no such Service", where=f"Service {namespace}/{name}", cure="check its name"
        ) from error


def _why(error: Exception) -> str:
    inner = error.__cause__ or error.__context__ or error
    told = str(error) or type(inner).__name__
    return told.rstrip(".")
