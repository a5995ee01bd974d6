"""What can go wrong with a fake gateway itself."""

from __future__ import annotations

import os
from typing import ClassVar

from attrs import frozen

from stoker.core.errors import StokerError


@frozen
class FakeGatewayError(StokerError):
    """The fake cannot do what was asked of it."""

    reason: ClassVar[str] = "FakeGatewayFailed"


@frozen
class WaitTimedOut(FakeGatewayError):
    """What was waited for did not come; the message holds the end of the gateway's log."""

    reason: ClassVar[str] = "WaitTimedOut"


def cannot(do: str, place: str, error: OSError) -> FakeGatewayError:
    """The error for what the operating system refused."""
    told = os.strerror(error.errno) if error.errno else str(error)
    return FakeGatewayError(f"cannot {do} it: {told}", where=place)
