"""`Answer`: all that a command has to say, said at once and only at its end.

Commands return answers instead of printing, so that standard output never holds half a document,
whatever happens on the way, and so that every error is worded in one place.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING, ClassVar, Final

from attrs import frozen

from stoker.core.errors import Problem, StokerError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

DONE: Final = 0
FAILED: Final = 1
INVALID: Final = 2
CHANGES: Final = 3
INTERRUPTED: Final = 130
"""What a shell says of a process that SIGINT has ended; 128 more than the signal's number."""
TERMINATED: Final = 143
UNHEARD: Final = 141
"""As above, for one that nobody listens to any more."""

_LOGIN: Final = re.compile(r"://[^/\s]*@")
_FIELD: Final = re.compile(r"\b(check|correct) spec\.git\.(repo|ref)\b")


@frozen
class Answer:
    """What goes to standard output, what to standard error, and the exit code."""

    out: str | bytes = ""
    code: int = DONE
    complaints: tuple[str, ...] = ()
    """Lines for standard error."""


class InvalidInput(Exception):
    """Carries an error to the top that is the user's to correct: exit code 2."""

    def __init__(self, error: StokerError) -> None:
        super().__init__(str(error))
        self.error = error


@frozen
class UsageError(StokerError):
    """The command line itself does not hold together."""

    reason: ClassVar[str] = "InvalidUsage"


def json_text(document: Mapping[str, object]) -> str:
    """The one document of `--output json`; ASCII alone, so that it fits any encoding."""
    return json.dumps(document, indent=2) + "\n"


def one_line(text: str) -> str:
    """`text` without secrets of addresses, and nothing that a terminal takes for more than text."""
    flat = _LOGIN.sub("://***@", " ".join(text.split()))
    # Here these fields are options; a GatewaySync's own errors name them in another way.
    flat = _FIELD.sub(r"\1 --\2", flat)
    if flat.isprintable():
        return flat
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in flat
    )


def error_line(error: StokerError | Problem | str) -> str:
    """An error as it is told to people."""
    return one_line(f"stoker: error: {error}")


def deliver(answer: Answer) -> int:
    """Say it, and return the exit code; nobody listening is no failure to talk about."""
    code = answer.code
    try:
        _write(sys.stdout, answer.out)
    except BrokenPipeError:
        hang_up(sys.stdout)
        code = code or UNHEARD
    except OSError as error:
        hang_up(sys.stdout)
        told = f"cannot write the answer: {error.strerror} (look after standard output)"
        answer = Answer(complaints=(*answer.complaints, error_line(told)))
        code = code or FAILED
    try:
        _write(sys.stderr, "".join(f"{line}\n" for line in answer.complaints))
    except OSError:
        hang_up(sys.stderr)
    return code


def _write(stream: TextIO | None, text: str | bytes) -> None:
    if not text or stream is None:
        return
    stream.flush()
    content = text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
    binary = getattr(stream, "buffer", None)
    if binary is None:  # a stream of text alone, as some embedders and tests put there
        stream.write(content.decode("utf-8", "backslashreplace"))
    else:
        binary.write(content)
    stream.flush()


def hang_up(stream: TextIO) -> None:
    """Let nothing more come out of it, now that nobody is there to take it."""
    # What is left in its buffer must not fail again when the interpreter ends.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
