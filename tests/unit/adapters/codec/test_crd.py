"""`GatewaySync` documents: what is read, and everything that is said about what is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from attrs import evolve

from stoker.adapters.codec.crd import (
    SITE,
    decode_gateway_sync,
    decode_profile,
    decode_status,
    encode_gateway_sync,
    encode_profile,
    encode_status,
)
from stoker.adapters.codec.plain import MAX_DEPTH, MAX_VALUES
from stoker.core.conditions import Condition, Conditions, ConditionStatus
from stoker.core.errors import DecodeError, InvalidDocument, Problem
from stoker.core.profile import GLOBS
from stoker.core.spec import (
    AgentImage,
    AgentSettings,
    DesignerPolicy,
    DiscoveredGateway,
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
    SshKeyAuth,
    SyncSection,
    SyncSettings,
    SyncStatus,
)
from stoker.core.template import TemplateEngine
from support.specs import REPO, a_document, a_mapping, a_profile, a_spec


def problems(document: object, **given: Any) -> tuple[Problem, ...]:
    with pytest.raises(InvalidDocument) as caught:
        decode_gateway_sync(document, **given)
    return caught.value.problems


def said(document: object, **given: Any) -> list[str]:
    return [str(problem) for problem in problems(document, **given)]


def test_the_smallest_document() -> None:
    assert decode_gateway_sync(a_document(), strict=True) == GatewaySync(
        ObjectMeta("plant", "line-a"), a_spec()
    )


EVERYTHING: dict[str, Any] = {
    "git": {
        "repo": "git@git.example:plant/files.git",
        "semver": ">=1.0.0",
        "auth": {
            "sshKey": {
                "secretRef": {"name": "git", "key": "id"},
                "knownHosts": {"secretRef": {"name": "git", "key": "hosts"}},
                "insecureSkipHostKeyCheck": True,
            }
        },
        "caSecretRef": {"name": "ca", "key": "pem"},
    },
    "polling": {"enabled": False, "interval": "5m"},
    "gateway": {"port": 8043, "tls": True, "api": {"secretName": "api", "secretKey": "key"}},
    "sync": {
        "defaults": {"vars": {"a": "1"}, "syncPeriod": 60, "prune": "owned", "dryRun": True},
        "profiles": {
            "blue": {
                "mappings": [
                    {
                        "source": "a",
                        "destination": "b",
                        "type": "dir",
                        "required": True,
                        "template": True,
                        "templateEngine": "jinja2",
                        "patches": [{"file": "*.json", "set": {"x.y": "{{ Ref }}"}}],
                    }
                ],
                "excludePatterns": ["*.tmp"],
                "designerSessionPolicy": "wait",
            }
        },
    },
    "agent": {
        "image": {"repository": "ghcr.io/x/agent", "tag": "1.0", "pullPolicy": "Always"},
        "resources": {"limits": {"cpu": 1, "x.example/y": "2"}},
        "repoSizeLimit": "5Gi",
    },
    "receiver": {"secretRef": {"name": "hook", "key": "hmac"}},
    "paused": True,
}


def test_a_document_with_everything() -> None:
    key = SecretKeyRef
    patch = FieldPatch(set={"x.y": "{{ Ref }}"}, file="*.json")
    mapping = a_mapping(
        "a",
        "b",
        type=MappingType.DIR,
        required=True,
        template=True,
        template_engine=TemplateEngine.JINJA2,
        patches=(patch,),
    )
    spec = GatewaySyncSpec(
        git=GitSource(
            repo="git@git.example:plant/files.git",
            semver=">=1.0.0",
            auth=GitAuth(
                ssh_key=SshKeyAuth(
                    key("git", "id"),
                    KnownHosts(key("git", "hosts")),
                    insecure_skip_host_key_check=True,
                )
            ),
            ca_secret_ref=key("ca", "pem"),
        ),
        gateway=GatewayAccess(api=GatewayApi("api", "key"), port=8043, tls=True),
        sync=SyncSection(
            profiles={
                "blue": a_profile(
                    mapping,
                    exclude_patterns=("*.tmp",),
                    designer_session_policy=DesignerPolicy.WAIT,
                )
            },
            defaults=SyncSettings(
                vars={"a": "1"}, sync_period=60, prune=PruneMode.OWNED, dry_run=True
            ),
        ),
        polling=Polling(enabled=False, interval=Duration.parse("5m")),
        agent=AgentSettings(
            image=AgentImage("ghcr.io/x/agent", "1.0", PullPolicy.ALWAYS),
            resources={"limits": {"cpu": 1, "x.example/y": "2"}},
            repo_size_limit="5Gi",
        ),
        receiver=ReceiverSettings(key("hook", "hmac")),
        paused=True,
    )
    decoded = decode_gateway_sync(a_document(**EVERYTHING), strict=True)
    assert decoded.spec == spec
    encoded = encode_gateway_sync(decoded)
    assert encoded["spec"] == EVERYTHING
    assert encoded["apiVersion"] == "stoker.io/v1alpha1"
    assert encoded["kind"] == "GatewaySync"


def test_the_app() -> None:
    app = {
        "appId": 7,
        "installationId": 2**40,
        "privateKeySecretRef": {"name": "app", "key": "pem"},
        "apiBaseURL": "https://git.example/api/v3",
    }
    spec = {"repo": REPO, "ref": "v1", "auth": {"githubApp": app}}
    decoded = decode_gateway_sync(a_document(git=spec), strict=True).spec.git.auth
    assert decoded == GitAuth(
        github_app=GitHubAppAuth(7, 2**40, SecretKeyRef("app", "pem"), "https://git.example/api/v3")
    )


def test_metadata_as_the_api_server_sends_it() -> None:
    document = a_document()
    document["metadata"] |= {
        "uid": "5f0c",
        "generation": 3,
        "resourceVersion": "91",
        "labels": {"a": "b"},
        "annotations": None,
        "finalizers": ["stoker.io/finalizer"],
        "creationTimestamp": "2026-01-31T12:00:00Z",
        "managedFields": [{"manager": "kubectl"}],
        "deletionTimestamp": "2026-02-01T12:00:00Z",
        "deleting": False,
    }
    document["status"] = {"anything": 1}
    metadata = ObjectMeta(
        name="plant",
        namespace="line-a",
        uid="5f0c",
        generation=3,
        resource_version="91",
        labels={"a": "b"},
        finalizers=("stoker.io/finalizer",),
        deleting=True,
    )
    decoded = decode_gateway_sync(document, strict=True)
    assert decoded.metadata == metadata
    assert decode_gateway_sync(document) == decoded
    encoded = encode_gateway_sync(decoded)["metadata"]
    assert encoded["deletionTimestamp"] == "1970-01-01T00:00:00Z"
    assert "deleting" not in encoded
    alive = encode_gateway_sync(evolve(decoded, metadata=evolve(metadata, deleting=False)))
    assert "deletionTimestamp" not in alive["metadata"]
    assert "deleting" not in alive["metadata"]


def test_a_file_may_leave_the_namespace_open() -> None:
    document = a_document()
    del document["metadata"]["namespace"]
    assert decode_gateway_sync(document).metadata.namespace == ""


def test_null_is_as_good_as_nothing() -> None:
    document = a_document(polling=None, agent={"image": None, "resources": None})
    document["spec"]["git"] |= {"semver": None, "auth": {"token": None}}
    assert decode_gateway_sync(document, strict=True).spec == a_spec()


def test_fields_that_nobody_knows() -> None:
    document = a_document(later={"x": 1})
    document["spec"]["sync"]["profiles"]["default"] |= {"settings": {"paused": True}, "dryrun": 1}
    document["spec"]["sync"]["defaults"] = {"mappings": []}
    document["extra"] = 1
    document["Spec"] = 1
    assert decode_gateway_sync(document).spec == a_spec()
    shared = (
        "excludePatterns, vars, syncPeriod, designerSessionPolicy, designerSessionScope, dryRun,"
        " paused, prune, pruneLimitPercent, driftAction, rollbackOnScanFailure"
    )
    default = "spec.sync.profiles.default"
    unknown = "is not a field that is known here"
    assert said(document, strict=True) == [
        f"{default}.settings: {unknown} (the fields here are: mappings, {shared})",
        f"{default}.dryrun: {unknown} (did you mean dryRun?)",
        f"spec.sync.defaults.mappings: {unknown} (the fields here are: {shared})",
        (
            f"spec.later: {unknown} (the fields here are: git, gateway, sync, polling, agent,"
            " receiver, paused)"
        ),
        f"extra: {unknown} (move it below spec, or remove it)",
        f"Spec: {unknown} (did you mean spec?)",
    ]


def test_empty_texts_of_go_are_no_values() -> None:
    mapping = {"source": "projects", "destination": "projects", "type": "", "templateEngine": ""}
    profiles = {"default": {"mappings": [mapping], "designerSessionPolicy": ""}}
    document = a_document(sync={"profiles": profiles}, polling={"interval": ""})
    document["spec"]["git"]["semver"] = ""
    assert decode_gateway_sync(document).spec == a_spec()
    assert [problem.path for problem in problems(document, strict=True)] == [
        "spec.git.semver",
        "spec.sync.profiles.default.mappings[0].type",
        "spec.sync.profiles.default.mappings[0].templateEngine",
        "spec.sync.profiles.default.designerSessionPolicy",
        "spec.polling.interval",
    ]
    document["spec"]["git"] |= {"ref": ""}
    document["spec"]["git"].pop("semver")
    assert said(document) == [
        (
            "spec.git: has neither ref nor semver (name a branch, a tag or a commit in ref, or a"
            " range of versions in semver)"
        )
    ]


QUOTES = "put quotes round it"
OBJECT = "write its fields as 'name: value'"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"git": {"repo": REPO, "ref": 1.1}},
            f"spec.git.ref: must be text, not a number ({QUOTES})",
        ),
        (
            {"git": {"repo": REPO, "ref": True}},
            f"spec.git.ref: must be text, not a boolean ({QUOTES})",
        ),
        ({"git": [REPO]}, f"spec.git: must be an object, not a list ({OBJECT})"),
        ({"git": None}, "spec.git: is required (add it: where the files come from)"),
        (
            {"git": {"repo": REPO, "ref": "v1", "auth": {"token": {}}}},
            (
                "spec.git.auth.token.secretRef: is required (add it: the Secret key that holds the"
                " token)"
            ),
        ),
        (
            {"git": {"ref": "v1"}},
            (
                "spec.git.repo: is required (add it: URL of the repository: https://, ssh:// or"
                " git@host:path)"
            ),
        ),
        (
            {"gateway": {"port": "8088", "api": {"secretName": "x"}}},
            (
                "spec.gateway.port: must be a whole number, not text (write digits only, without"
                " quotes)"
            ),
        ),
        (
            {"gateway": {"port": 80.0, "api": {"secretName": "x"}}},
            (
                "spec.gateway.port: must be a whole number, not a number (write digits only,"
                " without"
                " quotes)"
            ),
        ),
        (
            {"gateway": {"port": True, "api": {"secretName": "x"}}},
            (
                "spec.gateway.port: must be a whole number, not a boolean (write digits only,"
                " without"
                " quotes)"
            ),
        ),
        (
            {"paused": "yes"},
            "spec.paused: must be true or false, not text (write true or false, without quotes)",
        ),
        (
            {"paused": 1},
            (
                "spec.paused: must be true or false, not a number (write true or false, without"
                " quotes)"
            ),
        ),
        (
            {"polling": {"interval": 60}},
            (
                "spec.polling.interval: must be a duration, not a number (write a number and a"
                " unit in"
                " quotes, such as 60s or 5m)"
            ),
        ),
        (
            {"polling": {"interval": "60"}},
            (
                "spec.polling.interval: '60' is not a duration (write a number and a unit, such"
                " as 60s"
                " or 5m)"
            ),
        ),
        (
            {"agent": {"image": {"pullPolicy": "always"}}},
            (
                'spec.agent.image.pullPolicy: "always" is none of Always, IfNotPresent, Never'
                " (did you"
                " mean Always?)"
            ),
        ),
        (
            {"agent": {"image": {"pullPolicy": "?"}}},
            (
                'spec.agent.image.pullPolicy: "?" is none of Always, IfNotPresent, Never (choose'
                " one of"
                " them)"
            ),
        ),
        (
            {"agent": {"resources": []}},
            (
                "spec.agent.resources: must be an object, not a list (write its entries as"
                " 'name: value')"
            ),
        ),
        (
            {"sync": {"profiles": []}},
            (
                "spec.sync.profiles: must be an object, not a list (write its entries as"
                " 'name: value')"
            ),
        ),
        (
            {"sync": {"profiles": {"x y": None}}},
            (
                'spec.sync.profiles["x y"]: must be an object, not null (write a value, or'
                " remove the"
                " entry)"
            ),
        ),
        (
            {"sync": {"profiles": {"x": {"mappings": {"source": "a"}}}}},
            (
                "spec.sync.profiles.x.mappings: must be a list, not an object (start each item on a"
                " line of its own with '- ')"
            ),
        ),
        (
            {"sync": {"profiles": {"x": {"mappings": ["a"]}}}},
            f"spec.sync.profiles.x.mappings[0]: must be an object, not text ({OBJECT})",
        ),
        (
            {"sync": {"profiles": {"x": {}}}},
            (
                "spec.sync.profiles.x.mappings: is required (add it: what goes where; a later"
                " mapping"
                " overlays an earlier one)"
            ),
        ),
        (
            {
                "sync": {
                    "profiles": {"default": {"mappings": [{"source": "a", "destination": "b"}]}},
                    "defaults": {"driftAction": False},
                }
            },
            (
                "spec.sync.defaults.driftAction: must be one of off, report, restore, not a boolean"
                " (choose one of them, in quotes)"
            ),
        ),
        (
            {
                "sync": {
                    "profiles": {"default": {"mappings": [{"source": "a", "destination": "b"}]}},
                    "defaults": {"vars": {"a": 5}},
                }
            },
            f"spec.sync.defaults.vars.a: must be text, not a number ({QUOTES})",
        ),
        (
            {
                "sync": {
                    "profiles": {"default": {"mappings": [{"source": "a", "destination": "b"}]}},
                    "defaults": {"excludePatterns": ["a", None]},
                }
            },
            (
                "spec.sync.defaults.excludePatterns[1]: must be text, not null (write a value, or"
                " remove the entry)"
            ),
        ),
    ],
)
def test_what_has_the_wrong_form(spec: dict[str, Any], expected: str) -> None:
    assert said(a_document(**spec)) == [expected]
    assert said(a_document(**spec), strict=True, rules=False) == [expected]


def test_form_and_rules_together_in_the_order_of_the_document() -> None:
    document = {
        "kind": "Gatewaysync",
        "spec": {
            "sync": {
                "profiles": {
                    "red": [],
                    "blue": {
                        "syncPeriod": 1,
                        "mappings": [
                            {"source": "/a", "destination": 7, "templat": True},
                            "nonsense",
                            {"source": "x"},
                            {"source": "y", "destination": "config/local"},
                        ],
                    },
                }
            },
            "gateway": {"api": {"secretName": "A"}},
            "git": {"repo": "ext::sh", "ref": 5, "semver": "newest"},
        },
        "metadata": {"name": "Plant", "labels": []},
    }
    assert [problem.path for problem in problems(document, strict=True)] == [
        "apiVersion",
        "kind",
        "spec.sync.profiles.red",
        "spec.sync.profiles.blue.syncPeriod",
        "spec.sync.profiles.blue.mappings[0].source",
        "spec.sync.profiles.blue.mappings[0].destination",
        "spec.sync.profiles.blue.mappings[0].templat",
        "spec.sync.profiles.blue.mappings[1]",
        "spec.sync.profiles.blue.mappings[2].destination",
        "spec.sync.profiles.blue.mappings[3].destination",
        "spec.gateway.api.secretName",
        "spec.git.repo",
        "spec.git.ref",
        "spec.git.semver",
        "metadata.name",
        "metadata.labels",
    ]


def test_stand_ins_are_not_judged() -> None:
    both = {"source": 1, "destination": 2}
    document = a_document(sync={"profiles": {"x": {"mappings": [both, both]}}})
    assert [problem.path for problem in problems(document)] == [
        f"spec.sync.profiles.x.mappings[{index}].{name}"
        for index in (0, 1)
        for name in ("source", "destination")
    ]


def test_rules_can_be_left_out_or_know_less() -> None:
    mapping = {"source": "/abs", "destination": "db"}
    document = a_document(sync={"profiles": {"x": {"mappings": [mapping]}}})
    assert decode_gateway_sync(document, rules=False).spec.sync.profiles["x"] == a_profile(
        a_mapping("/abs", "db")
    )
    where = "spec.sync.profiles.x.mappings[0]"
    assert [one.path for one in problems(document)] == [f"{where}.source", f"{where}.destination"]
    assert [one.path for one in problems(document, site=GLOBS)] == [f"{where}.source"]
    local = a_document(git={"repo": "file:///srv/x.git", "ref": "v1"})
    assert [one.path for one in problems(local)] == ["spec.git.repo"]
    allowed = decode_gateway_sync(local, site=evolve(SITE, allowed_protocols=("file",)))
    assert allowed.spec.git.repo == "file:///srv/x.git"


@pytest.mark.parametrize(
    ("change", "lenient", "strict"),
    [
        (
            {"apiVersion": None, "kind": None},
            [],
            [
                "apiVersion: is required (write apiVersion: stoker.io/v1alpha1)",
                "kind: is required (write kind: GatewaySync)",
            ],
        ),
        (
            {"apiVersion": "stoker.io/v1"},
            [
                (
                    'apiVersion: must be stoker.io/v1alpha1, not "stoker.io/v1" (write apiVersion:'
                    " stoker.io/v1alpha1)"
                )
            ],
            None,
        ),
        ({"kind": 5}, ["kind: must be GatewaySync, not a number (write kind: GatewaySync)"], None),
    ],
)
def test_the_head(change: dict[str, Any], lenient: list[str], strict: list[str] | None) -> None:
    document = a_document() | change
    if lenient:
        assert said(document) == lenient
    else:
        decode_gateway_sync(document)
    assert said(document, strict=True) == (lenient if strict is None else strict)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("metadata", "metadata: is required (add it: what Kubernetes knows of it)"),
        ("spec", "spec: is required (add it: what the user asks for)"),
    ],
)
def test_parts_that_are_missing(missing: str, message: str) -> None:
    document = a_document()
    del document[missing]
    assert said(document) == [message]
    assert said(document | {missing: "x"}) == [f"{missing}: must be an object, not text ({OBJECT})"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (None, "must be an object, not null (write its fields by name)"),
        ("text", "must be an object, not text (write its fields by name)"),
        ([], "must be an object, not a list (write its fields by name)"),
        (5, "must be an object, not a number (write its fields by name)"),
    ],
)
def test_what_is_no_object_at_all(document: object, message: str) -> None:
    for decode in (decode_gateway_sync, decode_profile, decode_status):
        with pytest.raises(InvalidDocument) as caught:
            decode(document)
        assert [str(problem) for problem in caught.value.problems] == [message]


@pytest.mark.parametrize(
    ("value", "message", "cure"),
    [
        (date(2026, 1, 31), "is a date, which is not JSON", QUOTES),
        (b"x", "is a bytes, which is not JSON", QUOTES),
        ({1}, "is a set, which is not JSON", QUOTES),
        (2**63, "is a number that does not fit into 64 bits", "write a smaller one"),
        (-(2**63) - 1, "is a number that does not fit into 64 bits", "write a smaller one"),
        (float("nan"), "is not a finite number", "write a number"),
        (float("-inf"), "is not a finite number", "write a number"),
        ("\ud800", "is not valid Unicode", "write it in UTF-8"),
    ],
)
def test_what_is_not_json(value: object, message: str, cure: str) -> None:
    expected = Problem("spec.agent.resources.limits.cpu", message, cure)
    document = a_document(agent={"resources": {"limits": {"cpu": value}}})
    assert problems(document) == (expected,)
    in_the_way = a_document(git={"repo": REPO, "ref": value})
    assert problems(in_the_way) == (Problem("spec.git.ref", message, cure),)
    required = a_document(git={"repo": value, "ref": "v1"})
    assert problems(required) == (Problem("spec.git.repo", message, cure),)


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
def test_the_widest_numbers(number: int) -> None:
    resources = {"claims": [number, 0.5, True, None]}
    decoded = decode_gateway_sync(a_document(agent={"resources": resources}))
    assert decoded.spec.agent.resources == resources


def test_keys_that_are_no_text() -> None:
    document = a_document()
    document["spec"]["sync"]["defaults"] = {"vars": {1: "x", "\ud800": "y", "ok": "a"}}
    where = "spec.sync.defaults.vars: has a key that is not text: "
    assert said(document) == [
        f'{where}"a number" ({QUOTES})',
        f'{where}"\\ud800" ({QUOTES})',
    ]


def test_depth_is_bounded() -> None:
    def nested(levels: int) -> dict[str, Any]:
        value: Any = "x"
        for _ in range(levels):
            value = {"a": value}
        return a_document(agent={"resources": {"claims": value}})

    assert MAX_DEPTH == 40
    decode_gateway_sync(nested(MAX_DEPTH - 4))
    with pytest.raises(DecodeError) as caught:
        decode_gateway_sync(nested(MAX_DEPTH - 3))
    assert caught.value.message == "the document is nested more than 40 levels deep"
    assert caught.value.cure == "flatten it"
    assert caught.value.where.startswith("spec.agent.resources.claims.a.a")
    cyclic: dict[str, Any] = {}
    cyclic["spec"] = cyclic
    with pytest.raises(DecodeError):
        decode_gateway_sync(cyclic)


def test_size_is_bounded() -> None:
    assert MAX_VALUES == 50_000
    with pytest.raises(DecodeError) as caught:
        decode_profile({"mappings": [0] * (MAX_VALUES - 1)})
    assert caught.value.message == "the document holds more than 50000 values"
    assert caught.value.cure == "split it up"
    with pytest.raises(InvalidDocument) as invalid:
        decode_profile({"mappings": [], "excludePatterns": ["a"] * (MAX_VALUES - 3)})
    assert [problem.path for problem in invalid.value.problems] == ["mappings"]
    with pytest.raises(InvalidDocument) as invalid:
        decode_profile({"mappings": [0] * 1000})
    assert len(invalid.value.problems) == 201
    assert invalid.value.problems[-1].message == "800 further problem(s) are not listed"


def test_the_document_is_left_as_it_was() -> None:
    document = a_document(git={"repo": 5, "ref": None}, sync={"profiles": {"x": {"a": 1}}})
    before = repr(document)
    problems(document, strict=True)
    assert repr(document) == before


def test_a_profile_alone() -> None:
    document = {"mappings": [{"source": "a", "destination": "b"}], "syncPeriod": 9}
    profile = decode_profile(document, strict=True)
    assert profile == a_profile(a_mapping("a", "b"), sync_period=9)
    assert decode_profile(encode_profile(profile), strict=True) == profile
    assert decode_profile(document | {"x": 1}) == profile
    with pytest.raises(InvalidDocument) as caught:
        decode_profile({"mappings": [{"source": "/a", "destination": "db"}], "x": 1}, strict=True)
    assert [problem.path for problem in caught.value.problems] == [
        "mappings[0].source",
        "mappings[0].destination",
        "x",
    ]
    assert caught.value.message.startswith("the profile has 3 problem(s): mappings[0].source: ")


MOMENT = datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)

STATUS = GatewaySyncStatus(
    observed_generation=4,
    last_sync_ref="v1",
    last_sync_commit="c" * 40,
    last_sync_commit_short="c" * 7,
    last_sync_time=MOMENT,
    ref_resolution_status=RefResolutionStatus.RESOLVED,
    profile_count=2,
    conditions=Conditions.of(
        (Condition("Ready", ConditionStatus.FALSE, "Reconciling", "1/2 synced", MOMENT, 4),)
    ),
    discovered_gateways=(
        DiscoveredGateway(
            name="blue",
            namespace="line-a",
            pod_name="blue-0",
            sync_status=SyncStatus.ROLLED_BACK,
            files_changed=3,
            projects_synced=("edge",),
            drift=1,
        ),
    ),
)

STATUS_DOCUMENT = {
    "observedGeneration": 4,
    "lastSyncRef": "v1",
    "lastSyncCommit": "c" * 40,
    "lastSyncCommitShort": "c" * 7,
    "lastSyncTime": "2026-01-31T12:00:05Z",
    "refResolutionStatus": "Resolved",
    "profileCount": 2,
    "conditions": [
        {
            "type": "Ready",
            "status": "False",
            "reason": "Reconciling",
            "message": "1/2 synced",
            "lastTransitionTime": "2026-01-31T12:00:05Z",
            "observedGeneration": 4,
        }
    ],
    "discoveredGateways": [
        {
            "name": "blue",
            "namespace": "line-a",
            "podName": "blue-0",
            "syncStatus": "RolledBack",
            "filesChanged": 3,
            "projectsSynced": ["edge"],
            "drift": 1,
        }
    ],
}


def test_a_status() -> None:
    assert encode_status(STATUS) == STATUS_DOCUMENT
    assert decode_status(STATUS_DOCUMENT) == STATUS
    assert decode_status({}) == GatewaySyncStatus()
    assert encode_status(GatewaySyncStatus()) == {
        "observedGeneration": 0,
        "refResolutionStatus": "NotResolved",
        "profileCount": 0,
    }


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T12:00:05Z", MOMENT),
        ("2026-01-31t12:00:05z", MOMENT),
        ("2026-01-31T14:00:05+02:00", MOMENT),
        ("2026-01-31T12:00:05.25Z", MOMENT.replace(microsecond=250_000)),
        ("2026-01-31T12:00:05.123456789Z", MOMENT.replace(microsecond=123_456)),
    ],
)
def test_times_of_a_status(text: str, moment: datetime) -> None:
    assert decode_status({"lastSyncTime": text}).last_sync_time == moment


@pytest.mark.parametrize(
    ("given", "said_of_it"),
    [
        (5, "must be a time, not a number"),
        ("yesterday", '"yesterday" is not a time'),
        ("2026-01-31", '"2026-01-31" is not a time'),
        ("2026-02-31T12:00:05Z", '"2026-02-31T12:00:05Z" is not a time'),
        ("0000-01-01T00:00:00Z", '"0000-01-01T00:00:00Z" is not a time'),
        ("0001-01-01T00:00:00+14:00", '"0001-01-01T00:00:00+14:00" is not a time'),
        ("2026-01-31T12:00:05", '"2026-01-31T12:00:05" is not a time'),
        ("2026-01-31T12:00:05Z\n", '"2026-01-31T12:00:05Z\\n" is not a time'),
    ],
)
def test_what_is_no_time(given: object, said_of_it: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        decode_status({"lastSyncTime": given})
    assert caught.value.problems == (
        Problem("lastSyncTime", said_of_it, "write it as 2026-01-31T12:00:00Z"),
    )


def test_a_broken_status() -> None:
    with pytest.raises(InvalidDocument) as caught:
        decode_status(
            {
                "conditions": [{"type": "Ready", "status": "Maybe"}],
                "discoveredGateways": [{"name": "x", "syncStatus": "Sinced"}],
            }
        )
    assert [problem.path for problem in caught.value.problems] == [
        "conditions[0].reason",
        "conditions[0].message",
        "conditions[0].lastTransitionTime",
        "conditions[0].status",
        "discoveredGateways[0].namespace",
        "discoveredGateways[0].podName",
        "discoveredGateways[0].syncStatus",
    ]
    assert caught.value.message.startswith("the status has ")
