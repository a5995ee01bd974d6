"""What an agent tells through the API server, while that is slow, refuses, forgets, or is away.

Seen to fail: a writer that waits a moment before it writes, one that writes the same twice, a write
that names no version, a list of changes that is not written to a ConfigMap that was made anew, a
flush that waits out a wait, and an event with a secret in it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stoker.adapters.codec.report import decode_changes
from stoker.core.paths import RelPath
from stoker.core.report import GatewayReport, list_changes
from stoker.core.spec.status import SyncStatus
from stoker.entrypoints.agent.following import Owner
from stoker.entrypoints.agent.reporting import Reporter
from support.scripted_server import HANG, RESET, Asked, Step, reply
from support.small_api import SmallApi, status

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STATUS, CHANGES = "stoker-status-site-gw-0", "stoker-changes-site-gw-0"
OWNER = Owner("site", "uid-of-the-cr")


@pytest.fixture
def api(account: tuple[Any, Path]) -> Iterator[SmallApi]:
    with SmallApi(account[0]) as made:
        made.make(STATUS)
        made.make(CHANGES)
        yield made


Start = Callable[..., Reporter]


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def start(api: SmallApi, account: tuple[Any, Path], complaints: list[str]) -> Iterator[Start]:
    """A reporter at work; `began=False`: one that only reads so far."""
    made: list[Reporter] = []
    client = api.client(account[1])

    def one(*, began: bool = True, **more: Any) -> Reporter:
        reporter = Reporter(
            client,
            namespace="plant",
            cr="site",
            pod="gw-0",
            pod_uid=more.pop("pod_uid", "life-1"),
            owner=more.pop("owner", lambda: OWNER),
            now=lambda: NOW,
            complain=lambda what, error: complaints.append(f"{what}: {error}"),
            chance=more.pop("chance", lambda: 0.0),
            **more,
        )
        if began:
            reporter.start()
            made.append(reporter)
        return reporter

    yield one
    for each in made:
        each.flush(0)
        each._thread.join(5)  # noqa: SLF001 - so that nothing of a test outlives it
    client.close()


def report(seq: int, **said: Any) -> GatewayReport:
    return GatewayReport(
        gateway="gw", namespace="plant", pod_name="gw-0", pod_uid="life-1", seq=seq, **said
    )


def told(api: SmallApi) -> int:
    """The number of the report that stands there."""
    text = api.maps[STATUS]["data"].get("status")
    return json.loads(text)["seq"] if text else -1


def soon(what: Callable[[], object], within: float = 3.0) -> float:
    """Wait until it is so; how long that took."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < within, "it has not come"
        time.sleep(0.002)
    return time.monotonic() - began


# --- What is written when ---


def test_a_report_goes_out_at_once(api: SmallApi, start: Start) -> None:
    reporter = start()
    reporter.report(report(1))
    soon(lambda: told(api) == 1)
    time.sleep(0.2)
    reporter.report(report(2))
    assert soon(lambda: told(api) == 2) < 0.05
    assert reporter.trouble == ""


def test_the_newest_replaces_those_that_wait(api: SmallApi, start: Start) -> None:
    free = threading.Event()

    def before(asked: Asked) -> None:
        if asked.method == "PATCH":
            free.wait(5)

    api.before = before
    reporter = start()
    for number in range(1, 100):
        reporter.report(report(number))
        if number == 1:
            soon(lambda: api.asked("PATCH"))
    free.set()
    soon(lambda: told(api) == 99)
    assert len(api.asked("PATCH")) == 2


def test_nothing_is_written_that_says_the_same(api: SmallApi, start: Start) -> None:
    reporter = start()
    for _ in range(3):
        reporter.report(report(1))
        reporter.publish(list_changes(commit="c", added=[RelPath("a")], modified=(), deleted=()))
        soon(lambda: told(api) == 1 and "changes" in api.maps[CHANGES]["data"])
        time.sleep(0.1)
    assert len(api.asked("PATCH")) == 2
    assert decode_changes(api.maps[CHANGES]["data"]["changes"]).added == (RelPath("a"),)


def test_label_and_owner_stay_as_they_are(api: SmallApi, start: Start) -> None:
    api.make(STATUS, {"else": "x"}, labels={"stoker.io/cr-name": "site"})
    start().report(report(1))
    soon(lambda: told(api) == 1)
    assert api.maps[STATUS]["metadata"]["labels"] == {"stoker.io/cr-name": "site"}
    assert api.maps[STATUS]["data"]["else"] == "x"
    (asked,) = api.asked("PATCH")
    assert asked.headers["content-type"] == "application/merge-patch+json"
    assert "fieldManager=stoker-agent" in asked.target


# --- What does not go well ---


@pytest.mark.parametrize(
    "answer",
    [
        status(404, "NotFound"),
        status(403, "Forbidden"),
        status(503),
        [RESET],
        reply(200, b"<html>"),
    ],
    ids=["not made", "not allowed", "not now", "broken off", "somebody else"],
)
def test_it_is_tried_again(
    api: SmallApi, start: Start, complaints: list[str], answer: list[Step]
) -> None:
    left = [answer] * 2
    api.fault = lambda asked: left.pop() if left and asked.method == "PATCH" else None
    reporter = start()
    reporter.report(report(1))
    soon(lambda: reporter.trouble)
    soon(lambda: told(api) == 1)
    soon(lambda: not reporter.trouble)
    assert len(api.asked("PATCH")) == 3
    assert len(complaints) == 1, "it is told once, not each time"


def test_a_busy_server_gets_the_time_that_it_asks_for(api: SmallApi, start: Start) -> None:
    left = [reply(429, b"", Retry_After="2")]
    api.fault = lambda asked: left.pop() if left and asked.method == "PATCH" else None
    reporter = start()
    reporter.report(report(1))
    soon(lambda: api.asked("PATCH"))
    reporter.report(report(2))
    assert 1.7 < soon(lambda: told(api) == 2) < 2.6
    assert len(api.asked("PATCH")) == 2


def test_a_late_write_does_not_overwrite_a_newer_one(api: SmallApi, start: Start) -> None:
    """The first write comes to nothing here, and is carried out over there after the second."""
    reporter = start()
    reporter.report(report(1))
    soon(lambda: told(api) == 1)
    late: list[Asked] = []

    def fault(asked: Asked) -> list[Step] | None:
        if asked.method != "PATCH" or late:
            return None
        late.append(asked)
        return [RESET]

    api.fault = fault
    reporter.report(report(2, sync_status=SyncStatus.ERROR))
    soon(lambda: late)
    reporter.report(report(3))
    soon(lambda: told(api) == 3)
    first = json.loads(late[0].body)
    assert "HTTP/1.1 409" in str(api._patched(STATUS, first)[0])  # noqa: SLF001 - late, by hand
    assert told(api) == 3


def test_a_write_that_was_carried_out_unheard_is_followed_by_the_next(
    api: SmallApi, start: Start
) -> None:
    reporter = start()
    reporter.report(report(1))
    soon(lambda: told(api) == 1)

    def fault(asked: Asked) -> list[Step] | None:
        if asked.method != "PATCH":
            return None
        api.fault = lambda _: None
        api._patched(STATUS, json.loads(asked.body))  # noqa: SLF001 - done, and not told
        return [RESET]

    api.fault = fault
    reporter.report(report(2))
    reporter.report(report(3))
    soon(lambda: told(api) == 3)


def test_somebody_elses_change_is_no_obstacle(api: SmallApi, start: Start) -> None:
    reporter = start()
    for number in range(1, 4):
        reporter.report(report(number))
        soon(lambda number=number: told(api) == number)  # type: ignore[misc] # mypy does not see it
        api.make(STATUS, api.maps[STATUS]["data"], labels={"n": str(number)})
    assert api.maps[STATUS]["metadata"]["labels"] == {"n": "3"}


def test_what_was_made_anew_is_written_anew(api: SmallApi, start: Start) -> None:
    reporter = start()
    changes = list_changes(commit="c", added=[RelPath("a")], modified=(), deleted=())
    reporter.report(report(1))
    reporter.publish(changes)
    soon(lambda: told(api) == 1 and api.maps[CHANGES]["data"])
    for name in (STATUS, CHANGES):
        api.drop(name)
        api.make(name)
    reporter.report(report(2))  # a sign of life
    soon(lambda: told(api) == 2 and api.maps[CHANGES]["data"])
    assert decode_changes(api.maps[CHANGES]["data"]["changes"]) == changes


def test_a_list_of_changes_that_went_alone_is_noticed_later(
    api: SmallApi, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stoker.entrypoints.agent.reporting.writer.LOOKING", 0.3)
    reporter = start()
    reporter.publish(list_changes(commit="c", added=[RelPath("a")], modified=(), deleted=()))
    soon(lambda: api.maps[CHANGES]["data"])
    api.drop(CHANGES)
    time.sleep(0.4)
    api.make(CHANGES)
    soon(lambda: api.maps[CHANGES]["data"])
    assert reporter.alive


def test_nobody_waits_for_a_silent_server(
    api: SmallApi, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stoker.entrypoints.agent.reporting.writer.CALL", 1.0)
    api.fault = lambda _: [HANG]
    reporter = start()
    began = time.monotonic()
    for number in range(1000):
        reporter.report(report(number))
    assert time.monotonic() - began < 0.5
    assert not reporter.flush(0.3)
    assert time.monotonic() - began < 1.0


# --- The beginning and the end ---


def test_an_agent_goes_on_where_it_was(api: SmallApi, start: Start) -> None:
    assert start(began=False).last() is None
    start().report(report(7, synced_commit="c" * 40))
    soon(lambda: told(api) == 7)
    found = start(began=False).last()
    assert found is not None
    assert (found.seq, found.synced_commit) == (7, "c" * 40)
    assert start(began=False, pod_uid="life-2").last() is None


def test_without_an_answer_it_begins_all_the_same(
    api: SmallApi, start: Start, complaints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stoker.entrypoints.agent.reporting.writer.READING", 0.3)
    began = time.monotonic()
    for fault in ([HANG], status(403, "Forbidden"), status(404, "NotFound"), reply(200, b"x")):
        api.fault = lambda _, fault=fault: fault  # type: ignore[misc] # mypy does not see it
        assert start(began=False).last() is None
    api.fault = lambda _: None
    api.make(STATUS, {"status": "{"})
    assert start(began=False).last() is None
    assert time.monotonic() - began < 1.5
    assert len(complaints) == 4


def test_the_last_words_do_not_wait(api: SmallApi, start: Start) -> None:
    """Neither after the failures before, nor after one of a try that was on its way."""
    faults = [status(503)] * 3
    on_its_way, last_words = threading.Event(), threading.Event()

    def fault(_: Asked) -> list[Step] | None:
        if len(faults) == 2:
            on_its_way.set()
            last_words.wait(10)
        return faults.pop() if faults else None

    api.fault = fault
    reporter = start(chance=lambda: 1.0)
    reporter.report(report(1))
    assert on_its_way.wait(10)
    reporter.report(report(2))
    threading.Timer(0.1, last_words.set).start()
    assert reporter.flush(2), "two more failures would be waited for 3 s"
    assert told(api) == 2


# --- Events ---


def test_an_event_is_of_the_cr(api: SmallApi, start: Start) -> None:
    start().event("Warning", "SyncFailed", "it " + "x" * 2000)
    soon(lambda: api.events)
    (event,) = api.events
    assert event["involvedObject"] == {
        "apiVersion": "stoker.io/v1alpha1",
        "kind": "GatewaySync",
        "namespace": "plant",
        "name": "site",
        "uid": "uid-of-the-cr",
    }
    assert event["metadata"]["name"].startswith("site.")
    assert (event["type"], event["reason"], len(event["message"])) == (
        "Warning",
        "SyncFailed",
        1024,
    )
    assert event["source"] == {"component": "stoker-agent", "host": "gw-0"}
    assert event["reportingComponent"] == "stoker-agent"
    assert event["reportingInstance"] == "gw-0"


def test_the_same_is_not_told_twice(api: SmallApi, start: Start) -> None:
    reporter = start()
    for commit in ("a", "a", "b", "a"):
        reporter.event("Normal", "Synced", "as it should be", commit=commit)
    reporter.event("Normal", "Synced", "otherwise")
    soon(lambda: len(api.events) == 3)
    assert reporter.flush(1)
    assert len(api.events) == 3
    assert len({event["metadata"]["name"] for event in api.events}) == 3


def test_events_wait_until_the_cr_is_known(api: SmallApi, start: Start) -> None:
    known: list[Owner] = []
    reporter = start(owner=lambda: known[0] if known else None)
    reporter.event("Normal", "Synced", "it is")
    reporter.report(report(1))
    soon(lambda: told(api) == 1)
    assert api.events == []
    known.append(OWNER)
    soon(lambda: api.events)


def test_an_event_that_cannot_be_told_is_left(
    api: SmallApi, start: Start, complaints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stoker.entrypoints.agent.reporting.events.TRIES", 2)
    api.fault = lambda asked: status(403, "Forbidden") if asked.method == "POST" else None
    reporter = start()
    reporter.event("Normal", "Synced", "never told")
    reporter.report(report(1))
    soon(lambda: complaints)
    assert "tell the event Synced" in complaints[0]
    assert len(api.asked("POST")) == 2
    assert told(api) == 1
    assert reporter.flush(1)


def test_no_secret_is_told(api: SmallApi, start: Start) -> None:
    reporter = start(clean=lambda text: text.replace("hunter2", "***"))
    reporter.event("Warning", "SyncFailed", "no hunter2 for you")
    reporter.report(report(1, error_message="hunter2!", last_scan_result="hunter2?"))
    soon(lambda: told(api) == 1 and api.events)
    assert "hunter2" not in str(api.server.asked)
    assert api.maps[STATUS]["data"]["status"].count("***") == 2
