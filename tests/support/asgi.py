"""An application asked without a server: what it is sent, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen
from starlette.types import ASGIApp, Message


@frozen
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def ask(  # noqa: PLR0913 - what makes a request
    app: ASGIApp,
    body: bytes | Sequence[bytes] = b"",
    *,
    path: str,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    query: str = "",
) -> Answer:
    """Send a request, its body in blocks if it is several; the answer."""
    blocks = [body] if isinstance(body, bytes) else list(body)
    told: list[Message] = []

    async def receive() -> Message:
        if not blocks:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": blocks.pop(0), "more_body": bool(blocks)}

    async def send(message: Message) -> None:
        told.append(message)

    named = {"content-type": "application/json", **(headers or {})}
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), text.encode("latin-1")) for name, text in named.items()],
        "client": ("192.0.2.1", 1),
        "server": ("localhost", 443),
        "scheme": "https",
        "http_version": "1.1",
        "root_path": "",
        "app": app,
    }
    await app(scope, receive, send)
    start, *rest = told
    assert start["type"] == "http.response.start"
    shown = {name.decode(): text.decode("latin-1") for name, text in start["headers"]}
    return Answer(start["status"], shown, b"".join(one.get("body", b"") for one in rest))
