"""Every `stoker …` and `kubectl stoker …` on a page is a command, with options that it has.

Broken on purpose, and seen to fail: an option that no command has, and a command that is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from typer.main import get_command

from stoker.entrypoints.cli.app import app
from stoker.entrypoints.cli.plugin.app import app as plugin
from support.pages import Command, commands, pages, shown

_OPEN: Final = frozenset({"COMMAND", "…", "..."})
"""Where a page speaks of any command, or of any arguments."""


def parse(program: Any, words: Sequence[str], info: str) -> None:
    """Have each command of the line take its options; raises for what it does not take."""
    commands = getattr(program, "commands", {})
    named = [at for at, word in enumerate(words) if commands and not word.startswith("-")]
    own = words[: named[0]] if named else words
    context = program.make_context(info, [], resilient_parsing=True)  # whatever is required
    context.resilient_parsing = False
    program.make_parser(context).parse_args(list(own))
    if named:
        name = words[named[0]]
        assert name in commands, f"there is no command {name!r}"
        parse(commands[name], words[named[0] + 1 :], f"{info} {name}")


def written(page: Path, program: str) -> Iterator[Command]:
    """The command lines that mean something definite."""
    return (one for one in commands(page, program) if not _OPEN & {*one.words})


PROGRAMS: Final = {"stoker": get_command(app), "kubectl stoker": get_command(plugin)}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("page", pages(), ids=shown)
def test_every_command_is_taken(page: Path, program: str) -> None:
    for command in written(page, program):
        try:
            parse(PROGRAMS[program], command.words[program.count(" ") + 1 :], program)
        except (typer.TyperException, AssertionError) as error:
            pytest.fail(f"{command.place}: {' '.join(command.words)}: {error}")


def test_there_are_many() -> None:
    found = [command for page in pages() for command in written(page, "stoker")]
    assert len(found) > 50


@pytest.mark.parametrize("words", [["sink"], ["sync", "--reff", "main"], ["trigger", "--wait=1"]])
def test_what_is_no_command_is_found(words: list[str]) -> None:
    with pytest.raises((typer.TyperException, AssertionError)):
        parse(get_command(app), words, "stoker")
