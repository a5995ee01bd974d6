"""What is synced when the process is killed: two commits, and a data directory with strangers.

`update` goes from one commit to the next with everything that a change can be: files that come, go,
change, move, become folders or executable; templates, patches and signatures; and files that
somebody else has changed, removed or left lying where ours are. `first` is the sync into a
directory that Stoker has never seen, some of whose files are already there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from stoker.testing.repositories import Executable
from stoker.testing.repositories.stream import Item

Files = Mapping[str, Item]
PROFILE: Final[Mapping[str, Any]] = {
    "mappings": [
        {"source": "site/projects", "destination": "projects", "type": "dir"},
        {"source": "site/config", "destination": "config/resources/core", "type": "dir"},
        {
            "source": "site/templates",
            "destination": "config/resources/external",
            "type": "dir",
            "template": True,
        },
    ],
    "vars": {"area": "West"},
    "prune": "owned",
    "pruneLimitPercent": 100,
    "driftAction": "restore",
}


@frozen
class Scenario:
    """Two commits, the strangers between them, and what somebody does after the first."""

    name: str
    before: Files
    """Empty where the killed sync is the first one."""
    after: Files
    strangers: Mapping[str, bytes]
    meddle: Callable[[Path], None]


def _view(area: str, number: int, text: str) -> dict[str, Item]:
    folder = f"site/projects/plant/com.inductiveautomation.perspective/views/{area}/View {number}"
    return {
        f"{folder}/resource.json": json.dumps({"scope": "G", "files": ["view.json"]}).encode(),
        f"{folder}/view.json": json.dumps({"text": text * 40}).encode(),
    }


def _commit(revision: int, views: range) -> dict[str, Item]:
    files: dict[str, Item] = {
        "site/projects/plant/project.json": b'{"title": "Plant", "enabled": true}',
        "site/config/ignition/database-connection/MES/config.json": b'{"user": "a"}',
        "site/templates/site/names.json": b'{"gateway": "{{.GatewayName}}", "revision": %d}'
        % revision,
        "site/templates/plain.txt": b"the same in both\n",
        "site/projects/\u00e9t\u00e9 \U0001f3ed/na\u00efve name.txt": b"unicode %d\n" % revision,
    }
    for number in views:
        files |= _view(f"Area {number % 3}", number, f"{revision if number % 2 else 0}")
    return files


BEFORE: Final[Files] = {
    **_commit(1, range(8)),
    "site/projects/plant/tool.sh": b"#!/bin/sh\n",
    "site/projects/plant/turns": b"a file that becomes a folder\n",
    "site/projects/plant/shrinks/one": b"a folder that becomes a file\n",
    "site/projects/plant/shrinks/two/three": b"with a folder in it\n",
    "site/projects/plant/gone/deep/er/file.txt": b"the last one of its folders\n",
    "site/projects/plant/edited-and-gone.txt": b"somebody changes it, and then it is deleted\n",
    "site/projects/plant/edited.txt": b"somebody changes it\n",
    "site/projects/plant/removed.txt": b"somebody removes it\n",
    "site/projects/plant/large.bin": bytes(range(256)) * 512,
}
AFTER: Final[Files] = {
    **_commit(2, range(3, 11)),
    "site/projects/plant/tool.sh": Executable(b"#!/bin/sh\n"),
    "site/projects/plant/turns/into/folder.txt": b"it has become one\n",
    "site/projects/plant/shrinks": b"it has become one\n",
    "site/projects/plant/edited.txt": b"and so does the commit\n",
    "site/projects/plant/removed.txt": b"somebody removes it\n",
    "site/projects/plant/large.bin": bytes(reversed(range(256))) * 512,
    "site/projects/plant/empty": b"",
}
STRANGERS: Final[Mapping[str, bytes]] = {
    "db/config.idb": b"the gateway's own\n",
    "logs/wrapper.log": b"the gateway's own\n",
    "projects/other/project.json": b"{}",
    "projects/plant/gone/stranger.txt": b"keeps its folder\n",
    "projects/plant/shrunk.txt": b"beside ours\n",
    "config/resources/core/ignition/database-connection/LAB/config.json": b'{"user": "b"}',
    "config/resources/local/secret.json": b"protected",
}


def _meddle(data: Path) -> None:
    plant = data / "projects/plant"
    (plant / "edited.txt").write_bytes(b"changed by hand\n")
    (plant / "edited-and-gone.txt").write_bytes(b"changed by hand, to be kept\n")
    (plant / "removed.txt").unlink()


def _leave_some(data: Path) -> None:
    """Files that the first sync wants as they are, or otherwise, stand there already."""
    plant = data / "projects/plant"
    plant.mkdir(parents=True, exist_ok=True)
    (plant / "project.json").write_bytes(b'{"title": "Plant", "enabled": true}')
    (plant / "edited.txt").write_bytes(b"an older one\n")


SCENARIOS: Final = {
    one.name: one
    for one in (
        Scenario("update", BEFORE, AFTER, STRANGERS, _meddle),
        Scenario("first", {}, AFTER, STRANGERS, _leave_some),
    )
}
