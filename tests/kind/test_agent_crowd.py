"""A hundred gateways of one GatewaySync that report in the same instant: no report is lost.

The hundred are written by the agent's own reporter, with a connection and a thread for each, in
four processes, as a hundred interpreters would keep two processors busy with starting. Real agents
are fewer: `STOKER_AGENTS=100` runs as many, each a process that syncs.
"""

from __future__ import annotations

import base64
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from cluster import Cluster
from kit import eventually
from kit.choir import choirs
from kit.crowds import Crowd, at_once, talking
from kit.local_agents import LocalAgents, local_agents
from kit.passages import Passage, passage
from kit.plants import ACCOUNT, gateway_pod
from kit.works import Works, digest

from stoker.adapters.kube.client import Client
from stoker.adapters.kube.resources import CONFIG_MAPS, PODS
from stoker.core import names
from support.standalone import project

GATEWAYS: Final = 100
CHOIRS: Final = 4
ROUNDS: Final = 5
AGENTS: Final = int(os.environ.get("STOKER_AGENTS", "6"))
SETTLED: Final = 60.0


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> Iterator[Client]:
    with talking(cluster) as made:
        yield made


@pytest.fixture(scope="module")
def works(new_works: Callable[..., Works]) -> Works:
    made = new_works("site")
    made.push(project())
    return made


@pytest.fixture(scope="module")
def pods(works: Works, client: Client) -> dict[str, str]:
    """A hundred pods that run nowhere, each with its ConfigMaps."""
    crowd = Crowd(client, works.space.name)
    made = crowd.create(PODS, [gateway_pod(f"gw-{n}", works.name) for n in range(GATEWAYS)])
    found = {one["metadata"]["name"]: str(one["metadata"]["uid"]) for one in made}
    wanted = {names.status_config_map(works.name, pod) for pod in found}
    eventually(
        lambda: wanted <= {*crowd.listed(CONFIG_MAPS, labels="stoker.io/cr-name")},
        what="each pod has a ConfigMap to report in",
        within=SETTLED,
    )
    works.can_report("gw-0", f"gw-{GATEWAYS - 1}")
    return found


def account(works: Works, folder: Path) -> dict[str, str]:
    """The folder of the pods' account, and the variables that lead to the API server."""
    space = works.space
    config: Any = yaml.safe_load(space.cluster.kubeconfig.read_text())
    (cluster,) = [one["cluster"] for one in config["clusters"]]
    token = space.kubectl("create", "token", ACCOUNT, "--duration", "2h").strip()
    (folder / "token").write_text(token)
    (folder / "ca.crt").write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    host, _, port = cluster["server"].removeprefix("https://").partition(":")
    return {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}


def test_a_hundred_report_in_the_same_instant(
    works: Works, pods: dict[str, str], tmp_path: Path
) -> None:
    commit = works.source.head()
    listed = sorted(pods)
    common = {
        "folder": str(tmp_path),
        "environment": account(works, tmp_path),
        "namespace": works.space.name,
        "cr": works.name,
    }
    parts = [{one: pods[one] for one in listed[n::CHOIRS]} for n in range(CHOIRS)]
    took = []
    with choirs([{**common, "pods": part} for part in parts]) as singing:
        for number in range(1, ROUNDS + 1):
            began = time.monotonic()
            for choir in singing:
                choir.say(f"{number} {commit}")
            all_shown(works, number)
            took.append(time.monotonic() - began)
    shown = works.gateways()
    assert len(shown) == GATEWAYS
    assert {row["syncStatus"] for row in shown.values()} == {"Synced"}
    works.says("AllGatewaysSynced", "True", text=f"{GATEWAYS}/{GATEWAYS} synced")
    times = ", ".join(f"{one:.1f}" for one in took)
    sys.stderr.write(f"\n{ROUNDS} x {GATEWAYS} reports, none lost; all shown after {times} s\n")


def all_shown(works: Works, number: int) -> None:
    def none_lost() -> bool:
        missing = lost(works, number)
        assert missing == [], f"{len(missing)} lost: {missing}"
        return True

    eventually(none_lost, what="every report is in the status of the CR", within=SETTLED)


def lost(works: Works, number: int) -> list[str]:
    rows = works.gateways()
    return [
        f"gw-{n}" for n in range(GATEWAYS) if rows.get(f"gw-{n}", {}).get("filesChanged") != number
    ]


@pytest.fixture
def way(cluster: Cluster, tmp_path: Path) -> Iterator[Passage]:
    with passage(cluster, tmp_path) as made:
        yield made


@pytest.fixture
def agents(new_works: Callable[..., Works], way: Passage, tmp_path: Path) -> Iterator[LocalAgents]:
    made = new_works("crowd")
    made.push(project())
    with local_agents(made, way, tmp_path / "agents") as crowd:
        yield crowd


def test_real_agents_that_sync_at_once_lose_nothing(agents: LocalAgents, way: Passage) -> None:
    """They have no gateway, so their files are there and the scans are owed: `Syncing`."""
    works = agents.works
    for number in range(AGENTS):
        agents.prepare(f"crowd-{number}")
    at_once(lambda one: one.start(), agents.there)
    patience = 40.0 + AGENTS
    all_tell(agents, works.source.head(), patience)
    all_tell(agents, works.push({"projects/line/more.json": "{}"}), patience)
    for one in agents.there:
        assert digest((one.lodging.data / "projects/line/more.json").read_bytes()) == digest("{}")
        assert one.complaints() == ""
    refused = [one for one in way.requests if one.status >= 400]
    assert {one.status for one in refused} <= {404, 403, 409}, refused


def all_tell(agents: LocalAgents, commit: str, patience: float) -> None:
    def none_missing() -> bool:
        rows = agents.works.gateways()
        missing = [
            one for one in agents.there if rows.get(one.name, {}).get("syncedCommit") != commit
        ]
        assert missing == [], "\n".join(f"{one.name}: {one.tail(5)}" for one in missing[:5])
        return True

    eventually(none_missing, what=f"all have told of {commit}", within=patience)
