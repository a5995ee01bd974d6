"""Pictures of the chart's dashboards, from a plant that has a day in a few minutes.

    .venv/bin/python tests/kind/picture_dashboards.py [--to FOLDER] [--keep]

A release of the chart, three GatewaySyncs and a Prometheus that finds them by the chart's monitors;
then commits are pushed, a Designer is in the way, a gateway does not let its agent in, another one
refuses a commit, a pod is denied, and somebody guesses the receiver's secret. What Prometheus knows
at the end is drawn by `tools/dashboard_pictures`. With `--keep` all of it goes on until a key is
pressed, and the address of Prometheus is said, for whoever has a Grafana to look at it with.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE.parent), str(HERE)]

from cluster import Cluster, open_cluster  # noqa: E402 - the path is set above
from kit import loading, manifests  # noqa: E402
from kit.git_here import git_here  # noqa: E402
from kit.monitored import WARY, Monitored, monitored  # noqa: E402
from kit.senders import github_push  # noqa: E402
from kit.spaces import Space  # noqa: E402
from kit.works import Works, works  # noqa: E402
from tools.dashboard_pictures.__main__ import draw  # noqa: E402
from tools.dashboard_pictures.asking import Range  # noqa: E402

from stoker.entrypoints.cli.invoking import answer_to  # noqa: E402
from support.standalone import VIEW, project  # noqa: E402

NAMESPACE: Final = "plant"
INTERVAL: Final = "5s"
BEAT: Final = 30.0
"""Seconds between two things that happen."""
ADA: Final = [{"user": "ada", "project": "line"}]
BROKEN: Final = json.dumps({"scope": "G", "version": 1, "files": ["absent.json"], "attributes": {}})


def main() -> int:
    """Do what the command line says; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--keep", action="store_true", help="go on until Enter is pressed")
    given = parser.parse_args()
    opened = open_cluster(lifetime_of=os.getpid(), say=print)
    try:
        with tempfile.TemporaryDirectory() as folder:
            _picture(opened, Path(folder), given)
    finally:
        opened.close()
    return 0


def _picture(cluster: Cluster, folder: Path, given: argparse.Namespace) -> None:
    product, gateway = (loading.in_cluster(cluster, name) for name in ("stoker", "gateway"))
    own, space = Space(cluster, "stoker-system"), Space(cluster, NAMESPACE)
    printed = str(answer_to(["crd"]).out)
    space.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=printed)
    for one in (own, space):
        one.kubectl.create(manifests.of_kind("Namespace", one.name))
    with (
        git_here(cluster, folder) as git,
        monitored((own, space), git, (product, gateway), folder, INTERVAL) as there,
    ):
        began = time.time()
        _a_day(there, works(space, "line-b", git, product, gateway, is_asked=True))
        values = {"namespace": NAMESPACE, "name": "line-a"}
        for path in draw(there.prometheus.url, Range(began, time.time()), values, given.to):
            path.write_text(path.read_text().replace(git.door.host, "git.example"))
            print(path)  # noqa: T201 - what was written
        if given.keep:
            input(f"{there.prometheus.url} until Enter is pressed ")
        # While the controller is there, so that its finalizer goes.
        space.kubectl("delete", "gatewaysync", "line-b")
    space.kubectl("delete", "namespace", own.name, space.name, "--wait=false")


def _a_day(there: Monitored, other: Works) -> None:
    """What happens, one thing after the other."""
    mine = there.works
    mine.push(project())
    other.push(project())
    first = there.gateway("line-a-0", WARY)
    second, third = there.gateway("line-a-1"), there.gateway("line-a-2")
    fourth = other.start("line-b-0")
    for one in (first, second, third, fourth):
        one.ready(120)
    _a_while()
    _push(there, 1)
    _a_while()
    first.gateway.tell("designers", ADA)
    _push(there, 2)
    there.refused_pod()
    _a_while(2)
    first.gateway.tell("designers", [])
    second.gateway.change(tokens=[{"name": "another", "secret": "key"}])
    _push(there, 3)
    for _ in range(9):
        there.sender("a guess").send(NAMESPACE, mine.name, github_push("main", "1" * 40))
    _a_while(2)
    third.write("projects/line/project.json", '{"title": "Changed by hand", "enabled": true}')
    _a_while()
    _push(there, 4, {f"{VIEW}/resource.json": BROKEN})
    _a_while(2)
    second.gateway.change(tokens=[{}])
    _push(there, 5, {f"{VIEW}/resource.json": project()[f"{VIEW}/resource.json"]})
    _a_while(2)
    # What is wrong when the picture is made.
    fourth.gateway.change(tokens=[{"name": "another", "secret": "key"}])
    other.push({f"{VIEW}/view.json": '{"root": {"n": 1}}'})
    _push(there, 6)
    third.write("projects/line/project.json", '{"title": "Changed by hand", "enabled": true}')
    first.gateway.tell("designers", ADA)
    _push(there, 7)
    _a_while(2)


def _push(there: Monitored, number: int, files: Mapping[str, str] | None = None) -> None:
    """A commit to `line-a`, of which GitHub tells the receiver."""
    made = files or {f"{VIEW}/view.json": json.dumps({"root": {"n": number}})}
    commit = str(there.works.source.commit(made))
    there.sender().send(NAMESPACE, there.works.name, github_push("refs/heads/main", commit))


def _a_while(beats: int = 1) -> None:
    time.sleep(beats * BEAT)


if __name__ == "__main__":
    sys.exit(main())
