"""Two replicas of a StatefulSet, told and fed by what runs in the cluster alone.

The controller is a release of the chart, in a pod; the git server is in the cluster too, over HTTPS
for one GatewaySync and over SSH for the other. Replicas share everything but their number.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from kit import Space, eventually, gateways, injected
from kit.charts import Installed, installed
from kit.git_server import GitServer
from kit.kubectl import Document
from kit.plants import Plant, account, gateway_sync
from kit.repositories import Repository
from kit.works import Injected, digest

from support.standalone import project

TEXT = (
    '{{ .GatewayName }} {{ .PodName }} {{ .PodOrdinal }} {{ .Vars.site }} {{ index .Labels "set" }}'
)


@pytest.fixture(scope="module")
def release(
    shared_space: Space, definition: Document, product: str, git_server: GitServer
) -> Iterator[Installed]:
    assert definition
    shared_space.apply(
        account(),
        gateways.api_key_secret(),
        git_server.token_secret(),
        git_server.ca_secret(),
        git_server.key_secret(),
        git_server.known_hosts_secret(),
    )
    values = {"watchNamespaces": [shared_space.name]}
    with installed(shared_space, product, values) as made:
        yield made


@pytest.fixture(scope="module")
def repository(git_server: GitServer) -> Repository:
    made = git_server.repository("plant")
    made.commit({**project(), "templates/replica.json": TEXT})
    return made


def secret(name: str, key: str) -> Document:
    return {"secretRef": {"name": name, "key": key}}


def sync() -> Document:
    mapping = {
        "source": "templates/replica.json",
        "destination": "projects/line/replica.txt",
        "template": True,
    }
    mappings = [{"source": "projects", "destination": "projects"}, mapping]
    return {
        "defaults": {"vars": {"site": "north"}},
        "profiles": {"default": {"mappings": mappings}},
    }


@pytest.fixture(scope="module")
def https(release: Installed, repository: Repository) -> Plant:
    auth = {"token": secret("git-token", "token")}
    git = {"auth": auth, "caSecretRef": {"name": "git-ca", "key": "ca.crt"}}
    return a_plant(release.space, "https", repository.https, git)


@pytest.fixture(scope="module")
def ssh(release: Installed, repository: Repository) -> Plant:
    key = {
        **secret("git-key", "ssh-privatekey"),
        "knownHosts": secret("known-hosts", "known_hosts"),
    }
    return a_plant(release.space, "ssh", repository.ssh, {"auth": {"sshKey": key}})


def a_plant(space: Space, name: str, url: str, git: Document) -> Plant:
    api = {"secretName": gateways.API_KEY_SECRET}
    space.apply(gateway_sync(name, url, git=git, gateway={"api": api}, sync=sync()))
    return Plant(space, name)


@pytest.fixture
def start(gateway_image: str) -> Callable[[Plant, int], list[Injected]]:
    def begin(plant: Plant, replicas: int) -> list[Injected]:
        name = f"gw-{plant.name}"
        user = injected.gateway_pod(
            "any", gateway_image, injected.marks(plant.name), labels={"set": name}
        )
        plant.space.apply(injected.stateful_set(name, user, replicas))
        return [Injected(plant, plant.space.pod(f"{name}-{number}")) for number in range(replicas)]

    return begin


@pytest.mark.parametrize("kind", ["https", "ssh"])
def test_replicas_get_names_and_contents_of_their_own(
    request: pytest.FixtureRequest,
    start: Callable[[Plant, int], list[Injected]],
    repository: Repository,
    kind: str,
) -> None:
    plant: Plant = request.getfixturevalue(kind)
    agents = start(plant, 2)
    commit = str(repository.upstream.tip())
    for number, agent in enumerate(agents):
        eventually(agent.pod.status, what="the pod is made")
        agent.ready(90)
        report = agent.will_say("Synced", commit)
        assert report["name"] == agent.name == f"gw-{kind}-{number}"
        told = f"{agent.name} {agent.name} {number} north gw-{kind}"
        assert agent.files()["projects/line/replica.txt"] == digest(told)
    plant.says("Ready", "True", "SyncSucceeded")
    plant.says("AllGatewaysSynced", "True", text="2/2 synced")
    rows = plant.gateways()
    assert {row["name"] for row in rows.values()} == {f"gw-{kind}-0", f"gw-{kind}-1"}


def test_a_push_over_ssh_reaches_both(ssh: Plant, https: Plant, repository: Repository) -> None:
    commit = repository.commit({"projects/line/project.json": '{"title": "Second"}'})
    for plant in (ssh, https):
        for number in range(2):
            agent = Injected(plant, plant.space.pod(f"gw-{plant.name}-{number}"))
            agent.will_say("Synced", commit, within=60)
            agent.will_hold("projects/line/project.json", '{"title": "Second"}')


def test_an_evicted_replica_begins_anew(https: Plant) -> None:
    """As a drained node or one under pressure has it; its volumes are gone with it."""
    agent = Injected(https, https.space.pod("gw-https-1"))
    uid, commit = https.uid(agent.name), agent.report()["syncedCommit"]
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": agent.name, "namespace": https.space.name},
    }
    path = f"/api/v1/namespaces/{https.space.name}/pods/{agent.name}/eviction"
    https.space.kubectl("create", "--raw", path, "--filename", "-", stdin=json.dumps(eviction))
    eventually(lambda: https.uid(agent.name) != uid, what="another pod of its name", within=60)
    again = Injected(https, https.space.pod(agent.name)).ready(60)
    assert again.will_say("Synced", commit)["podUID"] == https.uid(agent.name)
