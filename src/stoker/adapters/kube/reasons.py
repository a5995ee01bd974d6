"""Why no answer came, in words that hold nothing of the request."""

from __future__ import annotations

import os
import ssl
from http.client import HTTPException
from typing import Final

from kubernetes.config import ConfigException
from urllib3 import exceptions

_REASONS: Final[tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...]] = (
    (exceptions.NameResolutionError, "its name is not known"),
    (ConnectionRefusedError, "nobody listens there"),
    ((TimeoutError, exceptions.ReadTimeoutError), "no whole answer within the time for it"),
    (exceptions.ProxyError, "the proxy does not let us through"),
    ((ConnectionError, exceptions.ProtocolError), "the connection broke off"),
    # urllib3 counts every failure to connect as a timeout.
    (exceptions.NewConnectionError, "no connection can be had"),
    (exceptions.TimeoutError, "no whole answer within the time for it"),
    ((HTTPException, exceptions.HTTPError), "the answer is not HTTP"),
    (ConfigException, "the credential cannot be read"),
    (FileNotFoundError, "the file of the credential or of the authority is not there"),
    (ValueError, "the credential is none that can be sent"),
)


def why(error: BaseException) -> str:
    """What is known of the reason for `error`."""
    chain = _chain(error)
    for link in chain:
        match link:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not trusted: {link.verify_message}"
            case ssl.SSLError() if link.reason:
                return f"TLS failed: {link.reason.replace('_', ' ').lower()}"
    for kinds, words in _REASONS:
        if any(isinstance(link, kinds) for link in chain):
            return words
    return f"the connection failed: {os.strerror(getattr(error, 'errno', None) or 0)}"


def _chain(error: BaseException) -> tuple[BaseException, ...]:
    """The error and what led to it, which urllib3 keeps in either of two places."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        inner = next((each for each in link.args if isinstance(each, BaseException)), None)
        link = inner or link.__cause__ or link.__context__
    return tuple(chain)
