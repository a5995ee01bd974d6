"""What the pod says of itself, by the downward API volume.

The kubelet writes labels and annotations as lines `key="value"`, the value quoted as Go quotes
texts, and exchanges all files of the volume at once, by a link named `..data`. So whoever wants to
hear of a change need look at nothing but that link.

A folder that is missing or half written is complained about, and what was known stays.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Final

from stoker.core import names
from stoker.core.agent import events as ev
from stoker.core.errors import DecodeError, StokerError
from stoker.core.pods import Pod, PodAnnotations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

PERIOD: Final = 1.0
"""Seconds between two looks at the link."""

_FILES: Final = ("labels", "annotations", "uid")
_LINK: Final = "..data"
_MOST: Final = 1 << 22
"""Bytes of a file; Kubernetes takes 256 KiB of annotations, and quoting makes four of one."""
_LINE: Final = re.compile(rb'([^=\n]+)="((?:[^"\\\n]|\\[^\n])*+)"')
_ESCAPE: Final = re.compile(
    rb"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([abfnrtv\\\"'])|(.))", re.DOTALL
)
_SHORT: Final[Mapping[bytes, bytes]] = {
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"v": b"\v",
}
_MOST_POINT: Final = 0x10FFFF
_HALVES: Final = range(0xD800, 0xE000)
"""Halves of characters, which are none."""
_SHOWN: Final = 60


def parse(text: bytes) -> dict[str, str]:
    """The map that the kubelet wrote; raises `DecodeError` for what no kubelet writes."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.split(b"\n"), 1):
        if not line:
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            shown = line[:_SHOWN].decode("utf-8", "replace")
            raise DecodeError(f'line {number} is not key="value": {shown!r}')
        key, value = match.groups()
        found[key.decode("utf-8", "replace")] = _unquoted(value, number)
    return found


def _unquoted(value: bytes, number: int) -> str:
    def meant(escape: re.Match[bytes]) -> bytes:
        byte, short, long, letter, unknown = escape.groups()
        if unknown is not None:
            raise DecodeError(f"line {number} has an unknown escape")
        if byte is not None:
            return bytes([int(byte, 16)])
        if letter is not None:
            return _SHORT.get(letter, letter)
        point = int(short or long, 16)
        if point > _MOST_POINT or point in _HALVES:
            raise DecodeError(f"line {number} has an unknown escape")
        return chr(point).encode()

    return _ESCAPE.sub(meant, value).decode("utf-8", "replace")


class PodInfo:
    """The pod, as the files say; `start` has changes told."""

    def __init__(  # noqa: PLR0913 - what to read, and whom to tell
        self,
        folder: Path,
        name: str,
        namespace: str,
        hear: Callable[[ev.Event], None] = lambda _: None,
        *,
        now: Callable[[], datetime],
        complain: Callable[[str, Exception], None],
        period: float = PERIOD,
    ) -> None:
        """Nothing is read before `read` or `start`."""
        self._folder = folder
        self._known = Pod(
            name=name, namespace=namespace, labels={}, annotations=PodAnnotations.read({})
        )
        self._hear = hear
        self._now = now
        self._complain = complain
        self._period = period
        self._seen: object = None
        self._told = ""
        self._over = threading.Event()
        self._lock = threading.Lock()

    def read(self) -> Pod:
        """The pod as it is now, or as it was known last."""
        self.look()
        return self._known

    def start(self) -> None:
        """Tell what changes from now on."""
        threading.Thread(target=self._watch, name="podinfo", daemon=True).start()

    def stop(self) -> None:
        """Tell no more."""
        self._over.set()

    def look(self) -> bool:
        """Read the files if they are others than last time; whether the pod is another."""
        with self._lock:
            seen = self._stamp()
            if seen is not None and seen == self._seen:
                return False
            try:
                pod = self._read()
            except (OSError, StokerError) as error:
                self._failed(error)
                return False
            changed = pod != self._known
            self._known, self._seen, self._told = pod, seen, ""
            return changed

    def _watch(self) -> None:
        while not self._over.wait(self._period):
            if self.look():
                self._hear(ev.PodInfoChanged(self._now(), self._known))

    def _stamp(self) -> object:
        """What differs when the files do; None if that cannot be told."""
        try:
            return (self._folder / _LINK).readlink()
        except OSError:
            pass
        try:
            stats = [(self._folder / name).stat() for name in _FILES]
        except OSError:
            return None
        return [(one.st_ino, one.st_size, one.st_mtime_ns) for one in stats]

    def _read(self) -> Pod:
        labels, annotations = self._map("labels"), self._map("annotations")
        return Pod(
            name=self._known.name,
            namespace=self._known.namespace,
            uid=self._text("uid").decode("ascii", "replace").strip(),
            labels=labels,
            annotations=PodAnnotations.read(annotations),
        )

    def _map(self, file: str) -> dict[str, str]:
        try:
            return parse(self._text(file))
        except DecodeError as error:
            raise DecodeError(error.message, where=str(self._folder / file)) from error

    def _text(self, file: str) -> bytes:
        with (self._folder / file).open("rb") as opened:
            text = opened.read(_MOST + 1)
        if len(text) > _MOST:
            raise DecodeError(f"it is larger than {_MOST} bytes", where=str(self._folder / file))
        return text

    def _failed(self, error: OSError | StokerError) -> None:
        """Complain, once for each thing that is wrong."""
        if isinstance(error, OSError):
            error = StokerError(
                f"it cannot be read: {error.strerror or type(error).__name__}",
                where=str(error.filename or self._folder),
                cure=f"mount the downward API volume {names.VOLUME_PODINFO}",
            )
        told, self._told = self._told, str(error)
        if told != self._told:
            self._complain("read labels and annotations of the pod", error)
