"""`python tests/bench/scale [SIZE…] [--only PART,…] [--shards N,…] [--minute S] [--seconds S]`.

A SIZE is CRS, CRSxGATEWAYS or CRSxGATEWAYS/REPOSITORIES, where GATEWAYS is how many each CR has.
Each is measured on a node of its own that nothing has been written to; with KUBECONFIG set, in
that cluster. With several counts of shards, the last size is measured with each of them.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from typing import Final

from bench.scale.fields import Problem, Size, field
from bench.scale.results import Results, heading, say, write
from bench.scale.rounds import PARTS, Rounds

SIZES: Final = ("100x3", "500x3", "1000x10")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each size and print what was found."""
    parser = argparse.ArgumentParser(description="Measure controllers of many GatewaySyncs.")
    parser.add_argument("sizes", nargs="*", type=Size.of, metavar="SIZE")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PARTS))
    parser.add_argument("--shards", type=_numbers, default=[1])
    parser.add_argument("--minute", type=float, default=60.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args(arguments)
    # Whoever ends it early ends all that it has started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sizes = options.sizes or [Size.of(one) for one in SIZES]
    found: list[Results] = []
    try:
        for size in sizes:
            for shards in options.shards if size is sizes[-1] else [1]:
                found.append(_measured(size, shards, options))
                write(found)
    except Problem as problem:
        say(f"scale: {problem}")
        return 1
    say(f"written to {write(found)}")
    return 0


def _measured(size: Size, shards: int, options: argparse.Namespace) -> Results:
    title = f"{size}{f', {shards} shards' if shards > 1 else ''}"
    results = Results(title)
    with field(size, shards) as made:
        heading(title)
        Rounds(made, results, shards, options.minute, options.seconds).measure(options.only)
    return results


def _numbers(text: str) -> list[int]:
    return [int(one) for one in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
