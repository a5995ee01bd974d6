"""Fuzz the body of a webhook: no exception but `StokerError`, and no answer that is not JSON.

The first byte chooses headers and what the CR follows; the rest is the body.
"""

from __future__ import annotations

import json
from typing import Final

from stoker.core.errors import StokerError
from stoker.core.payload import answer, authenticate, parse_payload, refusal, reply
from stoker.core.payload.signature import ReceiverSecret
from stoker.core.refs import RefName, SemverRange

FOLLOWED: Final = (RefName("main"), RefName("HEAD"), RefName("v1.2.3"), SemverRange.parse(">=1"))
HEADERS: Final[tuple[dict[str, str], ...]] = (
    {},
    {"X-GitHub-Event": "push"},
    {"X-Gitea-Event": "release", "X-Hub-Signature-256": "sha256=00"},
    {"Content-Type": "application/json", "Authorization": "Bearer x"},
)


def one_input(data: bytes) -> None:
    """Read one body, and answer it."""
    choice, body = data[:1] or b"\0", data[1:]
    headers = HEADERS[choice[0] & 3]
    try:
        authenticate(headers, body, ReceiverSecret.shared("x"))
    except StokerError as error:
        json.dumps(refusal(error).body)
    try:
        response = reply(answer(parse_payload(headers, body), FOLLOWED[choice[0] >> 2 & 3]))
    except StokerError as error:
        response = refusal(error)
    json.dumps(response.body).encode()
