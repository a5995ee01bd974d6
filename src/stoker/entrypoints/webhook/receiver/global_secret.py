"""The secret of all CRs that have none of their own: two files, read again when they change.

They are looked at again after a second. One that cannot be read any more, or is empty, leaves the
last one in force: a secret that vanishes must neither open the door nor close it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from attrs import define, field

from stoker.core.errors import StokerError
from stoker.core.payload import ReceiverSecret
from stoker.entrypoints.mounted import Look, look_of

LOOK: Final = 1.0
"""Seconds between two looks at the files."""

_MOST: Final = 1 << 16


@define
class GlobalSecret:
    """The secret as it is now."""

    hmac_file: Path | None
    token_file: Path | None
    learn: Callable[[bytes], None]
    """Told of each value, so that it can be kept out of logs."""
    complain: Callable[[StokerError], None]
    clock: Callable[[], float] = time.monotonic
    _secret: ReceiverSecret = field(init=False, repr=False)
    _state: Look = field(init=False)
    _looked: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Have it from the start; raises `StokerError` for a file that cannot be used."""
        self._looked, self._state = self.clock(), self._seen()
        self._secret = self._read()

    def now(self) -> ReceiverSecret:
        """The secret; an empty one where no file is named."""
        if self.clock() - self._looked >= LOOK:
            self._looked = self.clock()
            state = self._seen()
            if state != self._state:
                self._state = state
                try:
                    self._secret = self._read()
                except StokerError as error:
                    self.complain(error)
        return self._secret

    def _read(self) -> ReceiverSecret:
        return ReceiverSecret.of(self._value(self.hmac_file), self._value(self.token_file))

    def _value(self, file: Path | None) -> bytes:
        if file is None:
            return b""
        try:
            with file.open("rb") as opened:
                value = opened.read(_MOST).strip()
        except OSError as error:
            raise StokerError(
                f"the receiver's secret cannot be read: {error.strerror}",
                where=str(file),
                cure="name a file that can be read",
            ) from error
        if not value:
            raise StokerError(
                "the receiver's secret is empty", where=str(file), cure="write the secret into it"
            )
        self.learn(value)
        return value

    def _seen(self) -> Look:
        return look_of(file for file in (self.hmac_file, self.token_file) if file is not None)
