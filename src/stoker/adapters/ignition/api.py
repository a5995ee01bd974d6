"""The REST interface of a gateway: questions that carry the token, and two that do not.

The token is a credential for one place. It is put into a request here and nowhere else, only into
requests below `/data/api/v1` of the one address that this `Api` was made for, and it is asked for
anew each time, since Secrets rotate. No error holds any of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from attrs import frozen

from stoker.adapters.ignition.address import Address
from stoker.adapters.ignition.errors import NoAnswer
from stoker.adapters.ignition.http import Request, Trust, exchange
from stoker.core.errors import StokerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stoker.core.scan import Answer

_BELOW: Final = "/data/api/v1"
_TOKEN: Final = "X-Ignition-API-Token"  # noqa: S105 - the header's name
_CURE: Final = "look after the key in the API Secret"


@frozen
class Api:
    """A gateway's questions; `seconds` is the time that each of them may take."""

    address: Address
    token: Callable[[], str] | None
    trust: Trust
    seconds: float

    def get(
        self, *names: str, query: Mapping[str, int] | None = None, seconds: float | None = None
    ) -> Answer:
        """The answer to a question below the interface; raises `NoAnswer`."""
        target = _target(names) + (f"?{urlencode(query)}" if query else "")
        return self._ask(Request("GET", target, self._headers()), seconds)

    def post(
        self,
        *names: str,
        document: Mapping[str, int] | None = None,
        seconds: float | None = None,
    ) -> Answer:
        """The answer to an order below the interface; raises `NoAnswer`."""
        headers, body = self._headers(), None
        if document is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(document).encode()
        return self._ask(Request("POST", _target(names), headers, body), seconds)

    def ask_openly(self, path: str, seconds: float) -> Answer | None:
        """The answer to a question that needs no token; None where none came."""
        try:
            return self._ask(Request("GET", path, {"Accept": "*/*"}), seconds)
        except NoAnswer:
            return None

    def _ask(self, request: Request, seconds: float | None) -> Answer:
        allowed = self.seconds if seconds is None else seconds
        return exchange(self.address, request, self.trust, allowed)

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if self.token is not None:
            headers[_TOKEN] = _read(self.token)
        return headers


def _target(names: tuple[str, ...]) -> str:
    return "/".join((_BELOW, *map(_quoted, names)))


def _quoted(name: str) -> str:
    quoted = quote(name, safe="", errors="replace")
    # Dots are never quoted, and a name of nothing else would lead out of the interface.
    return quoted if quoted.strip(".") else "%20"


def _read(token: Callable[[], str]) -> str:
    try:
        text = token().strip()
    except StokerError as error:
        raise NoAnswer(f"the API token cannot be read: {error}", cure=_CURE) from error
    except (OSError, ValueError):
        # Without its cause: the text of such an error may hold what was read.
        raise NoAnswer("the API token cannot be read", cure=_CURE) from None
    if not text:
        raise NoAnswer("the API token is empty", cure=_CURE)
    if not (text.isascii() and text.isprintable()):
        raise NoAnswer("the API token holds characters that no token has", cure=_CURE)
    return text
