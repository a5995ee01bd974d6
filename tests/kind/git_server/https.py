"""`git http-backend` behind TLS, with one password for reading and one for writing.

The passwords stand in files that are read at each request, so that a test can change them. As
with servers that know tokens, it does not matter which user one says one is. Without a password
for reading, everybody may read.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from git_server import repositories

if TYPE_CHECKING:
    import socket

_PATIENCE = 60.0


class HttpsServer(ThreadingHTTPServer):
    """All repositories, at one port; certificate and passwords come from a folder."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], folder: Path) -> None:
        super().__init__(address, _Handler)
        self.folder = folder

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the request's own thread: a client that only connects holds up nobody."""
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.folder / "tls.crt", self.folder / "tls.key")
        request.settimeout(_PATIENCE)
        with tls.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)
            # An answer without a length ends with the connection, and that has to be said in TLS.
            with suppress(OSError):
                secure.unwrap()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """One line in place of a traceback: clients go away, and distrust certificates."""
        _log(f"{client_address[0]} {sys.exception()!r}")

    def password(self, name: str) -> str | None:
        """The password in a file, as it is now."""
        try:
            return (self.folder / name).read_text().strip()
        except FileNotFoundError:
            return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE
    connection: socket.socket

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002
        _log(f"{self.client_address[0]} {self.command} {self.path} {int(code)}")

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self._refuse(200)
        else:
            self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.close_connection = True
        path, _, query = self.path.partition("?")
        found = repositories.named(path)
        writes = "git-receive-pack" in self.path
        with tempfile.TemporaryFile() as body:
            # All of it is read first, so that neither side waits for the other to listen.
            self._receive(body)
            if not self._may(writes=writes):
                return self._refuse(401, {"WWW-Authenticate": 'Basic realm="git"'})
            if found is None:
                return self._refuse(404)
            if writes:
                repositories.make(found[0])
            body.seek(0)
            return self._git(path, query, body)

    def _may(self, *, writes: bool) -> bool:
        server = cast("HttpsServer", self.server)
        reading, writing = server.password("read-password"), server.password("write-password")
        good = [one for one in (writing, None if writes else reading) if one]
        if not writes and reading is None:
            return True
        said = _password(self.headers.get("Authorization", "")).encode()
        return any(hmac.compare_digest(said, one.encode()) for one in good)

    def _receive(self, body: IO[bytes]) -> None:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            body.write(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
            return
        while size := int(self.rfile.readline(), 16):
            body.write(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()

    def _git(self, path: str, query: str, body: IO[bytes]) -> None:
        environment = repositories.ENVIRONMENT | {
            "GIT_PROJECT_ROOT": str(repositories.ROOT),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "REMOTE_ADDR": self.client_address[0],
            "REMOTE_USER": "git",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "CONTENT_LENGTH": str(os.fstat(body.fileno()).st_size),
        }
        with subprocess.Popen(
            ["/usr/bin/git", "http-backend"], env=environment, stdin=body, stdout=subprocess.PIPE
        ) as process:
            output = cast("IO[bytes]", process.stdout)
            try:
                self._head(output)
                shutil.copyfileobj(output, self.wfile)
            finally:
                process.kill()

    def _head(self, output: IO[bytes]) -> None:
        status, headers = 200, {}
        while line := output.readline().strip().decode():
            name, _, text = line.partition(": ")
            if name == "Status":
                status = int(text.split()[0])
            else:
                headers[name] = text
        self._start(status, headers)

    def _refuse(self, status: int, headers: dict[str, str] | None = None) -> None:
        self._start(status, {"Content-Length": "0"} | (headers or {}))

    def _start(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Connection", "close")
        self.end_headers()


def _password(header: str) -> str:
    try:
        said = base64.b64decode(header.removeprefix("Basic "), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return said.partition(":")[2]


def _log(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
