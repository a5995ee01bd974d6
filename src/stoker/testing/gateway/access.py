"""Who may ask what: the matrix of tokens, permissions and channels."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stoker.testing.gateway.messages import Request
    from stoker.testing.gateway.settings import Settings, Token

HEADER: Final = "x-ignition-api-token"
OK, UNAUTHORIZED, FORBIDDEN = 200, 401, 403


def judge(request: Request, settings: Settings) -> tuple[int, str]:
    """The status that the request gets for who asks, and what is told; 200 lets it pass."""
    token = _known(request.headers.get(HEADER, ""), settings.tokens)
    if token is None:
        return UNAUTHORIZED, "The API token is missing or invalid."
    if (settings.secure_channel or token.secure_channel) and not request.secure:
        return FORBIDDEN, "A secure channel is required."
    needed = "read" if request.method in {"GET", "HEAD"} else "write"
    if not (token.read if needed == "read" else token.write):
        return FORBIDDEN, f"The API token lacks the permission to {needed}."
    return OK, ""


def holder_of(request: Request) -> str:
    """In whose name a lock is taken: the token's, without its secret."""
    return request.headers.get(HEADER, "").partition(":")[0]


def _known(sent: str, tokens: tuple[Token, ...]) -> Token | None:
    # Compared as bytes: a header may hold any character.
    return next(
        (one for one in tokens if hmac.compare_digest(one.value.encode(), sent.encode())), None
    )
