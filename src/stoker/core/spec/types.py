"""The spec of a `GatewaySync` as frozen types, one class for each object of the document.

The classes mirror the document: an attribute is a field, `None` is a field that is not there.
What a field means when it is absent is said here too, by its default, except for the fields that
`sync.defaults` and a profile share: those stay `None` until `profile` merges them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import frozen

from stoker.core.spec.durations import Duration
from stoker.core.spec.mappings import SourceMapping
from stoker.core.spec.schema import described
from stoker.core.spec.words import (
    MAX_SYNC_PERIOD,
    MIN_SYNC_PERIOD,
    DesignerPolicy,
    DesignerScope,
    DriftAction,
    PruneMode,
)


class PullPolicy(StrEnum):
    """When the kubelet pulls the agent's image."""

    ALWAYS = "Always"
    IF_NOT_PRESENT = "IfNotPresent"
    NEVER = "Never"


@frozen
class SecretKeyRef:
    """One key of a Secret in the namespace of the CR."""

    name: str = described("Name of the Secret.", min_length=1)
    key: str = described("Key inside the Secret.", min_length=1)


@frozen
class TokenAuth:
    """HTTPS with a token."""

    secret_ref: SecretKeyRef = described("The Secret key that holds the token.")


@frozen
class KnownHosts:
    """The host keys that an SSH server may show."""

    secret_ref: SecretKeyRef = described("The Secret key that holds the known_hosts lines.")


@frozen
class SshKeyAuth:
    """SSH with a private key."""

    secret_ref: SecretKeyRef = described("The Secret key that holds the private key.")
    known_hosts: KnownHosts | None = described(
        "Host keys; without them the connection is refused.", default=None
    )
    insecure_skip_host_key_check: bool = described(
        "Connect without host keys. Anyone on the way can then answer as the server.",
        default=False,
    )


@frozen
class GitHubAppAuth:
    """An installation of a GitHub App."""

    app_id: int = described("Id of the GitHub App.", minimum=1)
    installation_id: int = described("Id of the installation.", minimum=1)
    private_key_secret_ref: SecretKeyRef = described("The Secret key that holds the PEM key.")
    api_base_url: str = described(
        "Base of the GitHub API; other than the default for GitHub Enterprise Server.",
        default="https://api.github.com",
        min_length=1,
        json_name="apiBaseURL",
    )


@frozen
class GitAuth:
    """How to authenticate: at most one of the three."""

    token: TokenAuth | None = described("HTTPS with a token.", default=None)
    ssh_key: SshKeyAuth | None = described("SSH with a private key.", default=None)
    github_app: GitHubAppAuth | None = described("A GitHub App's installation.", default=None)

    @property
    def method(self) -> TokenAuth | SshKeyAuth | GitHubAppAuth | None:
        """The one that is given."""
        return self.token or self.ssh_key or self.github_app


@frozen
class GitSource:
    """Where the gateway's files come from."""

    repo: str = described("URL of the repository: https://, ssh:// or git@host:path.", min_length=1)
    ref: str | None = described(
        "Branch, tag, full commit id, or full ref name. Exactly one of ref and semver.",
        default=None,
        min_length=1,
    )
    semver: str | None = described(
        "A range such as '>=1.2.0 <2.0.0': the highest matching tag is used.",
        default=None,
        min_length=1,
    )
    auth: GitAuth = described("How to authenticate; nothing for a public one.", factory=GitAuth)
    ca_secret_ref: SecretKeyRef | None = described(
        "PEM bundle of the authority that signed a private HTTPS server.", default=None
    )


@frozen
class Polling:
    """How often the ref is resolved anew."""

    enabled: bool = described("Whether the ref is resolved regularly.", default=True)
    interval: Duration = described(
        "Time between two looks, a Go duration of at least 5s.",
        factory=lambda: Duration.parse("60s"),
    )


@frozen
class GatewayApi:
    """The key for the gateway's REST API."""

    secret_name: str = described("Name of the Secret that holds the API key.", min_length=1)
    secret_key: str = described("Key inside the Secret.", default="apiKey", min_length=1)


@frozen
class GatewayAccess:
    """How the agent reaches the gateway in its pod."""

    api: GatewayApi = described("The key for the gateway's REST API.")
    port: int = described("Port of the gateway.", default=8088, minimum=1, maximum=65535)
    tls: bool = described("Whether that port speaks TLS.", default=False)


@frozen
class SyncSettings:
    """The fields that `sync.defaults` and every profile share; None where not given."""

    exclude_patterns: tuple[str, ...] | None = described(
        "doublestar globs on the destination path; a profile's are added to the defaults'.",
        default=None,
    )
    vars: Mapping[str, str] | None = described(
        "Variables for templates; a profile's are merged with the defaults', key by key.",
        default=None,
        key_pattern="[A-Za-z_][A-Za-z0-9_]*",
    )
    sync_period: int | None = described(
        "Seconds between an agent's own checks.",
        default=None,
        minimum=MIN_SYNC_PERIOD,
        maximum=MAX_SYNC_PERIOD,
    )
    designer_session_policy: DesignerPolicy | None = described(
        "What a sync does while a Designer is open.", default=None
    )
    designer_session_scope: DesignerScope | None = described("Which Designers count.", default=None)
    dry_run: bool | None = described("Plan and report, write nothing.", default=None)
    paused: bool | None = described("Keep what is on disk.", default=None)
    prune: PruneMode | None = described("What an orphan is.", default=None)
    prune_limit_percent: int | None = described(
        "Largest share of the managed files that one sync may delete.",
        default=None,
        minimum=0,
        maximum=100,
    )
    drift_action: DriftAction | None = described(
        "What happens when files differ from what was last applied.", default=None
    )
    rollback_on_scan_failure: bool | None = described(
        "Put back what was replaced when the gateway refuses it.", default=None
    )


@frozen
class SyncProfile:
    """A named profile: its mappings, and its own values for the shared fields."""

    mappings: tuple[SourceMapping, ...] = described(
        "What goes where; a later mapping overlays an earlier one.", min_items=1
    )
    settings: SyncSettings = described(
        "The shared fields; they stand beside `mappings` in the document.",
        factory=SyncSettings,
        inline=True,
    )


@frozen
class SyncSection:
    """Profiles and what they have in common."""

    profiles: Mapping[str, SyncProfile] = described(
        "Profiles by name; a pod that names none uses `default`.", min_items=1
    )
    defaults: SyncSettings = described("Values for every profile.", factory=SyncSettings)


@frozen
class AgentImage:
    """The agent's image, where it is not the controller's default."""

    repository: str | None = described("Image repository.", default=None, min_length=1)
    tag: str | None = described("Image tag.", default=None, min_length=1)
    pull_policy: PullPolicy | None = described("When the kubelet pulls.", default=None)


@frozen
class AgentSettings:
    """The injected sidecar."""

    image: AgentImage = described("The agent's image.", factory=AgentImage)
    resources: Mapping[str, Any] | None = described(
        "Requests and limits of the sidecar, as in a pod.", default=None, opaque=True
    )
    repo_size_limit: str = described(
        "Size limit of the repository volume, a Kubernetes quantity.", default="2Gi", min_length=1
    )


@frozen
class ReceiverSettings:
    """The webhook receiver for this CR alone."""

    secret_ref: SecretKeyRef | None = described("HMAC key and bearer token.", default=None)


@frozen
class GatewaySyncSpec:
    """What the user asks for."""

    git: GitSource = described("Where the files come from.")
    gateway: GatewayAccess = described("How the agent reaches the gateway.")
    sync: SyncSection = described("What goes where.")
    polling: Polling = described("How often the ref is resolved anew.", factory=Polling)
    agent: AgentSettings = described("The injected sidecar.", factory=AgentSettings)
    receiver: ReceiverSettings = described("The webhook receiver.", factory=ReceiverSettings)
    paused: bool = described("Resolve nothing, change nothing.", default=False)


@frozen
class ObjectMeta:
    """The part of an object's metadata that Stoker looks at."""

    name: str = described("Name of the object.", min_length=1)
    namespace: str = described("Its namespace; empty in a file that leaves it open.", default="")
    uid: str = described("The one life of the object that this is.", default="")
    generation: int = described("Grows with each change of the spec.", default=0)
    resource_version: str = described("Changes with each write.", default="")
    labels: Mapping[str, str] = described("Labels.", factory=dict)
    annotations: Mapping[str, str] = described("Annotations.", factory=dict)
    finalizers: tuple[str, ...] = described("What must happen before it goes.", default=())
    deleting: bool = described("Whether it has been told to go.", default=False)


@frozen
class GatewaySync:
    """The custom resource, without its status."""

    metadata: ObjectMeta = described("What Kubernetes knows of it.")
    spec: GatewaySyncSpec = described("What the user asks for.")
