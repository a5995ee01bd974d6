"""Lines of the log: their fields, their levels, and what other packages write.

Broken on purpose, and seen to fail: the level not looked at, a traceback at every level, the
handler for other packages left out, or without a level of its own.
"""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stoker.adapters.logs import structured as logs
from stoker.core.errors import StokerError


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield io.StringIO()
    logs.configure()
    root.handlers[:], root.level = before


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_its_fields_in_order(stream: io.StringIO) -> None:
    logs.configure("info", stream=stream)
    logs.logger("controller").bind(cr="plant/line").info("resolved", commit="0123", seconds=0.5)
    (line,) = lines(stream)
    assert list(line) == ["time", "level", "logger", "message", "cr", "commit", "seconds"]
    assert line | {"time": ""} == {
        "time": "",
        "level": "info",
        "logger": "controller",
        "message": "resolved",
        "cr": "plant/line",
        "commit": "0123",
        "seconds": 0.5,
    }
    moment = datetime.fromisoformat(line["time"])
    assert line["time"].endswith("Z")
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60  # noqa: TID251 - that is the point


@pytest.mark.parametrize("level", logs.LEVELS)
def test_what_is_below_the_level_is_not_told(level: str, stream: io.StringIO) -> None:
    logs.configure(level, stream=stream)
    log = logs.logger("controller")
    for tell in (log.debug, log.info, log.warning, log.error):
        tell("something")
    told = [line["level"] for line in lines(stream)]
    assert told == list(logs.LEVELS)[list(logs.LEVELS).index(level) :]


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(StokerError, match="use debug, info, warning, error"):
        logs.configure("loud")


def test_a_logger_heeds_what_is_configured_later(stream: io.StringIO) -> None:
    log = logs.logger("early").bind(a=1)
    logs.configure("debug", stream=stream)
    log.debug("heard")
    assert lines(stream)[0]["message"] == "heard"


def test_fields_that_have_the_names_of_our_own_are_kept_apart(stream: io.StringIO) -> None:
    logs.configure("info", stream=stream)
    logs.logger("controller").info("m", time=1, level=2, event=3, self=4, message=5)
    (line,) = lines(stream)
    assert [line[f"{name}_"] for name in ("time", "level", "event", "self")] == [1, 2, 3, 4]
    assert line["message_"] == 5
    assert (line["message"], line["level"], line["logger"]) == ("m", "info", "controller")


def failing(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            StokerError("it is full", where="/data", cure="make room"),
            "/data: it is full (make room)",
        ),
        (ValueError("no number"), "ValueError: no number"),
        (ValueError(), "ValueError"),
    ],
)
def test_an_error_is_told_without_its_traceback(
    error: Exception, told: str, stream: io.StringIO
) -> None:
    logs.configure("info", stream=stream)
    try:
        failing(error)
    except Exception:  # noqa: BLE001 - any of them
        logs.logger("controller").exception("it failed")
    (line,) = lines(stream)
    assert line["error"] == told
    assert "traceback" not in line


def test_debug_tells_where_an_error_happened(stream: io.StringIO) -> None:
    logs.configure("debug", stream=stream)
    try:
        failing(ValueError("no number"))
    except ValueError as error:
        logs.logger("controller").warning("it failed", error=error)
    assert "in failing" in lines(stream)[0]["traceback"]


class Awkward:
    """Has no text."""

    def __str__(self) -> str:
        raise RuntimeError


def test_fields_of_any_kind_become_json(stream: io.StringIO) -> None:
    logs.configure("info", stream=stream)
    endless: dict[str, Any] = {"n": 1}
    endless["again"] = endless
    logs.logger("controller").info(
        "kinds",
        path=Path("/data"),
        at=datetime(2026, 1, 31, tzinfo=UTC),
        raw=b"caf\xc3\xa9 \xff",
        nan=float("nan"),
        huge=10**5000,
        several=(1, {2}, [None, True]),
        keys={1: "a", None: "b"},
        awkward=Awkward(),
        endless=endless,
    )
    (line,) = lines(stream)
    assert line["path"] == "/data"
    assert line["at"] == "2026-01-31 00:00:00+00:00"
    assert line["raw"] == "café \\xff"
    assert line["nan"] == "nan"
    assert line["huge"] == "<int that cannot be shown>"
    assert line["several"] == [1, [2], [None, True]]
    assert line["keys"] == {"1": "a", "None": "b"}
    assert line["awkward"] == "<Awkward that cannot be shown>"
    assert str(line["endless"]).count("…") == 1


class Broken(dict[str, str]):
    """Has no fields."""

    def items(self) -> Any:
        raise RuntimeError


def test_a_field_that_cannot_be_read_stops_nobody(stream: io.StringIO) -> None:
    logs.configure("info", stream=stream)
    logs.logger("controller").info("told", field=Broken())
    (line,) = lines(stream)
    assert line["message"] == "a field cannot be shown: RuntimeError"


def test_a_stream_that_is_closed_stops_nobody(stream: io.StringIO) -> None:
    logs.configure("info", stream=stream)
    stream.close()
    logs.logger("controller").info("nobody hears")


def test_no_value_forges_a_line_or_colours_a_terminal(stream: io.StringIO) -> None:
    for dev in (False, True):
        logs.configure("info", dev=dev, stream=stream)
        logs.logger("a\nb").error("x\r\ny\x1b[31m", **{"k\n": "\x1b[2J\x9b", "u": "\u2028\udc80"})
    told = stream.getvalue()
    assert told.count("\n") == 2
    assert len(told.splitlines()) == 2
    assert all(ch == "\n" or ch.isprintable() for ch in told)


def test_people_get_a_line_to_read(stream: io.StringIO) -> None:
    logs.configure("debug", dev=True, stream=stream)
    log = logs.logger("controller")
    log.warning("it is slow", cr="plant/line", seconds=2, why="no answer", of=["a"], nothing="")
    try:
        failing(ValueError("no number"))
    except ValueError:
        log.exception("it failed")
    first, second, *trace = stream.getvalue().splitlines()
    assert first[12:] == (
        " warning controller: it is slow  cr=plant/line  seconds=2"
        '  why="no answer"  of=["a"]  nothing=""'
    )
    assert second.endswith('error   controller: it failed  error="ValueError: no number"')
    assert trace[0] == "    Traceback (most recent call last):"


# --- Other packages ---


def test_other_packages_are_heard_in_the_same_form(stream: io.StringIO) -> None:
    logs.configure("info", stream=stream)
    below = logging.getLogger("urllib3.connectionpool")
    below.info("Starting new connection")
    below.warning("Retrying %s", "https://user:sesame@host/api")
    try:
        failing(ValueError("no number"))
    except ValueError:
        below.exception("odd %s %s", "arguments")
    warned, failed = lines(stream)
    assert warned["logger"] == "urllib3.connectionpool"
    assert (warned["level"], warned["message"]) == ("warning", "Retrying https://***@host/api")
    assert (failed["level"], failed["message"]) == ("error", "odd %s %s")
    assert failed["error"] == "ValueError: no number"


def test_their_debug_is_never_heard(stream: io.StringIO) -> None:
    """At that level the Kubernetes client writes the Secrets that it has read."""
    logs.configure("debug", stream=stream)
    below = logging.getLogger("kubernetes.client.rest")
    before = below.level
    below.setLevel(logging.DEBUG)
    try:
        below.debug("response body: %s", "{}")
        below.info("heard")
    finally:
        below.setLevel(before)
    assert [line["message"] for line in lines(stream)] == ["heard"]


def test_an_error_in_a_thread_is_a_line(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    logs.configure("info", stream=stream)
    logs.tell_uncaught()
    thread = threading.Thread(target=failing, args=(ValueError("no number"),), name="watch")
    thread.start()
    thread.join()
    sys.excepthook(KeyError, KeyError("k"), None)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    in_thread, in_main = lines(stream)
    assert (in_thread["error"], in_thread["thread"]) == ("ValueError: no number", "watch")
    assert "in failing" in in_thread["traceback"]
    assert (in_main["error"], in_main["thread"]) == ("KeyError: 'k'", "main")
