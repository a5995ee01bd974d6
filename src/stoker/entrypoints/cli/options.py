"""What commands can be told, each option once, with its help.

`Given` holds the common inputs as they stand on the command line: text and paths that nobody has
looked at yet; files are not even tried (`readable=False`), because what is wrong with one is told
by `files`, with its cure. `taking_inputs` gives a command all of them as options, beside its own.
"""

from __future__ import annotations

import inspect
from enum import StrEnum
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, Final, ParamSpec, get_type_hints

from attrs import fields, frozen
from typer import Exit, Option, echo

from stoker import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from stoker.entrypoints.cli.answers import Answer

_P = ParamSpec("_P")
_FIRST: Final = 4
"""How many of the common inputs nearly everybody gives."""


class Format(StrEnum):
    """How an answer is written."""

    TEXT = "text"
    JSON = "json"


class PlanFormat(StrEnum):
    """How a plan is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


Output = Annotated[
    Format,
    Option(
        "--output",
        envvar="STOKER_OUTPUT",
        help="Print text for people, or exactly one JSON document.",
    ),
]
PlanOutput = Annotated[
    PlanFormat,
    Option(
        "--output",
        envvar="STOKER_OUTPUT",
        help="Print text for people, one JSON document, or Markdown for a pull request.",
    ),
]


def _told_version(value: bool) -> None:  # noqa: FBT001 - what an option's callback is given
    if value:
        echo(f"stoker {__version__}")
        raise Exit


Debug = Annotated[
    bool,
    Option(
        "--debug",
        envvar="STOKER_DEBUG",
        help="Show where an error that nobody expected comes from.",
    ),
]
Version = Annotated[
    bool,
    Option("--version", help="Show the version and exit.", callback=_told_version, is_eager=True),
]
Quiet = Annotated[
    bool,
    Option("--quiet", "-q", envvar="STOKER_QUIET", help="Show no progress on standard error."),
]


@frozen(kw_only=True)
class Given:
    """The common inputs, unchecked; empty where they were not given."""

    repo: Annotated[
        str,
        Option(
            metavar="URL|PATH",
            envvar="STOKER_REPO",
            help="The repository: https://host/path, ssh://host/path, git@host:path, or a folder "
            "on this disk. Default: the one that the profile's GatewaySync names.",
        ),
    ] = ""
    ref: Annotated[
        str,
        Option(
            metavar="REF",
            envvar="STOKER_REF",
            help="A branch, a tag, a full commit id or a full ref name. Default: the ref or the "
            "range of versions that the GatewaySync names.",
        ),
    ] = ""
    profile: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            envvar="STOKER_PROFILE",
            help="A YAML or JSON file with the fields of one profile, or with a whole GatewaySync.",
            show_default=False,
            readable=False,
        ),
    ] = None
    profile_name: Annotated[
        str,
        Option(
            metavar="NAME",
            envvar="STOKER_PROFILE_NAME",
            help="Which profile of the GatewaySync. Default: the one called 'default'.",
        ),
    ] = ""
    gateway_name: Annotated[
        str,
        Option(
            metavar="NAME",
            envvar="STOKER_GATEWAY_NAME",
            help="What templates get as GatewayName. Default: the label app.kubernetes.io/name, "
            "else the pod's name, else 'gateway'.",
        ),
    ] = ""
    pod_name: Annotated[
        str,
        Option(
            metavar="NAME",
            envvar="STOKER_POD_NAME",
            help="What templates get as PodName; a number at its end is the PodOrdinal. "
            "Default: the gateway's name with '-0' behind it.",
        ),
    ] = ""
    namespace: Annotated[
        str,
        Option(
            metavar="NAME",
            envvar="STOKER_NAMESPACE",
            help="What templates get as Namespace. Default: the GatewaySync's, else 'default'.",
        ),
    ] = ""
    label: Annotated[
        list[str] | None,
        Option(
            metavar="KEY=VALUE",
            help="A label of the gateway's pod, for templates. May be given several times.",
            show_default=False,
        ),
    ] = None
    var: Annotated[
        list[str] | None,
        Option(
            metavar="KEY=VALUE",
            help="A variable for templates, over the profile's own. May be given several times.",
            show_default=False,
        ),
    ] = None
    repo_dir: Annotated[
        Path | None,
        Option(
            metavar="DIR",
            envvar="STOKER_REPO_DIR",
            help="Where the bare repository is kept from run to run. Default: a folder for this "
            "address below $XDG_CACHE_HOME/stoker, which is ~/.cache/stoker on most machines.",
            show_default=False,
            readable=False,
        ),
    ] = None
    token_file: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            envvar=["STOKER_TOKEN_FILE", "GIT_TOKEN_FILE"],
            help="A file with the token for an https:// repository.",
            show_default=False,
            readable=False,
        ),
    ] = None
    ssh_key_file: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            envvar=["STOKER_SSH_KEY_FILE", "GIT_SSH_KEY_FILE"],
            help="A file with the private key for an SSH repository.",
            show_default=False,
            readable=False,
        ),
    ] = None
    known_hosts_file: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            envvar=["STOKER_KNOWN_HOSTS_FILE", "GIT_KNOWN_HOSTS_FILE"],
            help="A file with the host keys that an SSH server may show. Without it, SSH is "
            "refused.",
            show_default=False,
            readable=False,
        ),
    ] = None
    insecure_skip_host_key_check: Annotated[
        bool,
        Option(
            "--insecure-skip-host-key-check",
            envvar=["STOKER_INSECURE_SKIP_HOST_KEY_CHECK", "GIT_INSECURE_SKIP_HOST_KEY_CHECK"],
            help="Connect to any SSH server. Anyone on the way can then answer in its place.",
        ),
    ] = False
    ca_file: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            envvar=["STOKER_CA_FILE", "GIT_CA_FILE"],
            help="A PEM file with the authority that signed a private https:// server.",
            show_default=False,
            readable=False,
        ),
    ] = None
    git_host: Annotated[
        str,
        Option(
            metavar="HOST",
            envvar=["STOKER_GIT_HOST", "GIT_HOST"],
            help="The one host that token and key may be shown to. Default: that of --repo; it "
            "must be given where the address comes from the profile's file.",
        ),
    ] = ""


Data = Annotated[
    Path,
    Option(
        metavar="DIR",
        envvar="STOKER_DATA",
        help="The gateway's data directory.",
        show_default=False,
        readable=False,
    ),
]
GatewayUrl = Annotated[
    str,
    Option(
        metavar="URL",
        envvar="STOKER_GATEWAY_URL",
        help="Have this gateway scan the files, such as http://localhost:8088. "
        "Default: write files only.",
    ),
]
ApiKeyFile = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        envvar=["STOKER_API_KEY_FILE", "API_KEY_FILE"],
        help="A file with the API token of the gateway, NAME:SECRET.",
        show_default=False,
        readable=False,
    ),
]
GatewayCaFile = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        envvar="STOKER_GATEWAY_CA_FILE",
        help="A PEM file with the authority that signed the gateway's certificate. On localhost "
        "none is asked for.",
        show_default=False,
        readable=False,
    ),
]


def taking_inputs(
    command: Callable[Concatenate[Given, _P], Answer],
) -> Callable[..., Answer]:
    """`command` with the common inputs as options: the usual ones, its own, then the rest."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    hints = get_type_hints(Given, include_extras=True)
    common = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=hints[field.name],
        )
        for field in fields(Given)
    ]

    def taking(**told: Any) -> Answer:  # noqa: ANN401 - each option is of its own type
        given = Given(**{field.name: told.pop(field.name) for field in fields(Given)})
        return command(given, **told)  # type: ignore[call-arg]  # the parser has checked them

    update_wrapper(taking, command)
    del taking.__wrapped__  # type: ignore[attr-defined]  # its signature is another one
    parameters = [*common[:_FIRST], *own, *common[_FIRST:]]
    taking.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    taking.__annotations__ = {each.name: each.annotation for each in parameters}
    return taking
