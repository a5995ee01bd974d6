"""What can go wrong between Stoker and a gateway, as values.

The ways in which a scan ends are outcomes of the core and not errors; these are for every other
question. `refused` makes the error for an outcome, so both say the same of the same answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from attrs import field, frozen

from stoker.core.errors import Disposition, Permanent, Retryable, ScanError, StokerError

if TYPE_CHECKING:
    from stoker.core.scan import ScanOutcome


@frozen
class AddressError(StokerError):
    """What was given as the address of a gateway is none; `where` is it, without its secrets."""

    reason: ClassVar[str] = "InvalidGatewayURL"


@frozen
class NoAnswer(StokerError):
    """No whole answer came to a request; the message says why, `where` is the request."""

    reason: ClassVar[str] = "GatewayUnreachable"

    @property
    def disposition(self) -> Disposition:
        """Gateways and networks come back."""
        return Retryable()


@frozen
class GatewayError(StokerError):
    """The gateway answered, and not with what it was asked for."""

    retry: Disposition = field(default=Permanent(), kw_only=True)

    reason: ClassVar[str] = "GatewayRefused"

    @property
    def disposition(self) -> Disposition:
        """Whether the same question may be answered later."""
        return self.retry


def refused(what: str, outcome: ScanOutcome) -> GatewayError:
    """The error for a question about `what` that ended in `outcome`."""
    return GatewayError(f"{what} {outcome.message}", cure=outcome.cure, retry=outcome.disposition)


def not_locked(kind: str, outcome: ScanOutcome) -> ScanError:
    """The error for a scan lock that could not be had."""
    return ScanError(
        f"the scan lock of {kind} {outcome.message}",
        cure=outcome.cure,
        retry=outcome.disposition,
    )
