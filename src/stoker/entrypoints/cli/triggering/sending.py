"""The request, and what its answer means to who has sent it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attrs import frozen

from stoker.core.payload import sign
from stoker.entrypoints.cli.cluster.reaching import AGENT
from stoker.entrypoints.cli.triggering.reaching import ReceiverError

if TYPE_CHECKING:
    from stoker.adapters.kube.services import Passed
    from stoker.core.refs import RefName
    from stoker.entrypoints.cli.triggering.proving import Proof
    from stoker.entrypoints.cli.triggering.reaching import Receiver


@frozen
class Taken:
    """What the receiver says of a request that it has taken."""

    ref: str
    message: str
    """Such as `ref already set`; "" when the ref was written."""


def send(
    receiver: Receiver, target: tuple[str, str], ref: RefName, proof: Proof, user: str
) -> Taken:
    """Ask for the ref; raises `ReceiverError` and others where that is not taken."""
    said = {"ref": str(ref), **({"user": user} if user else {})}
    body = json.dumps(said).encode()
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": AGENT,
        "X-Hub-Signature-256": sign(body, proof.secret),
    }
    answer = receiver.post(f"/webhook/{target[0]}/{target[1]}", headers, body)
    document = _document(answer.body)
    if answer.status == 202 and document.get("accepted") is True:  # noqa: PLR2004 - of HTTP
        return Taken(str(document.get("ref", ref)), str(document.get("message", "")))
    raise _refusal(receiver, target, proof, answer, document)


def _refusal(
    receiver: Receiver,
    target: tuple[str, str],
    proof: Proof,
    answer: Passed,
    document: dict[str, object],
) -> ReceiverError:
    if document.get("kind") == "Status":
        return _by_api(receiver, answer, str(document.get("message", "")))
    is_receiver = "accepted" in document
    message = str(document.get("message", ""))
    match answer.status:
        case 401:
            told = f"it does not accept the secret from {proof.source}"
            cure = "use the secret of the GatewaySync, or the receiver's where it has none"
        case 404 if is_receiver:
            told = f"there is no GatewaySync {'/'.join(target)}"
            cure = "check namespace and name"
        case 429:
            told = "too many requests"
            cure = f"try again in {answer.retry_after or 'some'} seconds"
        case 503 if is_receiver:
            told, cure = message, "try again; the log of the receiver has the cause"
        case _ if is_receiver and message:
            told, cure = message, ""
        case _:
            told = f"what answers there is no receiver: HTTP {answer.status}"
            cure = "check the address"
    return ReceiverError(told, where=receiver.where, cure=cure)


def _by_api(receiver: Receiver, answer: Passed, message: str) -> ReceiverError:
    """The API server has not passed it on."""
    cures = {
        403: "ask for the right to create services/proxy, or name the receiver with --url",
        404: "check --service",
        503: "see that the pods of the receiver are ready",
    }
    told = f"the API server has not passed the request on: {message or answer.status}"
    return ReceiverError(told, where=receiver.where, cure=cures.get(answer.status, ""))


def _document(body: bytes) -> dict[str, object]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
