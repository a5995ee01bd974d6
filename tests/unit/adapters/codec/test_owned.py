"""The documents of owned objects, and what is read back from them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.adapters.codec.owned import (
    agents_object,
    binding_object,
    metadata_object,
    owners,
    read_accounts,
    read_rules,
    read_token,
    role_object,
    status_change,
    status_object,
    token_object,
)
from stoker.core import names
from stoker.core.profile import Metadata
from stoker.core.reconcile import Rule, Token, agent_rules
from stoker.core.spec import GatewaySyncStatus, ObjectMeta

CR = ObjectMeta(name="site", namespace="plant", uid="u1")
ROLE = names.agent_role("site")
TOKEN = Token("https://api.github.com 7:8 git/key", datetime(2026, 1, 1, 12, tzinfo=UTC))
ALL = (
    metadata_object(CR, Metadata()),
    agents_object(CR, names.status_config_map("site", "gw-0")),
    role_object(CR, ROLE, ()),
    binding_object(CR, ROLE, ROLE, ()),
    token_object(CR, TOKEN, "ghs_x"),
)
words = st.text("abcdefgh-", min_size=1, max_size=8)


@pytest.mark.parametrize("document", ALL, ids=lambda one: str(one["kind"]))
def test_every_object_names_its_cr_as_label_and_owner(document: dict[str, Any]) -> None:
    metadata = document["metadata"]
    assert metadata["namespace"] == "plant"
    assert metadata["labels"]["stoker.io/cr-name"] == "site"
    manager = metadata["labels"]["app.kubernetes.io/managed-by"]
    assert manager in (names.MANAGED_BY_CONTROLLER, names.MANAGED_BY_AGENT)
    assert owners(document) == {"u1"}
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("GatewaySync", "site", True)


def test_bindings_bear_the_label_of_the_contract() -> None:
    labels = binding_object(CR, ROLE, ROLE, ())["metadata"]["labels"]
    assert labels["stoker.io/gatewaysync"] == "site"


def test_agents_own_the_data_of_their_config_maps() -> None:
    status = agents_object(CR, names.status_config_map("site", "gw-0"))
    changes = agents_object(CR, names.changes_config_map("site", "gw-0"))
    assert "data" not in status
    assert names.CONTENT_LABEL not in status["metadata"]["labels"]
    assert changes["metadata"]["labels"][names.CONTENT_LABEL] == "changes"


@given(st.lists(words, unique=True))
def test_rules_read_back(pods: list[str]) -> None:
    rules = agent_rules("site", pods)
    assert read_rules(role_object(CR, ROLE, rules)) == rules


@pytest.mark.parametrize(
    "rule",
    [
        {"apiGroups": ["*"], "resources": ["configmaps"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": [], "verbs": ["get"]},
        {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["x"], "verbs": ["get"], "nonResourceURLs": ["/"]},
        "no rule",
    ],
)
def test_rules_that_are_not_ours_read_as_none(rule: object) -> None:
    good = role_object(CR, ROLE, (Rule("events", ("create",)),))
    assert read_rules(good) is not None
    assert read_rules({**good, "rules": [*good["rules"], rule]}) is None


@given(st.lists(words, unique=True))
def test_accounts_read_back(accounts: list[str]) -> None:
    document = binding_object(CR, ROLE, ROLE, accounts)
    assert read_accounts(document, ROLE) == tuple(accounts)
    assert read_accounts(document, "another") is None


@pytest.mark.parametrize(
    "subject",
    [
        {"kind": "User", "name": "eve"},
        {"kind": "Group", "name": "system:authenticated"},
        {"kind": "ServiceAccount", "name": "default", "namespace": "elsewhere"},
    ],
)
def test_a_binding_of_anybody_else_reads_as_none(subject: dict[str, str]) -> None:
    document = binding_object(CR, ROLE, ROLE, ("default",))
    document["subjects"].append(subject)
    assert read_accounts(document, ROLE) is None


def test_a_token_tells_by_its_annotations_whose_it_is_and_until_when() -> None:
    document = token_object(CR, TOKEN, "ghs_secret")
    annotations = document["metadata"]["annotations"]
    assert annotations["stoker.io/secret-type"] == "github-app-token"
    assert read_token({"metadata": document["metadata"]}) == TOKEN
    assert "ghs_secret" not in str(document["metadata"])
    assert document["data"] == {"token": "Z2hzX3NlY3JldA=="}


@pytest.mark.parametrize(
    "annotations",
    [
        None,
        {},
        {"stoker.io/token-key": "k"},
        {"stoker.io/token-key": "k", "stoker.io/token-expires": "soon"},
        {"stoker.io/token-key": "k", "stoker.io/token-expires": "2026-01-01T00:00:00"},
        {"stoker.io/token-expires": "2026-01-01T00:00:00Z"},
    ],
)
def test_a_secret_that_does_not_say_it_reads_as_none(annotations: object) -> None:
    assert read_token({"metadata": {"annotations": annotations}}) is None


def test_a_status_is_for_one_life_of_the_cr() -> None:
    document = status_object(CR, GatewaySyncStatus(last_sync_ref="main"))
    assert document["metadata"]["uid"] == "u1"
    assert document["status"]["lastSyncRef"] == "main"
    assert "spec" not in document


def test_a_patch_of_the_status_takes_away_what_is_not_said() -> None:
    change = status_change(CR, GatewaySyncStatus(last_sync_ref="main", profile_count=2))
    assert change["metadata"] == {"uid": "u1"}
    assert change["status"]["lastSyncRef"] == "main"
    before = {"lastSyncCommit": "abc", "lastSyncTime": "x", "discoveredGateways": [1], "seen": 1}
    after = {**before, **change["status"]}
    said = {name: value for name, value in after.items() if value is not None}
    applied = status_object(CR, GatewaySyncStatus(last_sync_ref="main", profile_count=2))["status"]
    assert said == {**applied, "seen": 1}
