"""Mutation testing of the core: whether the tests would notice that the code is wrong.

Each module is mutated in a copy of the project (mutmut forks one process for each mutant and runs
the tests that reach the mutated function). The tests of a module are its unit tests and the laws
that name it below. Prints killed, survived and the score of each module, and of all. The whole core
takes hours: `--module` takes one, `--sample` a number of mutants of each, chosen by a fixed seed;
`--show` prints the survivors.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
CORE: Final = ROOT / "src" / "stoker" / "core"
WORK: Final = ROOT / ".cache" / "mutation"
MUTMUT: Final = Path(sys.executable).parent / "mutmut"
NO_MUTANT: Final = "none"
SEED: Final = 20
MARKS: Final = {"++", "--"}
ABOUT: Final = {
    "ignition": ("ignition", "signature"), "journal": ("journal", "recovery"),
    "planning": ("planning", "plan_"), "refs": ("refs", "semver", "requested"),
    "spec": ("spec", "durations"), "status": ("status", "ready"), "tree": ("tree", "mapping"),
    "manifest": ("manifest", "tree", "rendering"),
}  # fmt: skip
"""What the test files of a module are named after, where that is not the module alone."""

CONFIG: Final = """
[tool.mutmut]
source_paths = ["src/stoker"]
only_mutate = [{only}]
also_copy = ["src", "tools", "docs"]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov"]
pytest_add_cli_args_test_selection = [{tests}]
use_git_change_detection = false
track_dependencies = false
"""


def modules() -> list[str]:
    """The core's modules."""
    return sorted(
        entry.stem for entry in CORE.iterdir()
        if not entry.stem.startswith("_") and entry.suffix in {"", ".py"}
    )  # fmt: skip


def tests_of(module: str) -> list[str]:
    """The test files that are about a module."""
    found = {
        file
        for name in ABOUT.get(module, (module,))
        for folder in ("tests/unit/core", "tests/property")
        for file in ROOT.glob(f"{folder}/test_{name}*.py")
    }
    return sorted(str(file.relative_to(ROOT)) for file in found)


def mutate(module: str, children: int, sample: int) -> tuple[Path, Counter[str]]:
    """Run the mutants of a module in a copy; returns the copy and what became of them."""
    copy = WORK / module
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for name in ("src", "tests", "tools", "docs"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    only = [f"src/stoker/core/{module}.py", f"src/stoker/core/{module}/*"]
    settings = CONFIG.format(
        only=", ".join(f'"{each}"' for each in only),
        tests=", ".join(f'"{each}"' for each in tests_of(module)),
    )
    (copy / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text() + settings)
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "mutation"}
    with (copy / "mutmut.log").open("w") as log:

        def mutmut(*names: str) -> None:
            subprocess.run(
                [MUTMUT, "run", "--max-children", str(children), *names], cwd=copy,
                env=environment, check=False, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

        if sample:
            mutmut(NO_MUTANT)  # writes the mutants, runs none
            chosen = sorted(_verdicts(copy))
            random.Random(SEED).shuffle(chosen)  # noqa: S311 - a sample that can be repeated
            mutmut(*chosen[:sample])
        else:
            mutmut()
    return copy, Counter(code for code in _verdicts(copy).values() if code)


def _verdicts(copy: Path) -> dict[str, str]:
    """What became of each mutant; empty for one that was not run."""
    words = {None: "", 0: "survived", 5: "survived", 33: "survived"}
    return {
        name: words.get(code, "killed")
        for meta in copy.glob("mutants/src/stoker/core/**/*.meta")
        for name, code in json.loads(meta.read_text())["exit_code_by_key"].items()
    }


def main() -> None:
    """Mutate what the command line asks for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--module", action="append", choices=modules())
    parser.add_argument("--children", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--sample", type=int, default=0, help="mutants of each module; 0: all")
    parser.add_argument("--show", action="store_true", help="print the surviving mutants")
    options = parser.parse_args()
    total, killed = 0, 0
    for module in options.module or modules():
        copy, counts = mutate(module, options.children, options.sample)
        dead, all_of_it = counts["killed"], counts.total()
        score = 100 * dead / all_of_it if all_of_it else 0.0
        print(f"{module:12} {dead:6} of {all_of_it:6} killed  {score:5.1f} %", flush=True)
        total, killed = total + all_of_it, killed + dead
        if options.show:
            _show(copy)
    if total:
        print(f"{'all':12} {killed:6} of {total:6} killed  {100 * killed / total:5.1f} %")


def _show(copy: Path) -> None:
    for name, verdict in _verdicts(copy).items():
        if verdict == "survived":
            diff = subprocess.run(
                [MUTMUT, "show", name], cwd=copy, capture_output=True, text=True, check=False
            ).stdout
            rows = [row for row in diff.splitlines() if row[:1] in "+-" and row[1:3] not in MARKS]
            print(f"  {name}", *rows, sep="\n    ")


if __name__ == "__main__":
    main()
