"""The options by which kubectl names a cluster and a namespace, and what is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from attrs import frozen
from typer import Argument, Option

from stoker.entrypoints.cli.answers import UsageError
from stoker.entrypoints.cli.options import Format

Name = Annotated[
    str,
    Argument(metavar="[NAMESPACE/]NAME", help="The GatewaySync.", show_default=False),
]
AnyName = Annotated[
    str,
    Argument(
        metavar="[NAMESPACE/]NAME",
        help="The GatewaySync. Default: all of the namespace, a line for each.",
        show_default=False,
    ),
]
Namespace = Annotated[
    str,
    Option(
        "--namespace",
        "-n",
        metavar="NAME",
        help="The namespace. Default: that of the kubeconfig's context.",
        show_default=False,
    ),
]
AllNamespaces = Annotated[
    bool, Option("--all-namespaces", "-A", help="Show the GatewaySyncs of all namespaces.")
]
Kubeconfig = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        help="How to reach the cluster. Default: $KUBECONFIG, else ~/.kube/config.",
        show_default=False,
        readable=False,
    ),
]
Context = Annotated[
    str,
    Option(
        metavar="NAME",
        help="Which context of the kubeconfig. Default: the current one.",
        show_default=False,
    ),
]
GatewayName = Annotated[
    str,
    Option(
        "--gateway",
        metavar="NAME",
        help="Only this gateway, by its name or that of its pod.",
        show_default=False,
    ),
]
Output = Annotated[
    Format,
    Option(
        "--output",
        "-o",
        envvar="STOKER_OUTPUT",
        help="Print text for people, or exactly one JSON document.",
    ),
]
Timeout = Annotated[str, Option(metavar="DURATION", help="How long to wait, such as 90s or 10m.")]


@frozen(kw_only=True)
class Place:
    """Where to look, as it was told."""

    name: str = ""
    namespace: str = ""
    everywhere: bool = False
    kubeconfig: Path | None = None
    context: str = ""


@frozen
class Named:
    """One GatewaySync; without a namespace, that of the context is meant."""

    namespace: str
    name: str


def named(place: Place) -> Named | None:
    """The GatewaySync that is meant, None for all; raises `UsageError`."""
    namespace, slash, name = place.name.rpartition("/")
    if place.name and (not name or "/" in namespace or (slash and not namespace)):
        raise UsageError(
            f"{place.name!r} names no GatewaySync",
            where="NAMESPACE/NAME",
            cure="write line-a, or plant/line-a",
        )
    if place.everywhere and (place.namespace or place.name):
        other = "a name" if place.name else "--namespace"
        raise UsageError(f"{other} and --all-namespaces exclude each other", cure="give one")
    if namespace and place.namespace and namespace != place.namespace:
        raise UsageError(
            f"two namespaces are named: {namespace} and {place.namespace}", cure="name one"
        )
    return Named(namespace or place.namespace, name) if name else None


def named_one(place: Place) -> Named:
    """The same where one has to be meant; raises `UsageError`."""
    found = named(place)
    if found is None:
        raise UsageError("no GatewaySync is named", cure="write line-a, or plant/line-a")
    return found
