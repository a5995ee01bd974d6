"""Fuzz the body of a webhook: no exception but `StokerError`, and no answer that is not JSON.

The first byte chooses headers and what the CR follows; the rest is the body, and the value of
`X-Forwarded-For`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Final

from stoker.core.errors import StokerError
from stoker.core.payload import (
    Order,
    ReceiverSecret,
    Standing,
    authenticate,
    origin,
    parse_payload,
    refusal,
    reply,
    settle,
)
from stoker.core.refs import RefName, SemverRange

FOLLOWED: Final = (RefName("main"), RefName("HEAD"), RefName("v1.2.3"), SemverRange.parse(">=1"))
NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)
PROXIES: Final = (ip_network("10.0.0.0/8"),)
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
    origin("10.0.0.1", [body.decode("utf-8", "surrogateescape")], PROXIES)
    try:
        order = Order(parse_payload(headers, body), NOW)
        done = settle(Standing(FOLLOWED[choice[0] >> 2 & 3], None), [order], NOW)
        json.dumps(dict(done.annotations))
        response = reply(done.decisions[0])
    except StokerError as error:
        response = refusal(error)
    json.dumps(response.body).encode()
