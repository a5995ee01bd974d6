"""Specs that the contract accepts: as typed values, and as the documents that say the same.

`gateway_syncs` draws the typed resource, `gateway_sync_documents` a document for one, `specs` the
spec alone, and so on for their parts. Everything drawn passes `check_spec`; what shall fail is made
from it by breaking one thing.
"""

from __future__ import annotations

import string
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from stoker.core.conditions import Condition, Conditions, ConditionStatus, ConditionType
from stoker.core.profile import AuthType, Metadata, ResolvedProfile
from stoker.core.spec import (
    AgentImage,
    AgentSettings,
    DesignerPolicy,
    DesignerScope,
    DiscoveredGateway,
    DriftAction,
    Duration,
    FieldPatch,
    GatewayAccess,
    GatewayApi,
    GatewaySync,
    GatewaySyncSpec,
    GatewaySyncStatus,
    GitAuth,
    GitHubAppAuth,
    GitSource,
    KnownHosts,
    MappingType,
    ObjectMeta,
    Polling,
    PruneMode,
    PullPolicy,
    ReceiverSettings,
    RefResolutionStatus,
    SecretKeyRef,
    SourceMapping,
    SshKeyAuth,
    SyncProfile,
    SyncSection,
    SyncSettings,
    SyncStatus,
    TokenAuth,
)
from stoker.core.spec.document import to_document
from stoker.core.template import TemplateEngine

_LOWER = string.ascii_lowercase + string.digits

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
"""Any text that JSON and Kubernetes can hold."""

dns_names = st.sampled_from(("a", "0", "plant-a", "git.key", "x9-y8.z7"))
keys = st.sampled_from(("apiKey", "tls.crt", "_x", "k-1"))
var_names = st.sampled_from(("area", "_", "Line7", "a_b"))
commits = st.integers(1, 2**160 - 1).map("{:040x}".format)
times = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - Hypothesis wants naive bounds
    max_value=datetime(2090, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=0))

_names = st.sampled_from(
    ("projects", "config", "site a", "Ünit", "x.json", "a-b_c", "resources", "core", "tags")
)
plain_paths = st.lists(_names, min_size=1, max_size=4).map("/".join)
_go_actions = st.sampled_from(("{{.GatewayName}}", "{{.PodName}}", "{{.Vars.area}}", "{{.Ref}}"))
_jinja_actions = st.sampled_from(("{{ GatewayName }}", "{{ Vars.area }}", "{{ PodOrdinal + 1 }}"))


def _mapped_paths(actions: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return plain_paths | st.tuples(plain_paths, actions, plain_paths).map("/".join)


vars_maps = st.dictionaries(var_names, texts, max_size=3)
patterns = st.sampled_from(
    ("**/.git/", "**/.gitkeep", "**/*.tmp", "projects/*/x?.json", "a/{b,c}/**", "[a-c]*")
)
pattern_lists = st.lists(patterns, max_size=3).map(tuple)
periods = st.integers(5, 3600)
percentages = st.integers(0, 100)
durations = st.tuples(st.integers(5, 1000).map(str), st.sampled_from(("s", "m", "h", ".5s"))).map(
    lambda parts: Duration.parse("".join(parts))
)
quantities = st.tuples(
    st.integers(1, 999).map(str), st.sampled_from(("", "Mi", "Gi", "k", "M", "e3"))
).map("".join)

secret_keys = st.builds(SecretKeyRef, name=dns_names, key=keys)
token_auths = st.builds(TokenAuth, secret_ref=secret_keys)
ssh_auths = st.builds(
    SshKeyAuth,
    secret_ref=secret_keys,
    known_hosts=st.none() | st.builds(KnownHosts, secret_ref=secret_keys),
    insecure_skip_host_key_check=st.booleans(),
)
app_auths = st.builds(
    GitHubAppAuth,
    app_id=st.integers(1, 2**40),
    installation_id=st.integers(1, 2**40),
    private_key_secret_ref=secret_keys,
    api_base_url=st.sampled_from(("https://api.github.com", "https://git.plant.example/api/v3")),
)
auths = st.one_of(
    st.just(GitAuth()),
    st.builds(GitAuth, token=token_auths),
    st.builds(GitAuth, ssh_key=ssh_auths),
    st.builds(GitAuth, github_app=app_auths),
)
repos = st.sampled_from(
    (
        "https://git.example/plant/files.git",
        "ssh://git@git.example:2222/plant/files.git",
        "git@git.example:plant/files.git",
    )
)
refs = st.sampled_from(("main", "v1.2.3", "refs/heads/feature/x", "refs/tags/2024-01", "a" * 40))
ranges = st.sampled_from((">=1.2.0 <2.0.0", "1.2.3", ">=0.1.0"))
git_sources = st.one_of(
    st.builds(GitSource, repo=repos, ref=refs, auth=auths, ca_secret_ref=st.none() | secret_keys),
    st.builds(GitSource, repo=repos, semver=ranges, auth=auths),
)

_plain_values = texts.filter(lambda text: "{" not in text)


def _mappings(
    engine: TemplateEngine, actions: st.SearchStrategy[str]
) -> st.SearchStrategy[SourceMapping]:
    patches = st.builds(
        FieldPatch,
        set=st.dictionaries(
            st.sampled_from(("name", "a.b", "list.0.name", "attributes.x", "x-y")),
            _plain_values | actions,
            min_size=1,
            max_size=3,
        ),
        file=patterns,
    )
    return st.builds(
        SourceMapping,
        source=_mapped_paths(actions),
        destination=_mapped_paths(actions),
        type=st.none() | st.sampled_from(MappingType),
        required=st.booleans(),
        template=st.booleans(),
        template_engine=st.just(engine),
        patches=st.lists(patches, max_size=2).map(tuple),
    )


mappings = _mappings(TemplateEngine.GO, _go_actions) | _mappings(
    TemplateEngine.JINJA2, _jinja_actions
)
mapping_lists = st.lists(
    mappings, min_size=1, max_size=2, unique_by=lambda one: (one.source, one.destination)
).map(tuple)

_settings: dict[str, st.SearchStrategy[Any]] = {
    "exclude_patterns": pattern_lists,
    "vars": vars_maps,
    "sync_period": periods,
    "designer_session_policy": st.sampled_from(DesignerPolicy),
    "designer_session_scope": st.sampled_from(DesignerScope),
    "dry_run": st.booleans(),
    "paused": st.booleans(),
    "prune": st.sampled_from(PruneMode),
    "prune_limit_percent": percentages,
    "drift_action": st.sampled_from(DriftAction),
    "rollback_on_scan_failure": st.booleans(),
}
sync_settings = st.builds(
    SyncSettings, **{name: st.none() | value for name, value in _settings.items()}
)
profiles = st.builds(SyncProfile, mappings=mapping_lists, settings=sync_settings)
profile_names = st.just("default") | dns_names | st.sampled_from(("Área 7", "line.2", "x y"))
sync_sections = st.builds(
    SyncSection,
    profiles=st.dictionaries(profile_names, profiles, min_size=1, max_size=2),
    defaults=sync_settings,
)

gateways = st.builds(
    GatewayAccess,
    api=st.builds(GatewayApi, secret_name=dns_names, secret_key=keys),
    port=st.integers(1, 65535),
    tls=st.booleans(),
)
agents = st.builds(
    AgentSettings,
    image=st.builds(
        AgentImage,
        repository=st.none() | st.sampled_from(("ghcr.io/x/agent", "registry:5000/agent")),
        tag=st.none() | st.sampled_from(("1.2.3", "latest")),
        pull_policy=st.none() | st.sampled_from(PullPolicy),
    ),
    resources=st.none()
    | st.fixed_dictionaries({"requests": st.fixed_dictionaries({"memory": quantities})}),
    repo_size_limit=quantities,
)
specs = st.builds(
    GatewaySyncSpec,
    git=git_sources,
    gateway=gateways,
    sync=sync_sections,
    polling=st.builds(Polling, enabled=st.booleans(), interval=durations),
    agent=agents,
    receiver=st.builds(ReceiverSettings, secret_ref=st.none() | secret_keys),
    paused=st.booleans(),
)
object_metas = st.builds(
    ObjectMeta,
    name=dns_names,
    namespace=dns_names,
    uid=st.just("") | st.uuids().map(str),
    generation=st.integers(0, 1000),
    resource_version=st.integers(0, 10**9).map(str),
    labels=st.dictionaries(keys, texts, max_size=2),
    annotations=st.dictionaries(keys, texts, max_size=2),
    finalizers=st.lists(keys, max_size=2).map(tuple),
    deleting=st.booleans(),
)
gateway_syncs = st.builds(GatewaySync, metadata=object_metas, spec=specs)

resolved_profiles = st.builds(
    ResolvedProfile, name=profile_names, mappings=mapping_lists, **_settings
)
metadatas = st.builds(
    Metadata,
    commit=st.just("") | commits,
    ref=st.just("") | refs,
    git_url=st.just("") | repos,
    paused=st.booleans(),
    auth_type=st.sampled_from(AuthType),
    gateway_port=st.integers(1, 65535),
    gateway_tls=st.booleans(),
    profiles=st.lists(resolved_profiles, max_size=2).map(
        lambda listed: {profile.name: profile for profile in listed}
    ),
)

_condition_texts = st.text(string.ascii_letters + " 0123456789/", max_size=20)
conditions = st.lists(
    st.builds(
        Condition,
        type=st.sampled_from(ConditionType).map(str),
        status=st.sampled_from(ConditionStatus),
        reason=st.sampled_from(("SyncSucceeded", "Paused", "Skewed")),
        message=_condition_texts,
        last_transition_time=times,
        observed_generation=st.integers(0, 100),
    ),
    max_size=3,
).map(Conditions.of)
discovered_gateways = st.builds(
    DiscoveredGateway,
    name=dns_names,
    namespace=dns_names,
    pod_name=dns_names,
    service_account_name=st.just("") | dns_names,
    profile=st.just("") | profile_names,
    sync_status=st.sampled_from(SyncStatus),
    last_sync_time=st.none() | times,
    last_sync_duration=st.sampled_from(("", "1.5s")),
    synced_commit=st.just("") | commits,
    synced_ref=st.just("") | refs,
    agent_version=st.sampled_from(("", "1.0.0")),
    last_scan_result=_condition_texts,
    files_changed=st.integers(0, 10**6),
    projects_synced=st.lists(_names, max_size=2).map(tuple),
    error_message=_condition_texts,
    drift=st.integers(0, 10**6),
)
statuses = st.builds(
    GatewaySyncStatus,
    observed_generation=st.integers(0, 10**6),
    last_sync_ref=st.just("") | refs,
    last_sync_commit=st.just("") | commits,
    last_sync_commit_short=st.just("") | commits.map(lambda commit: commit[:7]),
    last_sync_time=st.none() | times,
    ref_resolution_status=st.sampled_from(RefResolutionStatus),
    profile_count=st.integers(0, 100),
    conditions=conditions,
    discovered_gateways=st.lists(discovered_gateways, max_size=2).map(tuple),
)

spec_documents = specs.map(to_document)


def _document(sync: GatewaySync) -> dict[str, Any]:
    return {
        "apiVersion": "stoker.io/v1alpha1",
        "kind": "GatewaySync",
        "metadata": {"name": sync.metadata.name, "namespace": sync.metadata.namespace},
        "spec": to_document(sync.spec),
    }


gateway_sync_documents: st.SearchStrategy[dict[str, Any]] = gateway_syncs.map(_document)
"""What a user could have applied with kubectl."""

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
"""JSON of any type."""
