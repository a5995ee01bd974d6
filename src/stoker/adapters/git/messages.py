"""What a git process says on its standard error, as it comes.

A line ends with a newline, or with a carriage return when the next one is to stand in its place.
Lines of progress go to whoever watches; of the others the last ones are kept, because the end says
what failed. A server has a say in these lines (`remote: …`), so each is bounded and without control
characters.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import Final

from attrs import define, field

LONGEST: Final = 2_000
"""How many bytes of a line are kept."""

MOST_LINES: Final = 60
"""How many lines are kept."""

_END: Final = re.compile(rb"[\r\n]+")
_PROGRESS: Final = re.compile(r"(?:remote: )?[A-Z][A-Za-z ]{2,40}: +[0-9]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@define
class Messages:
    """Lines out of pieces of bytes."""

    on_progress: Callable[[str], None] | None = None
    _begun: bytes = b""
    _lines: deque[str] = field(factory=lambda: deque[str](maxlen=MOST_LINES))

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        *whole, begun = _END.split(self._begun + data)
        self._begun = begun[:LONGEST]
        for line in whole:
            self._take(line)

    def text(self) -> str:
        """What was said, without the progress: the last lines, each ended by a newline."""
        self._take(self._begun)
        self._begun = b""
        return "".join(f"{line}\n" for line in self._lines)

    def _take(self, line: bytes) -> None:
        text = _CONTROL.sub("", line[:LONGEST].decode(errors="replace")).rstrip()
        if not text:
            return
        if _PROGRESS.match(text):
            if self.on_progress is not None:
                self.on_progress(text)
        else:
            self._lines.append(text)
