"""Run every fuzz target for a while, each in a process of its own.

A target is a file `fuzz_*.py` beside this one with `one_input(data)`, which raises on a finding.
Inputs that the fuzzer finds interesting are kept in `.cache/fuzz/`, so that a later run goes on
from there. Exits 1 if a target found something; its input is then named.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CORPUS = HERE.parents[1] / ".cache" / "fuzz"
SLOWEST = 10  # seconds for one input: beyond that it counts as a hang


def main() -> int:
    """Fuzz what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="for each target")
    parser.add_argument("targets", nargs="*", help="names such as globs; all without any")
    options = parser.parse_args()
    wanted = options.targets or [file.stem[5:] for file in sorted(HERE.glob("fuzz_*.py"))]
    failed = [name for name in wanted if not _fuzz(name, options.seconds)]
    print(f"fuzz: {len(wanted) - len(failed)} targets clean, {len(failed)} with findings {failed}")
    return 1 if failed else 0


def _fuzz(name: str, seconds: int) -> bool:
    corpus = CORPUS / name
    corpus.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(  # noqa: S603
        [
            sys.executable, __file__, "--target", name, corpus,
            f"-max_total_time={seconds}", f"-timeout={SLOWEST}", "-max_len=4096",
            f"-artifact_prefix={corpus}-", "-print_final_stats=1", "-rss_limit_mb=2048",
        ],
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    runs = [line for line in done.stderr.splitlines() if "number_of_executed_units" in line]
    print(f"fuzz: {name}: {runs[0].split()[-1] if runs else 'no'} inputs", flush=True)
    if done.returncode or not runs:
        print(done.stderr[-4000:], file=sys.stderr)
    return done.returncode == 0 and bool(runs)


def run_target(name: str, arguments: list[str]) -> None:
    """Fuzz one target in this process, with coverage of our own code as the guide."""
    import atheris  # type: ignore[import-untyped] # noqa: PLC0415 - the front end needs none of it

    spec = importlib.util.spec_from_file_location(f"fuzz_{name}", HERE / f"fuzz_{name}.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"there is no target {name}")
    module = importlib.util.module_from_spec(spec)
    with atheris.instrument_imports(include=["stoker"]):
        spec.loader.exec_module(module)
    atheris.Setup([name, *arguments], module.one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--target"]:
        run_target(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main())
