"""Waiting, and what is said when nothing comes."""

from __future__ import annotations

import itertools
import time

import pytest
from kit import Hopeless, eventually


def test_what_is_found_is_given_back() -> None:
    counter = itertools.count()
    assert eventually(lambda: next(counter), what="a number") == 1, "0 is not yet"


def test_an_exception_means_not_yet() -> None:
    answers = iter([None, KeyError("status"), OSError("refused"), AssertionError(), "here"])

    def look() -> str | None:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    assert eventually(look, what="an answer") == "here"


def test_what_did_not_come_is_told_with_what_was_there() -> None:
    with pytest.raises(AssertionError) as caught:
        eventually(list, what="the pods are gone", within=0.12)
    first, last = str(caught.value).splitlines()
    assert first.startswith("it did not come within 0.1")
    assert first.endswith("the pods are gone")
    assert last == "last seen: []"


def test_last_failure_is_told() -> None:
    def look() -> bool:
        raise ConnectionRefusedError("[Errno 111] Connection refused")

    with pytest.raises(AssertionError, match=r"last failed with ConnectionRefusedError: .*111"):
        eventually(look, what="it answers", within=0)


def test_hooks_tell_more_and_may_fail_themselves() -> None:
    def broken() -> str:
        raise OSError("no API server")

    with pytest.raises(AssertionError) as caught:
        eventually(bool, what="never", within=0, tell=[lambda: "the log", broken])
    assert str(caught.value).splitlines()[2:] == ["the log", "(could not be told: no API server)"]


def test_long_states_are_cut() -> None:
    def look() -> bool:
        raise AssertionError("x" * 10_000)

    with pytest.raises(AssertionError, match=r"x… \(10000 characters\)$"):
        eventually(look, what="something", within=0)


def test_there_is_a_look_after_the_last_wait() -> None:
    began = time.monotonic()
    assert eventually(lambda: time.monotonic() - began > 0.2, what="0.2 s", within=0.2)


def test_it_is_given_up_when_there_is_no_hope() -> None:
    def look() -> bool:
        raise Hopeless("the pod has failed")

    with pytest.raises(AssertionError, match=r"given up after 0\.0 s: it runs\n.*the pod has"):
        eventually(look, what="it runs", within=60)


def test_defects_of_the_check_are_not_waited_for() -> None:
    with pytest.raises(NameError):
        eventually(lambda: nothing_of_that_name, what="it", within=60)  # type: ignore[name-defined]  # noqa: F821
