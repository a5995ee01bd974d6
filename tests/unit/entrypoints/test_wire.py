"""What goes over the wire arrives as it was."""

from __future__ import annotations

import pkgutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib import import_module

import attrs
import pytest
from hypothesis import given

import stoker
from property.strategies.agents import answers, events, states
from stoker.core.agent import State, step
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.errors import StokerError
from stoker.entrypoints.engine import wire
from stoker.entrypoints.engine.memory import Memory


def everything_below(kind: type[StokerError]) -> Iterator[type[StokerError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from everything_below(each)


def every_error() -> list[type[StokerError]]:
    for module in pkgutil.walk_packages(stoker.__path__, "stoker."):
        if module.name.startswith(
            ("stoker.core.", "stoker.adapters.", "stoker.entrypoints.engine")
        ):
            import_module(module.name)
    # attrs makes a class anew to give it slots; the first one may still be around.
    found = {
        each
        for each in everything_below(StokerError)
        if getattr(sys.modules[each.__module__], each.__name__) is each
    }
    return sorted(found, key=lambda each: (each.__qualname__, each.__module__))


def example(kind: type[StokerError]) -> StokerError:
    """An error with something in each field."""
    given = {"message": "it broke", "where": "a/b", "cure": "mend it"}
    return kind(**{**dict.fromkeys(_needed(kind), "x"), **given})


def _needed(kind: type[StokerError]) -> list[str]:
    return [
        each.alias for each in attrs.fields(kind) if each.init and each.default is attrs.NOTHING
    ]


def there_and_back(message: wire.Message) -> wire.Message:
    return wire.loads(wire.dumps(message))


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__qualname__)
def test_every_error_arrives_with_all_its_fields(kind: type[StokerError]) -> None:
    """Broken by leaving errors to pickle: none with a field that is given by name survived."""
    error = example(kind)
    told = there_and_back(wire.Complaint("try", error))
    assert isinstance(told, wire.Complaint)
    assert type(told.error) is kind
    assert attrs.asdict(told.error, recurse=False) == attrs.asdict(error, recurse=False)
    assert str(told.error) == str(error)


@given(answers())
def test_every_answer_arrives_as_it_was(event: ev.Event) -> None:
    # Errors are equal to nothing but themselves.
    assert repr(there_and_back(wire.End(Memory(), event))) == repr(wire.End(Memory(), event))


@given(states(), events)
def test_every_task_arrives_as_it_was(state: State, event: ev.Event) -> None:
    _, effects = step(state, event)
    for each in effects:
        if isinstance(each, ef.Question | ef.Order):
            assert there_and_back(wire.Task(each, "secret")) == wire.Task(each, "secret")


def test_a_task_does_not_show_its_credential() -> None:
    assert "secret" not in repr(wire.Task(ef.Rollback(1), "secret"))


def test_an_error_that_the_other_end_does_not_know_says_the_same_there() -> None:
    """Broken by errors that are unpickled as they are: then the agent loads all of libgit2."""
    code = (
        "import sys; from stoker.entrypoints.engine import wire;"
        "error = wire.loads(sys.stdin.buffer.read()).error;"
        "print(type(error).__name__, error.kind, error.disposition, str(error), sep='|');"
        "print('pygit2' in sys.modules)"
    )
    from stoker.adapters.git.repository import RepositoryBusy  # noqa: PLC0415 - only here

    error = RepositoryBusy("it is busy", where="/there", cure="wait")
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        input=wire.dumps(wire.Complaint("fetch", error)),
        check=True,
        capture_output=True,
    )
    told, loaded = done.stdout.decode().splitlines()
    assert told == f"Distant|{RepositoryBusy.reason}|{error.disposition}|{error}"
    assert loaded == "False"


def test_large_messages_and_an_end_in_the_middle() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        error = StokerError("x" * (5 << 20))
        sending = threading.Thread(target=wire.send, args=(theirs, wire.Complaint("try", error)))
        sending.start()
        told = wire.receive(ours)
        assert isinstance(told, wire.Complaint)
        assert told.error.message == error.message
        sending.join()
        theirs.sendall(wire.dumps(wire.Complaint("try", error))[:100])
        theirs.close()
        assert wire.receive(ours) is None


def test_what_nobody_thought_of_is_told_as_an_error() -> None:
    assert wire.as_error(ZeroDivisionError("by zero")).message == (
        "unexpected ZeroDivisionError: by zero"
    )
