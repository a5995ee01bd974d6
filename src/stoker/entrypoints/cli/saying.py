"""Saying things as they come, for commands that go on; all others answer once, at their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.entrypoints.cli.answers import UNHEARD, Answer, hang_up

if TYPE_CHECKING:
    from typing import TextIO


class Unheard(Exception):
    """Nobody listens any more, which is no failure to talk about."""

    answer = Answer(code=UNHEARD)


def say(stream: TextIO, text: str) -> None:
    """Write it at once; raises `Unheard`."""
    content = text.encode("utf-8", "backslashreplace")
    binary = getattr(stream, "buffer", None)
    try:
        if binary is None:
            stream.write(content.decode())
        else:
            stream.flush()
            binary.write(content)
        stream.flush()
    except BrokenPipeError as error:
        hang_up(stream)
        raise Unheard from error
