"""What must be there when a soak is over, and what must not.

The files of each gateway are those that `stoker sync`, run for the first time into an empty folder,
makes of the last commit: byte for byte and mode for mode; and so says the author of the commit.
What a gateway has loaded is what another one loads that starts on that folder. All else in the data
directory is as strangers left it, and nobody's locks and drafts are left anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kit.soak_pods import PodStation
from kit.soak_stations import SWITCHES, Station
from kit.works import Works
from stoker.core import names
from stoker.testing.gateway import FakeGateway, Settings
from support.command import stoker
from support.synced_gateway import contents

if TYPE_CHECKING:
    from kit.soak_pen import Files

_DRAFTS: Final = ("*.lock", "tmp_*", "*.new", "*.tmp")
_SHOWN: Final = 6


@dataclass(frozen=True)
class Fresh:
    """What a first sync of the last commit makes."""

    commit: str
    files: Files
    notes: frozenset[str]
    """The names of Stoker's own files beside them."""
    locks: frozenset[str]
    """What looks like a lock or a draft in its repository, and is none."""
    loaded: Mapping[str, str]
    """What a gateway loads that starts on them."""


def fresh(station: Station, folder: Path, wish: Mapping[str, Any]) -> Fresh:
    """Run `stoker sync` in an empty folder, and start a gateway on what it makes."""
    data, profile = folder / "data", folder / "profile.json"
    data.mkdir(parents=True)
    profile.write_text(json.dumps(wish))
    pen, works = station.pen, station.works
    done = stoker(
        *("sync", "--repo", pen.source.upstream.path, "--ref", "main", "--profile", profile),
        *("--data", data, "--repo-dir", folder / "repo", "--gateway-name", station.name),
        *("--pod-name", station.name, "--namespace", works.space.name, "--output", "json"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with FakeGateway(data, Settings(**SWITCHES)) as gateway:
        loaded = {path: one for path, one in gateway.loaded.files().items() if station.ours(path)}
    commit, files = json.loads(done.stdout)["commit"], _plain(contents(data))
    return Fresh(commit, files, _notes(data), _drafts(folder / "repo"), loaded)


def problems(station: Station, wanted: Fresh) -> Iterator[str]:
    """What is not as it must be with one gateway."""
    found = station.files()
    ours = {path: one for path, one in found.items() if station.ours(path)}
    yield from _differ("a first sync", wanted.files, ours)
    yield from _differ("the author", station.pen.last.on(station.name), ours)
    others = {path: one for path, one in found.items() if path not in ours}
    yield from _differ("strangers", station.strangers, others)
    if (notes := _notes(station.data)) != wanted.notes:
        yield f"beside the files are {sorted(notes ^ wanted.notes)}"
    if drafts := _drafts(station.repo) - wanted.locks:
        yield f"the repository has {sorted(drafts)[:_SHOWN]}"
    yield from _of_the_gateway(station, wanted)
    if isinstance(station, PodStation):
        yield from _of_the_pod(station)


def _of_the_gateway(station: Station, wanted: Fresh) -> Iterator[str]:
    try:
        loaded = {path: one for path, one in station.loaded().items() if station.ours(path)}
    except OSError as error:
        yield f"the gateway: {error}"
        return
    yield from _differ("a gateway that starts", wanted.loaded, loaded)


def _of_the_pod(station: PodStation) -> Iterator[str]:
    """Nobody was restarted but by a test, and the gateway by nobody."""
    restarts = station.pod.restarts
    if restarts > station.deaths:
        yield f"the agent was restarted {restarts} times, and killed {station.deaths} times"


def of_the_resource(works: Works, commit: str, gateways: set[str]) -> Iterator[str]:
    """What is not as it must be with a GatewaySync."""
    status = works.status()
    ready = works.condition("Ready")
    if ready["status"] != "True" or status.get("lastSyncCommit") != commit:
        yield f"{works.name}: {status.get('lastSyncCommit')}, not {commit}: {ready}"
    if status.get("observedGeneration") != works.document()["metadata"]["generation"]:
        yield f"{works.name}: not looked at since its last change"
    rows = {name: one.get("syncedCommit") for name, one in works.gateways().items()}
    if rows != dict.fromkeys(gateways, commit):
        yield f"{works.name}: {rows}"
    if works.metadata().get("commit") != commit:
        yield f"{works.name}: {names.metadata_config_map(works.name)} has another commit"


def _differ(who: str, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for what, paths in (
        ("missing", wanted.keys() - found.keys()),
        ("too much", found.keys() - wanted.keys()),
        ("other", {one for one in wanted.keys() & found.keys() if wanted[one] != found[one]}),
    ):
        if paths:
            yield f"{what} to {who}: {sorted(paths)[:_SHOWN]} of {len(paths)}"


def _plain(files: Files) -> Files:
    return {path: one for path, one in files.items() if ".resources" not in path.split("/")}


def _notes(data: Path) -> frozenset[str]:
    return frozenset(one.name for one in (data / ".stoker").iterdir())


def _drafts(repo: Path) -> frozenset[str]:
    found = [one.name for pattern in _DRAFTS for one in repo.rglob(pattern)]
    return frozenset([*found, *(one.name for one in repo.glob("scratch/*"))])
