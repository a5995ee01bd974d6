"""The command line: `python tests/kind/cluster up`, and so on.

Progress goes to standard error and answers to standard output, so that
`export KUBECONFIG=$(python tests/kind/cluster up)` works.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from cluster import host, inside, keeping, node, opening, state
from cluster.problems import Problem
from cluster.running import Steps

if TYPE_CHECKING:
    from collections.abc import Sequence


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _answer(line: object) -> None:
    sys.stdout.write(f"{line}\n")


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--state", type=Path, help="the folder of running instances")
    named = argparse.ArgumentParser(add_help=False, parents=[shared])
    named.add_argument("--name", help="the instance")
    whole = argparse.ArgumentParser(
        prog="cluster", description="A Kubernetes cluster of one node, for tests."
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", parents=[named], help="start one; print its kubeconfig's path")
    up.add_argument("--mode", choices=opening.MODES, help="use this, whatever there is")
    up.add_argument("--network", metavar="10.X.Y", help="the network of node and pods")
    up.add_argument("--services", metavar="10.A.B", help="the network of Services")
    up.add_argument("--lifetime-of", type=int, metavar="PID", help="end it when this process ends")
    down = commands.add_parser("down", parents=[named], help="end one, and leave nothing")
    down.add_argument("--all", action="store_true", help="every one of the state folder")
    commands.add_parser("status", parents=[shared], help="list them")
    commands.add_parser("build", help="build what a node needs, and start nothing")
    commands.add_parser("kubeconfig", parents=[named], help="print the kubeconfig's path")
    load = commands.add_parser("load", parents=[named], help="load images")
    load.add_argument("archive", type=Path, metavar="IMAGE.tar", help="a docker archive")
    inner = commands.add_parser("node", parents=[named], help="run a command on the node")
    inner.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == [host.PROCESS_1]:
        return inside.main(Path(words[1]))
    signal.signal(signal.SIGTERM, _stop)
    try:
        if words[:1] == [host.KEEPER]:
            return _keep(words[1:])
        return _dispatch(parser().parse_args(words))
    except Problem as problem:
        _say(f"cluster: {problem}")
        return 1
    except KeyboardInterrupt:
        return 130


def _stop(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + signal.SIGTERM)


def _keep(words: Sequence[str]) -> int:
    place = state.Place(Path(words[0]))
    watched = state.Watched(int(words[1]), words[2])
    keeping.wait(watched, lambda: opening.down(place, Steps(_say)))
    return 0


def _dispatch(options: argparse.Namespace) -> int:
    steps = Steps(_say)
    if options.command == "build":
        node.build(steps)
        steps.total("everything is built")
        return 0
    root = state.check_root(options.state or state.default_root())
    match options.command:
        case "up":
            _up(root, options, steps)
        case "down":
            _down(root, options, steps)
        case "status":
            for place in state.places(root):
                _answer(opening.condition(place))
        case "kubeconfig":
            found = opening.find(root, options.name)
            _answer(found.kubeconfig if found else os.environ["KUBECONFIG"])
        case "load":
            opening.load(opening.find(root, options.name), options.archive, steps)
        case "node":
            _run_on_node(opening.find(root, options.name), options.words)
    return 0


def _up(root: Path, options: argparse.Namespace, steps: Steps) -> None:
    watched = state.Watched.of(options.lifetime_of) if options.lifetime_of else None
    wishes = node.Wishes(options.name, options.network, options.services, watched)
    _answer(opening.up(root, wishes, options.mode, steps).kubeconfig)


def _down(root: Path, options: argparse.Namespace, steps: Steps) -> None:
    if options.all:
        for place in state.places(root):
            opening.down(place, steps)
        return
    found = opening.find(root, options.name)
    if found is None:
        _say("KUBECONFIG names a cluster that was not started here; it is left alone")
    else:
        opening.down(found, steps)


def _run_on_node(place: state.Place | None, words: list[str]) -> NoReturn:
    if not words:
        raise Problem("which command? `node ps aux`, for one")
    argv = opening.node_command(place, words[1:] if words[0] == "--" else words)
    os.execvp(argv[0], argv)  # noqa: S606 - no shell wanted
