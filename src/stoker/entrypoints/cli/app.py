"""The commands and their help; each asks another module for its answer.

Typer reads the functions' signatures and docstrings. Nothing is printed here and nothing is
imported before a command runs, so that `--help` and completion are quick.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations while the program runs
from typing import Annotated

import typer

from stoker.entrypoints.cli.answers import Answer
from stoker.entrypoints.cli.options import (
    ApiKeyFile,
    Data,
    Debug,
    Format,
    GatewayCaFile,
    GatewayUrl,
    Given,
    Output,
    PlanFormat,
    PlanOutput,
    Quiet,
    Version,
    taking_inputs,
)
from stoker.entrypoints.cli.standing.command import status
from stoker.entrypoints.cli.triggering.command import trigger

app = typer.Typer(
    name="stoker",
    # Plain help is the same on every terminal, and there before the other kind is imported.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback(invoke_without_command=True)
def stoker(
    context: typer.Context,
    *,
    debug: Debug = False,  # noqa: ARG001 - who invokes the command looks for it
    version: Version = False,  # noqa: ARG001 - its callback has answered
) -> Answer:
    """Keep Ignition gateways in step with Git.

    Without a cluster: on a laptop, in CI, or beside a gateway on bare metal.

    \b
    Examples:
      stoker validate manifests/
      stoker plan --repo . --ref main --profile profile.yaml --data /srv/ignition/data
      stoker sync --repo https://git.example/plant/files.git --ref v1.4.0 \\
        --profile profile.yaml --data /srv/ignition/data --gateway-url http://localhost:8088

    \b
    Exit codes:
      0 done   1 failed   2 usage or invalid input   3 there are changes (plan --exit-code)
    """  # noqa: D301 - \b tells the formatter to leave the lines as they are
    return Answer("" if context.invoked_subcommand else context.get_help() + "\n")


@app.command()
@taking_inputs
def sync(  # noqa: PLR0913 - one for each option
    given: Given,
    *,
    data: Data,
    gateway_url: GatewayUrl = "",
    api_key_file: ApiKeyFile = None,
    gateway_ca_file: GatewayCaFile = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and write nothing.")
    ] = False,
    output: Output = Format.TEXT,
    quiet: Quiet = False,
) -> Answer:
    """Bring a gateway's files to a commit, once.

    The files are written crash-safely: whatever happens, the next run finishes or undoes the work.
    With --gateway-url the gateway then scans them, and what it refuses is rolled back.

    \b
    Examples:
      stoker sync --repo git@git.example:plant/files.git --ref main --profile profile.yaml \\
        --ssh-key-file ~/.ssh/plant --known-hosts-file ~/.ssh/known_hosts --data /srv/data
      stoker sync --profile gatewaysync.yaml --profile-name line-a --data /srv/data --dry-run
    """  # noqa: D301 - as above
    from stoker.entrypoints.cli.commanding import sync_answer  # noqa: PLC0415
    from stoker.entrypoints.cli.inputs import GivenGateway  # noqa: PLC0415

    gateway = GivenGateway(url=gateway_url, api_key_file=api_key_file, ca_file=gateway_ca_file)
    return sync_answer(
        given, data, gateway, dry_run=dry_run, as_json=output is Format.JSON, quiet=quiet
    )


@app.command()
@taking_inputs
def plan(
    given: Given,
    *,
    data: Data,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 3 when there are changes.")
    ] = False,
    output: PlanOutput = PlanFormat.TEXT,
    quiet: Quiet = False,
) -> Answer:
    """Show what a sync would change.

    The diff is one that a reviewer can read. Nothing is written below the data directory.

    \b
    Examples:
      stoker plan --repo . --ref main --profile profile.yaml --data /srv/data
      stoker plan --repo . --ref main --profile profile.yaml --data /srv/data \\
        --output markdown --exit-code > comment.md
    """  # noqa: D301 - as above
    from stoker.entrypoints.cli.commanding import plan_answer  # noqa: PLC0415

    return plan_answer(given, data, output, exit_code=exit_code, quiet=quiet)


@app.command()
@taking_inputs
def render(
    given: Given,
    *,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write the files here; the folder must be empty, or not be there yet.",
            show_default=False,
            readable=False,
        ),
    ] = None,
    path: Annotated[
        str,
        typer.Option(
            metavar="PATH",
            help="Print this one file, named as it is below the data directory.",
        ),
    ] = "",
    output: Output = Format.TEXT,
    quiet: Quiet = False,
) -> Answer:
    """Show the files that a gateway would get.

    Templates are rendered and patches set. Without --to and --path, each file is listed with its
    size, mode and source, and with what is done to it on its way.

    \b
    Examples:
      stoker render --repo . --ref main --profile profile.yaml
      stoker render --repo . --ref main --profile profile.yaml --to /tmp/rendered
      stoker render --repo . --ref main --profile profile.yaml --var site=north \\
        --path config/resources/core/ignition/system-properties/config.json
    """  # noqa: D301 - as above
    from stoker.entrypoints.cli.rendering import render_answer  # noqa: PLC0415

    return render_answer(given, to, path, as_json=output is Format.JSON, quiet=quiet)


@app.command()
def validate(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="Manifests; '-' for standard input, and folders for all *.yaml and *.yml in them.",
            show_default=False,
            readable=False,
        ),
    ],
    allow_protocol: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCHEME",
            help="Allow repositories with this scheme too, as git.allowedProtocols of the chart "
            "does. May be given several times.",
            show_default=False,
        ),
    ] = None,
    output: Output = Format.TEXT,
) -> Answer:
    """Check GatewaySync manifests and profile files.

    The rules are those of admission. Every error is told with its file, line and path; warnings
    tell what is legal and unwise. Documents of other kinds are skipped.

    \b
    Examples:
      stoker validate gatewaysync.yaml
      stoker validate manifests/ --output json
      helm template . | stoker validate -
    """  # noqa: D301 - as above
    from stoker.entrypoints.cli.validating import validate_answer  # noqa: PLC0415

    return validate_answer(files, allow_protocol or (), as_json=output is Format.JSON)


@app.command()
def agent(
    config: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            envvar="STOKER_CONFIG",
            help="The agent's configuration, a YAML file.",
            show_default=False,
            readable=False,
        ),
    ],
) -> Answer:
    """Keep a gateway in step for good, without a cluster.

    The agent runs until it is told to end (SIGTERM); packaging/ holds a systemd unit for it.

    \b
    Example:
      stoker agent --config /etc/stoker/agent.yaml
    """  # noqa: D301 - as above
    from stoker.entrypoints.cli.running import agent as run_agent  # noqa: PLC0415

    return Answer(code=run_agent(config))


@app.command()
def demo(
    *,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep", help="Leave the gateway and the agent running at the end, until Ctrl-C."
        ),
    ] = False,
) -> Answer:
    """Show a sync, a change, drift and a rollback.

    A Git repository and a fake gateway are made in a temporary folder; nothing else is touched.

    \b
    Examples:
      stoker demo
      stoker demo --keep
    """  # noqa: D301 - as above
    from stoker.entrypoints.cli.running import demo as run_demo  # noqa: PLC0415

    return Answer(code=run_demo(keep=keep))


@app.command()
def crd(output: Output = Format.TEXT) -> Answer:
    """Print the definition of GatewaySync for a cluster.

    The same version of Stoker always prints the same text.

    \b
    Examples:
      stoker crd | kubectl apply --server-side -f -
      stoker crd --output json
    """  # noqa: D301 - as above
    from stoker.entrypoints.cli.defining import crd_answer  # noqa: PLC0415

    return crd_answer(as_json=output is Format.JSON)


app.command()(status)
app.command()(trigger)


@app.command()
def version(output: Output = Format.TEXT) -> Answer:
    """Show the versions of Stoker and of its Python.

    \b
    Example:
      stoker version --output json
    """  # noqa: D301 - as above
    from stoker.entrypoints.cli.commanding import version_answer  # noqa: PLC0415

    return version_answer(as_json=output is Format.JSON)
