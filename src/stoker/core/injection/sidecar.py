"""The agent's container: a native sidecar that runs before, and as long as, the gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from stoker.core import names
from stoker.core.errors import UrlError
from stoker.core.refs import DEFAULT_PROTOCOLS, check_repo_url
from stoker.core.spec.kubernetes import quantity
from stoker.core.spec.types import SshKeyAuth

if TYPE_CHECKING:
    from stoker.core.injection.attachments import Attachment
    from stoker.core.injection.image import Image
    from stoker.core.injection.settings import InjectionSettings
    from stoker.core.pods import Pod
    from stoker.core.spec.types import GatewaySync

_DEFAULT_SYNC_PERIOD: Final = 30
_PROBE_TIMEOUT: Final = 5


def container(
    image: Image,
    env: Mapping[str, Any],
    mounts: Sequence[Mapping[str, Any]],
    resources: Mapping[str, Any],
) -> dict[str, Any]:
    """The container, from what differs between pods."""
    pulling = {"imagePullPolicy": str(image.pull_policy)} if image.pull_policy else {}
    return {
        "name": names.AGENT_CONTAINER,
        "image": image.reference,
        **pulling,
        "command": [names.AGENT_COMMAND],
        "restartPolicy": "Always",
        "env": [_variable(name, value) for name, value in env.items()],
        "ports": [
            _port("health", names.PROBE_PORT),
            _port("metrics", names.METRICS_PORT),
        ],
        # The gateway waits until files are complete: up to 5 minutes for the first sync.
        "startupProbe": _probe("/startupz", period=2, failures=150),
        "livenessProbe": _probe("/healthz", period=10, failures=3),
        "readinessProbe": _probe("/readyz", period=5, failures=3),
        # No runAsUser: the agent shares the gateway's files, so it has the pod's own user.
        "securityContext": {
            "runAsNonRoot": True,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "resources": {kind: _plain(value) for kind, value in resources.items()},
        "volumeMounts": list(mounts),
    }


def environment(
    pod: Pod,
    cr: GatewaySync,
    settings: InjectionSettings,
    data_path: str,
    attached: Sequence[Attachment],
) -> dict[str, Any]:
    """The sidecar's variables: text, or where Kubernetes takes the value from."""
    gateway = cr.spec.gateway
    env: dict[str, Any] = {
        names.ENV_POD_NAME: _field("metadata.name"),
        names.ENV_POD_NAMESPACE: _field("metadata.namespace"),
        names.ENV_CR_NAME: cr.metadata.name,
        names.ENV_CR_NAMESPACE: cr.metadata.namespace,
        # A pod of a ReplicaSet gets its name only after it was admitted.
        names.ENV_GATEWAY_NAME: pod.given_gateway_name or _field("metadata.name"),
        names.ENV_PROFILE: pod.profile,
        names.ENV_REPO_PATH: names.PATH_REPO,
        names.ENV_DATA_PATH: data_path,
        names.ENV_GATEWAY_PORT: str(gateway.port),
        names.ENV_GATEWAY_TLS: "true" if gateway.tls else "false",
        names.ENV_SYNC_PERIOD: str(pod.annotations.sync_period or _DEFAULT_SYNC_PERIOD),
        # Beyond it the kubelet ends the whole pod, so the agent has to stop before.
        names.ENV_REPO_SIZE_LIMIT: str(int(quantity(cr.spec.agent.repo_size_limit))),
    }
    for attachment in attached:
        env |= attachment.variables
    if host := credential_host(cr, settings):
        env[names.ENV_GIT_HOST] = host
    if settings.allowed_protocols != DEFAULT_PROTOCOLS:
        env[names.ENV_GIT_PROTOCOLS] = ",".join(settings.allowed_protocols)
    if _skips_host_keys(cr):
        env[names.ENV_GIT_SKIP_HOST_KEY_CHECK] = "true"
    return env


def credential_host(cr: GatewaySync, settings: InjectionSettings) -> str:
    """The host that the CR's credential is for; none where there is no credential, or no host.

    An agent that is told no host uses its credential for none.
    """
    if cr.spec.git.auth.method is None:
        return ""
    try:
        return check_repo_url(cr.spec.git.repo, settings.allowed_protocols).host
    except UrlError:
        return ""


def _skips_host_keys(cr: GatewaySync) -> bool:
    match cr.spec.git.auth.method:
        case SshKeyAuth(known_hosts=None, insecure_skip_host_key_check=skip):
            return skip
        case _:
            return False


def _field(path: str) -> dict[str, Any]:
    return {"fieldRef": {"fieldPath": path}}


def _variable(name: str, value: str | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(value, str):
        # `$(X)` in a value would be replaced by the variable X; a double dollar is a dollar.
        return {"name": name, "value": value.replace("$", "$$")}
    return {"name": name, "valueFrom": value}


def _port(name: str, number: int) -> dict[str, Any]:
    return {"name": name, "containerPort": number, "protocol": "TCP"}


def _probe(path: str, *, period: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": names.PROBE_PORT},
        "periodSeconds": period,
        # At its CPU limit the agent may need longer than the kubelet's one second.
        "timeoutSeconds": _PROBE_TIMEOUT,
        "failureThreshold": failures,
    }


def _plain(value: object) -> object:
    """A part of `resources` as JSON: limits and requests are objects, claims are a list."""
    match value:
        case Mapping():
            return dict(value)
        case tuple():
            return [_plain(entry) for entry in value]
        case _:
            return value
