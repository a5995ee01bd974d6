"""Answers: said once, to whoever listens, and never with a secret."""

from __future__ import annotations

import io
import os
import sys

import pytest

from stoker.core.errors import Problem, StokerError
from stoker.entrypoints.cli.answers import (
    DONE,
    FAILED,
    INVALID,
    UNHEARD,
    Answer,
    deliver,
    error_line,
    json_text,
    one_line,
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("two\nlines\tand  blanks", "two lines and blanks"),
        ("bell \x07 and \x1b[31mred", "bell \\x07 and \\x1b[31mred"),
        ("turned \u202e round", "turned \\u202e round"),
        ("https://me:secret@host/x", "https://***@host/x"),
        ("a ssh://git@host/x b https://t0ken@h/y", "a ssh://***@host/x b https://***@h/y"),
        ("https://a:p@ss@host/x", "https://***@host/x"),
        ("x (push it, or correct spec.git.ref)", "x (push it, or correct --ref)"),
        ("spec.git.ref: is wrong", "spec.git.ref: is wrong"),
    ],
)
def test_a_line_is_one_line_without_secrets(text: str, line: str) -> None:
    """Failed when logins were left in: the third to last case showed its password."""
    assert one_line(text) == line


def test_an_error_is_told_with_its_place_and_its_cure() -> None:
    assert error_line(StokerError("broke", where="a/b", cure="mend it")) == (
        "stoker: error: a/b: broke (mend it)"
    )
    assert error_line(Problem("", "broke")) == "stoker: error: broke"


def test_json_is_one_document_of_ascii() -> None:
    assert json_text({"a": "ü"}) == '{\n  "a": "\\u00fc"\n}\n'


def test_text_goes_to_its_stream_in_utf8(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert deliver(Answer("ü \udcff\n", INVALID, ("first", "second"))) == INVALID
    assert capfdbinary.readouterr() == ("ü \\udcff\n".encode(), b"first\nsecond\n")


def test_bytes_go_out_as_they_are(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert deliver(Answer(b"\xff\x00")) == DONE
    assert capfdbinary.readouterr().out == b"\xff\x00"


def test_a_stream_of_text_alone_gets_text(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    assert deliver(Answer("text\n")) == DONE
    assert stream.getvalue() == "text\n"


def test_a_process_without_streams_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert deliver(Answer("text\n", FAILED, ("line",))) == FAILED


def a_pipe_that_nobody_reads() -> io.TextIOWrapper:
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "w")


def test_nobody_listening_is_no_failure_to_talk_about(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with a_pipe_that_nobody_reads() as deaf, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", deaf)
        assert deliver(Answer("text\n")) == UNHEARD
        assert deliver(Answer("text\n", INVALID)) == INVALID
    with a_pipe_that_nobody_reads() as deaf, monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", deaf)
        assert deliver(Answer(code=INVALID, complaints=("line",))) == INVALID
    assert capfd.readouterr().err == ""


def test_a_full_disk_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        monkeypatch.setattr(sys, "stdout", full)
        assert deliver(Answer("text\n")) == FAILED
    assert capfd.readouterr().err == (
        "stoker: error: cannot write the answer: No space left on device "
        "(look after standard output)\n"
    )
