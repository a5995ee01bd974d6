"""The machine's clock: the one place that asks it."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)  # noqa: TID251 - this is the place
