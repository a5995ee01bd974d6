"""Structured logs: a line for each thing that happened, on stderr, without secrets.

`logger("name")` gives a structlog logger; a field is anything, and becomes what JSON has. Every
line, also one that a package below us writes to the standard library's `logging`, goes through
`_CHAIN`: what happened when and where, the one place where secrets are taken out, and then the
form. `hide` names a secret as soon as it is read.

An error is told as text, in the field `error`. Where in the code it happened is told at level
`debug` alone, in the field `traceback`. Packages below us are heard from `warning` on, and from
`info` on at level `debug`: what they say at `debug` holds whole answers of the API server, Secrets
among them.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Final, TextIO

import structlog
from attrs import define, field

from stoker.adapters.logs.forms import as_json, for_people
from stoker.adapters.logs.redacting import HIDDEN, Redactor
from stoker.core.errors import StokerError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["HIDDEN", "LEVELS", "Logger", "configure", "hide", "logger", "tell_uncaught"]

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
"""The levels that there are."""

_OWN: Final = frozenset({"time", "level", "logger", "message", "event", "method_name", "self"})


@define
class _Outlet:
    """Where lines go, and which; one for the whole process."""

    level: int = logging.INFO
    dev: bool = False
    stream: TextIO | None = None
    redactor: Redactor = field(factory=Redactor)
    writing: threading.Lock = field(factory=threading.Lock)

    def msg(self, line: str) -> None:
        """Write one line at once; a log that cannot be written stops nobody."""
        stream = sys.stderr if self.stream is None else self.stream
        try:
            with self.writing:
                stream.write(f"{line}\n")
                stream.flush()
        except (OSError, ValueError):
            return

    debug = info = warning = error = msg


_OUTLET: Final = _Outlet()


class Logger(structlog.BoundLoggerBase):
    """Tells what happened, with fields; a level that is off costs a comparison."""

    def debug(self, message: str, /, **fields: object) -> None:
        """For whoever looks for a fault in Stoker."""
        self.tell("debug", message, fields)

    def info(self, message: str, /, **fields: object) -> None:
        """What an operator may want to know of a day that goes well."""
        self.tell("info", message, fields)

    def warning(self, message: str, /, **fields: object) -> None:
        """What is wrong, and may become right by itself."""
        self.tell("warning", message, fields)

    def error(self, message: str, /, **fields: object) -> None:
        """What somebody has to do something about."""
        self.tell("error", message, fields)

    def exception(self, message: str, /, **fields: object) -> None:
        """An `error` with the exception that is being handled."""
        self.tell("error", message, {"error": sys.exception(), **fields})

    def tell(self, level: str, message: str, fields: Mapping[str, object]) -> None:
        """Any of the above; a field with the name of one that each line has gets a `_`."""
        if LEVELS[level] >= _OUTLET.level:
            named = {f"{name}_" if name in _OWN else name: one for name, one in fields.items()}
            self._proxy_to_logger(level, message, **named)


_Event = MutableMapping[str, Any]

_stamp: Final = structlog.processors.TimeStamper(fmt="iso", utc=True, key="time")


def _ordered(_: object, level: str, event: _Event) -> _Event:
    """What each line has, first and in the same order."""
    said = {"level": level, "logger": event.pop("logger", ""), "message": event.pop("event")}
    return {**_stamp(None, level, {}), **said, **event}


def _traced(_: object, __: str, event: _Event) -> _Event:
    """Where an error happened, for those who look for a fault."""
    error = event.get("error")
    if _OUTLET.level <= logging.DEBUG and isinstance(error, BaseException) and error.__traceback__:
        event["traceback"] = _trace(error)
    return event


def _redacted(_: object, __: str, event: _Event) -> _Event:
    """The line without secrets, in the types of JSON: behind this, nothing is added."""
    try:
        return {**_OUTLET.redactor.fields(event)}
    except Exception as error:  # noqa: BLE001 - a field of any kind must not stop who logs it
        kept = {name: str(event[name]) for name in ("time", "level", "logger")}
        return kept | {"message": f"a field cannot be shown: {type(error).__name__}"}


def _rendered(_: object, __: str, event: _Event) -> str:
    return for_people(event) if _OUTLET.dev else as_json(event)


_CHAIN: Final = (_ordered, _traced, _redacted, _rendered)


def logger(name: str) -> Logger:
    """The logger of a part of the program; it heeds `configure` whenever that comes."""
    return Logger(_OUTLET, _CHAIN, {"logger": name})


def hide(secret: str) -> None:
    """Let this value never stand in a line, in any form; under six characters it is no secret."""
    _OUTLET.redactor.hide(secret)


def configure(level: str = "info", *, dev: bool = False, stream: TextIO | None = None) -> None:
    """From now on: this level, lines for people (`dev`) or JSON, to `stream` or else stderr."""
    if level not in LEVELS:
        known = ", ".join(LEVELS)
        raise StokerError(f"there is no level {level!r}", where="log level", cure=f"use {known}")
    _OUTLET.level, _OUTLET.dev, _OUTLET.stream = LEVELS[level], dev, stream
    from_below = logging.INFO if level == "debug" else max(LEVELS[level], logging.WARNING)
    logging.basicConfig(level=from_below, handlers=[_FromBelow(from_below)], force=True)


def tell_uncaught() -> None:
    """Have errors that nobody caught, in any thread, told as lines too, with their traceback."""

    def in_main(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
        _uncaught("main", error)

    def in_thread(told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None:
            _uncaught(told.thread.name if told.thread else "", told.exc_value)

    sys.excepthook = in_main
    threading.excepthook = in_thread


def _uncaught(thread: str, error: BaseException) -> None:
    if not isinstance(error, KeyboardInterrupt):
        fields = {"error": error, "thread": thread, "traceback": _trace(error)}
        logger("stoker").error("an error that nobody expected", **fields)


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


class _FromBelow(logging.Handler):
    """What other packages tell."""

    def emit(self, record: logging.LogRecord) -> None:
        level = next((name for name in reversed(LEVELS) if record.levelno >= LEVELS[name]), "debug")
        error = record.exc_info[1] if record.exc_info else None
        fields = {} if error is None else {"error": error}
        logger(record.name).tell(level, _message(record), fields)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a message that does not fit its arguments is still one
        return str(record.msg)
