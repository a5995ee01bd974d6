"""The commands that the engine carries out: their inputs, their progress, their answers."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import evolve

from stoker import __version__
from stoker.core.errors import Problem, StokerError
from stoker.entrypoints.cli.answers import (
    CHANGES,
    DONE,
    FAILED,
    Answer,
    InvalidInput,
    error_line,
    json_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import TextIO

    from stoker.entrypoints.cli.inputs import GivenGateway
    from stoker.entrypoints.cli.options import Given, PlanFormat


@contextmanager
def as_invalid_input() -> Iterator[None]:
    """Whatever is wrong in here is the user's to correct."""
    try:
        yield
    except StokerError as error:
        raise InvalidInput(error) from error


def sync_answer(  # noqa: PLR0913 - one for each thing that was told
    given: Given,
    data: Path,
    gateway: GivenGateway,
    *,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> Answer:
    """What one sync came to."""
    from stoker.entrypoints.cli import outcome as outcomes  # noqa: PLC0415
    from stoker.entrypoints.cli.inputs import request_of  # noqa: PLC0415
    from stoker.entrypoints.cli.progress import progress_on  # noqa: PLC0415

    with as_invalid_input():
        request = request_of(given, data=data, gateway=gateway)
    # What is wrong with the input is told before the engine has been loaded.
    from stoker.entrypoints.cli.syncing import sync  # noqa: PLC0415

    with progress_on(sys.stderr, quiet=quiet, as_json=as_json) as progress:
        outcome = sync(request, progress, dry_run=dry_run)
    failure = outcome.error
    if as_json:
        out = json_text(outcomes.document(outcome))
    else:
        # Errors are told on standard error, and once.
        told = evolve(outcome, error=None)
        out = outcomes.text(told, colour=wants_colour(sys.stdout))
    if failure is None:
        return Answer(out)
    place = "" if failure.message.startswith(f"{failure.path}:") else failure.path
    return Answer(out, FAILED, (error_line(Problem(place, failure.message)),))


def plan_answer(
    given: Given, data: Path, output: PlanFormat, *, exit_code: bool, quiet: bool
) -> Answer:
    """What a sync would change."""
    from stoker.entrypoints.cli.inputs import request_of  # noqa: PLC0415
    from stoker.entrypoints.cli.progress import progress_on  # noqa: PLC0415

    with as_invalid_input():
        request = request_of(given, data=data)
    from stoker.entrypoints.cli.syncing import plan  # noqa: PLC0415

    with progress_on(sys.stderr, quiet=quiet, as_json=output == "json") as progress:
        planned = plan(request, progress, output, colour=wants_colour(sys.stdout))
    return Answer(planned.text, CHANGES if exit_code and planned.has_changes else DONE)


def version_answer(*, as_json: bool) -> Answer:
    """The versions of this program and of what runs it."""
    python = platform.python_version()
    if as_json:
        return Answer(json_text({"stoker": __version__, "python": python}))
    return Answer(f"stoker {__version__} (Python {python})\n")


def wants_colour(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether colours are seen by anybody who wants to see them."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
