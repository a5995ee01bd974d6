"""What was done to the product in a run, how often, and what was looked at afterwards.

A test that is marked with `fault` writes into its `ledger` what it did and what it checked. One
that writes nothing has failed: a page that is made from ledgers would not know of it. The session's
file is written anew after each such test, so a run that is killed has said what it did until then.
"""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from attrs import define, field

from kit import faults

if TYPE_CHECKING:
    from collections.abc import Generator

FOLDER: Final = "STOKER_FAULTS_FOLDER"
_DEFAULT: Final = Path(__file__).resolve().parents[3] / "build" / "faults"
_ABOUT: Final = "fault(row, *words): the test does this to the product; see kit.faults and `ledger`"


@define
class Ledger:
    """What one test did and checked; counts of the same words are added up."""

    did_so_far: dict[str, int] = field(factory=dict)
    checked_so_far: dict[str, int] = field(factory=dict)
    rows: dict[str, list[str]] = field(factory=dict)

    def did(self, what: str, *, times: int = 1) -> None:
        """This was done to the product, so often."""
        self.did_so_far[what] = self.did_so_far.get(what, 0) + times

    def checked(self, what: str, *, lost: int = 0, of: int = 1) -> None:
        """This was looked at, so many of them; whatever is lost fails the test."""
        assert not lost, f"{what}: {lost} of {of} lost"
        self.checked_so_far[what] = self.checked_so_far.get(what, 0) + of

    def lacks(self) -> str:
        """What it should say and does not."""
        if not self.did_so_far:
            return "what it did (`ledger.did`)"
        return "" if self.checked_so_far else "what it checked (`ledger.checked`)"

    def document(self, test: str, outcome: str) -> dict[str, Any]:
        """It, as the file has it."""
        return {
            "test": test,
            "rows": self.rows,
            "outcome": outcome,
            "long": faults.LONG,
            "did": self.did_so_far,
            "checked": self.checked_so_far,
        }


@define
class Book:
    """The ledgers of a session, and the file that they are in."""

    file: Path
    entries: list[dict[str, Any]] = field(factory=list)

    def enter(self, entry: dict[str, Any]) -> None:
        """One more; the file is whole at any time."""
        self.entries.append(entry)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        whole = {"day": time.strftime("%Y-%m-%d", time.gmtime()), "machine": machine()}
        text = json.dumps({**whole, "tests": self.entries}, indent=1, ensure_ascii=False)
        written = self.file.with_suffix(".new")
        written.write_text(f"{text}\n")
        written.replace(self.file)


def machine() -> str:
    """The kind of machine that this is, and nothing by which it could be told from its like."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    cores = os.cpu_count()
    return f"{platform.system()} on {platform.machine()}, {cores} cores, {memory:.0f} GiB of memory"


_BOOK: Final = pytest.StashKey[Book]()
_LEDGER: Final = pytest.StashKey[Ledger]()


def begun(config: pytest.Config) -> None:
    """The marker is known, and the session has its file's name."""
    config.addinivalue_line("markers", _ABOUT)
    folder = Path(os.environ.get(FOLDER) or _DEFAULT)
    config.stash[_BOOK] = Book(folder / f"{time.time_ns()}-{os.getpid()}.json")


@pytest.fixture
def ledger(request: pytest.FixtureRequest) -> Ledger:
    """Where the test writes down what it did and checked."""
    made = Ledger()
    request.node.stash[_LEDGER] = made
    return made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A mark that says what the table does not say is an error before anything runs."""
    for item in items:
        for mark in item.iter_markers("fault"):
            try:
                faults.checked(mark.args)
            except ValueError as error:
                raise pytest.UsageError(f"{item.nodeid}: {error}") from None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Enter what a marked test wrote down; one that wrote nothing fails."""
    marks = [faults.checked(mark.args) for mark in item.iter_markers("fault")]
    if not marks:
        return (yield)
    outcome = "failed"
    written = item.stash.get(_LEDGER, None) or Ledger()
    try:
        result = yield
        if lacks := written.lacks():
            pytest.fail(f"{item.nodeid} is marked with `fault`, and does not say {lacks}")
        outcome = "passed"
    finally:
        for row, words in marks:
            written.rows.setdefault(row.name, []).extend(words)
        item.config.stash[_BOOK].enter(written.document(item.nodeid, outcome))
    return result
