"""The real Go libraries, asked through a small program (`tests/oracle`).

The program is built on first use and kept below `.cache/`; it answers one line for each request.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Self

SOURCE = Path(__file__).parents[1] / "oracle"
BINARY = Path(__file__).parents[2] / ".cache" / "oracle"


def build() -> Path:
    """Build the program unless the one at hand is newer than its source."""
    newest = max(file.stat().st_mtime for file in SOURCE.iterdir())
    if BINARY.exists() and BINARY.stat().st_mtime >= newest:
        return BINARY
    go = shutil.which("go")
    if go is None:
        raise RuntimeError("the parity tests need Go: put `go` on the PATH")
    BINARY.parent.mkdir(exist_ok=True)
    fresh = BINARY.with_suffix(f".{id(newest)}")
    subprocess.run([go, "build", "-o", fresh, "."], cwd=SOURCE, check=True)  # noqa: S603
    fresh.replace(BINARY)
    return BINARY


def encode(text: str) -> str:
    """The base64 of the bytes that `text` stands for."""
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()


def decode(text: str) -> str:
    """The reverse of `encode`."""
    return base64.b64decode(text).decode("utf-8", "surrogateescape")


class Oracle:
    """A running oracle; use it as a context manager."""

    def __enter__(self) -> Self:
        """Start the program."""
        self._process = subprocess.Popen(  # noqa: S603
            [build()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        """End the program."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=10)

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """One question, one answer."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def template(self, text: str, context: dict[str, Any]) -> dict[str, Any]:
        """`{"want": base64}` or `{"error": category, "message": Go's text}`."""
        return self.ask({"op": "template", "template": encode(text), "context": context})

    def sjson(self, document: str, path: str, value: str) -> dict[str, Any]:
        """`{"want": base64, "valid": bool}` or `{"error": …}`."""
        parts = {"json": encode(document), "path": encode(path), "value": encode(value)}
        return self.ask({"op": "sjson", **parts})

    def sign(self, key: bytes, body: bytes) -> str:
        """What GitHub and others would send as the signature of a body."""
        named = {"key": base64.b64encode(key).decode(), "body": base64.b64encode(body).decode()}
        return decode(self.ask({"op": "sign", **named})["want"])

    def match(self, pattern: str, path: str) -> bool | None:
        """Whether the pattern matches; None for a malformed pattern."""
        answer = self.ask({"op": "match", "pattern": encode(pattern), "path": encode(path)})
        return None if "error" in answer else bool(answer.get("match", False))
