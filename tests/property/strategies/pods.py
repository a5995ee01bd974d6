"""Pods as users and other controllers write them, CRs to inject, and pods of any shape at all."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from stoker.core import names
from stoker.core.spec.types import (
    AgentImage,
    AgentSettings,
    GatewaySync,
    GitAuth,
    GitHubAppAuth,
    KnownHosts,
    SecretKeyRef,
    SshKeyAuth,
    TokenAuth,
)
from support.pods import NAMESPACE, a_cr

Json = Any

words = st.sampled_from(["a", "b0", "web-1", "0", "gw-east", "x" * 40, "prod"])
object_names = st.sampled_from(["git", "gateway-key-2", "a.b.c", "0x", "k" * 253])
texts = st.text(max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
json_values: st.SearchStrategy[Json] = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)

# Fixed values where only their being kept matters: drawing them freely costs most of the time.
_ANY: st.SearchStrategy[Json] = st.sampled_from(
    [None, True, 0, -1.5, "", "a\n\u00e9", [], {}, [None, {"a": []}], {"": {"x": [1, "y"]}, "b": 2}]
)
_API_ACCESS = "kube-api-access-x2x4q"
_VOLUME_NAMES = st.sampled_from(
    [
        *names.DATA_VOLUMES,
        names.VOLUME_REPO,
        names.VOLUME_TMP,
        names.VOLUME_API_KEY,
        f"{names.VOLUME_API_KEY}-stoker-1",
        names.VOLUME_GIT_TOKEN,
        names.VOLUME_PODINFO,
        names.VOLUME_API_ACCESS,
        "config",
        _API_ACCESS,
    ]
)
_SOURCES: st.SearchStrategy[dict[str, Json]] = st.sampled_from(
    [
        {"emptyDir": {}},
        {"emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
        {"persistentVolumeClaim": {"claimName": "data-gw-0"}},
        {"configMap": {"name": "conf", "defaultMode": 420}},
        {"secret": {"secretName": "tls"}},
        {"projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
        {"hostPath": {"path": "/srv", "type": "Directory"}},
    ]
)
_PATHS = st.sampled_from(["/usr/local/bin/ignition/data", "/data", "/config", "/var/lib/x"])
_OTHER_METADATA = st.fixed_dictionaries(
    {},
    optional={
        "name": st.just("gw-0"),
        "generateName": st.just("gw-"),
        "namespace": st.just(NAMESPACE),
        "ownerReferences": st.lists(_ANY, max_size=2),
        "finalizers": st.lists(words, max_size=2),
        "managedFields": st.lists(_ANY, max_size=2),
        "x-unknown": _ANY,
    },
)
_OTHER_SPEC = st.fixed_dictionaries(
    {},
    optional={
        "affinity": _ANY,
        "tolerations": st.lists(_ANY, max_size=2),
        "hostNetwork": st.booleans(),
        "nodeSelector": st.dictionaries(words, words, max_size=2),
        "securityContext": st.sampled_from([{}, {"runAsUser": 2003, "fsGroup": 2003}]),
        "automountServiceAccountToken": st.booleans(),
        "serviceAccountName": words,
        "imagePullSecrets": st.just([{"name": "pull"}]),
        "os": st.just({"name": "linux"}),
        "restartPolicy": st.sampled_from(["Always", "Never"]),
        "topologySpreadConstraints": _ANY,
        "ephemeralContainers": st.none() | st.just([{"name": "debug"}]),
        "x-unknown": _ANY,
    },
)


@st.composite
def _containers(draw: st.DrawFn, volumes: list[str], prefix: str) -> Json:
    mounts = (
        st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(volumes), "mountPath": _PATHS},
                optional={"subPath": words, "readOnly": st.booleans()},
            ).map(_at_its_place),
            max_size=3,
            unique_by=lambda mount: mount["mountPath"],
        )
        if volumes
        else st.just([])
    )
    container = st.fixed_dictionaries(
        {"name": words.map(lambda word: prefix + word)},
        optional={
            "image": words,
            "command": st.lists(words, max_size=2),
            "env": st.lists(_ANY, max_size=2),
            "ports": st.lists(
                st.fixed_dictionaries({"containerPort": st.sampled_from([8088, 8082, 8083])}),
                max_size=2,
            ),
            "volumeMounts": st.none() | mounts,
            "restartPolicy": st.just("Always"),
            "x-unknown": _ANY,
        },
    )
    return draw(st.lists(container, max_size=3, unique_by=lambda one: str(one["name"])))


def _at_its_place(mount: dict[str, Json]) -> dict[str, Json]:
    if mount["name"] != _API_ACCESS:
        return mount
    return {**mount, "mountPath": names.PATH_API_ACCESS}


@st.composite
def pods(draw: st.DrawFn) -> dict[str, Json]:
    """A pod that asks for the sidecar and can have it, with fields of all kinds around."""
    volumes = [
        {"name": name, **draw(_SOURCES)}
        for name in draw(st.lists(_VOLUME_NAMES, max_size=5, unique=True))
    ]
    named = [volume["name"] for volume in volumes]
    inits = draw(_containers(named, "i"))
    containers = [{"name": "gateway"}, *draw(_containers(named, "c"))]
    free: st.SearchStrategy[dict[str, str]] = st.dictionaries(
        words.map("example.com/{}".format), words, max_size=2
    )
    chosen: st.SearchStrategy[dict[str, str]] = st.fixed_dictionaries(
        {names.INJECT: st.just("true")},
        optional={
            names.CR_NAME: st.sampled_from(["prod", ""]),
            names.PROFILE: st.sampled_from(["default", "blue", ""]),
            names.GATEWAY_NAME: words,
            names.SYNC_PERIOD: st.integers(5, 3600).map(str),
            names.AGENT_IMAGE: st.sampled_from(["1.2.3", "registry.local:5000/stoker/agent:2"]),
            names.EXCLUDE_PATTERNS: st.just("**/*.bak,{a,b}/"),
            names.REF_OVERRIDE: st.just("release/2.0"),
            names.SERVICE_PATH: words,
        },
    )
    metadata = {
        **draw(_OTHER_METADATA),
        "annotations": {**draw(free), **draw(chosen)},
        "labels": draw(st.none() | free),
    }
    spec = {
        **draw(_OTHER_SPEC),
        "containers": containers,
        "volumes": volumes or draw(st.sampled_from([None, []])),
        "initContainers": inits or draw(st.sampled_from([None, []])),
    }
    around = draw(st.fixed_dictionaries({}, optional={"status": _ANY, "x": _ANY}))
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, **around}


refs = st.builds(SecretKeyRef, object_names, st.sampled_from(["token", "id_rsa", "a.b", "_"]))
auths = st.just(GitAuth()) | st.one_of(
    st.builds(TokenAuth, refs).map(lambda token: GitAuth(token=token)),
    st.builds(SshKeyAuth, refs, st.none() | st.builds(KnownHosts, refs), st.booleans()).map(
        lambda key: GitAuth(ssh_key=key)
    ),
    st.builds(GitHubAppAuth, st.just(1), st.just(2), refs).map(lambda app: GitAuth(github_app=app)),
)


@st.composite
def gateway_syncs(draw: st.DrawFn, name: str = "prod") -> GatewaySync:
    """A CR with the profiles `default` and `blue`."""
    cr = a_cr(name, profiles=("default", "blue"), auth=draw(auths))
    image = draw(st.builds(AgentImage, st.none() | st.just("r/agent"), st.none() | words))
    agent = AgentSettings(image=image, repo_size_limit=draw(st.sampled_from(["2Gi", "500Mi"])))
    git = evolve(cr.spec.git, ca_secret_ref=draw(st.none() | refs))
    return evolve(cr, spec=evolve(cr.spec, agent=agent, git=git))


_ODD_ANNOTATIONS = st.dictionaries(
    st.sampled_from(sorted(names.POD_ANNOTATIONS)) | texts,
    texts | _ANY | st.sampled_from(["true", "false", "prod", "default", "[", "{a,b", "9"]),
    max_size=6,
)


def odd_pods() -> st.SearchStrategy[Json]:
    """JSON that looks like a pod for the most part, with anything anywhere."""
    mount = _mostly(st.fixed_dictionaries({"name": _VOLUME_NAMES | _ANY, "mountPath": texts}))
    entry = _mostly(
        st.fixed_dictionaries(
            {"name": _ANY | _VOLUME_NAMES | st.just(names.AGENT_CONTAINER)},
            optional={
                "command": _ANY | st.just([names.AGENT_COMMAND]),
                "volumeMounts": _mostly(st.lists(mount, max_size=2)),
                "ports": _ANY | st.just([{"containerPort": 8082}]),
                "env": _ANY,
            },
        )
    )
    entries = _mostly(st.lists(entry, max_size=3))
    metadata = st.fixed_dictionaries(
        {
            "namespace": _mostly(st.just(NAMESPACE)),
            "annotations": _mostly(_ODD_ANNOTATIONS),
            "labels": _ANY,
        },
        optional={
            "name": _ANY,
            "uid": _ANY,
            "creationTimestamp": _ANY | st.datetimes().map(str),
            "deletionTimestamp": _ANY,
        },
    )
    spec = st.fixed_dictionaries(
        {},
        optional={
            "containers": entries,
            "initContainers": entries,
            "ephemeralContainers": entries,
            "volumes": entries,
            "os": _ANY,
            "nodeSelector": _ANY,
            "securityContext": _ANY,
            "serviceAccountName": _ANY,
            "automountServiceAccountToken": _ANY,
            "hostNetwork": _ANY,
        },
    )
    pod = st.fixed_dictionaries({"metadata": _mostly(metadata), "spec": _mostly(spec)})
    return json_values | pod | pod.map(_asking)


def _mostly(likely: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.integers(0, 7).flatmap(lambda number: likely if number else _ANY)


def _asking(pod: dict[str, Json]) -> dict[str, Json]:
    metadata = pod.get("metadata")
    if not isinstance(metadata, dict):
        return pod
    annotations = metadata.get("annotations")
    if not isinstance(annotations, dict):
        annotations = {}
    asking = {**annotations, names.INJECT: "true"}
    return {**pod, "metadata": {**metadata, "annotations": asking}}
