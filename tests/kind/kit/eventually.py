"""Waiting for something that happens elsewhere, and an account of what was there instead.

`check` is asked again and again, at first often and then once a second. What it returns counts as
soon as it is true; an exception means "not yet", as most things cannot be looked at before they
exist. Defects of the check itself are no reason to wait, and `Hopeless` is how it gives up early.
"""

from __future__ import annotations

import pprint
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

Found = TypeVar("Found")

_SHORTEST: Final = 0.05
_LONGEST: Final = 1.0
_GROWTH: Final = 1.4
_SHOWN: Final = 4_000
_DEFECTS: Final = (NameError, ImportError, SyntaxError, MemoryError)


class Hopeless(Exception):
    """What a check raises when there is nothing to wait for any more."""


@dataclass(frozen=True)
class _Look(Generic[Found]):
    """One look: what the check returned, or how it failed."""

    value: Found | None = None
    error: Exception | None = None


def eventually(
    check: Callable[[], Found],
    *,
    what: str,
    within: float = 30.0,
    tell: Iterable[Callable[[], str]] = (),
) -> Found:
    """What `check` returns once that is true; `within` seconds, or an AssertionError.

    `what` completes the sentence "it did not come:". `tell` are asked for more to print then.
    """
    __tracebackhide__ = True
    began = time.monotonic()
    pause = _SHORTEST
    while True:
        look = _look(check)
        if look.error is None and look.value:
            return look.value
        passed = time.monotonic() - began
        if passed >= within or isinstance(look.error, Hopeless):
            raise AssertionError(_account(what, passed, look, tell))
        time.sleep(min(pause, within - passed))
        pause = min(pause * _GROWTH, _LONGEST)


def _look(check: Callable[[], Found]) -> _Look[Found]:
    try:
        return _Look(check())
    except _DEFECTS:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told if nothing better comes
        return _Look(error=error)


def _account(
    what: str, passed: float, look: _Look[Found], tell: Iterable[Callable[[], str]]
) -> str:
    given_up = isinstance(look.error, Hopeless)
    how = "it was given up after" if given_up else "it did not come within"
    return "\n".join([f"{how} {passed:.1f} s: {what}", _last(look), *map(_told, tell)])


def _last(look: _Look[Found]) -> str:
    if look.error is not None:
        return f"last failed with {type(look.error).__name__}: {_cut(str(look.error))}"
    shown = look.value if isinstance(look.value, str) else pprint.pformat(look.value, width=96)
    return f"last seen: {_cut(shown)}"


def _told(tell: Callable[[], str]) -> str:
    try:
        return tell()
    except Exception as error:  # noqa: BLE001 - what cannot be told must not hide why it was asked
        return f"(could not be told: {error})"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
