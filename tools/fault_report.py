"""Makes docs/faults.md: what was done to the product, how often, and what of it was lost.

    .venv/bin/python tools/fault_report.py [FOLDER…]

It is made from the ledgers that marked tests write (`kit.ledger`, in build/faults), and from
nothing else. Of a test that ran several times the last run counts, of its short form and of its
long one. A marked test without a ledger, or with one that failed, ends it with 1 and is named; then
nothing is written. With `--incomplete` it is written, and says of each of these that it did not
run to its end.
"""

# ruff: noqa: E402 - a script says where its modules are

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/kind")]

from attrs import define, field, frozen
from kit.faults import ROWS, Row
from kit.marks import Marks, marked

PAGE: Final = ROOT / "docs" / "faults.md"
LEDGERS: Final = ROOT / "build" / "faults"

_HEAD: Final = """\
# Faults, and what was lost

<!-- Made by tools/fault_report.py from the ledgers of a run; not to be changed by hand. -->

What was done to Stoker on a real cluster, how often, and what was looked at afterwards. Nothing was
lost: a test that finds a loss fails, and then this page is not made. `make test` does the short
form, `make test-faults` the long one; an empty cell is a form that was not run for this page.
"""
_LACK: Final = (
    "\n**This page is incomplete: {} of {} tests did not run to their end, or failed, and are "
    "named as such.**"
)


@define
class Counts:
    """What was done, and what was looked at, by words."""

    did: dict[str, int] = field(factory=dict)
    checked: dict[str, int] = field(factory=dict)

    def add(self, entry: Mapping[str, Any]) -> None:
        """Those of another run or parameter."""
        for own, other in ((self.did, entry["did"]), (self.checked, entry["checked"])):
            for words, times in other.items():
                own[words] = own.get(words, 0) + times


@frozen
class Told:
    """What all ledgers tell: by test, and by whether it was the long form."""

    counts: Mapping[tuple[str, bool], Counts]
    failed: tuple[str, ...]
    days: frozenset[str]
    machines: frozenset[str]


def read(folders: Iterable[Path], tests: Iterable[str]) -> Told:
    """The ledgers of these tests; of each test and form the last run."""
    known = {*tests}
    last: dict[tuple[str, bool], tuple[str, str, dict[str, Any]]] = {}
    # Their names begin with the time at which their sessions did.
    for file in sorted((f for one in folders for f in one.glob("*.json")), key=lambda f: f.name):
        session = json.loads(file.read_text(encoding="utf-8"))
        for entry in session["tests"]:
            if named(entry["test"]) in known:
                found = (session["day"], session["machine"], entry)
                last[entry["test"], bool(entry["long"])] = found
    counts: dict[tuple[str, bool], Counts] = {}
    failed = {test for (test, _), (*_, one) in last.items() if one["outcome"] != "passed"}
    for (test, long), (_, _, entry) in last.items():
        if test in failed:
            continue
        counts.setdefault((named(test), long), Counts()).add(entry)
    return Told(
        counts=counts,
        failed=tuple(sorted(failed)),
        days=frozenset(day for day, _, _ in last.values()),
        machines=frozenset(machine for _, machine, _ in last.values()),
    )


def named(test: str) -> str:
    """A test without the path of its file, its class and its parameters."""
    file, *_, function = test.partition("[")[0].split("::")
    return f"{file.rpartition('/')[2]}::{function}"


def page(told: Told, marks: Marks) -> str:
    """The whole page."""
    lacking = {named(test) for test in told.failed} | {*missing(told, marks)}
    lack = f"{_LACK.format(len(lacking), len(marks))}\n" if lacking else ""
    about = f"Of {' and '.join(sorted(told.days))}; {'; '.join(sorted(told.machines))}.\n"
    return "\n".join([_HEAD, about + lack, *(section(row, told, marks) for row in ROWS)])


def section(row: Row, told: Told, marks: Marks) -> str:
    """One row of the table of faults."""
    tests = sorted(test for test, rows in marks.items() if row.name in rows)
    lines = [f"## {row.about}", ""]
    if row.faults:
        lines += [f"Faults: {', '.join(row.faults)}.", f"Must hold: {'; '.join(row.claims)}.", ""]
    if row.note:
        lines += [row.note, ""]
    lines += [
        "| what was done | short | long | what was looked at | of | lost | test |",
        "| --- | --: | --: | --- | --: | --: | --- |",
    ]
    lines += [line for test in tests for line in rows_of(test, told)]
    return "\n".join([*lines, ""])


def rows_of(test: str, told: Told) -> list[str]:
    """The lines of a test: one, whose cells have a line for each thing that it did or looked at."""
    none = Counts()
    short, long = (told.counts.get((test, form), none) for form in (False, True))
    did = list(dict.fromkeys([*short.did, *long.did]))
    if not did:
        return [f"| *not run to its end for this page* | | | | | | `{test}` |"]
    looked = list(dict.fromkeys([*short.checked, *long.checked]))
    of = [str(short.checked.get(one, 0) + long.checked.get(one, 0)) for one in looked]
    cells = [
        did,
        [_times(short.did, one) for one in did],
        [_times(long.did, one) for one in did],
        looked,
        of,
        ["0"] * len(looked),
        [f"`{test}`"],
    ]
    return [f"| {' | '.join('<br>'.join(map(_cell, one)) for one in cells)} |"]


def _times(counts: Mapping[str, int], words: str) -> str:
    return f"{counts[words]:,}" if words in counts else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def missing(told: Told, marks: Marks) -> list[str]:
    """The marked tests of which no ledger tells."""
    there = {test for test, _ in told.counts} | {named(test) for test in told.failed}
    return sorted(marks.keys() - there)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or say why not."""
    parser = argparse.ArgumentParser(description="Make docs/faults.md from the ledgers of a run.")
    parser.add_argument("folders", nargs="*", type=Path, default=[LEDGERS], metavar="FOLDER")
    parser.add_argument("--incomplete", action="store_true", help="write it all the same")
    given = parser.parse_args(arguments)
    folders: list[Path] = given.folders
    marks = marked()
    told = read(folders, marks)
    wrong = [f"{test}: its last run failed" for test in told.failed]
    wrong += [f"{test}: no ledger tells of it" for test in missing(told, marks)]
    if wrong:
        said = "incomplete" if given.incomplete else "not made"
        print("\n".join([f"docs/faults.md is {said}:", *wrong]), file=sys.stderr)
    if wrong and not given.incomplete:
        return 1
    PAGE.write_text(page(told, marks), encoding="utf-8")
    print(f"docs/faults.md is made from {len(told.counts)} ledgers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
