"""The documents that tests hand to the API server."""

from __future__ import annotations

import json

import pytest
from kit import gateways, manifests, sidecars
from kit.kubectl import Document
from kit.sidecars import Sidecar


def _restricted(pod: Document) -> None:
    """What Pod Security `restricted` asks for, and what the contract adds."""
    spec = pod["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for one in (*spec["initContainers"], *spec["containers"]):
        secured = one["securityContext"]
        assert secured["allowPrivilegeEscalation"] is False
        assert secured["readOnlyRootFilesystem"] is True
        assert secured["capabilities"] == {"drop": ["ALL"]}
        volumes = {volume["name"] for volume in spec["volumes"]}
        assert {mount["name"] for mount in one["volumeMounts"]} <= volumes


def test_a_gateway_with_its_agent_is_restricted_and_whole() -> None:
    git = sidecars.over_https("https://git/plant.git")
    agent = sidecars.beside_gateway("stoker:1", git, "git-token", "git-ca")
    pod = gateways.pod(
        "line",
        "gateway:1",
        sidecars=[agent.container()],
        more_volumes=[*agent.volumes(), *map(manifests.from_secret, ("git-token", "git-ca"))],
    )
    _restricted(pod)
    (sidecar,), (main,) = pod["spec"]["initContainers"], pod["spec"]["containers"]
    assert sidecar["restartPolicy"] == "Always"
    assert sidecar["startupProbe"]["httpGet"].items() >= {"path": "/startupz", "port": 8082}.items()
    assert sidecar["resources"]["limits"] == {"cpu": "200m", "memory": "256Mi"}
    assert {"name": "ignition-data", "mountPath": gateways.DATA} in sidecar["volumeMounts"]
    assert {"name": "ignition-data", "mountPath": gateways.DATA} in main["volumeMounts"]


def test_an_agent_is_configured_by_what_it_mounts() -> None:
    git = sidecars.over_ssh("ssh://git@git/plant.git")
    agent = Sidecar("stoker:1", git, "spare", 8090, "spare-data", ("git-key", "known-hosts"))
    config = json.loads(agent.config()["data"]["agent.yaml"])
    paths = [mount["mountPath"] for mount in agent.container()["volumeMounts"]]
    for file in (config["git"]["sshKeyFile"], config["git"]["knownHostsFile"]):
        assert file.rpartition("/")[0] in paths
    assert config["repoDir"] in paths
    assert config["dataDir"] in paths
    assert config["listen"] == "0.0.0.0:8090"
    assert {volume["name"] for volume in agent.volumes()} == {
        f"spare-{part}" for part in ("config", "repo", "tmp")
    }


def test_an_agent_by_itself_is_a_container_like_others() -> None:
    container = Sidecar("stoker:1", sidecars.over_https("https://git/plant.git")).container(
        native=False
    )
    assert not {"restartPolicy", "startupProbe", "readinessProbe"} & set(container)


def test_switches_of_a_gateway_become_arguments() -> None:
    args = gateways.container("gateway:1", {"scan_seconds": 2, "commissioning": "first"})["args"]
    assert args[1:] == ["--set=scan_seconds=2", '--set=commissioning="first"']


def test_a_service_finds_the_pod_of_its_name() -> None:
    pod = manifests.pod("git", [manifests.container("git", "git:1")])
    service = manifests.service("git", {443: 8443, 22: 2222})
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert [(one["port"], one["targetPort"]) for one in service["spec"]["ports"]] == [
        (443, 8443),
        (22, 2222),
    ]


def test_marks_are_added_to_those_that_are_there() -> None:
    pod = manifests.pod("line", [])
    marked = manifests.marked(pod, labels={"a": "b"}, annotations={"stoker.io/inject": "true"})
    assert marked["metadata"]["labels"] == {manifests.NAME_LABEL: "line", "a": "b"}
    assert marked["metadata"]["annotations"] == {"stoker.io/inject": "true"}
    assert "annotations" not in pod["metadata"]


def test_values_of_secrets_and_config_maps_are_texts() -> None:
    assert manifests.secret("s", {"a": b"raw", "b": "text"})["stringData"] == {
        "a": "raw",
        "b": "text",
    }
    assert json.loads(manifests.config_map("c", {"x": {"y": 1}})["data"]["x"]) == {"y": 1}


@pytest.mark.parametrize(
    ("size", "in_memory", "made"),
    [
        (None, False, {}),
        ("1Mi", False, {"sizeLimit": "1Mi"}),
        ("1Mi", True, {"medium": "Memory", "sizeLimit": "1Mi"}),
    ],
)
def test_scratch_volumes(size: str | None, made: object, *, in_memory: bool) -> None:
    assert manifests.scratch("v", size, in_memory=in_memory)["emptyDir"] == made
