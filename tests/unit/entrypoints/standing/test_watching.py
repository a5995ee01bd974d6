"""Looking again and again, and saying things to who may have gone."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable

import pytest

from stoker.core.errors import StokerError
from stoker.entrypoints.cli.answers import INTERRUPTED, UNHEARD
from stoker.entrypoints.cli.saying import Unheard, say
from stoker.entrypoints.cli.standing.watching import fitting, watched, without_ages


class Terminal(io.StringIO):
    """What somebody looks at."""

    def isatty(self) -> bool:
        return True


def looks(*told: str | StokerError) -> Callable[[], str]:
    """Each look in turn, and then Ctrl-C."""
    left = list(told)

    def look() -> str:
        if not left:
            raise KeyboardInterrupt
        one = left.pop(0)
        if isinstance(one, StokerError):
            raise one
        return one

    return look


def no_sleep(_: float) -> None:
    return


def test_a_log_gets_what_has_changed() -> None:
    stream = io.StringIO()
    seen = looks("a 1s b\n", "a 2s  b\n", "c 3m\n", StokerError("away", cure="wait"), "c 4m\n")
    answer = watched(seen, stream, sleep=no_sleep)
    assert (answer.code, answer.complaints) == (INTERRUPTED, ())
    assert stream.getvalue() == "a 1s b\n\nc 3m\n\nstoker: error: away (wait)\n\nc 4m\n"


def test_a_terminal_gets_each_look_in_the_place_of_the_last() -> None:
    stream = Terminal()
    watched(looks("one\ntwo\n", "one\n"), stream, sleep=no_sleep)
    assert stream.getvalue() == ("\x1b[H\x1b[Jone\x1b[K\ntwo\x1b[K\n\x1b[J\x1b[Hone\x1b[K\n\x1b[J")


def test_the_first_look_fails_as_any_command_does() -> None:
    with pytest.raises(StokerError, match="away"):
        watched(looks(StokerError("away")), io.StringIO(), sleep=no_sleep)


def test_what_does_not_fit_is_counted() -> None:
    text = "".join(f"{number}\n" for number in range(9))
    assert fitting(text, 20) == text
    assert fitting(text, 5) == "0\n1\n2\n… and 6 more lines\n"


def test_ages_alone_are_no_change() -> None:
    assert without_ages("line-a  main  12s  x") == without_ages("line-a  main  2m   x")
    assert without_ages("a 12s") != without_ages("b 12s")


def test_nobody_who_listens_is_no_failure() -> None:
    reader, writer = os.pipe()
    before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        with os.fdopen(writer, "w") as stream:
            say(stream, "é\n")
            assert os.read(reader, 9) == "é\n".encode()
            os.close(reader)
            with pytest.raises(Unheard) as caught:
                say(stream, "x\n")
            answer = watched(looks("x", "y"), _Deaf(), sleep=no_sleep)
    finally:
        signal.signal(signal.SIGPIPE, before)
    assert caught.value.answer.code == UNHEARD
    assert answer.code == UNHEARD


class _Deaf(io.StringIO):
    """One whose reader has gone."""

    def __init__(self) -> None:
        super().__init__()
        self.spare = os.open(os.devnull, os.O_WRONLY)

    def fileno(self) -> int:
        return self.spare

    def write(self, text: str) -> int:
        raise BrokenPipeError(text)
