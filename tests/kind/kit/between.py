"""What whoever stands between a client and the API server has to have: two ends of TLS."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attrs import frozen
from kubernetes import client, config

from kit import certificates
from support.authority import Authority

if TYPE_CHECKING:
    from pathlib import Path

    from cluster import Cluster


@frozen
class Between:
    """The API server's address and whom to believe there; what to serve, and its authority."""

    server: tuple[str, int]
    trust: ssl.SSLContext
    own: ssl.SSLContext
    authority: str

    @classmethod
    def of(cls, cluster: Cluster, folder: Path) -> Between:
        """For this cluster; `folder` is for the certificate."""
        settings: Any = client.Configuration()
        load: Any = config.load_kube_config  # the package has no types
        load(str(cluster.kubeconfig), client_configuration=settings)
        place = urlsplit(settings.host)
        authority = Authority.create()
        pair = certificates.certificate(authority, [cluster.host_address])
        folder.mkdir(parents=True, exist_ok=True)
        pem = folder / "between.pem"
        pem.write_text(pair.private + pair.public)
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(pem)
        return cls(
            (str(place.hostname), int(place.port or 443)),
            ssl.create_default_context(cafile=settings.ssl_ca_cert),
            own,
            certificates.pem_of(authority),
        )
