"""The product's image as a native sidecar of a gateway's pod, as strict clusters run it.

One pod over HTTPS and one over SSH, each beside a fake gateway, in a namespace that enforces Pod
Security `restricted`.

Broken on purpose, and seen to fail: a root that can be written, another user, user 0 (which the
cluster refuses), a namespace that enforces nothing, no limits, no startup probe, another authority,
an agent that takes no notice of SIGTERM, one that is not killed.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

import pytest
from cluster import Cluster
from kit import CommandFailed, Space, eventually, gateways, manifests, sidecars, stations
from kit.control_plane import only_where
from kit.git_server import GitServer
from kit.repositories import Repository
from kit.stations import Station
from kit.striking import strike

from stoker.testing.repositories import Site
from support.standalone import VIEW, project

CHANGED = 20
"""Seconds from a push until the gateway has it; the agent looks every second."""


@dataclass(frozen=True)
class Followed:
    """A gateway with its agent, and the repository that it follows."""

    repository: Repository
    station: Station


@pytest.fixture(scope="module")
def secured(shared_space: Space, git_server: GitServer) -> Space:
    """A namespace with the Secrets of the git server and of the gateways."""
    shared_space.apply(
        gateways.api_key_secret(),
        git_server.token_secret(),
        git_server.ca_secret(),
        git_server.key_secret(),
        git_server.known_hosts_secret(),
    )
    return shared_space


@pytest.fixture(scope="module")
def https(secured: Space, git_server: GitServer, product: str, gateway_image: str) -> Followed:
    plant = git_server.repository("plant")
    plant.commit(project())
    git = sidecars.over_https(plant.https)
    agent = sidecars.beside_gateway(product, git, "git-token", "git-ca")
    return Followed(plant, stations.beside_gateway(secured, "line-1", agent, gateway_image))


@pytest.fixture(scope="module")
def ssh(secured: Space, git_server: GitServer, product: str, gateway_image: str) -> Followed:
    plant = git_server.repository("site/plant")
    plant.commit(project())
    git = sidecars.over_ssh(plant.ssh)
    agent = sidecars.beside_gateway(product, git, "git-key", "known-hosts", name="ssh-agent")
    return Followed(plant, stations.beside_gateway(secured, "line-2", agent, gateway_image))


@pytest.fixture(params=["https", "ssh"])
def followed(request: pytest.FixtureRequest) -> Followed:
    found: Followed = request.getfixturevalue(request.param)
    return found


def test_gateway_starts_on_complete_files(followed: Followed) -> None:
    agent, gateway = followed.station.agent, followed.station.gateway
    (boot,) = [one for one in gateway.reports() if one["boot"] and one["kind"] == "projects"]
    assert boot["added"] == len(project()), "it found them at its start, before any scan"
    assert gateway.projects() == ["line"]
    first, second = agent.pod.container(agent.name), agent.pod.container(gateways.CONTAINER)
    assert first["state"]["running"]["startedAt"] <= second["state"]["running"]["startedAt"]
    assert (first["restartCount"], second["restartCount"]) == (0, 0)


def test_pushed_commit_is_loaded_within_seconds(followed: Followed) -> None:
    agent, gateway = followed.station.agent, followed.station.gateway
    view = f'{{"root": {{"time": {time.time_ns()}}}}}'
    commit = followed.repository.commit({f"{VIEW}/view.json": view})
    eventually(
        lambda: gateway.holds(f"{VIEW}/view.json", view),
        what="the gateway has loaded the new view",
        within=CHANGED,
    )
    eventually(lambda: agent.says("Synced", commit), what="the agent says so")
    last = agent.audits()[-1]
    assert (last["commit"], last["result"], last["scan"]) == (commit, "synced", "projects=ok")


def test_restrictions_hold_in_the_container(https: Followed) -> None:
    script = """
import errno, json, os, re
status = open("/proc/1/status").read()
told = {key: re.search(rf"^{key}:\\s*(\\S+)", status, re.M)[1]
        for key in ("Uid", "Gid", "CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp")}
told["command"] = "stoker-agent" in open("/proc/1/cmdline").read()
told["passwd"] = ":2003:" in open("/etc/passwd").read()
for folder in ("/", "/etc", "/opt/stoker", "/usr/bin", "/repo", "/tmp"):
    try:
        os.close(os.open(f"{folder}/trial", os.O_CREAT | os.O_WRONLY))
        os.unlink(f"{folder}/trial")
        told[folder] = "written"
    except OSError as error:
        told[folder] = errno.errorcode[error.errno]
print(json.dumps(told))
"""
    agent = https.station.agent
    told = json.loads(agent.pod.exec(agent.name, "python", "-c", script))
    assert told == {
        **dict.fromkeys(("Uid", "Gid"), "2003"),
        **dict.fromkeys(("CapEff", "CapPrm", "CapBnd"), "0" * 16),
        "NoNewPrivs": "1",
        "Seccomp": "2",
        "command": True,
        "passwd": False,
        **dict.fromkeys(("/", "/etc", "/opt/stoker", "/usr/bin"), "EROFS"),
        **dict.fromkeys(("/repo", "/tmp"), "written"),  # noqa: S108 - the container's own
    }


def test_resources_are_those_of_the_contract(https: Followed) -> None:
    script = """
import pathlib
root = pathlib.Path("/sys/fs/cgroup")
files = ["memory.max", "cpu.max"]
if not (root / "memory.max").exists():
    files = ["memory/memory.limit_in_bytes", "cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"]
print(*((root / file).read_text().strip() for file in files))
"""
    agent = https.station.agent
    memory, quota, period = map(int, agent.pod.exec(agent.name, "python", "-c", script).split())
    assert (memory, quota / period) == (256 << 20, 0.2)
    spec = agent.pod.space.kubectl.json("get", "pod", agent.pod.name)["spec"]
    assert spec["initContainers"][0]["resources"] == {
        "requests": {"cpu": "50m", "memory": "64Mi"},
        "limits": {"cpu": "200m", "memory": "256Mi"},
    }


def test_the_commands_of_the_image_run(https: Followed) -> None:
    agent = https.station.agent
    for command in ("stoker-controller", "stoker-webhook", "stoker-agent"):
        assert agent.pod.exec(agent.name, command, "--version").startswith(f"{command} ")


@pytest.mark.parametrize(
    ("where", "change"),
    [
        ("pod", {"runAsUser": 0, "runAsNonRoot": False}),
        ("pod", {"seccompProfile": {"type": "Unconfined"}}),
        ("container", {"capabilities": {"add": ["NET_RAW"]}}),
        ("container", {"allowPrivilegeEscalation": True}),
    ],
)
def test_cluster_admits_no_less_restricted_pod(
    secured: Space, product: str, where: str, change: dict[str, Any]
) -> None:
    container = manifests.container("main", product)
    pod = manifests.pod("lax", [container])
    restricted = pod["spec"] if where == "pod" else container
    restricted["securityContext"] = {**restricted["securityContext"], **change}
    with pytest.raises(CommandFailed, match="violates PodSecurity"):
        secured.start(pod)


def test_agent_killed_while_it_moves_files_starts_again_and_settles(
    https: Followed, cluster: Cluster
) -> None:
    only_where(cluster.place is not None, "a container is killed from outside")
    site = Site.of("S")
    agent, gateway = https.station.agent, https.station.gateway
    identity = agent.pod.container(agent.name)["containerID"]
    commit = https.repository.commit_site(site)
    # In the gateway's container, which may use all of a processor.
    until = 'until [ -e "$0/.stoker/journal" ] && [ -e "$0/projects/Plant0" ]; do :; done'
    agent.pod.exec(gateways.CONTAINER, "timeout", "60", "sh", "-c", until, gateways.DATA)
    strike(cluster, identity)
    eventually(
        lambda: agent.pod.container(agent.name)["restartCount"] == 1,
        what="the kubelet has started it again",
    )
    finished = {one["commit"] for one in agent.audits("--previous")}
    assert commit not in finished, "it was killed before it was done"
    eventually(lambda: agent.says("Synced", commit), what="it has settled", within=60)
    wanted = {path: _sum(content) for path, content in site.files()}
    assert _different(wanted, agent.files()) == []
    eventually(lambda: not _different(wanted, gateway.files()), what="the gateway has loaded it")
    assert agent.pod.container(gateways.CONTAINER)["restartCount"] == 0


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _different(wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    """Which files are not just so, but for the signatures that a gateway writes anew."""
    return [
        path
        for path, digest in wanted.items()
        if found.get(path) != digest and not (path.endswith("resource.json") and path in found)
    ]


def test_agent_ends_within_its_grace_and_after_the_gateway(https: Followed) -> None:
    """A finalizer keeps the pod's last words, which would vanish with it otherwise."""
    pod = https.station.pod
    pod.space.kubectl.patch("pod", pod.name, {"metadata": {"finalizers": ["stoker.io/test"]}})
    try:
        began = time.monotonic()
        pod.delete(wait=False)
        agent, gateway = eventually(lambda: _ends(https.station), what="both end", within=40)
        assert time.monotonic() - began < 10
    finally:
        pod.space.kubectl.patch("pod", pod.name, {"metadata": {"finalizers": None}})
    assert (agent["exitCode"], gateway["exitCode"]) == (0, 0)
    assert agent["finishedAt"] >= gateway["finishedAt"], "the sidecar goes last"


def _ends(station: Station) -> list[dict[str, Any]]:
    names = (station.agent.name, gateways.CONTAINER)
    states = [station.pod.container(name)["state"] for name in names]
    assert all("terminated" in state for state in states), states
    return [state["terminated"] for state in states]
