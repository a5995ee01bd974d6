"""The commands and their help; nothing is imported for one before it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from stoker.entrypoints.cli.answers import Answer
from stoker.entrypoints.cli.cluster.options import (
    Context,
    GatewayName,
    Kubeconfig,
    Name,
    Namespace,
    Output,
    Place,
    Timeout,
)
from stoker.entrypoints.cli.options import Debug, Format, Version
from stoker.entrypoints.cli.plugin.logging_command import logs
from stoker.entrypoints.cli.standing.command import status

app = typer.Typer(
    name="kubectl-stoker",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback(invoke_without_command=True)
def stoker(
    context: typer.Context,
    *,
    debug: Debug = False,  # noqa: ARG001 - who invokes the command looks for it
    version: Version = False,  # noqa: ARG001 - its callback has answered
) -> Answer:
    """See how GatewaySyncs stand, what their syncs change, and have them sync.

    \b
    Examples:
      kubectl stoker status
      kubectl stoker status -n plant line-a
      kubectl stoker diff -n plant line-a
      kubectl stoker sync -n plant line-a --wait
      kubectl stoker logs -n plant line-a -f

    \b
    Exit codes:
      0 done   1 failed   2 usage or invalid input
    """  # noqa: D301 - \b tells the formatter to leave the lines as they are
    return Answer("" if context.invoked_subcommand else context.get_help() + "\n")


# The same command by another name, in its examples too.
app.command(help=(status.__doc__ or "").replace("stoker status", "kubectl stoker status"))(status)


@app.command()
def diff(  # noqa: PLR0913 - one for each option
    name: Name,
    *,
    namespace: Namespace = "",
    gateway: GatewayName = "",
    full: Annotated[
        bool, typer.Option("--full", help="List every path, however many there are.")
    ] = False,
    kubeconfig: Kubeconfig = None,
    context: Context = "",
    output: Output = Format.TEXT,
) -> Answer:
    """Show what the last sync or dry run has changed on each gateway.

    Gateways with the same changes are shown together. Of a profile with dryRun: true it is what a
    sync would change. It is the list that the agents keep, without the files' contents; for those
    see "stoker plan".

    \b
    Examples:
      kubectl stoker diff -n plant line-a
      kubectl stoker diff -n plant line-a --gateway line-a-0 --full
    """  # noqa: D301 - as above
    from stoker.entrypoints.cli.plugin.diffing import diff_answer  # noqa: PLC0415

    place = Place(name=name, namespace=namespace, kubeconfig=kubeconfig, context=context)
    return diff_answer(place, gateway, full=full, as_json=output is Format.JSON)


@app.command()
def sync(  # noqa: PLR0913 - one for each option
    name: Name,
    *,
    namespace: Namespace = "",
    ref: Annotated[
        str,
        typer.Option(
            metavar="REF",
            help="Follow this ref from now on, until spec.git.ref names it as well. Default: look "
            "at what is followed already.",
            show_default=False,
        ),
    ] = "",
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until all gateways are synced.")
    ] = False,
    timeout: Timeout = "5m",
    kubeconfig: Kubeconfig = None,
    context: Context = "",
    output: Output = Format.TEXT,
) -> Answer:
    """Have a GatewaySync looked at now, or follow another ref.

    The controller asks the git server at once instead of at its next poll. No receiver is needed:
    the request is written onto the GatewaySync with your own rights, which takes the right to patch
    it, as the ClusterRole edit has.

    \b
    Examples:
      kubectl stoker sync -n plant line-a --wait
      kubectl stoker sync -n plant line-a --ref v1.4.0 --wait --timeout 10m
    """  # noqa: D301 - as above
    from stoker.entrypoints.cli.plugin.asking import Asked, sync_answer  # noqa: PLC0415

    place = Place(name=name, namespace=namespace, kubeconfig=kubeconfig, context=context)
    asked = Asked(ref=ref, wait=wait, timeout=timeout, as_json=output is Format.JSON)
    return sync_answer(place, asked)


app.command()(logs)
