"""The REST interface of an Ignition gateway.

- `gateway`: all that the engine asks of one
- `scans`, `loaded`, `lists`: the questions, by what they are about
- `api`: a question with its token; `http`: a request with its deadline; `address`: to whom
- `patience`: how often to ask again
- `errors`: what can go wrong, as values
"""

from __future__ import annotations

from stoker.adapters.ignition.errors import AddressError, GatewayError, NoAnswer
from stoker.adapters.ignition.gateway import Gateway
from stoker.adapters.ignition.lists import GatewayInfo

__all__ = ["AddressError", "Gateway", "GatewayError", "GatewayInfo", "NoAnswer"]
