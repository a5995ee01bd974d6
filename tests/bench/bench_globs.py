"""How long 100,000 paths take against 20 exclude patterns; the goal is below 0.5 s.

Run it as `PYTHONPATH=tests python tests/bench/bench_globs.py`.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Final

from stoker.core.globs import Excludes

if TYPE_CHECKING:
    from collections.abc import Callable

PATHS: Final = 100_000
REPEATS: Final = 5

PATTERNS: Final = (
    "**/.git/",
    "**/.gitkeep",
    "**/.resources/**",
    "**/node_modules/**",
    "**/*.bak",
    "**/*.tmp",
    "**/*.log",
    "**/~*",
    "config/local/**",
    "config/resources/local/**",
    "projects/sandbox/**",
    "projects/*/ignition/global-props/**",
    "projects/README.md",
    "modules.json",
    "**/{thumbnail,preview}.png",
    "**/{view,resource}.old.json",
    "config/resources/{external,dev}/**/*.idb",
    "**/[Tt]humbs.db",
    "**/report[0-9][0-9]/data.bin",
    "projects/**/com.inductiveautomation.perspective/views/test-*/**",
)

_NAMES: Final = (
    "Main View",
    "Überblick",
    "Line 4",
    "Pumps",
    "header",
    "日本語",
    "Alarm Summary",
    "docks",
    "Navigation",
    "Tank Farm",
    "util",
    "popups",
)
_FILES: Final = (
    "view.json",
    "config.json",
    "thumbnail.png",
    "code.py",
    "query.sql",
    "data.bin",
    "props.json",
)
_ROOTS: Final = (
    "projects/plant/com.inductiveautomation.perspective/views",
    "projects/plant/ignition/script-python",
    "projects/global/ignition/named-query",
    "config/resources/core/ignition/tag-definition/default",
    "config/resources/external/com.inductiveautomation.opcua",
)


def realistic_paths(count: int = PATHS) -> list[str]:
    """Different paths as Ignition's repositories have them: up to 17 levels, a few files each."""
    source = random.Random(20)  # noqa: S311 - the same paths on every run, nothing secret
    paths: dict[str, None] = {}
    while len(paths) < count:
        names = [source.choice(_ROOTS)]
        for _ in range(min(10, int(source.expovariate(0.35)))):
            name = source.choice(_NAMES)
            names.append(name if source.random() < 0.6 else f"{name} {source.randrange(60)}")
        for file in ["resource.json", *source.sample(_FILES, source.randrange(1, 4))]:
            unusual = source.random() < 0.1
            paths["/".join([*names, f"{source.randrange(9999)}-{file}" if unusual else file])] = (
                None
            )
    return list(paths)[:count]


def best_of(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """The shortest time of several runs, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def excluded(patterns: tuple[str, ...], paths: list[str]) -> int:
    """How many of `paths` fresh Excludes match, so that nothing is remembered from before."""
    matches = Excludes(patterns).matches
    return sum(map(matches, paths))


def main() -> None:
    """Print the table."""
    paths = realistic_paths()
    directories = {path.rpartition("/")[0] for path in paths}
    deepest = max(path.count("/") + 1 for path in paths)
    print(f"{len(paths)} paths in {len(directories)} directories, at most {deepest} levels deep")
    print(f"{excluded(PATTERNS, paths)} of them excluded by {len(PATTERNS)} patterns")
    seconds = best_of(lambda: excluded(PATTERNS, paths))
    print(f"compile and match, everything new   {seconds:.3f} s")
    ready = Excludes(PATTERNS)
    seconds = best_of(lambda: sum(map(ready.matches, paths)))
    print(f"match again with the same object    {seconds:.3f} s")
    seconds = best_of(lambda: Excludes(PATTERNS))
    print(f"compile                             {seconds:.4f} s")


if __name__ == "__main__":
    main()
