"""The token: read for each request, refused when it is none, and never repeated.

No connection is made for a token that is refused; the address is one where nothing listens.
Seen failing: with the check of its characters removed a token with a line break reached the
header, and with the error of the reader passed on its text held the secret.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest

from stoker.adapters.ignition import Gateway, NoAnswer
from stoker.core.errors import Retryable, StokerError
from stoker.core.ignition import ScanKind
from stoker.core.scan import Unreachable

SECRET = "planted-5ecret"


def raising(error: Exception) -> Callable[[], str]:
    def token() -> str:
        raise error

    return token


def undecodable() -> str:
    return SECRET.encode("utf-16").decode("ascii")


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (lambda: "", "the API token is empty"),
        (lambda: " \n", "the API token is empty"),
        (lambda: f"{SECRET}\r\nX-Other: 1", "the API token holds characters that no token has"),
        (lambda: f"{SECRET}\x00", "the API token holds characters that no token has"),
        (lambda: f"{SECRET}\x7f", "the API token holds characters that no token has"),
        (lambda: f"{SECRET}\u00e9", "the API token holds characters that no token has"),
        (raising(OSError(5, SECRET)), "the API token cannot be read"),
        (undecodable, "the API token cannot be read"),
        (
            raising(StokerError("it is not there", where="/etc/stoker/api-key")),
            "the API token cannot be read: /etc/stoker/api-key: it is not there",
        ),
    ],
)
def test_a_token_that_is_none(token: Callable[[], str], why: str) -> None:
    gateway = Gateway("http://127.0.0.1:1", token)
    with pytest.raises(NoAnswer) as caught:
        gateway.designers()
    assert caught.value.message == why
    assert caught.value.disposition == Retryable()
    assert "Secret" in caught.value.cure
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert gateway.scan(ScanKind.CONFIG) == Unreachable(why)
