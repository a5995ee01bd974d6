"""What planning costs, over everything and over the change alone.

A commit of 100,000 files (the shape of the largest public repositories: 37 % are `resource.json`,
names with spaces, a depth of up to 12) of which the next commit changes 10. Best of three, and the
ratio of each figure to the first, which is what a noisy machine leaves comparable.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from attrs import evolve

from stoker.core.manifest import Digest, Manifest, Observed, digest_of
from stoker.core.mapping import Survey, survey
from stoker.core.paths import RelPath
from stoker.core.planning import plan
from stoker.core.profile import ResolvedProfile
from stoker.core.rendering import desired_manifest
from stoker.core.spec import SourceMapping
from stoker.core.template import TemplateContext
from stoker.core.tree import Blob, Tree, changes

FILES, CHANGED = 100_000, 10
CONTEXT = TemplateContext(
    gateway_name="line-4", pod_name="line-4-0", pod_ordinal=0, namespace="plant", ref="main",
    commit="4f5d1c0", cr_name="plant", labels={}, vars={},
)  # fmt: skip
PROFILE = ResolvedProfile(
    name="default",
    mappings=(SourceMapping("gateway", "."), SourceMapping("projects", "projects")),
)


def repository(seed: int = 7) -> dict[str, Blob]:
    """The files of the first commit."""
    rng = random.Random(seed)  # noqa: S311 - a benchmark's data
    files: dict[str, Blob] = {}
    number = 0
    while len(files) < FILES:
        depth = rng.randint(3, 10)
        folder = "/".join(f"Area {rng.randint(0, 9)}" for _ in range(depth))
        project = f"projects/Line {rng.randint(0, 40)}/com.inductiveautomation.perspective/views"
        for name in ("resource.json", "view.json", f"thumbnail {number}.png"):
            files[f"{project}/{folder}/{number}/{name}"] = Blob(digest_of(b"%d" % len(files)))
        number += 1
    return files


def best(work: Callable[[], object], times: int = 3) -> float:
    """The shortest of a few runs, in seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def _unread(blob: Digest) -> bytes:
    raise AssertionError(blob)


def _whole(tree: Tree, applied: Manifest, actual: Observed) -> int:
    made = survey(tree, PROFILE, CONTEXT)
    desired = desired_manifest(made.files, _unread, made.context, applied)
    return len(plan(desired, applied, actual, made.policy()).ops)


def _changed_only(old: Tree, new: Tree, applied: Manifest, actual: Observed) -> int:
    made: Survey = survey(new, PROFILE, CONTEXT)
    reached = made.reached_by(changes(old, new))
    specs = [spec for path in sorted(reached) if (spec := made.at(path))]
    part = Manifest({p: applied.entries[p] for p in reached if p in applied.entries})
    seen = Observed({p: actual.entries[p] for p in reached if p in actual.entries})
    desired = desired_manifest(specs, _unread, made.context, part)
    elsewhere = len(applied.entries) - len(part.entries)
    return len(plan(desired, part, seen, made.policy(managed_elsewhere=elsewhere)).ops)


def main() -> None:
    """Print the table."""
    files = repository()
    old = Tree.of(files)
    edited = dict(files)
    for path in sorted(files)[:: len(files) // CHANGED][:CHANGED]:
        edited[path] = evolve(files[path], id=digest_of(path.encode()))
    new = Tree.of(edited)
    made = survey(old, PROFILE, CONTEXT)
    applied = desired_manifest(made.files, _unread, made.context, Manifest())
    actual = Observed(dict(applied.entries))
    assert _whole(new, applied, actual) == _changed_only(old, new, applied, actual) == CHANGED
    rows = {
        "parse 100,000 paths": best(lambda: [RelPath.parse(path) for path in files]),
        "select 100,000 files": best(lambda: survey(new, PROFILE, CONTEXT).files),
        "plan all, all new": best(lambda: _whole(new, Manifest(), Observed())),
        "plan all, 10 changed": best(lambda: _whole(new, applied, actual)),
        "plan the change, 10 changed": best(lambda: _changed_only(old, new, applied, actual)),
        "plan the change, nothing changed": best(lambda: _changed_only(old, old, applied, actual)),
    }
    base = rows["plan all, 10 changed"]
    for name, seconds in rows.items():
        print(f"{name:34} {seconds * 1000:9.2f} ms   {seconds / base:7.4f}")


if __name__ == "__main__":
    main()
