"""Everything that a decision about one CR depends on, as it was seen at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from attrs import field, frozen

from stoker.core.errors import InvalidDocument
from stoker.core.pods import Pod
from stoker.core.profile import Metadata
from stoker.core.reconcile.announce import Rule
from stoker.core.reconcile.memory import Memory
from stoker.core.refs import DEFAULT_PROTOCOLS
from stoker.core.report import Origin
from stoker.core.spec import GatewaySyncSpec, GatewaySyncStatus, GitHubAppAuth, ObjectMeta
from stoker.core.status import StatusMap

Kind: TypeAlias = Literal["ConfigMap", "Secret", "Role", "RoleBinding"]


@frozen(order=True)
class ObjectName:
    """An object of the CR's namespace that Stoker owns."""

    kind: Kind
    name: str


@frozen
class Token:
    """The installation token in its Secret: whose it is (`token_key`), and until when it lives."""

    key: str
    expires: datetime


def token_key(auth: GitHubAppAuth) -> str:
    """What a token was made from; another key needs another token."""
    secret = auth.private_key_secret_ref
    app = f"{auth.app_id}:{auth.installation_id}"
    return f"{auth.api_base_url} {app} {secret.name}/{secret.key}"


@frozen(kw_only=True)
class Owned:
    """What exists of the objects that belong to the CR: those that bear its label, no others."""

    objects: frozenset[ObjectName] = frozenset()
    metadata: Metadata | None = None
    """What the agents were told last; None when nothing, or nothing readable."""
    token: Token | None = None
    rules: tuple[Rule, ...] | None = None
    """The agents' Role."""
    service_accounts: tuple[str, ...] | None = None
    """Whom the RoleBinding binds to it."""


@frozen(kw_only=True)
class Settings:
    """How the controller was installed."""

    allowed_protocols: tuple[str, ...] = DEFAULT_PROTOCOLS
    auto_bind_agent: bool = True


@frozen(kw_only=True)
class Snapshot:
    """One CR, its namespace, and what is remembered of it."""

    metadata: ObjectMeta
    spec: GatewaySyncSpec | InvalidDocument
    status: GatewaySyncStatus = field(factory=GatewaySyncStatus)
    namespace_crs: frozenset[str]
    """The names of all CRs of the namespace."""
    namespace_terminating: bool = False
    pods: tuple[Pod, ...] = ()
    """All pods of the namespace."""
    reports: StatusMap = field(factory=dict)
    heard: Mapping[Origin, datetime] = field(factory=dict)
    owned: Owned = field(factory=Owned)
    memory: Memory = field(factory=Memory)
    settings: Settings = field(factory=Settings)
