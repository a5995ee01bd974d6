"""Where the gateway's files are."""

# ruff: noqa: S108 - paths in a container

from __future__ import annotations

from typing import Any

import pytest

from stoker.core.errors import InvalidDocument
from stoker.core.injection import inject
from support.pods import SETTINGS, a_cr, a_pod, env_of, sidecar_of

DATA = "/usr/local/bin/ignition/data"
OURS = {"sync-repo", "git-tmp", "api-key", "podinfo"}


def container(*mounts: dict[str, Any], env: Any = None) -> dict[str, Any]:
    return {"name": "c", "volumeMounts": list(mounts), "env": env}


def at(path: str, name: str = "data", **more: Any) -> dict[str, Any]:
    return {"name": name, "mountPath": path, **more}


def volume(name: str = "data", **source: Any) -> dict[str, Any]:
    return {"name": name, **(source or {"emptyDir": {}})}


def data_mount(pod: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
    after = inject(pod, a_cr(), SETTINGS)
    mounts = [mount for mount in sidecar_of(after)["volumeMounts"] if mount["name"] not in OURS]
    assert len(mounts) < 2
    return env_of(after)["DATA_PATH"], mounts[0] if mounts else None


@pytest.mark.parametrize(
    ("volumes", "containers", "path", "mount"),
    [
        pytest.param([volume()], [container(at("/d"))], "/d", at("/d"), id="data"),
        pytest.param(
            [volume("data"), volume("ignition-data")],
            [container(at("/d"), at("/i", "ignition-data"))],
            "/i",
            at("/i", "ignition-data"),
            id="ignition-data is the better name",
        ),
        pytest.param(
            [volume()], [container()], "/ignition-data", at("/ignition-data"), id="not mounted"
        ),
        pytest.param(
            [volume()],
            [container(at("/x", "other")), container(at("/d")), container(at("/e"))],
            "/d",
            at("/d"),
            id="the first container that mounts it",
        ),
        pytest.param(
            [volume()],
            [container(at("/x"), at(DATA), at("/y")), container(at("/d"))],
            DATA,
            at(DATA),
            id="Ignition's own directory before others",
        ),
        pytest.param(
            [volume()],
            [container(at("/x"), at(f"{DATA}/", subPath="d"))],
            f"{DATA}/",
            at(f"{DATA}/", subPath="d"),
            id="with a slash behind it",
        ),
        pytest.param(
            [volume()],
            [container(at("/x"), at("/y"))],
            "/x",
            at("/x"),
            id="else the first mount",
        ),
        pytest.param(
            [volume()],
            [container(at("/d", subPath="gw/data", readOnly=True, mountPropagation="None"))],
            "/d",
            at("/d", subPath="gw/data"),
            id="sub-path, but writable",
        ),
        pytest.param(
            [volume()],
            [container({"name": "data"}, at("", "data"), at("/d"))],
            "/d",
            at("/d"),
            id="a mount without a path is none",
        ),
        pytest.param([], [container(at("/d"))], "/ignition-data", None, id="no volume"),
        pytest.param(
            [volume("Data"), {"emptyDir": {}}],
            [container()],
            "/ignition-data",
            None,
            id="other volumes",
        ),
        pytest.param(
            [volume(configMap=None, emptyDir={})],
            [container(at("/d"))],
            "/d",
            at("/d"),
            id="null is no kind",
        ),
        pytest.param(
            [volume("ignition-data", configMap={}), volume()],
            [container(at("/d"))],
            "/d",
            at("/d"),
            id="a read-only volume is passed over",
        ),
    ],
)
def test_where_the_data_is(
    volumes: list[Any], containers: list[Any], path: str, mount: dict[str, Any] | None
) -> None:
    assert data_mount(a_pod(volumes=volumes, containers=containers)) == (path, mount)


@pytest.mark.parametrize("kind", ["configMap", "secret", "downwardAPI", "projected", "image"])
def test_what_cannot_be_written_holds_no_data(kind: str) -> None:
    pod = a_pod(volumes=[{"name": "data", kind: {}}], containers=[container(at("/d"))])
    assert data_mount(pod) == ("/ignition-data", None)


def objections_to(mount: dict[str, Any], env: Any = None) -> list[str]:
    pod = a_pod(volumes=[volume()], containers=[container(mount, env=env)])
    with pytest.raises(InvalidDocument) as caught:
        inject(pod, a_cr(), SETTINGS)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("path", ["/repo", "/repo/", "//tmp/./x", "/etc/stoker/api-key", "/repo/a"])
def test_paths_that_the_agent_needs(path: str) -> None:
    assert objections_to(at(path)) == [
        (
            f"spec.volumes[data]: the gateway mounts it at {path}, which the agent needs for itself"
            " (mount the data volume elsewhere)"
        )
    ]


@pytest.mark.parametrize("path", ["/", "/etc", "/etc/stoker", "."])
def test_paths_above_those_of_the_agent(path: str) -> None:
    assert len(objections_to(at(path))) == 1


@pytest.mark.parametrize("path", ["/repository", "/etc/stoker-data", "/etc/stoker/data", "/tmpx"])
def test_paths_beside_those_of_the_agent(path: str) -> None:
    pod = a_pod(volumes=[volume()], containers=[container(at(path))])
    assert data_mount(pod) == (path, at(path))


def from_field(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


NAME = from_field("POD_NAME", "metadata.name")
SPACE = from_field("POD_NAMESPACE", "metadata.namespace")


@pytest.mark.parametrize(
    "expression",
    ["$(POD_NAME)", "$(POD_NAMESPACE)/$(POD_NAME)", "plain", "$$(HOME)", "$HOME", "$(", "$()"],
)
def test_a_sub_path_that_means_the_same_in_the_sidecar(expression: str) -> None:
    mount = at("/d", subPathExpr=expression)
    pod = a_pod(volumes=[volume()], containers=[container(mount, env=[NAME, SPACE])])
    assert data_mount(pod) == ("/d", mount)


@pytest.mark.parametrize(
    ("expression", "env", "listed"),
    [
        ("$(HOME)", [NAME], "HOME"),
        ("$(B)$(POD_NAME)$(A)", [NAME], "A, B"),
        ("$(POD_NAME)", [], "POD_NAME"),
        ("$(POD_NAME)", None, "POD_NAME"),
        ("$(POD_NAME)", [{"name": "POD_NAME", "value": "x"}], "POD_NAME"),
        ("$(POD_NAME)", [from_field("POD_NAME", "metadata.uid")], "POD_NAME"),
        ("$$$(HOME)", [], "HOME"),
    ],
)
def test_a_sub_path_that_means_something_else(expression: str, env: Any, listed: str) -> None:
    assert objections_to(at("/d", subPathExpr=expression), env) == [
        (
            f"spec.volumes[data]: the subPathExpr of its mount uses {listed}, which the agent does"
            " not know (use subPath, or only POD_NAME and POD_NAMESPACE taken from the pod's"
            " metadata)"
        )
    ]


def test_both_objections() -> None:
    assert len(objections_to(at("/", subPathExpr="$(HOME)"))) == 2
