"""The two questions: what is wrong with a document, and what is unwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from stoker.core.spec import (
    AgentImage,
    AgentSettings,
    GatewayAccess,
    GatewayApi,
    GatewaySync,
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
from stoker.core.spec.document import to_document
from stoker.core.spec.problems import Finding, Place, listed, ranks_of
from stoker.core.spec.rules import (
    cautions,
    cluster,
    git,
    mappings,
    mistakes,
    names,
    volume,
)
from stoker.core.spec.rules.site import ANYWHERE, Site
from stoker.core.spec.rules.walk import Rule, walk

if TYPE_CHECKING:
    from stoker.core.errors import Problem

Rules = Mapping[type, Callable[[Any, Place, Site], Iterator[Finding]]]
"""For a type, what is wrong with one object of it, at its place."""

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

MISTAKES: Final[Rules] = MappingProxyType(
    {
        AgentSettings: mistakes.agent_settings,
        SyncSection: names.unknown_for_certain,
        SyncProfile: mistakes.sync_profile,
        SyncSettings: mistakes.sync_settings,
        SourceMapping: mistakes.source_mapping,
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
    if excess := tuple(_excess(value, place)):
        return excess
    tables = (RULES, MISTAKES) if site.is_entrance else (RULES,)
    return tuple(walk(value, place, _rule_of(tables, site)))


def warnings(spec: GatewaySyncSpec, site: Site = ANYWHERE) -> tuple[Problem, ...]:
    """What is legal in `spec` and unwise; `spec` is taken to be within its bounds."""
    ranks = ranks_of(to_document(spec), ("spec",))
    return listed(walk(spec, ("spec",), _rule_of((CAUTIONS,), site)), ranks)


def _excess(value: object, place: Place) -> Iterator[Finding]:
    match value:
        case GatewaySync(spec=spec):
            yield from _excess(spec, (*place, "spec"))
        case GatewaySyncSpec(sync=sync):
            yield from _excess(sync, (*place, "sync"))
        case SyncSection():
            yield from volume.excess(value, place)


def _rule_of(tables: tuple[Rules, ...], site: Site) -> Rule:
    def rule(value: object, place: Place) -> Iterator[Finding]:
        for rules in tables:
            if known := rules.get(type(value)):
                yield from known(value, place, site)

    return rule
