"""One connection of a client of `kit.hearsay`: its requests passed on, its watches retold.

A write that the client is to die of ends its connection too. A watch lasts until either side ends
it; what comes of it is written down as soon as it is due, and the server hears of each event that
was passed on.
"""

from __future__ import annotations

import http.client
import json
import queue
import select
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kit.hearsay import Hearsay
    from kit.histories import Stream, Told

_PASSED: Final = ("Authorization", "Accept", "Content-Type", "User-Agent")
_LOOK: Final = 0.5
_OF_ITSELF: Final = frozenset({"leases", "tokenreviews", "subjectaccessreviews"})
_GONE: Final = json.dumps(
    {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "too old resource version",
        "reason": "Expired",
        "code": 410,
    },
    separators=(",", ":"),
).encode()


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def path(self) -> str:
        """Without what is asked of it."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """What is asked of it."""
        return {name: one[0] for name, one in parse_qs(urlsplit(self.target).query).items()}

    @property
    def parts(self) -> tuple[str, str, str]:
        """Namespace, kind and name; "" for what is not there."""
        _, *rest = self.path.strip("/").split("/")
        rest = rest[1:] if self.path.startswith("/api/") else rest[2:]
        namespace = ""
        if rest[:1] == ["namespaces"] and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        return namespace, rest[0] if rest else "", rest[1] if len(rest) > 1 else ""

    @property
    def kind(self) -> str:
        """In the plural, as in a path."""
        return self.parts[1]

    @property
    def writes(self) -> bool:
        """Whether it changes something other than who leads or what somebody may."""
        return self.method != "GET" and self.kind not in _OF_ITSELF

    @property
    def watches(self) -> bool:
        """Whether it is a watch."""
        return self.query.get("watch") in ("1", "true")

    @property
    def lists(self) -> bool:
        """Whether it is the beginning of a list."""
        is_one = self.method == "GET" and not self.watches and not self.parts[2]
        return is_one and bool(self.kind) and "continue" not in self.query


class Handler(BaseHTTPRequestHandler):
    """A connection of the client's."""

    protocol_version = "HTTP/1.1"
    server: Any
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """As any; with no connection to the API server yet."""
        super().setup()
        self.hearsay: Hearsay = self.server.hearsay
        self._far: http.client.HTTPSConnection | None = None

    def handle(self) -> None:
        """Until either side breaks off."""
        with suppress(OSError, http.client.HTTPException):
            super().handle()

    def finish(self) -> None:
        """Let the API server go too."""
        if self._far is not None:
            self._far.close()
        with suppress(OSError):
            super().finish()

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def do_GET(self) -> None:
        """Pass it on."""
        size = int(self.headers.get("Content-Length") or 0)
        passed = {name: self.headers[name] for name in _PASSED if name in self.headers}
        asked = Asked(self.command, self.path, passed, self.rfile.read(size))
        if asked.watches:
            self._watch(asked)
        elif asked.writes:
            self._write(asked)
        else:
            self._read(asked)

    do_PUT = do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - as above

    # --- Reading and writing ---

    def _read(self, asked: Asked) -> None:
        told = self.hearsay.earlier(asked) if asked.lists else None
        if told is None:
            self._answer(*self._ask(asked))
        else:
            self._answer(200, "application/json", told)

    def _write(self, asked: Asked) -> None:
        number = self.hearsay.counted_write()
        if self.hearsay.dies_before(number):
            self.close_connection = True
            return
        judge = self.hearsay.guard(asked)
        status, kind, body = self._ask(asked)
        judge(status)
        self.hearsay.wrote(asked, status)
        if self.hearsay.dies_after(number):
            self.close_connection = True
            return
        self._answer(status, kind, body)

    def _ask(self, asked: Asked) -> tuple[int, str, bytes]:
        if self._far is None:
            self._far = self.hearsay.connected()
        self._far.request(asked.method, asked.target, asked.body or None, dict(asked.headers))
        answer = self._far.getresponse()
        return answer.status, answer.getheader("Content-Type") or "", answer.read()

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    # --- Watching ---

    def _watch(self, asked: Asked) -> None:
        self.close_connection = True
        stream = self.hearsay.stream(asked)
        if stream is None:
            if self.hearsay.chance.random() < 0.5:
                self._answer(410, "application/json", _GONE)
                return
            self._begin()
            self._chunk(b'{"type":"ERROR","object":' + _GONE + b"}\n")
            self._chunk(b"")
            return
        far = self.hearsay.connected(timeout=None)
        try:
            far.request(asked.method, asked.target, headers=dict(asked.headers))
            answer = far.getresponse()
            if answer.status != 200:
                kind = answer.getheader("Content-Type") or ""
                self._answer(answer.status, kind, answer.read())
                return
            self._begin()
            if self._retell(stream, answer, far):
                self._chunk(b"")
        finally:
            self.hearsay.count(stream)
            far.close()

    def _retell(
        self, stream: Stream, answer: http.client.HTTPResponse, far: http.client.HTTPSConnection
    ) -> bool:
        """Whether the stream came to its ordinary end."""
        lines: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=_read_lines, args=(answer, lines), daemon=True).start()
        waiting: list[Told] = []
        ended = False
        try:
            while not self.hearsay.over.is_set() and not self._is_left():
                if ended and not waiting:
                    return True
                try:
                    line = lines.get(timeout=self._pause(waiting, ended=ended))
                except queue.Empty:
                    waiting += stream.rest(time.monotonic()) if not waiting else []
                else:
                    now, quiet = time.monotonic(), self.hearsay.quiet
                    ended = ended or line is None
                    waiting += [] if line is None else stream.told(line, now, quiet=quiet)
                if self._tell(waiting):
                    return False
            return False
        finally:
            if far.sock is not None:
                with suppress(OSError):
                    far.sock.shutdown(2)

    def _tell(self, waiting: list[Told]) -> bool:
        """Pass on what is due; whether the stream breaks off there."""
        while waiting and waiting[0].due <= time.monotonic():
            told = waiting.pop(0)
            self._chunk(told.line)
            self.hearsay.passed(told.line)
            if told.last:
                return True
        return False

    @staticmethod
    def _pause(waiting: list[Told], *, ended: bool) -> float:
        longest = 0.01 if ended else _LOOK
        if not waiting:
            return longest
        return min(longest, max(0.001, waiting[0].due - time.monotonic()))

    def _is_left(self) -> bool:
        """Whether the client has gone: on a watch it says nothing more."""
        ready, _, _ = select.select([self.connection], [], [], 0)
        return bool(ready)

    def _begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _chunk(self, part: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))


def _read_lines(answer: http.client.HTTPResponse, lines: queue.Queue[bytes | None]) -> None:
    with suppress(OSError, ValueError, AttributeError, http.client.HTTPException):
        while line := answer.readline():
            lines.put(line)
    lines.put(None)
