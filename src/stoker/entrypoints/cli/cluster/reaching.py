"""The cluster that a kubeconfig names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from attrs import frozen

from stoker import __version__
from stoker.adapters.kube.client import Client
from stoker.adapters.kube.transport import Transport
from stoker.core.errors import StokerError

SECONDS: Final = 30.0
"""How long a request may take."""
AGENT: Final = f"stoker/{__version__}"

_POOL: Final = 64


@frozen
class Cluster:
    """It, and the namespace that is meant where none is named."""

    transport: Transport
    client: Client
    namespace: str = "default"

    @classmethod
    def of(cls, kubeconfig: Path | None, context: str) -> Cluster:
        """It, without asking it anything; raises `NoCluster`."""
        try:
            from stoker.adapters.kube.connecting import namespace_of, way_to  # noqa: PLC0415 - not needed with --url
        except ModuleNotFoundError as error:
            raise StokerError(
                f"the package {error.name!r} is missing, which finds the way to a cluster",
                cure="pip install 'stoker[cli]'",
            ) from error
        if kubeconfig is None and (named := os.environ.get("KUBECONFIG")):
            kubeconfig = Path(named)  # as for kubectl, in a pod too
        transport = way_to(kubeconfig, AGENT, _POOL, context)
        client = Client(transport, field_manager="kubectl-stoker").within(SECONDS)
        return cls(transport, client, namespace_of(kubeconfig, context))

    @property
    def address(self) -> str:
        """Where its API server is, for people."""
        return str(getattr(self.transport.wire, "address", "the API server"))
