"""`git http-backend` behind TLS and basic authentication, with ways to fail."""

from __future__ import annotations

import os
import signal
import socket
import socketserver
import ssl
import struct
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from attrs import define, field

from support.git_faults import (
    BreakOff,
    Fault,
    Flood,
    Hang,
    Redirect,
    Refuse,
    Seen,
    Swap,
    Trickle,
)
from support.server_processes import QUIET, program


@define(kw_only=True)
class HttpsGit:
    """`git http-backend` for all repositories below `root`."""

    root: Path
    tls: ssl.SSLContext | None
    token: str | None = None
    """The password that is asked for; None: everybody is let in."""
    fault: Fault | None = None
    first_only: bool = False
    """Whether the fault happens once and then no more."""
    protocol: str | None = None
    """What is told to git instead of the client's `Git-Protocol`: empty for version 0."""
    moved: tuple[str, str] | None = None
    """The beginning of a path that is redirected, and what takes its place."""
    redirect_behind_token: str | None = None
    """Where everybody is sent who showed the token."""
    redirect_posts: str | None = None
    """Where everybody is sent who wants more than the advertisement of a server."""
    seen: list[Seen] = field(factory=list)
    over: threading.Event = field(factory=threading.Event)
    _server: _Server | None = None
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        program("git-http-backend", "git")
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.over.set()
        server = cast("_Server", self._server)
        server.shutdown()
        server.server_close()
        cast("threading.Thread", self._thread).join()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{cast('_Server', self._server).server_address[1]}"

    def url(self, repository: str) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}/{repository}"

    def take_fault(self) -> Fault | None:
        """The fault of the request that is being answered."""
        fault = self.fault
        if self.first_only:
            self.fault = None
        return fault

    @property
    def authorizations(self) -> list[str]:
        """What came as `Authorization`, of requests that had one."""
        return [one.authorization for one in self.seen if one.authorization]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False
    block_on_close = True

    def __init__(self, address: tuple[str, int], owner: HttpsGit) -> None:
        super().__init__(address, _Handler)
        self.owner = owner

    def handle_error(self, *_: Any) -> None:
        """Clients that go away are what tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    is_reset = False

    @property
    def owner(self) -> HttpsGit:
        return cast("_Server", self.server).owner

    def setup(self) -> None:
        if self.owner.tls is not None:
            self.request.settimeout(5)
            self.request = self.owner.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        with suppress(OSError, ValueError):
            super().finish()
            if isinstance(self.request, ssl.SSLSocket) and not self.is_reset:
                self.request.unwrap()
        self.request.close()

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(_body(self.rfile, self.headers))

    def _answer(self, body: bytes) -> None:
        self.close_connection = True
        headers = {name.lower(): text for name, text in self.headers.items()}
        seen = Seen(self.command, self.path, headers, body)
        self.owner.seen.append(seen)
        match fault := self.owner.take_fault():
            case Refuse():
                return self._refuse(fault.status, fault.headers)
            case Hang():
                self.owner.over.wait()
                return None
            case Redirect():
                return self._refuse(fault.status, {"Location": fault.to + self.path})
            case Flood() if self.path.endswith("/info/refs?service=git-upload-pack"):
                return self._flood()
            case _:
                return self._serve(seen, fault)

    def _serve(self, seen: Seen, fault: Fault | None) -> None:
        if (elsewhere := self._elsewhere(seen)) is not None:
            self._refuse(301, {"Location": elsewhere})
        elif self.owner.token is not None and not _is_let_in(seen, self.owner.token):
            self._refuse(401, {"WWW-Authenticate": 'Basic realm="git"'})
        else:
            self._git(seen, fault)

    def _elsewhere(self, seen: Seen) -> str | None:
        owner = self.owner
        old, new = owner.moved or ("", "")
        if old and self.path.startswith(old):
            return new + self.path.removeprefix(old)
        if owner.redirect_behind_token and seen.authorization:
            return owner.redirect_behind_token + self.path
        if owner.redirect_posts and seen.method == "POST":
            return owner.redirect_posts + self.path
        return None

    def _refuse(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def _flood(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"001e# service=git-upload-pack\n0000")
        for number in range(10**9):
            line = f"{number + 1:040x} refs/heads/{'x' * 900}{number:012}\n".encode()
            self.wfile.write(f"{len(line) + 4:04x}".encode() + line)

    def _git(self, seen: Seen, fault: Fault | None) -> None:
        given = seen.body
        if isinstance(fault, Swap):
            given = given.replace(fault.wanted.encode(), fault.given.encode())
        with _backend(self.owner, seen, self.client_address[0]) as process:
            with suppress(BrokenPipeError):
                cast("IO[bytes]", process.stdin).write(given)
                cast("IO[bytes]", process.stdin).close()
            output = cast("IO[bytes]", process.stdout)
            self._head(output)
            is_pack = "git-upload-pack" in seen.target and b"command=fetch" in given
            is_pack |= b"want " in given
            for part in _parts(output, fault if is_pack else None, self.owner.over):
                if part is None:
                    self.is_reset = True
                    linger = struct.pack("ii", 1, 0)
                    self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    break
                self.wfile.write(part)

    def _head(self, output: IO[bytes]) -> None:
        status, headers = 200, []
        while line := output.readline().strip().decode():
            name, _, text = line.partition(": ")
            if name == "Status":
                status = int(text.split()[0])
            else:
                headers.append((name, text))
        self.send_response(status)
        for name, text in headers:
            self.send_header(name, text)
        self.send_header("Connection", "close")
        self.end_headers()


def _body(stream: Any, headers: Any) -> bytes:
    if headers.get("Transfer-Encoding", "") != "chunked":
        return cast("bytes", stream.read(int(headers.get("Content-Length", 0))))
    body = b""
    while size := int(stream.readline(), 16):
        body += stream.read(size)
        stream.readline()
    stream.readline()
    return body


def _is_let_in(seen: Seen, token: str) -> bool:
    return bool(seen.authorization) and seen.password == f"x-access-token:{token}"


@contextmanager
def _backend(server: HttpsGit, seen: Seen, client: str) -> Iterator[subprocess.Popen[bytes]]:
    path, _, query = seen.target.partition("?")
    told = seen.headers.get("git-protocol", "") if server.protocol is None else server.protocol
    environment = {
        **QUIET,
        "GIT_PROJECT_ROOT": str(server.root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_METHOD": seen.method,
        "REMOTE_ADDR": client,
        "CONTENT_TYPE": seen.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(seen.body)),
        "HTTP_CONTENT_ENCODING": seen.headers.get("content-encoding", ""),
        "HTTP_GIT_PROTOCOL": told,
    }
    with subprocess.Popen(  # noqa: S603 - no shell, and the tests' own words
        [program("git-http-backend", "git")],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _parts(output: IO[bytes], fault: Fault | None, over: threading.Event) -> Iterator[bytes | None]:
    """The answer, piece by piece; None where the connection is to be reset."""
    match fault:
        case BreakOff(after):
            yield output.read(after)
            yield None
        case Trickle(pause, size, after):
            if after:
                yield output.read(after)
            while (part := output.read(size)) and not over.wait(pause):
                yield part
        case _:
            while part := output.read(1 << 16):
                yield part
