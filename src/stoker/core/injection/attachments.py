"""The volumes that the sidecar brings along, and the variables that point into them.

Which Secrets it sees is said by the CR alone, and of each Secret it sees one key. A volume keeps
the name that the contract gives it unless the pod has a volume of that name already.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, Final, assert_never

from attrs import evolve, field, frozen

from stoker.core import names
from stoker.core.pods.json_shapes import objects, text
from stoker.core.spec.types import GitHubAppAuth, SecretKeyRef, SshKeyAuth, TokenAuth

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from stoker.core.injection.anatomy import Anatomy
    from stoker.core.spec.types import GatewaySync

_TOKEN_LIFETIME: Final = 3607
"""Seconds; what Kubernetes itself asks for when it mounts a service account's token."""


@frozen
class Attachment:
    """A volume, where the sidecar mounts it, and the variable that names a file in it."""

    volume: str
    source: Mapping[str, Any]
    path: str
    read_only: bool = True
    variables: Mapping[str, str] = field(factory=dict)

    @property
    def entry(self) -> dict[str, Any]:
        """The pod's volume."""
        return {"name": self.volume, **self.source}

    @property
    def mount(self) -> dict[str, Any]:
        """The sidecar's volumeMount."""
        mount: dict[str, Any] = {"name": self.volume, "mountPath": self.path}
        if self.read_only:
            mount["readOnly"] = True
        return mount


def attachments(pod: Anatomy, cr: GatewaySync) -> tuple[Attachment, ...]:
    """Everything that the sidecar needs beside the gateway's data."""
    api = cr.spec.gateway.api
    scratch = {"emptyDir": {"sizeLimit": cr.spec.agent.repo_size_limit}}
    api_key = SecretKeyRef(api.secret_name, api.secret_key)
    found = [
        Attachment(names.VOLUME_REPO, scratch, names.PATH_REPO, read_only=False),
        Attachment(names.VOLUME_TMP, {"emptyDir": {}}, names.PATH_TMP, read_only=False),
        _secret(names.VOLUME_API_KEY, names.PATH_API_KEY, api_key, names.ENV_API_KEY_FILE),
        *_credentials(cr),
    ]
    if authority := cr.spec.git.ca_secret_ref:
        found.append(
            _secret(names.VOLUME_GIT_CA, names.PATH_GIT_CA, authority, names.ENV_GIT_CA_FILE)
        )
    found.append(Attachment(names.VOLUME_PODINFO, _podinfo(), names.PATH_PODINFO))
    if _has_no_api_access(pod):
        found.append(Attachment(names.VOLUME_API_ACCESS, _api_access(), names.PATH_API_ACCESS))
    return _named_apart(found, {text(volume.get("name")) for volume in objects(pod.volumes)})


def _named_apart(wanted: Iterable[Attachment], taken: set[str]) -> tuple[Attachment, ...]:
    apart = []
    for attachment in wanted:
        name = _free_name(attachment.volume, taken)
        taken = {*taken, name}
        apart.append(evolve(attachment, volume=name))
    return tuple(apart)


def _free_name(name: str, taken: Collection[str]) -> str:
    if name not in taken:
        return name
    candidates = (f"{name}-stoker-{number}" for number in count(1))
    return next(free for free in candidates if free not in taken)


def _credentials(cr: GatewaySync) -> tuple[Attachment, ...]:
    match cr.spec.git.auth.method:
        case TokenAuth(secret_ref=ref):
            return (_git_token(ref),)
        case GitHubAppAuth():
            # The controller writes it once it has a token; until then the pod must start as well.
            ref = SecretKeyRef(names.github_token_secret(cr.metadata.name), names.GITHUB_TOKEN_KEY)
            return (_git_token(ref, optional=True),)
        case SshKeyAuth(secret_ref=ref, known_hosts=hosts):
            key = _secret(
                names.VOLUME_GIT_CREDENTIALS,
                names.PATH_GIT_CREDENTIALS,
                ref,
                names.ENV_GIT_SSH_KEY_FILE,
            )
            if hosts is None:
                return (key,)
            known = _secret(
                names.VOLUME_KNOWN_HOSTS,
                names.PATH_KNOWN_HOSTS,
                hosts.secret_ref,
                names.ENV_GIT_KNOWN_HOSTS_FILE,
            )
            return (key, known)
        case None:
            return ()
        case unknown:
            assert_never(unknown)


def _git_token(ref: SecretKeyRef, *, optional: bool = False) -> Attachment:
    return _secret(
        names.VOLUME_GIT_TOKEN,
        names.PATH_GIT_TOKEN,
        ref,
        names.ENV_GIT_TOKEN_FILE,
        optional=optional,
    )


def _secret(
    volume: str, path: str, ref: SecretKeyRef, variable: str, *, optional: bool = False
) -> Attachment:
    source: dict[str, Any] = {
        "secretName": ref.name,
        "items": [{"key": ref.key, "path": ref.key}],
    }
    if optional:
        source["optional"] = True
    return Attachment(volume, {"secret": source}, path, variables={variable: f"{path}/{ref.key}"})


def _podinfo() -> dict[str, Any]:
    files = ("labels", "annotations", "uid")
    return {"downwardAPI": {"items": [_field_file(name) for name in files]}}


def _field_file(name: str) -> dict[str, Any]:
    return {"path": name, "fieldRef": {"fieldPath": f"metadata.{name}"}}


def _has_no_api_access(pod: Anatomy) -> bool:
    """Whether pod or service account say that no token is to be mounted.

    The agent must watch its metadata. Kubernetes mounts a token before webhooks are asked, and it
    fills in the service account's name then; so a pod with that name and without the mount is one
    whose service account says no.
    """
    wanted = pod.spec.get("automountServiceAccountToken")
    if wanted is not None or not pod.spec.get("serviceAccountName"):
        return wanted is False
    return not any(
        mount.get("mountPath") == names.PATH_API_ACCESS
        for container in pod.every_container
        for mount in objects(container.get("volumeMounts"))
    )


def _api_access() -> dict[str, Any]:
    authority = {
        "name": "kube-root-ca.crt",
        "items": [{"key": "ca.crt", "path": "ca.crt"}],
    }
    return {
        "projected": {
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": _TOKEN_LIFETIME, "path": "token"}},
                {"configMap": authority},
                {"downwardAPI": {"items": [_field_file("namespace")]}},
            ]
        }
    }
