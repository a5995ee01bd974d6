"""From what was told to the answer."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from stoker.adapters.clock import utc_now
from stoker.core.refs import RefName
from stoker.core.spec import Duration
from stoker.entrypoints.cli.answers import Answer, UsageError, json_text, one_line
from stoker.entrypoints.cli.cluster.reaching import Cluster
from stoker.entrypoints.cli.cluster.waiting import Arrived, Waiting, wait
from stoker.entrypoints.cli.commanding import as_invalid_input
from stoker.entrypoints.cli.triggering.proving import given_proof, own_proof
from stoker.entrypoints.cli.triggering.reaching import Direct, Receiver, found
from stoker.entrypoints.cli.triggering.sending import Taken, send

if TYPE_CHECKING:
    from collections.abc import Callable


@frozen(kw_only=True)
class Told:
    """What stands on the command line, unchecked."""

    target: str
    ref: str
    url: str = ""
    ca_file: Path | None = None
    secret_file: Path | None = None
    kubeconfig: Path | None = None
    context: str = ""
    service: str = ""
    wait: bool = False
    timeout: str = "5m"


def trigger_answer(told: Told, *, as_json: bool) -> Answer:
    """What came of the request."""
    with as_invalid_input():
        target, ref = _target(told.target), RefName.parse(told.ref)
        seconds = Duration.parse(told.timeout).seconds
        direct = Direct.of(told.url, told.ca_file) if told.url else None
        if direct is not None and told.service:
            raise UsageError("both name the receiver", where="--url and --service", cure="name one")
        named = given_proof(told.secret_file, os.environ)
    cluster = _once(lambda: Cluster.of(told.kubeconfig, told.context))
    receiver: Receiver = direct or found(cluster(), told.service)
    signing = named or own_proof(cluster(), target)
    since = utc_now()
    taken = send(receiver, target, ref, signing, _user())
    arrived = None
    if told.wait:
        was_set = bool(taken.message)
        waiting = Waiting(target=target, seconds=seconds, ref=ref, since=since, was_set=was_set)
        arrived = wait(cluster(), waiting)
    out = _document if as_json else _text
    return Answer(out(target, receiver, taken, arrived))


def _target(text: str) -> tuple[str, str]:
    namespace, _, name = text.partition("/")
    if not namespace or not name or "/" in name:
        raise UsageError(
            f"{text!r} names no GatewaySync", where="NAMESPACE/NAME", cure="write plant/line-a"
        )
    return namespace, name


def _once(make: Callable[[], Cluster]) -> Callable[[], Cluster]:
    """The cluster when it is needed, and always the same."""
    made: list[Cluster] = []

    def given() -> Cluster:
        if not made:
            made.append(make())
        return made[0]

    return given


def _user() -> str:
    """Who asks, for the receiver's record."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _text(
    target: tuple[str, str], receiver: Receiver, taken: Taken, arrived: Arrived | None
) -> str:
    name = "/".join(target)
    said = f": {taken.message}" if taken.message else ""
    lines = [f"{name} is to follow {taken.ref}{said} ({receiver.where})"]
    if arrived is not None:
        count = f"{arrived.gateways} gateway{'' if arrived.gateways == 1 else 's'}"
        lines.append(f"{name} is synced at {arrived.commit}: {count}")
    return "".join(f"{one_line(line)}\n" for line in lines)


def _document(
    target: tuple[str, str], receiver: Receiver, taken: Taken, arrived: Arrived | None
) -> str:
    return json_text(
        {
            "result": "accepted" if arrived is None else "synced",
            "namespace": target[0],
            "name": target[1],
            "ref": taken.ref,
            "message": taken.message,
            "receiver": one_line(receiver.where),
            "commit": None if arrived is None else arrived.commit,
            "gateways": None if arrived is None else arrived.gateways,
            "error": None,
        }
    )
