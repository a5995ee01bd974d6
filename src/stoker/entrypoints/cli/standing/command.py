"""The command and its help; nothing is imported for it before it runs."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from stoker.entrypoints.cli.answers import Answer  # noqa: TC001 - typer reads the annotations
from stoker.entrypoints.cli.cluster.options import (
    AllNamespaces,
    AnyName,
    Context,
    Kubeconfig,
    Namespace,
    Output,
    Place,
    Timeout,
)
from stoker.entrypoints.cli.options import Format

Watch = Annotated[
    bool, Option("--watch", "-w", help="Look again and again, until you stop it by Ctrl-C.")
]
Wait = Annotated[
    bool, Option("--wait", help="Wait until all that is shown is ready; exit with 1 if it is not.")
]
ExitCode = Annotated[
    bool, Option("--exit-code", help="Exit with 1 when something that is shown is not ready.")
]


def status(  # noqa: PLR0913 - one for each option
    name: AnyName = "",
    *,
    namespace: Namespace = "",
    all_namespaces: AllNamespaces = False,
    watch: Watch = False,
    wait: Wait = False,
    timeout: Timeout = "5m",
    exit_code: ExitCode = False,
    kubeconfig: Kubeconfig = None,
    context: Context = "",
    output: Output = Format.TEXT,
) -> Answer:
    """Show how GatewaySyncs in a cluster stand.

    Without a name there is a line for each; with one, all that is known of it: gateways,
    conditions, events, and what to do about what is wrong.

    \b
    Examples:
      stoker status -A
      stoker status plant/line-a
      stoker status -n plant line-a --wait --timeout 2m
      stoker status -A --output json --exit-code
    """  # noqa: D301 - \b tells the formatter to leave the lines as they are
    from stoker.entrypoints.cli.standing.answering import Told, status_answer  # noqa: PLC0415

    place = Place(
        name=name,
        namespace=namespace,
        everywhere=all_namespaces,
        kubeconfig=kubeconfig,
        context=context,
    )
    told = Told(
        place=place,
        as_json=output is Format.JSON,
        watch=watch,
        wait=wait,
        timeout=timeout,
        exit_code=exit_code,
    )
    return status_answer(told)
