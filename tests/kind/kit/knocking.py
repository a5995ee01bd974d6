"""Pods that listen and knock: who reaches which port, tried with packets.

A port that is reached is `open`. One that nobody listens at is `refused` at once, and where packets
are dropped there is `silence`. All doors are knocked at together, so silence costs its time once.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kit import manifests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kit.kubectl import Document
    from kit.pods import Pod

OPEN: Final = "open"
SILENT: Final = "silence"
CONTAINER: Final = "knocker"
PORT: Final = 8080
_PATIENCE: Final = 2.0

_KNOCK: Final = f"""
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def knock(door):
    try:
        socket.create_connection(door, timeout={_PATIENCE}).close()
        return "{OPEN}"
    except TimeoutError:
        return "{SILENT}"
    except ConnectionRefusedError:
        return "refused"
    except OSError as error:
        return str(error)
doors = json.load(sys.stdin)
with ThreadPoolExecutor(len(doors)) as pool:
    print(json.dumps(list(pool.map(knock, doors))))
"""
_LISTEN: Final = f"""
import socket
server = socket.create_server(("", {PORT}), backlog=64)
while True:
    server.accept()[0].close()
"""


@dataclass(frozen=True)
class Door:
    """An address and a port, and what it is called."""

    name: str
    host: str
    port: int


def pod(name: str, image: str, labels: Mapping[str, str]) -> Document:
    """One that listens at `PORT`, and from which others are tried; the image has to have Python."""
    container = manifests.container(
        CONTAINER,
        image,
        command=["python", "-c", _LISTEN],
        ports=[{"name": "http", "containerPort": PORT}],
        readinessProbe={"tcpSocket": {"port": PORT}, "periodSeconds": 1},
    )
    made = manifests.pod(name, [container], terminationGracePeriodSeconds=0)
    return manifests.marked(made, labels=labels)


def knocked(doors: Iterable[Door], pod: Pod | None, container: str = CONTAINER) -> dict[str, str]:
    """What comes of it from inside a pod, or, without one, from this machine.

    Doors of one name are those of replicas, of which each has to do the same.
    """
    listed = list(doors)
    given = json.dumps([(one.host, one.port) for one in listed])
    if pod is None:
        words = [sys.executable, "-c", _KNOCK]
        said = subprocess.run(words, input=given, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own words
    else:
        said = pod.exec(container, "python", "-c", _KNOCK, stdin=given)
    found: dict[str, set[str]] = {}
    for door, answer in zip(listed, json.loads(said), strict=True):
        found.setdefault(door.name, set()).add(answer)
    return {name: " or ".join(sorted(answers)) for name, answers in found.items()}
