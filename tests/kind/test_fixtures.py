"""The fixtures themselves, each used once as later tests use it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster import Problem
from kit import CommandFailed, Helm, Kubectl, Space, Spaces, eventually, manifests
from kit.api import Api
from kit.gateways import Gateway
from kit.git_server import GitServer, serving
from kit.reaching import Ways


def test_fake_gateway_is_seen_and_told(fake_gateway: Callable[..., Gateway]) -> None:
    gateway = fake_gateway(switches={"scan_seconds": 0.5})
    assert gateway.state()["phase"] == "running"
    assert gateway.projects() == []
    gateway.tell("save", {"path": "projects/line/project.json", "content": '{"title": "Line"}'})
    assert gateway.api("/data/api/v1/scan/projects", method="POST").json["scanActive"] is True
    eventually(lambda: gateway.projects() == ["line"], what="the project is loaded")
    assert gateway.holds("projects/line/project.json", '{"title": "Line"}')
    assert "POST /scan/projects" in gateway.requests()
    assert gateway.api("/data/api/v1/gateway-info", api_key="stoker:wrong").status == 401
    gateway.tell("script", {"on": "GET /gateway-info", "action": "status", "status": 503})
    assert gateway.api("/data/api/v1/gateway-info").status == 503


def test_pod_is_reached_where_it_has_no_route(
    fake_gateway: Callable[..., Gateway], space: Space
) -> None:
    pod = fake_gateway().pod
    object.__setattr__(space, "ways", Ways(space.kubectl, direct=False))
    assert space.ways.to(pod.name, 8088)[0] == "127.0.0.1"
    assert pod.ask(8088, "/StatusPing").json == {"state": "RUNNING"}
    space.ways.close()


def test_git_server_of_ones_own_can_be_away(
    spaces: Spaces, git_image: str, space: Space, tmp_path: Path
) -> None:
    with serving(spaces, git_image, tmp_path) as server:
        plant = server.repository("area/plant")
        first = plant.commit({"a": "1"})
        plant.tag("v1.0.0", first)
        space.apply(server.token_secret(), server.ca_secret())
        asked = _listing(space, git_image, server, plant.https)
        assert f"{first}\trefs/tags/v1.0.0" in asked()
        server.stop()
        with pytest.raises((Problem, OSError)):
            plant.commit({"a": "2"})
        eventually(lambda: "connect to server" in asked(), what="its Service refuses")
        server.start()
        plant.push()
        assert f"{plant.upstream.tip()}\trefs/heads/main" in asked()


def _listing(space: Space, image: str, server: GitServer, url: str) -> Callable[[], str]:
    """What git in a pod of this namespace says of the refs, with nothing but the Secrets."""
    script = 'git ls-remote "$1" 2>&1 || true'
    mounts = {"/ca": "git-ca", "/token": "git-token"}
    main = manifests.container(
        "git",
        image,
        mounts=mounts,
        command=["sleep", "600"],
        env=[
            {"name": "GIT_SSL_CAINFO", "value": "/ca/ca.crt"},
            {"name": "GIT_TERMINAL_PROMPT", "value": "0"},
        ],
    )
    volumes = [manifests.from_secret("git-ca"), manifests.from_secret("git-token")]
    pod = manifests.pod("client", [main], volumes=volumes, terminationGracePeriodSeconds=1)
    client = space.start(pod).ready()
    named = url.replace("https://", f"https://agent:{server.token}@")
    return lambda: client.exec("git", "sh", "-c", script, "sh", named)


def test_what_kubectl_complains_of_is_told(kubectl: Kubectl, space: Space) -> None:
    with pytest.raises(CommandFailed, match='pods "absent" not found'):
        kubectl("get", "pod", "absent")
    assert kubectl.json("get", "pods")["items"] == []
    labels = kubectl.json("get", "namespace", space.name)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_helm_installs_with_values(helm: Helm, kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: trial\nversion: 1.0.0\n")
    document = manifests.config_map("trial", {"said": "{{ .Values.said }}"})
    (tmp_path / "templates/map.yaml").write_text(json.dumps(document))
    for said in ("first", "then"):
        helm.install("trial", tmp_path, {"said": said})
        assert kubectl.json("get", "configmap", "trial")["data"] == {"said": said}
    helm("uninstall", "trial")
    with pytest.raises(CommandFailed, match="not found"):
        kubectl("get", "configmap", "trial")


def test_official_client_sees_the_same(api: Api, space: Space) -> None:
    space.apply(manifests.config_map("seen", {"by": "both"}))
    assert api.core.read_namespaced_config_map("seen", space.name).data == {"by": "both"}


def test_story_of_a_space(space: Space, git_image: str) -> None:
    main = manifests.container("main", git_image, command=["sh", "-c", "echo the last words"])
    pod = space.start(manifests.pod("short", [main], restartPolicy="Never"))
    space.apply(manifests.config_map("settings", {"key": "value"}))
    assert pod.ended() == "Succeeded"
    began = time.monotonic()
    told = space.story()
    assert time.monotonic() - began < 10
    for part in ("short", "Scheduled", "settings key: value", "the last words"):
        assert part in told
    with pytest.raises(AssertionError, match=r"given up after .*: pod short is ready"):
        pod.ready()
