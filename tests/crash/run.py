"""Kills `stoker sync` at many points and prints what came of it, as a table of Markdown.

    python tests/crash/run.py --points 2000 --seed 1

The exit code is 1 if anything was lost; then each lost point is shown with its last calls.
"""

# ruff: noqa: E402, T201 - a script says where its modules are, and prints its table

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

from crash.scenarios import SCENARIOS
from crash.survival import Experiment, Summary, run
from crash.tracer import Scope

_SHOWN = 15


def main() -> int:
    options = _options()
    began = time.perf_counter()
    summaries = []
    for name in options.scenario or SCENARIOS:
        with tempfile.TemporaryDirectory(prefix="crash-", dir=options.folder) as folder:
            experiment = Experiment(Path(folder), SCENARIOS[name], fresh=options.fresh)
            share = options.points // len(options.scenario or SCENARIOS)
            summaries.append(run(experiment, share, options.seed, Scope(options.scope)))
    print(_table(summaries))
    print(f"\nSeed {options.seed}, {time.perf_counter() - began:.0f} s in all.")
    for summary in summaries:
        _show_lost(summary)
    return int(any(summary.lost for summary in summaries))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scope", choices=[one.value for one in Scope], default="changes")
    parser.add_argument("--scenario", choices=list(SCENARIOS), action="append")
    parser.add_argument("--folder", type=Path, help="where to work; default: the system's choice")
    parser.add_argument("--fresh", action="store_true", help="a new interpreter for each sync")
    return parser.parse_args()


def _table(summaries: list[Summary]) -> str:
    rows = [
        "| scenario | calls | points | killed twice | recovered | lost | undisturbed | median | 99 % | worst |",  # noqa: E501 - a row is a line
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    rows += [
        f"| {one.scenario} | {one.calls} | {len(one.tries)} "
        f"| {sum(each.point.second is not None for each in one.tries)} "
        f"| {len(one.tries) - len(one.lost)} | {len(one.lost)} | {one.undisturbed:.2f} s "
        f"| {one.slowest(0.5):.2f} s | {one.slowest(0.99):.2f} s | {one.slowest():.2f} s |"
        for one in summaries
    ]
    for one in summaries:
        most = list(one.histogram.items())[:_SHOWN]
        counts = ", ".join(f"{count} {name}" for name, count in most)
        rows.append(f"\n{one.scenario}: {counts}{' …' if len(one.histogram) > _SHOWN else ''}.")
        left = sum(each.scratch > 0 for each in one.tries)
        rows.append(f"A killed process left a temporary folder of its own at {left} points.")
    return "\n".join(rows)


def _show_lost(summary: Summary) -> None:
    for one in summary.lost:
        print(f"\n{summary.scenario}, killed at {one.point} of {summary.calls}:")
        for text in one.lost[:10]:
            print(f"  {text}")
        for call in one.last:
            print(f"    {call}")


if __name__ == "__main__":
    sys.exit(main())
