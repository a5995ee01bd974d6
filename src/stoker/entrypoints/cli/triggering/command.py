"""The command and its help; nothing is imported for it before it runs."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations while the program runs
from typing import Annotated

from typer import Argument, Option

from stoker.entrypoints.cli.answers import Answer  # noqa: TC001 - as above
from stoker.entrypoints.cli.cluster.options import Context, Kubeconfig  # noqa: TC001 - as above
from stoker.entrypoints.cli.options import Format, Output


def trigger(  # noqa: PLR0913 - one for each option
    target: Annotated[
        str,
        Argument(metavar="NAMESPACE/NAME", help="The GatewaySync.", show_default=False),
    ],
    *,
    ref: Annotated[
        str,
        Option(
            metavar="REF",
            help="What it is to follow: a branch, a tag, a full commit id or a full ref name.",
            show_default=False,
        ),
    ],
    url: Annotated[
        str,
        Option(
            metavar="URL",
            envvar="STOKER_RECEIVER_URL",
            help="Where the receiver is, such as https://hooks.example. Default: the receiver in "
            "the cluster, by way of the API server.",
            show_default=False,
        ),
    ] = "",
    ca_file: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            envvar="STOKER_RECEIVER_CA_FILE",
            help="A PEM file with the authority that signed the receiver's certificate.",
            show_default=False,
            readable=False,
        ),
    ] = None,
    secret_file: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            envvar="STOKER_WEBHOOK_SECRET_FILE",
            help="A file with the secret; '-' for standard input. Default: $STOKER_WEBHOOK_SECRET, "
            "else the Secret that spec.receiver.secretRef of the GatewaySync names.",
            show_default=False,
            readable=False,
        ),
    ] = None,
    kubeconfig: Kubeconfig = None,
    context: Context = "",
    service: Annotated[
        str,
        Option(
            metavar="NAMESPACE/NAME[:PORT]",
            help="The Service of the receiver. Default: the one that the chart has made.",
        ),
    ] = "",
    wait: Annotated[
        bool, Option("--wait", help="Wait until all gateways are synced at this ref.")
    ] = False,
    timeout: Annotated[
        str, Option(metavar="DURATION", help="How long to wait, such as 90s or 10m.")
    ] = "5m",
    output: Output = Format.TEXT,
) -> Answer:
    """Have a GatewaySync in a cluster follow a ref.

    A signed request goes to the webhook receiver, as a Git server would send it. The ref is in
    force until spec.git.ref of the GatewaySync names it as well.

    \b
    Examples:
      stoker trigger plant/line-a --ref v1.4.0 --wait
      stoker trigger plant/line-a --ref v1.4.0 --url https://hooks.example \\
        --secret-file ~/.config/stoker/webhook-secret
    """  # noqa: D301 - \b tells the formatter to leave the lines as they are
    from stoker.entrypoints.cli.triggering.answering import Told, trigger_answer  # noqa: PLC0415

    told = Told(
        target=target,
        ref=ref,
        url=url,
        ca_file=ca_file,
        secret_file=secret_file,
        kubeconfig=kubeconfig,
        context=context,
        service=service,
        wait=wait,
        timeout=timeout,
    )
    return trigger_answer(told, as_json=output is Format.JSON)
