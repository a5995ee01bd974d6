"""Every name that Stoker and a cluster share: annotations, labels, objects, volumes, environment.

Manifests and dashboards rely on these names, so each is written once, here. Names of owned objects
are built from the names of a CR and of a pod; Kubernetes takes at most 253 characters for a name
and 63 for a label's value, so what would be longer is cut and ends in a digest of all its parts:
the same parts always give the same name, and different ones do not meet.
"""

# ruff: noqa: S105 - names of Secrets, keys and files are no secrets

from __future__ import annotations

import hashlib
from typing import Final

PREFIX: Final = "stoker.io/"

# --- Annotations of a pod, set by users ---
INJECT: Final = "stoker.io/inject"
CR_NAME: Final = "stoker.io/cr-name"
PROFILE: Final = "stoker.io/profile"
GATEWAY_NAME: Final = "stoker.io/gateway-name"
REF_OVERRIDE: Final = "stoker.io/ref-override"
AGENT_IMAGE: Final = "stoker.io/agent-image"
SYNC_PERIOD: Final = "stoker.io/sync-period"
EXCLUDE_PATTERNS: Final = "stoker.io/exclude-patterns"
SERVICE_PATH: Final = "stoker.io/service-path"
DEPLOYMENT_MODE: Final = "stoker.io/deployment-mode"
TAG_PROVIDER: Final = "stoker.io/tag-provider"
SYSTEM_NAME: Final = "stoker.io/system-name"
SYSTEM_NAME_TEMPLATE: Final = "stoker.io/system-name-template"

# --- Set on a pod by the webhook ---
INJECTED: Final = "stoker.io/injected"
AGENT_LABEL: Final = "stoker.io/agent"

POD_ANNOTATIONS: Final = frozenset(
    {
        INJECT,
        CR_NAME,
        PROFILE,
        GATEWAY_NAME,
        REF_OVERRIDE,
        AGENT_IMAGE,
        SYNC_PERIOD,
        EXCLUDE_PATTERNS,
        SERVICE_PATH,
        DEPLOYMENT_MODE,
        TAG_PROVIDER,
        SYSTEM_NAME,
        SYSTEM_NAME_TEMPLATE,
        INJECTED,
    }
)
"""Every annotation of ours that a pod may bear."""

# --- Annotations of a CR, set by the receiver ---
REQUESTED_REF: Final = "stoker.io/requested-ref"
REQUESTED_AT: Final = "stoker.io/requested-at"
REQUESTED_BY: Final = "stoker.io/requested-by"

# --- Labels ---
NAMESPACE_INJECTION_LABEL: Final = "stoker.io/injection"
NAMESPACE_INJECTION_ENABLED: Final = "enabled"
CR_NAME_LABEL: Final = "stoker.io/cr-name"
GATEWAYSYNC_LABEL: Final = "stoker.io/gatewaysync"
CONTENT_LABEL: Final = "stoker.io/content"
"""What a ConfigMap of an agent is for, where that is to be known without reading it."""
CONTENT_CHANGES: Final = "changes"
MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
MANAGED_BY_CONTROLLER: Final = "stoker-controller"
MANAGED_BY_AGENT: Final = "stoker-agent"
APP_NAME_LABEL: Final = "app.kubernetes.io/name"
POD_INDEX_LABEL: Final = "apps.kubernetes.io/pod-index"

# --- Other objects ---
API_GROUP: Final = "stoker.io"
API_VERSION: Final = "stoker.io/v1alpha1"
KIND: Final = "GatewaySync"
FINALIZER: Final = "stoker.io/finalizer"
SECRET_TYPE_ANNOTATION: Final = "stoker.io/secret-type"
SECRET_TYPE_GITHUB_TOKEN: Final = "github-app-token"
GITHUB_TOKEN_KEY: Final = "token"
TOKEN_KEY_ANNOTATION: Final = "stoker.io/token-key"
"""What an installation token was made from, `core.reconcile.token_key`."""
TOKEN_EXPIRES_ANNOTATION: Final = "stoker.io/token-expires"
STATUS_KEY: Final = "status"
SHARDS_LABEL: Final = "stoker.io/shards"
"""On the lease of a shard: how many shards there are."""
WANTED_BY_ANNOTATION: Final = "stoker.io/wanted-by"
"""On the lease of a shard: the replica that asks its holder for it."""
RENEWAL_ANNOTATION: Final = "stoker.io/renewal"
"""Beside a wish: the version of the lease by its last renewal, which the wish was written over."""
DEFAULT_PROFILE: Final = "default"

# --- The sidecar ---
AGENT_CONTAINER: Final = "stoker-agent"
AGENT_COMMAND: Final = "stoker-agent"
PROBE_PORT: Final = 8082
METRICS_PORT: Final = 8083
VOLUME_REPO: Final = "sync-repo"
VOLUME_TMP: Final = "git-tmp"
VOLUME_API_KEY: Final = "api-key"
VOLUME_GIT_CREDENTIALS: Final = "git-credentials"
VOLUME_KNOWN_HOSTS: Final = "known-hosts"
VOLUME_GIT_TOKEN: Final = "git-token"
VOLUME_GIT_CA: Final = "git-ca"
VOLUME_PODINFO: Final = "podinfo"
VOLUME_API_ACCESS: Final = "stoker-api-access"
DATA_VOLUMES: Final = ("ignition-data", "data")
"""The names by which the gateway's data volume is found, the better one first."""

PATH_REPO: Final = "/repo"
PATH_TMP: Final = "/tmp"  # noqa: S108 - the sidecar's own volume, not a shared directory
PATH_API_KEY: Final = "/etc/stoker/api-key"
PATH_GIT_CREDENTIALS: Final = "/etc/stoker/git-credentials"
PATH_KNOWN_HOSTS: Final = "/etc/stoker/known-hosts"
PATH_GIT_TOKEN: Final = "/etc/stoker/git-token"
PATH_GIT_CA: Final = "/etc/stoker/git-ca"
PATH_PODINFO: Final = "/etc/stoker/podinfo"
PATH_API_ACCESS: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
PATH_DATA: Final = "/ignition-data"
"""Where the data volume is mounted when no container of the pod mounts it."""

# --- The sidecar's environment ---
ENV_POD_NAME: Final = "POD_NAME"
ENV_POD_NAMESPACE: Final = "POD_NAMESPACE"
ENV_POD_UID: Final = "POD_UID"
ENV_CR_NAME: Final = "CR_NAME"
ENV_CR_NAMESPACE: Final = "CR_NAMESPACE"
ENV_GATEWAY_NAME: Final = "GATEWAY_NAME"
ENV_PROFILE: Final = "PROFILE"
ENV_REPO_PATH: Final = "REPO_PATH"
ENV_DATA_PATH: Final = "DATA_PATH"
ENV_GATEWAY_PORT: Final = "GATEWAY_PORT"
ENV_GATEWAY_TLS: Final = "GATEWAY_TLS"
ENV_API_KEY_FILE: Final = "API_KEY_FILE"
ENV_SYNC_PERIOD: Final = "SYNC_PERIOD"
ENV_GIT_HOST: Final = "GIT_HOST"
ENV_GIT_SSH_KEY_FILE: Final = "GIT_SSH_KEY_FILE"
ENV_GIT_KNOWN_HOSTS_FILE: Final = "GIT_KNOWN_HOSTS_FILE"
ENV_GIT_SKIP_HOST_KEY_CHECK: Final = "GIT_INSECURE_SKIP_HOST_KEY_CHECK"
ENV_GIT_TOKEN_FILE: Final = "GIT_TOKEN_FILE"
ENV_GIT_CA_FILE: Final = "GIT_CA_FILE"
ENV_GIT_PROTOCOLS: Final = "GIT_ALLOWED_PROTOCOLS"
ENV_REPO_SIZE_LIMIT: Final = "REPO_SIZE_LIMIT"

MAX_NAME: Final = 253
"""What Kubernetes takes as the name of an object."""
MAX_LABEL_VALUE: Final = 63
"""What Kubernetes takes as the value of a label."""
_DIGEST_LENGTH: Final = 16


def metadata_config_map(cr: str) -> str:
    """The ConfigMap in which the controller tells the agents of `cr` what to sync."""
    return _object_name("stoker-metadata", cr)


def status_config_map(cr: str, pod: str) -> str:
    """The ConfigMap in which the agent of `pod` reports."""
    return _object_name("stoker-status", cr, pod)


def legacy_status_config_map(cr: str) -> str:
    """The one ConfigMap in which all Go agents of `cr` report."""
    return _object_name("stoker-status", cr)


def changes_config_map(cr: str, pod: str) -> str:
    """The ConfigMap in which the agent of `pod` lists what its last sync changed."""
    return _object_name("stoker-changes", cr, pod)


def pod_of(cr: str, name: str) -> str:
    """The pod whose agent writes the ConfigMap of this name; "" where that cannot be read."""
    for of_no_pod in (status_config_map(cr, ""), changes_config_map(cr, "")):
        if name.startswith(of_no_pod):
            return name.removeprefix(of_no_pod)
    return ""


def github_token_secret(cr: str) -> str:
    """The Secret in which the controller keeps the installation token of `cr`."""
    return _object_name("stoker-github-token", cr)


def agent_role(cr: str) -> str:
    """The Role, and the RoleBinding to it, of the agents of `cr`."""
    return _object_name("stoker-agent", cr)


def cr_label_value(cr: str) -> str:
    """The name of `cr` as the value of a label: itself wherever that is allowed."""
    return _within(MAX_LABEL_VALUE, cr, (cr,))


def _object_name(kind: str, *parts: str) -> str:
    return _within(MAX_NAME, "-".join((kind, *parts)), (kind, *parts))


def _within(limit: int, name: str, parts: tuple[str, ...]) -> str:
    if len(name) <= limit:
        return name
    # No Kubernetes name holds a NUL, so different parts never give the same digest's input.
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    suffix = digest[:_DIGEST_LENGTH]
    # A name must not have '-' behind '.', nor '.' behind '-'.
    head = name[: limit - len(suffix) - 1].rstrip("-.")
    return f"{head}-{suffix}"
