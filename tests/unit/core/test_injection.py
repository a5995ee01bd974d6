"""The pod with its sidecar, member by member."""

# ruff: noqa: S108 - paths in a container

from __future__ import annotations

import copy
from typing import Any

import pytest
from attrs import evolve

from stoker.core.errors import DecodeError, InvalidDocument
from stoker.core.injection import InjectionSettings, inject
from stoker.core.spec.types import (
    AgentImage,
    AgentSettings,
    GatewayAccess,
    GatewayApi,
    GitAuth,
    GitHubAppAuth,
    KnownHosts,
    PullPolicy,
    SecretKeyRef,
    SshKeyAuth,
    TokenAuth,
)
from support.pods import (
    SETTINGS,
    a_cr,
    a_pod,
    env_of,
    mounts_of,
    sidecar_of,
    volumes_of,
    with_metadata,
    with_spec,
)

TOKEN = GitAuth(token=TokenAuth(SecretKeyRef("git", "pat")))
SSH = GitAuth(ssh_key=SshKeyAuth(SecretKeyRef("git", "id_ed25519")))
KNOWN = GitAuth(
    ssh_key=SshKeyAuth(SecretKeyRef("git", "id"), KnownHosts(SecretKeyRef("hosts", "known")))
)
APP = GitAuth(github_app=GitHubAppAuth(1, 2, SecretKeyRef("app", "pem")))
POD_NAME = {"fieldPath": "metadata.name"}
POD_NAMESPACE = {"fieldPath": "metadata.namespace"}
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"


def injected(pod: dict[str, Any] | None = None, **cr: Any) -> dict[str, Any]:
    return inject(pod or a_pod(), a_cr(**cr), SETTINGS)


def test_the_whole_sidecar() -> None:
    assert sidecar_of(injected()) == {
        "name": "stoker-agent",
        "image": "ghcr.io/stoker/agent:1.0.0",
        "imagePullPolicy": "IfNotPresent",
        "command": ["stoker-agent"],
        "restartPolicy": "Always",
        "env": [
            {"name": "POD_NAME", "valueFrom": {"fieldRef": POD_NAME}},
            {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": POD_NAMESPACE}},
            {"name": "CR_NAME", "value": "prod"},
            {"name": "CR_NAMESPACE", "value": "plant"},
            {"name": "GATEWAY_NAME", "value": "ignition"},
            {"name": "PROFILE", "value": "default"},
            {"name": "REPO_PATH", "value": "/repo"},
            {"name": "DATA_PATH", "value": "/usr/local/bin/ignition/data"},
            {"name": "GATEWAY_PORT", "value": "8088"},
            {"name": "GATEWAY_TLS", "value": "false"},
            {"name": "SYNC_PERIOD", "value": "30"},
            {"name": "REPO_SIZE_LIMIT", "value": "2147483648"},
            {"name": "API_KEY_FILE", "value": "/etc/stoker/api-key/apiKey"},
        ],
        "ports": [
            {"name": "health", "containerPort": 8082, "protocol": "TCP"},
            {"name": "metrics", "containerPort": 8083, "protocol": "TCP"},
        ],
        "startupProbe": {
            "httpGet": {"path": "/startupz", "port": 8082},
            "periodSeconds": 2,
            "timeoutSeconds": 5,
            "failureThreshold": 150,
        },
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": 8082},
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": 3,
        },
        "readinessProbe": {
            "httpGet": {"path": "/readyz", "port": 8082},
            "periodSeconds": 5,
            "timeoutSeconds": 5,
            "failureThreshold": 3,
        },
        "securityContext": {
            "runAsNonRoot": True,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "resources": {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"cpu": "200m", "memory": "256Mi"},
        },
        "volumeMounts": [
            {"name": "sync-repo", "mountPath": "/repo"},
            {"name": "git-tmp", "mountPath": "/tmp"},
            {"name": "api-key", "mountPath": "/etc/stoker/api-key", "readOnly": True},
            {"name": "podinfo", "mountPath": "/etc/stoker/podinfo", "readOnly": True},
            {"name": "data", "mountPath": "/usr/local/bin/ignition/data"},
        ],
    }


def test_the_pod_around_it() -> None:
    pod = a_pod(initContainers=[{"name": "setup"}], hostname="gw")
    before = copy.deepcopy(pod)
    after = injected(pod)
    assert pod == before
    assert after["apiVersion"] == "v1"
    assert after["metadata"] == {
        "name": "gw-0",
        "namespace": "plant",
        "labels": {"app.kubernetes.io/name": "ignition", "stoker.io/agent": "true"},
        "annotations": {
            "stoker.io/inject": "true",
            "stoker.io/injected": "true",
            "stoker.io/cr-name": "prod",
        },
    }
    assert after["spec"]["hostname"] == "gw"
    assert [container["name"] for container in after["spec"]["initContainers"]] == [
        "stoker-agent",
        "setup",
    ]
    assert after["spec"]["containers"] == pod["spec"]["containers"]
    assert after["spec"]["volumes"] == [
        *pod["spec"]["volumes"],
        {"name": "sync-repo", "emptyDir": {"sizeLimit": "2Gi"}},
        {"name": "git-tmp", "emptyDir": {}},
        {
            "name": "api-key",
            "secret": {
                "secretName": "gateway-key",
                "items": [{"key": "apiKey", "path": "apiKey"}],
            },
        },
        {
            "name": "podinfo",
            "downwardAPI": {
                "items": [
                    {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                    {"path": "annotations", "fieldRef": {"fieldPath": "metadata.annotations"}},
                    {"path": "uid", "fieldRef": {"fieldPath": "metadata.uid"}},
                ]
            },
        },
    ]


def test_a_named_cr_is_not_marked_again() -> None:
    pod = a_pod({"stoker.io/cr-name": "prod"})
    assert list(injected(pod)["metadata"]["annotations"]) == [
        "stoker.io/inject",
        "stoker.io/cr-name",
        "stoker.io/injected",
    ]


def test_null_and_absent_lists_are_empty() -> None:
    pod = a_pod(initContainers=None, volumes=None)
    pod["metadata"] = {"labels": None, "annotations": None}
    after = injected(pod)
    assert len(after["spec"]["initContainers"]) == 1
    assert len(after["spec"]["volumes"]) == 4
    assert after["metadata"] == {
        "labels": {"stoker.io/agent": "true"},
        "annotations": {"stoker.io/injected": "true", "stoker.io/cr-name": "prod"},
    }
    del pod["spec"]["initContainers"], pod["spec"]["volumes"], pod["metadata"]
    assert injected(pod) == after


@pytest.mark.parametrize(
    ("annotations", "labels", "name"),
    [
        ({"stoker.io/gateway-name": "line-1"}, {}, "line-1"),
        ({}, {"app.kubernetes.io/name": "gw"}, "gw"),
        ({}, {"app.kubernetes.io/name": ""}, POD_NAME),
    ],
)
def test_gateway_name(annotations: dict[str, str], labels: dict[str, str], name: Any) -> None:
    assert env_of(injected(a_pod(annotations, labels)))["GATEWAY_NAME"] == name


def test_profile_and_sync_period_of_the_pod() -> None:
    pod = a_pod({"stoker.io/profile": "blue", "stoker.io/sync-period": "60"})
    env = env_of(injected(pod, profiles=("blue",)))
    assert (env["PROFILE"], env["SYNC_PERIOD"]) == ("blue", "60")


@pytest.mark.parametrize(
    ("protocols", "told"), [(("https", "ssh"), None), (("https", "git"), "https,git")]
)
def test_only_unusual_protocols_are_told(protocols: tuple[str, ...], told: str | None) -> None:
    settings = evolve(SETTINGS, allowed_protocols=protocols)
    assert env_of(inject(a_pod(), a_cr(), settings)).get("GIT_ALLOWED_PROTOCOLS") == told


def test_a_dollar_in_a_value_stays_a_dollar() -> None:
    pod = a_pod({"stoker.io/profile": "$(API_KEY_FILE)"})
    env = env_of(injected(pod, profiles=("$(API_KEY_FILE)",)))
    assert env["PROFILE"] == "$$(API_KEY_FILE)"


def test_how_the_gateway_is_reached() -> None:
    api = GatewayApi("keys", "admin")
    cr = with_spec(a_cr(), gateway=GatewayAccess(api=api, port=8043, tls=True))
    after = inject(a_pod(), cr, SETTINGS)
    env = env_of(after)
    assert (env["GATEWAY_PORT"], env["GATEWAY_TLS"]) == ("8043", "true")
    assert env["API_KEY_FILE"] == "/etc/stoker/api-key/admin"
    assert volumes_of(after)["api-key"] == {
        "secret": {"secretName": "keys", "items": [{"key": "admin", "path": "admin"}]}
    }


def test_image_and_resources_of_the_cr() -> None:
    resources = {"requests": {"cpu": "1"}, "claims": ({"name": "gpu"},)}
    agent = AgentSettings(
        image=AgentImage("r.example/agent", "2.0", PullPolicy.ALWAYS),
        resources=resources,
        repo_size_limit="5Gi",
    )
    after = inject(a_pod(), with_spec(a_cr(), agent=agent), SETTINGS)
    sidecar = sidecar_of(after)
    assert sidecar["image"] == "r.example/agent:2.0"
    assert sidecar["imagePullPolicy"] == "Always"
    assert type(sidecar["imagePullPolicy"]) is str
    assert sidecar["resources"] == {"requests": {"cpu": "1"}, "claims": [{"name": "gpu"}]}
    assert volumes_of(after)["sync-repo"] == {"emptyDir": {"sizeLimit": "5Gi"}}


def test_resources_of_the_controller() -> None:
    settings = evolve(SETTINGS, resources={"limits": {"memory": "1Gi"}, "odd": 5})
    resources = sidecar_of(inject(a_pod(), a_cr(), settings))["resources"]
    assert resources == {"limits": {"memory": "1Gi"}, "odd": 5}


def test_without_a_pull_policy_kubernetes_decides() -> None:
    settings = evolve(SETTINGS, image=evolve(SETTINGS.image, pull_policy=None))
    assert "imagePullPolicy" not in sidecar_of(inject(a_pod(), a_cr(), settings))


def test_settings_by_default() -> None:
    settings = InjectionSettings(image=SETTINGS.image)
    assert settings.skipped_namespaces == {"kube-system", "kube-node-lease"}
    assert settings.allowed_repositories == frozenset()
    assert settings.allowed_protocols == ("https", "ssh")
    assert (settings.own_namespace, settings.own_labels) == ("", {})


# --- credentials ---

GIT_VARIABLES = (
    "GIT_SSH_KEY_FILE",
    "GIT_KNOWN_HOSTS_FILE",
    "GIT_TOKEN_FILE",
    "GIT_HOST",
    "GIT_INSECURE_SKIP_HOST_KEY_CHECK",
    "GIT_CA_FILE",
)


def git_env(pod: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in env_of(pod).items() if name in GIT_VARIABLES}


def test_a_public_repository_needs_nothing() -> None:
    assert git_env(injected()) == {}


def test_token() -> None:
    after = injected(auth=TOKEN)
    assert git_env(after) == {
        "GIT_TOKEN_FILE": "/etc/stoker/git-token/pat",
        "GIT_HOST": "git.example.com",
    }
    assert volumes_of(after)["git-token"] == {
        "secret": {"secretName": "git", "items": [{"key": "pat", "path": "pat"}]}
    }
    assert mounts_of(after)["/etc/stoker/git-token"] == {
        "name": "git-token",
        "mountPath": "/etc/stoker/git-token",
        "readOnly": True,
    }


def test_github_app() -> None:
    after = injected(auth=APP, repo="https://github.com/a/b")
    assert git_env(after) == {
        "GIT_TOKEN_FILE": "/etc/stoker/git-token/token",
        "GIT_HOST": "github.com",
    }
    assert volumes_of(after)["git-token"] == {
        "secret": {
            "secretName": "stoker-github-token-prod",
            "items": [{"key": "token", "path": "token"}],
            "optional": True,
        }
    }


@pytest.mark.parametrize(
    ("repo", "host"),
    [
        ("git@git.example.com:a/b.git", "git.example.com"),
        ("ssh://git@Git.Example.com:2222/a", "git.example.com:2222"),
    ],
)
def test_ssh_with_known_hosts(repo: str, host: str) -> None:
    after = injected(auth=KNOWN, repo=repo)
    assert git_env(after) == {
        "GIT_SSH_KEY_FILE": "/etc/stoker/git-credentials/id",
        "GIT_KNOWN_HOSTS_FILE": "/etc/stoker/known-hosts/known",
        "GIT_HOST": host,
    }
    volumes = volumes_of(after)
    assert volumes["git-credentials"]["secret"]["secretName"] == "git"
    assert volumes["known-hosts"] == {
        "secret": {"secretName": "hosts", "items": [{"key": "known", "path": "known"}]}
    }
    assert mounts_of(after)["/etc/stoker/git-credentials"]["name"] == "git-credentials"
    assert mounts_of(after)["/etc/stoker/known-hosts"]["name"] == "known-hosts"


@pytest.mark.parametrize(
    ("ssh", "told"),
    [
        (SshKeyAuth(SecretKeyRef("git", "id")), False),
        (SshKeyAuth(SecretKeyRef("git", "id"), insecure_skip_host_key_check=True), True),
        (
            SshKeyAuth(
                SecretKeyRef("git", "id"),
                KnownHosts(SecretKeyRef("hosts", "known")),
                insecure_skip_host_key_check=True,
            ),
            False,
        ),
    ],
)
def test_host_keys_are_skipped_only_when_the_cr_says_so(ssh: SshKeyAuth, *, told: bool) -> None:
    env = git_env(injected(auth=GitAuth(ssh_key=ssh), repo="git@h:p"))
    assert env.get("GIT_INSECURE_SKIP_HOST_KEY_CHECK") == ("true" if told else None)


@pytest.mark.parametrize(
    "repo", ["http://git.example.com/a", "https://u:p@git.example.com/a", "-x", "nonsense"]
)
def test_a_credential_is_for_no_host_when_the_repository_is_none(repo: str) -> None:
    assert "GIT_HOST" not in git_env(injected(auth=TOKEN, repo=repo))


def test_protocols_that_the_controller_allows() -> None:
    settings = evolve(SETTINGS, allowed_protocols=("http",))
    cr = a_cr(auth=TOKEN, repo="http://git.example.com:3000/a")
    assert git_env(inject(a_pod(), cr, settings))["GIT_HOST"] == "git.example.com:3000"


def test_authority() -> None:
    cr = a_cr()
    git = evolve(cr.spec.git, ca_secret_ref=SecretKeyRef("ca", "bundle.pem"))
    after = inject(a_pod(), with_spec(cr, git=git), SETTINGS)
    assert git_env(after) == {"GIT_CA_FILE": "/etc/stoker/git-ca/bundle.pem"}
    assert volumes_of(after)["git-ca"] == {
        "secret": {"secretName": "ca", "items": [{"key": "bundle.pem", "path": "bundle.pem"}]}
    }
    assert mounts_of(after)["/etc/stoker/git-ca"]["readOnly"] is True


def test_a_pod_names_no_secret() -> None:
    names = ("secret", "git-secret", "token", "api-key", "known-hosts", "ca")
    pod = a_pod({f"stoker.io/{name}": "stolen" for name in names})
    assert "stolen" not in str(injected(pod, auth=TOKEN)["spec"])


# --- access to the API server ---

GRANTED = {"containers": [{"name": "a", "volumeMounts": [{"mountPath": TOKEN_PATH, "name": "t"}]}]}
UNGRANTED = {"containers": [{"name": "a", "volumeMounts": [{"mountPath": "/x", "name": "t"}]}]}


@pytest.mark.parametrize(
    ("spec", "added"),
    [
        ({}, False),
        ({"automountServiceAccountToken": False}, True),
        ({"automountServiceAccountToken": False, **GRANTED}, True),
        ({"automountServiceAccountToken": True, "serviceAccountName": "gw"}, False),
        ({"serviceAccountName": "gw", **GRANTED}, False),
        ({"serviceAccountName": "gw", **UNGRANTED}, True),
        ({"serviceAccountName": "gw", "containers": [{"name": "a"}]}, True),
        ({"serviceAccountName": "", **UNGRANTED}, False),
    ],
)
def test_the_agent_alone_gets_a_token_where_pods_get_none(
    spec: dict[str, Any], *, added: bool
) -> None:
    after = injected(a_pod(**spec))
    assert ("stoker-api-access" in volumes_of(after)) is added
    assert (TOKEN_PATH in mounts_of(after)) is added


def test_the_token() -> None:
    after = injected(a_pod(automountServiceAccountToken=False))
    assert mounts_of(after)[TOKEN_PATH] == {
        "name": "stoker-api-access",
        "mountPath": TOKEN_PATH,
        "readOnly": True,
    }
    namespace = {"path": "namespace", "fieldRef": POD_NAMESPACE}
    authority = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    assert volumes_of(after)["stoker-api-access"] == {
        "projected": {
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": authority},
                {"downwardAPI": {"items": [namespace]}},
            ]
        }
    }


# --- clashes ---


def test_volumes_of_the_pod_keep_their_names() -> None:
    taken = ["podinfo", "api-key", "api-key-stoker-1", "sync-repo", "sync-repo-stoker-1"]
    theirs = [{"name": name, "emptyDir": {}} for name in [*taken, "sync-repo-stoker-2"]]
    after = injected(a_pod(volumes=theirs))
    assert after["spec"]["volumes"][:6] == theirs
    assert [volume["name"] for volume in after["spec"]["volumes"][6:]] == [
        "sync-repo-stoker-3",
        "git-tmp",
        "api-key-stoker-2",
        "podinfo-stoker-1",
    ]
    mounts = mounts_of(after)
    assert mounts["/repo"]["name"] == "sync-repo-stoker-3"
    assert mounts["/etc/stoker/api-key"]["name"] == "api-key-stoker-2"
    assert mounts["/etc/stoker/podinfo"]["name"] == "podinfo-stoker-1"


@pytest.mark.parametrize("kind", ["initContainers", "containers", "ephemeralContainers"])
def test_a_stranger_with_the_agents_name_is_an_objection(kind: str) -> None:
    stranger = {"name": "stoker-agent", "image": "x"}
    spec: dict[str, Any] = {"containers": [{"name": "gw"}], kind: [stranger]}
    with pytest.raises(InvalidDocument) as caught:
        injected(a_pod(**spec))
    assert [str(problem) for problem in caught.value.problems] == [
        "spec: a container named stoker-agent is there already, and not the agent (rename it)"
    ]


@pytest.mark.parametrize("kind", ["initContainers", "containers"])
def test_an_agent_written_by_hand_is_left_alone(kind: str) -> None:
    agent = {"name": "stoker-agent", "image": "x", "command": ["stoker-agent"]}
    spec: dict[str, Any] = {kind: [agent]}
    pod = a_pod(**spec)
    assert injected(pod) == pod


def test_twice_is_once() -> None:
    after = injected(auth=TOKEN)
    assert inject(after, a_cr(auth=TOKEN), SETTINGS) == after


def test_a_pod_that_says_it_is_injected_is_left_alone() -> None:
    pod = a_pod({"stoker.io/injected": "true"})
    assert injected(pod) == pod


# --- objections ---


def objections_to(pod: dict[str, Any], **cr: Any) -> list[str]:
    with pytest.raises(InvalidDocument) as caught:
        injected(pod, **cr)
    assert caught.value.message.startswith("the pod has ")
    return [str(problem) for problem in caught.value.problems]


def test_all_objections_at_once() -> None:
    pod = a_pod(
        {
            "stoker.io/sync-period": "1",
            "stoker.io/profile": "blue",
            "stoker.io/exclude-patterns": "ok,[a,b",
            "stoker.io/agent-image": "evil/x:1",
            "stoker.io/cr-name": "test",
        },
        volumes=[{"name": "data", "emptyDir": {}}],
        containers=[{"name": "g", "volumeMounts": [{"name": "data", "mountPath": "/tmp/x"}]}],
        securityContext={"runAsUser": 0},
        os={"name": "windows"},
    )
    places = [objection.partition(": ")[0] for objection in objections_to(pod)]
    assert places == [
        "metadata.annotations[stoker.io/sync-period]",
        "metadata.annotations[stoker.io/cr-name]",
        "metadata.annotations[stoker.io/profile]",
        "metadata.annotations[stoker.io/exclude-patterns]",
        "spec.os",
        "spec.securityContext.runAsUser",
        "spec.volumes[data]",
        "metadata.annotations[stoker.io/agent-image]",
    ]


def test_a_cr_of_another_namespace() -> None:
    cr = with_metadata(a_cr(), namespace="other")
    with pytest.raises(InvalidDocument) as caught:
        inject(a_pod(), cr, SETTINGS)
    assert [str(problem) for problem in caught.value.problems] == [
        (
            "metadata.namespace: the GatewaySync is in the namespace 'other'"
            " (create one in the pod's namespace)"
        )
    ]


def test_a_pod_whose_namespace_is_not_filled_in_yet() -> None:
    pod = a_pod()
    del pod["metadata"]["namespace"]
    assert env_of(injected(pod))["CR_NAMESPACE"] == "plant"


def test_another_cr_than_the_pod_names() -> None:
    assert objections_to(a_pod({"stoker.io/cr-name": "test"})) == [
        (
            "metadata.annotations[stoker.io/cr-name]: it names GatewaySync 'test', and this is"
            " 'prod' (inject the pod with the one it names)"
        )
    ]


@pytest.mark.parametrize(
    ("profiles", "cure"),
    [
        (("b", "a"), "set the annotation to one of: a, b"),
        (("a",), "set the annotation to one of: a"),
        ((), "add it there"),
    ],
)
def test_no_such_profile(profiles: tuple[str, ...], cure: str) -> None:
    assert objections_to(a_pod({"stoker.io/profile": "x"}), profiles=profiles) == [
        f"metadata.annotations[stoker.io/profile]: GatewaySync 'prod' has no profile 'x' ({cure})"
    ]


def test_a_pod_without_the_annotation_needs_the_default_profile() -> None:
    assert objections_to(a_pod(), profiles=("blue",)) == [
        (
            "metadata.annotations[stoker.io/profile]: GatewaySync 'prod' has no profile 'default'"
            " (set the annotation to one of: blue)"
        )
    ]


def test_malformed_patterns() -> None:
    (objection,) = objections_to(a_pod({"stoker.io/exclude-patterns": "a,{b"}))
    assert objection.startswith(
        "metadata.annotations[stoker.io/exclude-patterns]: '{b': the glob pattern is malformed ("
    )


@pytest.mark.parametrize("containers", [None, []])
def test_a_pod_without_containers(containers: Any) -> None:
    assert objections_to(a_pod(containers=containers)) == [
        "spec.containers: the pod has no container (add the gateway's)"
    ]


@pytest.mark.parametrize(
    "spec",
    [{"os": {"name": "windows"}}, {"nodeSelector": {"kubernetes.io/os": "windows"}}],
)
def test_windows(spec: dict[str, Any]) -> None:
    assert objections_to(a_pod(**spec)) == [
        (
            "spec.os: the agent does not run on Windows"
            " (run the gateway on Linux, or remove the annotation stoker.io/inject)"
        )
    ]


@pytest.mark.parametrize(
    "spec",
    [
        {"os": {"name": "linux"}},
        {"nodeSelector": {"kubernetes.io/os": "linux"}},
        {"securityContext": {"runAsUser": 2003}},
        {"securityContext": {}},
        {"os": None, "nodeSelector": None, "securityContext": None},
        {"os": "windows", "nodeSelector": "windows", "securityContext": 0},
    ],
)
def test_no_objection(spec: dict[str, Any]) -> None:
    assert sidecar_of(injected(a_pod(**spec)))


def test_root() -> None:
    assert objections_to(a_pod(securityContext={"runAsUser": 0})) == [
        (
            "spec.securityContext.runAsUser: the agent does not run as root"
            " (set it to the gateway's user, 2003 in the official image)"
        )
    ]


@pytest.mark.parametrize(
    ("part", "where"),
    [
        ("initContainers", "spec.initContainers"),
        ("containers", "spec.containers"),
        ("volumes", "spec.volumes"),
    ],
)
@pytest.mark.parametrize("odd", ["x", 5, {}, True])
def test_what_should_be_a_list(part: str, where: str, odd: Any) -> None:
    with pytest.raises(DecodeError) as caught:
        injected(a_pod(**{part: odd}))
    assert str(caught.value) == f"{where}: is not a list (write it as a list)"


@pytest.mark.parametrize("odd", ["x", 5, [], True])
def test_what_should_be_an_object(odd: Any) -> None:
    def refused(pod: Any) -> str:
        with pytest.raises(DecodeError) as caught:
            inject(pod, a_cr(), SETTINGS)
        return str(caught.value)

    cure = "is not an object (write it as `name: value` lines)"
    assert refused(odd) == f"pod: {cure}"
    assert refused({"metadata": odd}) == f"metadata: {cure}"
    assert refused({"spec": odd}) == f"spec: {cure}"
    assert refused({"metadata": {"labels": odd}}) == f"metadata.labels: {cure}"
    assert refused({"metadata": {"annotations": odd}}) == f"metadata.annotations: {cure}"


def test_entries_of_any_type_are_kept() -> None:
    odd: list[Any] = [None, 5, "x", []]
    container = {"name": "gw", "env": odd, "volumeMounts": odd}
    pod = a_pod(initContainers=odd, containers=[*odd, container], volumes=odd)
    after = injected(pod)
    assert after["spec"]["initContainers"][1:] == odd
    assert after["spec"]["containers"] == [*odd, container]
    assert after["spec"]["volumes"][:4] == odd
