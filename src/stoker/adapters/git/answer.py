"""What an HTTP server answered, out of git's trace of the headers.

Git's own messages have no `Retry-After`. Its trace has every header, and leaves out secrets.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Final

from attrs import frozen

_HEADER: Final = re.compile(r"<= Recv header: (?P<text>.*)")
_STATUS: Final = re.compile(r"HTTP/[0-9.]+ (?P<status>[0-9]{3})")


@frozen
class Answer:
    """The last answer of an HTTP server: its status, 0 without one, and how long it wants peace."""

    status: int = 0
    after: float | None = None

    @classmethod
    def of_trace(cls, trace: str) -> Answer:
        """Read git's trace of headers."""
        status, date, after = 0, "", ""
        for header in (match["text"].strip() for match in _HEADER.finditer(trace)):
            if begun := _STATUS.match(header):
                status, date, after = int(begun["status"]), "", ""
            name, _, text = header.partition(":")
            match name.lower():
                case "date":
                    date = text.strip()
                case "retry-after":
                    after = text.strip()
                case _:
                    pass
        return cls(status, _seconds(after, date))


def _seconds(after: str, date: str) -> float | None:
    """How long `Retry-After` means, from when the server says it is now."""
    if after.isascii() and after.isdigit():
        return float(after[:9])
    try:
        until, now = parsedate_to_datetime(after), parsedate_to_datetime(date)
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        # No date, or one with a time zone and one without.
        return None
