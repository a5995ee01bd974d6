"""Names that Kubernetes takes, and that never meet."""

from __future__ import annotations

import hashlib

import pytest

from stoker.core import names

DIGEST = 16


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:DIGEST]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (names.metadata_config_map("prod"), "stoker-metadata-prod"),
        (names.status_config_map("prod", "gw-0"), "stoker-status-prod-gw-0"),
        (names.legacy_status_config_map("prod"), "stoker-status-prod"),
        (names.changes_config_map("prod", "gw-0"), "stoker-changes-prod-gw-0"),
        (names.github_token_secret("prod"), "stoker-github-token-prod"),
        (names.agent_role("prod"), "stoker-agent-prod"),
        (names.cr_label_value("prod"), "prod"),
    ],
)
def test_names_of_the_contract(name: str, expected: str) -> None:
    assert name == expected


def test_the_longest_name_is_kept_and_a_longer_one_is_cut() -> None:
    room = 253 - len("stoker-metadata-")
    assert names.metadata_config_map("c" * room) == "stoker-metadata-" + "c" * room
    longer = "c" * (room + 1)
    expected = f"stoker-metadata-{'c' * (room - 17)}-{digest('stoker-metadata', longer)}"
    assert names.metadata_config_map(longer) == expected
    assert len(expected) == 253


def test_a_label_takes_63_characters() -> None:
    assert names.cr_label_value("c" * 63) == "c" * 63
    assert names.cr_label_value("c" * 64) == f"{'c' * 46}-{digest('c' * 64)}"


def test_a_cut_leaves_no_separator_before_the_digest() -> None:
    cr = "c" * 45 + ".-.-" + "d" * 30
    assert names.cr_label_value(cr) == f"{'c' * 45}-{digest(cr)}"


def test_long_names_of_different_parts_differ() -> None:
    tail = "x" * 240
    one = names.status_config_map("a", f"b-{tail}")
    other = names.status_config_map("a-b", tail)
    assert one[:236] == other[:236]
    assert one != other


def test_half_a_character_does_no_harm() -> None:
    assert len(names.metadata_config_map("\ud800" * 300)) == 253


def test_the_pod_of_a_configmap() -> None:
    assert names.pod_of("plant", names.status_config_map("plant", "gw-0")) == "gw-0"
    assert names.pod_of("plant", names.changes_config_map("plant", "gw-0")) == "gw-0"
    assert names.pod_of("plant", names.metadata_config_map("plant")) == ""
    assert names.pod_of("plant", names.status_config_map("other", "gw-0")) == ""


def test_every_pod_annotation_has_the_prefix() -> None:
    assert len(names.POD_ANNOTATIONS) == 14
    assert all(name.startswith(names.PREFIX) for name in names.POD_ANNOTATIONS)


def test_fixed_names() -> None:
    """What manifests, dashboards and other tools rely on, spelt out once more."""
    fixed = {
        name: value
        for name, value in vars(names).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, str)
    }
    annotations = {value for name, value in fixed.items() if value in names.POD_ANNOTATIONS}
    assert annotations == {
        "stoker.io/inject",
        "stoker.io/cr-name",
        "stoker.io/profile",
        "stoker.io/gateway-name",
        "stoker.io/ref-override",
        "stoker.io/agent-image",
        "stoker.io/sync-period",
        "stoker.io/exclude-patterns",
        "stoker.io/service-path",
        "stoker.io/deployment-mode",
        "stoker.io/tag-provider",
        "stoker.io/system-name",
        "stoker.io/system-name-template",
        "stoker.io/injected",
    }
    assert {
        name: value
        for name, value in fixed.items()
        if value not in annotations and not name.startswith(("VOLUME_", "PATH_", "ENV_"))
    } == {
        "PREFIX": "stoker.io/",
        "AGENT_LABEL": "stoker.io/agent",
        "REQUESTED_REF": "stoker.io/requested-ref",
        "REQUESTED_AT": "stoker.io/requested-at",
        "REQUESTED_BY": "stoker.io/requested-by",
        "SHARDS_LABEL": "stoker.io/shards",
        "WANTED_BY_ANNOTATION": "stoker.io/wanted-by",
        "RENEWAL_ANNOTATION": "stoker.io/renewal",
        "NAMESPACE_INJECTION_LABEL": "stoker.io/injection",
        "NAMESPACE_INJECTION_ENABLED": "enabled",
        "GATEWAYSYNC_LABEL": "stoker.io/gatewaysync",
        "CONTENT_LABEL": "stoker.io/content",
        "CONTENT_CHANGES": "changes",
        "MANAGED_BY_LABEL": "app.kubernetes.io/managed-by",
        "MANAGED_BY_CONTROLLER": "stoker-controller",
        "MANAGED_BY_AGENT": "stoker-agent",
        "APP_NAME_LABEL": "app.kubernetes.io/name",
        "POD_INDEX_LABEL": "apps.kubernetes.io/pod-index",
        "API_GROUP": "stoker.io",
        "API_VERSION": "stoker.io/v1alpha1",
        "KIND": "GatewaySync",
        "FINALIZER": "stoker.io/finalizer",
        "SECRET_TYPE_ANNOTATION": "stoker.io/secret-type",
        "SECRET_TYPE_GITHUB_TOKEN": "github-app-token",
        "GITHUB_TOKEN_KEY": "token",
        "TOKEN_KEY_ANNOTATION": "stoker.io/token-key",
        "TOKEN_EXPIRES_ANNOTATION": "stoker.io/token-expires",
        "STATUS_KEY": "status",
        "DEFAULT_PROFILE": "default",
        "AGENT_CONTAINER": "stoker-agent",
        "AGENT_COMMAND": "stoker-agent",
    }
    assert names.CR_NAME_LABEL == "stoker.io/cr-name"
