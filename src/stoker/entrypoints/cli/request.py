"""`SyncRequest`: everything that a command for one gateway was told, checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from stoker.adapters.git.credentials import Access
from stoker.core.discovery import pod_ordinal
from stoker.core.profile import ResolvedProfile
from stoker.core.refs import RefName, RepoUrl, SemverRange
from stoker.core.template import TemplateContext


@frozen(kw_only=True)
class GatewayPlace:
    """Where the gateway listens, and what opens it."""

    url: str
    api_key_file: Path | None = None
    """Read anew for each request."""
    ca_file: Path | None = None


@frozen(kw_only=True)
class SyncRequest:
    """One profile of one repository, for one gateway."""

    url: RepoUrl
    revision: RefName | SemverRange
    profile: ResolvedProfile
    """With the variables of the command line over its own."""
    gateway_name: str
    pod_name: str
    namespace: str
    cr_name: str
    labels: Mapping[str, str] = field(factory=dict)
    data: Path | None = None
    """The gateway's data directory; None where a command needs none."""
    repo_dir: Path
    """Where the bare repository is kept."""
    access: Access
    gateway: GatewayPlace | None = None

    def context(self, commit: str, ref: str) -> TemplateContext:
        """What templates are given when `commit`, which `ref` means, is rendered."""
        return TemplateContext(
            gateway_name=self.gateway_name,
            pod_name=self.pod_name,
            pod_ordinal=pod_ordinal(self.pod_name, self.labels),
            namespace=self.namespace,
            ref=ref,
            commit=commit,
            cr_name=self.cr_name,
            labels=self.labels,
            vars={},
        )
