"""What the child says, without a fork: it serves one end of a socket, in a thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from stoker.adapters.clock import utc_now
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.errors import StokerError
from stoker.entrypoints.engine import wire
from stoker.entrypoints.engine.child import Credential, serve
from stoker.entrypoints.engine.file_doers import FileDoers
from stoker.entrypoints.engine.memory import Memory
from support.synced_gateway import SyncedGateway


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[socket.socket]:
    """The parent's end."""
    ours, theirs = socket.socketpair()
    gateway = SyncedGateway(tmp_path)
    site = evolve(gateway.site, access=evolve(gateway.site.access, token=lambda: "never asked"))
    ours.settimeout(10)
    with site.entered() as data, ours, theirs:
        serving = threading.Thread(target=serve, args=(theirs, site, data, Memory(), utc_now))
        serving.start()
        assert wire.receive(ours) == wire.Ready()
        yield ours
        ours.shutdown(socket.SHUT_RDWR)
        serving.join()


def test_a_question_is_answered(parent: socket.socket) -> None:
    wire.send(parent, wire.Task(ef.Recover(7)))
    end = wire.receive(parent)
    assert isinstance(end, wire.End)
    assert isinstance(end.event, ev.Recovered)
    assert end.event.ticket == 7
    assert end.memory == Memory()


def test_what_nobody_thought_of_is_a_complaint_and_an_answer(
    parent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken by answers to a `StokerError` alone: the child was gone, and nobody knew why."""

    def surprise(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(FileDoers, "answer", surprise)
    wire.send(parent, wire.Task(ef.Rollback(7)))
    complaint, end = wire.receive(parent), wire.receive(parent)
    assert isinstance(complaint, wire.Complaint)
    assert "unexpected ZeroDivisionError: by zero" in str(complaint.error)
    assert isinstance(end, wire.End)
    assert isinstance(end.event, ev.RollbackFailed)


@pytest.mark.parametrize("error", [StokerError("the disk is full"), ZeroDivisionError("by zero")])
def test_an_order_that_fails_is_told_of(
    parent: socket.socket, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(FileDoers, "obey", failing)
    wire.send(parent, wire.Task(ef.Release()))
    end = wire.receive(parent)
    assert isinstance(end, wire.End)
    assert str(error) in str(end.error)


def test_a_credential_that_is_not_to_be_had_is_an_error_where_it_is_needed() -> None:
    credential = Credential()
    assert credential() == ""
    credential.token = "secret"
    assert credential() == "secret"
    credential.token = StokerError("there is none")
    with pytest.raises(StokerError, match="there is none"):
        credential()
