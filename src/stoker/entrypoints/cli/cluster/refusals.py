"""What the API server does not do, in words that help.

Its own words name a request, and who is not allowed to make it. People need to know what they tried
to see, which right that takes, and whom the cluster takes them for.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Final

from attrs import frozen

from stoker.adapters.kube.errors import ApiFailed, Forbidden, NotFound, Unreachable
from stoker.adapters.kube.resources import GATEWAY_SYNCS
from stoker.core.errors import StokerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.adapters.kube.resources import Resource
    from stoker.entrypoints.cli.cluster.reaching import Cluster

_USER: Final = re.compile(r'User "([^"]+)"')
_UNKNOWN: Final = 401
_WRITES: Final = frozenset({"patch", "update", "create", "delete"})


@frozen
class NotAllowed(StokerError):
    """A right is missing; `where` is where it would be needed."""

    reason: ClassVar[str] = "Forbidden"


@frozen
class NotInstalled(StokerError):
    """The cluster does not know what a GatewaySync is."""

    reason: ClassVar[str] = "NotInstalled"


@contextmanager
def asking(
    cluster: Cluster, verb: str, resource: Resource | str, namespace: str = ""
) -> Iterator[None]:
    """Whatever the API server refuses in here is told in words; "" is all namespaces."""
    try:
        yield
    except Forbidden as error:
        raise _not_allowed(error, cluster, verb, str(resource), namespace) from error
    except NotFound as error:
        if error.code or resource is not GATEWAY_SYNCS:
            raise
        raise NotInstalled(
            "this cluster does not know GatewaySyncs",
            where=cluster.address,
            cure="install the chart, or choose the right cluster with --context",
        ) from error
    except Unreachable as error:
        raise StokerError(
            f"the API server does not answer: {error.message}",
            where=cluster.address,
            cure="see that the cluster runs and can be reached from here, or choose another one"
            " with --context",
        ) from error
    except ApiFailed as error:
        raise StokerError(
            f"the API server does not {verb} {resource}: {error.message}",
            where=cluster.address,
            cure=error.cure or "try again",
        ) from error


def _not_allowed(
    error: Forbidden, cluster: Cluster, verb: str, resource: str, namespace: str
) -> StokerError:
    if error.status == _UNKNOWN:
        return NotAllowed(
            "the API server does not know you",
            where=cluster.address,
            cure="log in again, or check the user of the kubeconfig's context",
        )
    found = _USER.search(error.message)
    who = f"{found[1]} may not" if found else "you may not"
    role = "edit" if verb in _WRITES else "view"
    where = f"namespace {namespace}" if namespace else "all namespaces"
    place = f"in namespace {namespace}" if namespace else "for the whole cluster"
    narrower = "" if namespace else ", or name a namespace with -n"
    return NotAllowed(
        f"{who} {verb} {resource}",
        where=where,
        cure=f"ask for the ClusterRole {role} {place}{narrower}",
    )
