"""The two questions: what is wrong with a document, and what is unwise."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from stoker.core.spec.document import to_document
from stoker.core.spec.problems import Finding, Place, listed, ranks_of
from stoker.core.spec.rules import cautions, cluster, git, mappings, names
from stoker.core.spec.rules.site import ANYWHERE, Site
from stoker.core.spec.rules.walk import Rules, walk
from stoker.core.spec.types import (
    AgentImage,
    AgentSettings,
    GatewayAccess,
    GatewayApi,
    GatewaySyncSpec,
    GitAuth,
    GitHubAppAuth,
    GitSource,
    ObjectMeta,
    Polling,
    SecretKeyRef,
    SourceMapping,
    SshKeyAuth,
    SyncProfile,
    SyncSection,
    SyncSettings,
)

if TYPE_CHECKING:
    from stoker.core.errors import Problem

RULES: Final[Rules] = MappingProxyType(
    {
        ObjectMeta: cluster.object_meta,
        SecretKeyRef: cluster.secret_key,
        GatewayApi: cluster.gateway_api,
        AgentImage: cluster.agent_image,
        AgentSettings: cluster.agent_settings,
        GitSource: git.git_source,
        GitAuth: git.git_auth,
        GitHubAppAuth: git.github_app,
        Polling: git.polling,
        SyncSection: mappings.sync_section,
        SyncProfile: mappings.sync_profile,
        SourceMapping: mappings.source_mapping,
    }
)

CAUTIONS: Final[Rules] = MappingProxyType(
    {
        GitSource: cautions.git_source,
        SshKeyAuth: cautions.ssh_key,
        GatewayAccess: cautions.gateway_access,
        SyncSection: names.unknown_names,
        SyncSettings: cautions.sync_settings,
        SourceMapping: cautions.source_mapping,
    }
)


def check_spec(spec: GatewaySyncSpec, site: Site = ANYWHERE) -> tuple[Problem, ...]:
    """Everything that is wrong with `spec`."""
    return check_object(spec, ("spec",), site)


def check_object(value: object, place: Place, site: Site = ANYWHERE) -> tuple[Problem, ...]:
    """Everything that is wrong with one of the spec's objects, which stands at `place`."""
    return listed(check(value, place, site), ranks_of(to_document(value), place))


def check(value: object, place: Place, site: Site = ANYWHERE) -> tuple[Finding, ...]:
    """The same as findings, in the order in which the rules met them."""
    return tuple(walk(value, place, site, RULES))


def check_bounds(value: object, place: Place) -> tuple[Finding, ...]:
    """What is outside its bounds, without a look at any rule."""
    return tuple(walk(value, place, ANYWHERE, {}))


def warnings(spec: GatewaySyncSpec, site: Site = ANYWHERE) -> tuple[Problem, ...]:
    """What is legal in `spec` and unwise."""
    ranks = ranks_of(to_document(spec), ("spec",))
    return listed(walk(spec, ("spec",), site, CAUTIONS), ranks)
