"""Looking whether a node works: its API server, its DNS, its Services.

By the standard library alone, as `kubectl` takes a third of a second of CPU time for each question.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import struct
from typing import TYPE_CHECKING, Any, Final

from cluster.configuration import API_PORT

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.addresses import Network

_TIMEOUT: Final = 5.0
_OK: Final = 200


class Api:
    """Questions to the API server, as the admin."""

    def __init__(self, network: Network, keys: Path) -> None:
        self._address = network.node
        self._tls = ssl.create_default_context(cafile=str(keys / "ca.crt"))
        self._tls.load_cert_chain(keys / "admin.crt", keys / "admin.key")

    def get(self, path: str) -> bytes | None:
        """The answer; None as long as there is none, or not a good one."""
        connection = http.client.HTTPSConnection(
            self._address, API_PORT, timeout=_TIMEOUT, context=self._tls
        )
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        return body if answer.status == _OK else None

    def ready(self) -> bool:
        """Whether the API server takes requests."""
        return self.get("/readyz") is not None

    def node_ready(self, name: str) -> bool:
        """Whether pods can be made and find a place."""
        answer = self.get(f"/api/v1/nodes/{name}")
        account = self.get("/api/v1/namespaces/default/serviceaccounts/default")
        return answer is not None and account is not None and takes_pods(json.loads(answer))


def takes_pods(node: Any) -> bool:
    """Whether a Node is Ready and without taints."""
    ready = any(
        each["type"] == "Ready" and each["status"] == "True"
        for each in node.get("status", {}).get("conditions", [])
    )
    return ready and not node.get("spec", {}).get("taints")


def accepts(address: str, port: int) -> bool:
    """Whether a connection is accepted there."""
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def question(name: str) -> bytes:
    """A DNS query for the address of a name."""
    header = struct.pack(">HHHHHH", 1, 0x0100, 1, 0, 0, 0)  # recursion desired, one question
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return header + labels + b"\0" + struct.pack(">HH", 1, 1)  # an address, in the Internet


def resolves(server: str, name: str) -> bool:
    """Whether a DNS server has an address for a name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(1)
        try:
            channel.sendto(question(name), (server, 53))
            answer = channel.recv(512)
        except OSError:
            return False
    flags, answers = (int.from_bytes(answer[at : at + 2], "big") for at in (2, 6))
    return flags & 0xF == 0 and answers > 0
