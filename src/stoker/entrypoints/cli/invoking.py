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
from collections.abc import Callable
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

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

_NO: Final = frozenset({"", "0", "false", "no", "off"})


def _stoker() -> typer.Typer:
    from stoker.entrypoints.cli.app import app  # noqa: PLC0415 - the plugin has another one

    return app


def _plugin() -> typer.Typer:
    from stoker.entrypoints.cli.plugin.app import app  # noqa: PLC0415 - as above

    return app


@frozen
class Program:
    """What people call, and its commands."""

    name: str
    commands: Callable[[], typer.Typer]


STOKER: Final = Program("stoker", _stoker)
PLUGIN: Final = Program("kubectl stoker", _plugin)
PROGRAMS: Final = {program.name: program for program in (STOKER, PLUGIN)}


def invoke(
    arguments: Sequence[str],
    environ: Mapping[str, str] = os.environ,
    program: Program = STOKER,
) -> int:
    """Run the command, say what came of it, and return the exit code."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        signal.signal(signal.SIGTERM, _terminate)
        answer = answer_to(arguments, environ, program)
    finally:
        signal.signal(signal.SIGTERM, before)
    return deliver(answer)


class _Terminated(BaseException):
    """SIGTERM has come: everything that is open gets closed on the way to the top."""


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Terminated


def answer_to(
    arguments: Sequence[str],
    environ: Mapping[str, str] = os.environ,
    program: Program = STOKER,
) -> Answer:
    """The answer of the command, or the one that its failure makes."""
    try:
        # Calling `app` itself would write upon errors, and ours are frozen.
        command = get_command(program.commands())
        returned = command.main(list(arguments), prog_name=program.name, standalone_mode=False)
    except (Exception, KeyboardInterrupt, _Terminated) as failure:  # noqa: BLE001 - the last place where it can be told in a line
        if wants_debug(arguments, environ):
            traceback.print_exception(failure, file=sys.stderr)
        return _failed(*_judged(failure, program), arguments, environ, program)
    if isinstance(returned, Answer):
        return returned
    # Typer turns SIGINT into an exit code, which is also how `--help` and `--version` end.
    if returned == INTERRUPTED:
        return _failed(*_judged(KeyboardInterrupt(), program), arguments, environ, program)
    return Answer(code=returned if isinstance(returned, int) else DONE)


def _judged(failure: BaseException, program: Program) -> tuple[StokerError, int]:
    """What to say of a failure, and the exit code."""
    match failure:
        case InvalidInput(error=error) | (UsageError() as error):
            return error, INVALID
        case StokerError():
            return failure, FAILED
        case typer.TyperException():
            return _usage_error(failure, program), INVALID
        case KeyboardInterrupt() | typer.Abort():
            return Stopped("interrupted", cure="run it again"), INTERRUPTED
        case _Terminated():
            return Stopped("terminated", cure="run it again"), TERMINATED
        case _:
            return _surprise(failure, program), FAILED


def _failed(
    error: StokerError,
    code: int,
    arguments: Sequence[str],
    environ: Mapping[str, str],
    program: Program,
) -> Answer:
    # The flaws of a file are lines of their own, as a compiler has them.
    flaws = getattr(error, "flaws", ())
    lines = tuple(one_line(f"stoker: error: {flaw}") for flaw in flaws) or (error_line(error),)
    is_sync = program is STOKER and "sync" in arguments
    out = _failure_document(error, is_sync=is_sync) if wants_json(arguments, environ) else ""
    return Answer(out, code, lines)


def _failure_document(error: StokerError, *, is_sync: bool) -> str:
    from stoker.entrypoints.cli.failing import failure_text  # noqa: PLC0415

    return failure_text(error, is_sync=is_sync)


def _usage_error(error: typer.TyperException, program: Program) -> UsageError:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else program.name
    message = " ".join(error.format_message().split()).rstrip(".")
    return UsageError(message, cure=f"see {command} --help")


@frozen
class Stopped(StokerError):
    """A signal has ended the command."""

    reason: ClassVar[str] = "Interrupted"


def _surprise(failure: BaseException, program: Program) -> StokerError:
    last = traceback.extract_tb(failure.__traceback__)[-1]
    # The text of an error that nobody expected could hold anything, a secret too.
    place = f"{Path(last.filename).name}:{last.lineno}"
    return StokerError(
        f"unexpected {type(failure).__name__} at {place}",
        cure=f"run it as '{program.name} --debug …' and report what that shows",
    )


def wants_json(arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether a JSON document is promised, even where the arguments cannot be understood."""
    wanted = environ.get("STOKER_OUTPUT", "")
    for position, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument in {"--output", "-o"}:
            wanted = next(iter(arguments[position + 1 :]), "")
        elif argument.startswith("--output="):
            wanted = argument.removeprefix("--output=")
    return wanted == "json"


def wants_debug(arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether tracebacks are wanted."""
    return "--debug" in arguments or environ.get("STOKER_DEBUG", "").lower() not in _NO
