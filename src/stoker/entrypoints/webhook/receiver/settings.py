"""How the receiver works: its secrets, its limits, and whom it believes where a request is from."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attrs import field, frozen

from stoker.core.payload import Network, Rate
from stoker.entrypoints.serving import Limits

MOST_CONNECTIONS: Final = 1_000
MOST_OF_ONE: Final = 200


@frozen(kw_only=True)
class ReceiverSettings:
    """What a receiver is told; times are seconds."""

    hmac_file: Path | None = None
    """The global key for signatures."""
    token_file: Path | None = None
    """The global token."""
    allow_unauthenticated: bool = False
    """Whether anybody may ask where no secret is configured."""
    source_rate: Rate = field(default=Rate(10, 50))
    cr_rate: Rate = field(default=Rate(1, 20))
    trusted_proxies: tuple[Network, ...] = ()
    """From whom `X-Forwarded-For` counts."""
    body_seconds: float = 10.0
    refusal_seconds: float = 0.3
    """How long after its last byte a request is told that it is not authentic."""
    secret_seconds: float = 2.0
    """For how long a CR's own secret is not read again, whoever sends what."""
    write_seconds: float = 8.0
    """How long reading and writing of a CR may take in all."""
    threads: int = 8
    """How many reads and writes go on at a time."""

    @property
    def limits(self) -> Limits:
        """What its listener is to have: a body may take ten seconds, and a write eight.

        Proxies send the requests of many over one connection, and keep it for a minute. From
        anybody else so many connections, or long ones, are an attempt to leave none for others.
        """
        answer = self.body_seconds + self.write_seconds + 5.0
        if self.trusted_proxies:
            return Limits(answer=answer, idle=75.0, connections=MOST_CONNECTIONS)
        return Limits(answer=answer, idle=5.0, connections=MOST_CONNECTIONS, per_source=MOST_OF_ONE)
