"""Agents in pods that cannot go on: let in by nobody, trusting nobody, or without room.

None of them has a gateway beside it; each has a data directory that holds something. All agents of
one kind share a pod.

Broken on purpose, and seen to fail: the right token, authority and host key in place of the wrong
ones; room enough.
"""

from __future__ import annotations

import hashlib
import json
import random
import re

import pytest
from kit import Space, certificates, eventually, manifests, sidecars, stations
from kit.git_server import GitServer
from kit.repositories import Repository
from kit.sidecars import Agent, Sidecar

from stoker.core.refs import CommitId
from support.authority import Authority
from support.standalone import VIEW, project

SEED = {"projects/line/kept.json": "as it was"}
PATIENCE = 30
REFUSALS = {
    "wrong-token": "does not let us in: .*Authentication failed",
    "wrong-authority": "no trusted connection .* certificate verification failed",
    "wrong-host-key": "SSH host key is not the one that is known",
}


@pytest.fixture(scope="module")
def secured(shared_space: Space, git_server: GitServer) -> Space:
    """A namespace with the Secrets of the git server, and with others that do not fit it."""
    other = certificates.ssh_key()
    shared_space.apply(
        git_server.token_secret(),
        git_server.ca_secret(),
        git_server.key_secret(),
        manifests.secret("other-token", {"token": "guessed"}),
        manifests.secret("other-ca", {"ca.crt": certificates.pem_of(Authority.create("Other"))}),
        manifests.secret("other-hosts", {"known_hosts": git_server.known_hosts_of(other)}),
    )
    return shared_space


@pytest.fixture(scope="module")
def refused(secured: Space, git_server: GitServer, product: str) -> dict[str, Agent]:
    plant = git_server.repository("locked")
    plant.commit(project())
    gits = {
        "wrong-token": sidecars.over_https(plant.https, "other-token", "git-ca"),
        "wrong-authority": sidecars.over_https(plant.https, "git-token", "other-ca"),
        "wrong-host-key": sidecars.over_ssh(plant.ssh, "git-key", "other-hosts"),
    }
    secrets = {
        "wrong-token": ("other-token", "git-ca"),
        "wrong-authority": ("git-token", "other-ca"),
        "wrong-host-key": ("git-key", "other-hosts"),
    }
    agents = [
        Sidecar(product, git, name, 8090 + number, f"{name}-data", secrets[name])
        for number, (name, git) in enumerate(gits.items())
    ]
    pod = stations.alone(secured, "refused", agents, SEED)
    return {agent.name: agent.in_pod(pod) for agent in agents}


@pytest.mark.parametrize("name", REFUSALS)
def test_who_is_not_let_in_or_not_trusted_changes_nothing(
    refused: dict[str, Agent], name: str
) -> None:
    agent = refused[name]
    told = eventually(agent.complaints, what="it says why", within=PATIENCE)
    assert re.search(REFUSALS[name], told[0]), told
    status = agent.status()
    assert re.search(REFUSALS[name], status["errorMessage"]), status
    assert re.search(REFUSALS[name], agent.pod.ask(agent.port, "/readyz").text)
    assert (status["syncStatus"], status["syncedCommit"]) == ("Pending", "")
    assert "guessed" not in json.dumps(status) + agent.pod.logs(name)
    assert agent.pod.ask(agent.port, "/startupz").status == 503, "no gateway starts on this"
    assert agent.pod.ask(agent.port, "/healthz").status == 200
    assert agent.files() == {path: _sum(text) for path, text in SEED.items()}
    assert agent.pod.container(name)["restartCount"] == 0


def _sum(content: str | bytes) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(raw).hexdigest()


@pytest.fixture(scope="module")
def bulky(git_server: GitServer) -> Repository:
    return git_server.repository("bulky")


@pytest.fixture(scope="module")
def small(bulky: Repository) -> CommitId:
    """A commit that there is room for."""
    return bulky.commit(project())


@pytest.fixture(scope="module")
def cramped(secured: Space, bulky: Repository, small: CommitId, product: str) -> list[Agent]:
    """One with little room for the repository, and one with little for the gateway's files."""
    git, names = sidecars.over_https(bulky.https), ("git-token", "git-ca")
    little = manifests.scratch("", "3Mi", in_memory=True)
    agents = [
        Sidecar(product, git, "repo", 8095, "repo-data", names, repo_volume=little),
        Sidecar(product, git, "files", 8096, "files-data", names),
    ]
    pod = stations.alone(secured, "cramped", agents, {}, {"files": "3Mi"})
    cramped = [agent.in_pod(pod) for agent in agents]
    for agent in cramped:
        _has_synced(agent, small)
    return cramped


def _has_synced(agent: Agent, commit: CommitId) -> None:
    what = f"{agent.name} has synced {commit}"
    eventually(lambda: agent.says("Synced", commit), what=what, within=PATIENCE)


def _complaint(agent: Agent) -> str:
    what = f"{agent.name} says that it has no room"
    return str(eventually(lambda: agent.says("Error"), what=what, within=PATIENCE)["errorMessage"])


def test_commit_without_room_is_an_error_and_costs_no_file(
    cramped: list[Agent], bulky: Repository, small: CommitId
) -> None:
    noise = random.Random(1).randbytes(5 << 20)  # noqa: S311 - what does not compress
    bulky.commit({"projects/line/large.bin": noise, f"{VIEW}/view.json": "changed"})
    in_repo, in_files = map(_complaint, cramped)
    assert "cannot write the repository on this disk" in in_repo
    assert "No space left on device" in in_repo
    assert re.search(r"there is no room: \d+ KiB are needed and \d+ KiB are free", in_files)
    for agent in cramped:
        assert agent.says("Error", small), "what is on disk is what was synced before"
        assert agent.files() == {path: _sum(text) for path, text in project().items()}
        assert agent.pod.container(agent.name)["restartCount"] == 0
    fitting = bulky.commit({}, delete=["projects/line/large.bin"])
    for agent in cramped:
        _has_synced(agent, fitting)
        assert agent.files()[f"{VIEW}/view.json"] == _sum("changed")
