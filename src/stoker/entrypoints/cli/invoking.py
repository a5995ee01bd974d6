"""From arguments to an exit code: runs one command, and words whatever comes of it.

A command returns its answer or raises. Whatever it raises becomes an answer too: lines on standard
error, each with its cure; with `--output json` also the one document that was promised. Only an
error that nobody expected has a traceback, and only for who asks for it.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn

import typer
from attrs import frozen
from typer.main import get_command

from stoker.core.errors import StokerError
from stoker.entrypoints.cli.answers import (
    DONE,
    FAILED,
    INTERRUPTED,
    INVALID,
    TERMINATED,
    Answer,
    InvalidInput,
    UsageError,
    deliver,
    error_line,
    one_line,
)
from stoker.entrypoints.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

_NO: Final = frozenset({"", "0", "false", "no", "off"})


def invoke(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Run the command, say what came of it, and return the exit code."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        signal.signal(signal.SIGTERM, _terminate)
        answer = answer_to(arguments, environ)
    finally:
        signal.signal(signal.SIGTERM, before)
    return deliver(answer)


class _Terminated(BaseException):
    """SIGTERM has come: everything that is open gets closed on the way to the top."""


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Terminated


def answer_to(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> Answer:
    """The answer of the command, or the one that its failure makes."""
    try:
        # Calling `app` itself would write upon errors, and ours are frozen.
        command = get_command(app)
        returned = command.main(list(arguments), prog_name="stoker", standalone_mode=False)
    except (Exception, KeyboardInterrupt, _Terminated) as failure:  # noqa: BLE001 - the last place where it can be told in a line
        if wants_debug(arguments, environ):
            traceback.print_exception(failure, file=sys.stderr)
        return _failed(*_judged(failure), arguments, environ)
    if isinstance(returned, Answer):
        return returned
    # Typer turns SIGINT into an exit code, which is also how `--help` and `--version` end.
    if returned == INTERRUPTED:
        return _failed(*_judged(KeyboardInterrupt()), arguments, environ)
    return Answer(code=returned if isinstance(returned, int) else DONE)


def _judged(failure: BaseException) -> tuple[StokerError, int]:
    """What to say of a failure, and the exit code."""
    match failure:
        case InvalidInput(error=error) | (UsageError() as error):
            return error, INVALID
        case StokerError():
            return failure, FAILED
        case typer.TyperException():
            return _usage_error(failure), INVALID
        case KeyboardInterrupt() | typer.Abort():
            return Stopped("interrupted", cure="run it again"), INTERRUPTED
        case _Terminated():
            return Stopped("terminated", cure="run it again"), TERMINATED
        case _:
            return _surprise(failure), FAILED


def _failed(
    error: StokerError, code: int, arguments: Sequence[str], environ: Mapping[str, str]
) -> Answer:
    # The flaws of a file are lines of their own, as a compiler has them.
    flaws = getattr(error, "flaws", ())
    lines = tuple(one_line(f"stoker: error: {flaw}") for flaw in flaws) or (error_line(error),)
    out = _failure_document(error, arguments) if wants_json(arguments, environ) else ""
    return Answer(out, code, lines)


def _failure_document(error: StokerError, arguments: Sequence[str]) -> str:
    from stoker.entrypoints.cli.failing import failure_text  # noqa: PLC0415

    return failure_text(error, is_sync="sync" in arguments)


def _usage_error(error: typer.TyperException) -> UsageError:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "stoker"
    message = " ".join(error.format_message().split()).rstrip(".")
    return UsageError(message, cure=f"see {command} --help")


@frozen
class Stopped(StokerError):
    """A signal has ended the command."""

    reason: ClassVar[str] = "Interrupted"


def _surprise(failure: BaseException) -> StokerError:
    last = traceback.extract_tb(failure.__traceback__)[-1]
    # The text of an error that nobody expected could hold anything, a secret too.
    place = f"{Path(last.filename).name}:{last.lineno}"
    return StokerError(
        f"unexpected {type(failure).__name__} at {place}",
        cure="run it as 'stoker --debug …' and report what that shows",
    )


def wants_json(arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether a JSON document is promised, even where the arguments cannot be understood."""
    wanted = environ.get("STOKER_OUTPUT", "")
    for position, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument == "--output":
            wanted = next(iter(arguments[position + 1 :]), "")
        elif argument.startswith("--output="):
            wanted = argument.removeprefix("--output=")
    return wanted == "json"


def wants_debug(arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether tracebacks are wanted."""
    return "--debug" in arguments or environ.get("STOKER_DEBUG", "").lower() not in _NO
