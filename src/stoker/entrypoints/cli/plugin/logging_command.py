"""The command `logs` and its help."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from stoker.entrypoints.cli.answers import Answer  # noqa: TC001 - typer reads the annotations
from stoker.entrypoints.cli.cluster.options import (
    Context,
    GatewayName,
    Kubeconfig,
    Name,
    Namespace,
    Place,
)

Follow = Annotated[
    bool,
    Option("--follow", "-f", help="Go on, also with pods that take another's place, until Ctrl-C."),
]
Tail = Annotated[
    int | None,
    Option(
        metavar="NUMBER",
        help="The last lines of each gateway; -1 for all. Default: 50, or all with --since.",
        show_default=False,
    ),
]
Since = Annotated[
    str,
    Option(metavar="DURATION", help="Only what is younger, such as 10m or 2h.", show_default=False),
]
Audit = Annotated[
    bool, Option("--audit", help="Only the records of syncs, one line for each sync.")
]
Previous = Annotated[
    bool, Option("--previous", "-p", help="What an agent said before it was started anew.")
]
Raw = Annotated[bool, Option("--raw", help="Print the lines as the agents wrote them, in JSON.")]


def logs(  # noqa: PLR0913 - one for each option
    name: Name,
    *,
    namespace: Namespace = "",
    gateway: GatewayName = "",
    follow: Follow = False,
    tail: Tail = None,
    since: Since = "",
    audit: Audit = False,
    previous: Previous = False,
    raw: Raw = False,
    kubeconfig: Kubeconfig = None,
    context: Context = "",
) -> Answer:
    """Show what the agents of a GatewaySync say.

    Lines of all gateways come in the order of time, which is UTC, each behind the pod that it is
    from.

    \b
    Examples:
      kubectl stoker logs -n plant line-a -f
      kubectl stoker logs -n plant line-a --gateway line-a-0 --since 1h
      kubectl stoker logs -n plant line-a --audit --raw | jq .commit
    """  # noqa: D301 - \b tells the formatter to leave the lines as they are
    from stoker.entrypoints.cli.plugin.logging import Told, logs_answer  # noqa: PLC0415

    place = Place(name=name, namespace=namespace, kubeconfig=kubeconfig, context=context)
    told = Told(
        gateway=gateway,
        follow=follow,
        tail=tail,
        since=since,
        audit=audit,
        previous=previous,
        raw=raw,
    )
    return logs_answer(place, told)
