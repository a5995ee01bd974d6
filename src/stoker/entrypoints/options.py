"""Options of a command that runs in a cluster, each of them also an environment variable.

`--git-slots` is `STOKER_GIT_SLOTS`, and so on; an option counts for more than the variable.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from stoker import __version__
from stoker.core.errors import StokerError
from stoker.core.refs import DEFAULT_PROTOCOLS
from stoker.core.spec import Duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_PREFIX: Final = "STOKER_"
_OWN_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_LEVELS: Final = ("debug", "info", "warning", "error")
_YES, _NO = frozenset({"1", "true", "yes"}), frozenset({"0", "false", "no", ""})


class Options:
    """The options of one command."""

    def __init__(self, program: str, description: str, environ: Mapping[str, str]) -> None:
        """None yet, except for help and version."""
        self._environ = environ
        self._parser = _Parser(
            prog=program,
            description=description,
            epilog="Each option can be given as an environment variable: --log-level as "
            f"{_PREFIX}LOG_LEVEL.",
        )
        shown = f"{program} {__version__}"
        self._parser.add_argument("--version", action="version", version=shown)

    def read(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """What was given; raises `StokerError` for what is wrong."""
        return self._parser.parse_args(arguments)

    def add(self, option: str, read: Callable[[str], object], default: object, text: str) -> None:
        """An option with a value."""
        # A default that is text is read as what is given, so the variables are read as well.
        chosen = self._environ.get(_variable(option), default)
        shown = f" ({default})" if default else ""
        self._parser.add_argument(
            option, type=read, default=chosen, metavar="VALUE", help=text + shown
        )

    def add_switch(self, option: str, text: str, *, default: bool) -> None:
        """An option that is true or false."""
        said = self._environ.get(_variable(option))
        if said is not None:
            if said.lower() not in _YES | _NO:
                raise StokerError(
                    f"{said!r} is neither true nor false",
                    where=_variable(option),
                    cure="write true",
                )
            default = said.lower() in _YES
        # A chart writes `--leader-elect=false`, which argparse's own switches do not take.
        self._parser.add_argument(
            option, type=_switch, nargs="?", const=True, default=default, metavar="BOOL", help=text
        )
        self._parser.add_argument(
            f"--no-{option[2:]}",
            dest=option[2:].replace("-", "_"),
            action="store_false",
            help=argparse.SUPPRESS,
        )

    # --- What the commands have in common ---

    def add_cluster(self) -> None:
        """Which cluster, and what of it."""
        way = "how to reach the cluster; else the pod's account, else kubectl's"
        self.add("--kubeconfig", Path, None, way)
        watched = "namespaces, with commas between; all of them if empty"
        self.add("--watch-namespaces", names, (), watched)
        protocols = ",".join(DEFAULT_PROTOCOLS)
        self.add("--allowed-protocols", names, protocols, "by which repositories may be reached")

    def add_about(self) -> None:
        """What a process serves of itself."""
        metrics = "address of the metrics, over TLS; 0: none"
        self.add("--metrics-bind-address", str, ":8443", metrics)
        files = "a folder with tls.crt and tls.key; else they are made"
        self.add("--metrics-cert-dir", Path, None, files)
        probes = "address of /healthz and /readyz; 0: none"
        self.add("--health-probe-bind-address", str, ":8081", probes)

    def add_logs(self) -> None:
        """What it logs, and how."""
        self.add("--log-level", _level, "info", f"one of {', '.join(_LEVELS)}")
        self.add_switch("--log-dev-mode", "log for people, not as JSON", default=False)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise StokerError(message, cure=f"see {self.prog} --help")


def _variable(option: str) -> str:
    return _PREFIX + option[2:].replace("-", "_").upper()


def own_namespace(what: str, option: str, otherwise: str) -> str:
    """The namespace of the pod that this runs in; raises `StokerError` outside of a pod."""
    try:
        return _OWN_NAMESPACE.read_text().strip()
    except OSError as error:
        raise StokerError(
            f"the namespace of {what} is not known", where=option, cure=f"name it, or {otherwise}"
        ) from error


# --- What stands behind an option ---


def names(text: str) -> tuple[str, ...]:
    """Words with commas between."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def pairs(text: str) -> dict[str, str]:
    """`name=value`, with commas between."""
    read = {}
    for pair in names(text):
        name, is_one, value = pair.partition("=")
        if not is_one or not name:
            raise argparse.ArgumentTypeError(f"{pair!r} is not of the form name=value")
        read[name.strip()] = value.strip()
    return read


def seconds(text: str) -> float:
    """A duration longer than nothing."""
    if found := seconds_or_none(text):
        return found
    raise argparse.ArgumentTypeError(f"{text!r} is not longer than nothing")


def seconds_or_none(text: str) -> float:
    """A duration, also of nothing."""
    try:
        found = Duration.parse(text).seconds
    except StokerError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if found < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not longer than nothing")
    return found


def count(text: str) -> int:
    """A number from 1 to 1000."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1000):  # noqa: PLR2004 - a thousand threads
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 1000")
    return int(text)


def _level(text: str) -> str:
    if text not in _LEVELS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(_LEVELS)}")
    return text


def _switch(text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() in _YES
