"""Why no answer came, in words that hold nothing of the request.

Each way to the API server has errors of its own. They end here: whatever broke off between us and
the server is `Broken`, with words that are fit to be told.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Sequence
from http.client import HTTPException, IncompleteRead
from typing import Final, TypeAlias

UNKNOWN_NAME: Final = "its name is not known"
NOBODY: Final = "nobody listens there"
TOO_SLOW: Final = "no whole answer within the time for it"
BROKE_OFF: Final = "the connection broke off"
NOT_HTTP: Final = "the answer is not HTTP"
NO_FILE: Final = "the file of the credential or of the authority is not there"
NOT_TO_BE_SENT: Final = "the credential is none that can be sent"

Reasons: TypeAlias = Sequence[tuple[type[BaseException] | tuple[type[BaseException], ...], str],]
"""Kinds of errors and their words; the first that fits is told."""

OF_SOCKETS: Final[Reasons] = (
    (socket.gaierror, UNKNOWN_NAME),
    (ConnectionRefusedError, NOBODY),
    (TimeoutError, TOO_SLOW),
    ((ConnectionError, IncompleteRead), BROKE_OFF),
    (HTTPException, NOT_HTTP),
    (FileNotFoundError, NO_FILE),
    (ValueError, NOT_TO_BE_SENT),
)


class Broken(Exception):
    """No whole answer came; `is_slow`: within the time for it."""

    def __init__(self, error: BaseException, reasons: Reasons = OF_SOCKETS) -> None:
        super().__init__(why(error, reasons))
        self.why: str = self.args[0]
        self.is_slow = any(isinstance(link, TimeoutError) for link in _chain(error))


def why(error: BaseException, reasons: Reasons = OF_SOCKETS) -> str:
    """What is known of the reason for `error`."""
    chain = _chain(error)
    for link in chain:
        match link:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not trusted: {link.verify_message}"
            case ssl.SSLError() if link.reason:
                return f"TLS failed: {link.reason.replace('_', ' ').lower()}"
    for kinds, words in reasons:
        if any(isinstance(link, kinds) for link in chain):
            return words
    return f"the connection failed: {os.strerror(getattr(error, 'errno', None) or 0)}"


def _chain(error: BaseException) -> tuple[BaseException, ...]:
    """The error and what led to it, which is kept in any of three places."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        inner = next((each for each in link.args if isinstance(each, BaseException)), None)
        link = inner or link.__cause__ or link.__context__
    return tuple(chain)
