"""Every fault and every claim of the table has a test; docs/faults.md names exactly those tests.

Broken on purpose, and seen to fail: a mark taken away from the only test of a fault, a word that a
row does not have, a marked test that the page does not name, a page that is not there.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from kit import faults
from kit.ledger import Book, Ledger
from kit.marks import Marks, marked
from tools import fault_report

WORDS = [(row.name, word) for row in faults.ROWS for word in row.words]


@pytest.mark.parametrize(("row", "word"), WORDS, ids=[f"{row}: {word}" for row, word in WORDS])
def test_every_word_of_the_table_has_a_test(row: str, word: str) -> None:
    assert any(word in rows.get(row, ()) for rows in marked().values())


@pytest.mark.parametrize("row", [row.name for row in faults.ROWS])
def test_every_row_has_a_test(row: str) -> None:
    assert any(row in rows for rows in marked().values())


def test_the_page_names_exactly_these_tests() -> None:
    text = fault_report.PAGE.read_text(encoding="utf-8")
    sections = re.split(r"(?m)^## ", text)[1:]
    assert [one.partition("\n")[0] for one in sections] == [row.about for row in faults.ROWS]
    for row, section in zip(faults.ROWS, sections, strict=True):
        named = set(re.findall(r"`(test_\w+\.py::\w+)`", section))
        assert named == {test for test, rows in marked().items() if row.name in rows}, row.name


def test_marks_that_the_table_does_not_know_are_errors() -> None:
    with pytest.raises(ValueError, match="no row 'gatway'"):
        faults.checked(["gatway"])
    with pytest.raises(ValueError, match="does not say 'hang'"):
        faults.checked(["git-server", "hang"])
    with pytest.raises(ValueError, match="no row ''"):
        faults.checked([])


def test_a_ledger_adds_up_and_takes_no_loss() -> None:
    made = Ledger()
    assert "did" in made.lacks()
    made.did("a kill", times=2)
    made.did("a kill")
    assert "checked" in made.lacks()
    made.checked("files", of=3)
    with pytest.raises(AssertionError, match="files: 1 of 3 lost"):
        made.checked("files", lost=1, of=3)
    assert (made.did_so_far, made.checked_so_far, made.lacks()) == ({"a kill": 3}, {"files": 3}, "")


def entry(
    test: str, outcome: str = "passed", *, kills: int, long: bool = False
) -> dict[str, object]:
    return {
        "test": f"tests/kind/{test}",
        "rows": {"clock": []},
        "outcome": outcome,
        "long": long,
        "did": {"a kill": kills},
        "checked": {"files": 1},
    }


def test_a_page_is_made_of_the_last_run_of_each_form(tmp_path: Path) -> None:
    for number, kills in enumerate((1, 5)):
        book = Book(tmp_path / f"{number}.json")
        book.enter(entry("test_a.py::test_it[one]", kills=kills))
        book.enter(entry("test_a.py::test_it[two]", kills=10 * kills))
    Book(tmp_path / "2.json").enter(entry("test_a.py::test_it[one]", kills=700, long=True))
    Book(tmp_path / "3.json").enter(entry("test_b.py::test_gone", "failed", kills=1))
    marks = {"test_a.py::test_it": {"clock": {"no storm"}}}
    told = fault_report.read([tmp_path], marks)
    assert fault_report.missing(told, marks) == []
    assert told.failed == ()
    (line,) = fault_report.rows_of("test_a.py::test_it", told)
    assert line == "| a kill | 55 | 700 | files | 3 | 0 | `test_a.py::test_it` |"
    made = fault_report.page(told, marks)
    assert made == fault_report.page(told, marks)
    assert made.count("test_a.py::test_it") == 1
    assert str(tmp_path) not in made


def test_what_failed_or_did_not_run_is_named(tmp_path: Path) -> None:
    Book(tmp_path / "1.json").enter(entry("test_a.py::test_it", kills=1))
    Book(tmp_path / "2.json").enter(entry("test_a.py::test_it", "failed", kills=1))
    marks: Marks = {f"test_{one}": {"clock": set()} for one in ("a.py::test_it", "b.py::test_b")}
    told = fault_report.read([tmp_path], marks)
    assert told.failed == ("tests/kind/test_a.py::test_it",)
    assert fault_report.missing(told, marks) == ["test_b.py::test_b"]


def test_a_file_tells_of_no_path(tmp_path: Path) -> None:
    book = Book(tmp_path / "1.json")
    book.enter(entry("test_a.py::test_it", kills=1))
    text = book.file.read_text(encoding="utf-8")
    assert str(Path.cwd()) not in text
    assert json.loads(text)["machine"].count(",") == 2
