"""The way to the API server: a pod's service account, or a kubeconfig.

A service account and a kubeconfig that says as little go by the wire of a pod. Any other kubeconfig
is read by the official package, which keeps the tokens fresh and sets up TLS and proxies; the
connection pool is then the one that it makes, with connections that have a deadline. It is large,
so it is imported only for those.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final
from urllib.request import getproxies

from stoker.adapters.kube import bearer
from stoker.adapters.kube.inside import wire_inside
from stoker.adapters.kube.transport import Transport
from stoker.core import names

_DEFAULT: Final = "default"
_ACCESS: Final = Path(names.PATH_API_ACCESS)
_OWN_NAMESPACE: Final = _ACCESS / "namespace"


def way_to(kubeconfig: Path | None, user_agent: str, pool: int, context: str = "") -> Transport:
    """The transport to the cluster that is meant; raises `NoCluster`.

    `context` is one of the kubeconfig; without it, it is the current one.
    """
    if _is_inside(kubeconfig, context):
        return Transport(wire_inside(os.environ, _ACCESS, spares=pool), user_agent)
    file = _named(kubeconfig)
    # The wire of a pod knows no proxies.
    wire = None if getproxies() else bearer.read(Path(file), context, pool)
    if wire is not None:
        return Transport(wire, user_agent)
    from stoker.adapters.kube.packaged import wire_of  # noqa: PLC0415 - see above

    return Transport(wire_of(file, context, pool), user_agent)


def namespace_of(kubeconfig: Path | None, context: str = "") -> str:
    """The namespace of the context that is meant, as kubectl has it; "default" unless it says."""
    if _is_inside(kubeconfig, context):
        return _first_line(_OWN_NAMESPACE) or _DEFAULT
    from kubernetes import config  # noqa: PLC0415 - see above

    load: Any = config  # the package has no types
    try:
        contexts, current = load.list_kube_config_contexts(_named(kubeconfig))
        named = [one for one in contexts if one["name"] == context]
        found = (named[0] if named else current)["context"].get("namespace")
    except Exception:  # noqa: BLE001 - `way_to` tells what is wrong with the file
        return _DEFAULT
    return str(found or _DEFAULT)


def _first_line(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _is_inside(kubeconfig: Path | None, context: str) -> bool:
    """Whether the pod that we run in says how to reach the API server."""
    nothing_named = kubeconfig is None and not context
    return nothing_named and bool(os.environ.get("KUBERNETES_SERVICE_HOST"))


def _named(kubeconfig: Path | None) -> str:
    return str(kubeconfig or os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")
