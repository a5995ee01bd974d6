"""From the types to JSON values, and the one text of a document."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from stoker.core.conditions import Condition, Conditions, ConditionStatus
from stoker.core.spec import (
    AgentSettings,
    DesignerPolicy,
    FieldPatch,
    GatewaySyncStatus,
    MappingType,
    SyncSettings,
)
from stoker.core.spec.document import canonical, rfc3339, to_document
from stoker.core.spec.durations import Duration
from support.specs import REPO, a_mapping, a_profile, a_spec


def test_a_whole_spec() -> None:
    assert to_document(a_spec()) == {
        "git": {"repo": REPO, "ref": "v1.0.0"},
        "gateway": {
            "api": {"secretName": "gateway-api", "secretKey": "apiKey"},
            "port": 8088,
            "tls": False,
        },
        "sync": {
            "profiles": {
                "default": {
                    "mappings": [
                        {
                            "source": "projects",
                            "destination": "projects",
                            "required": False,
                            "template": False,
                            "templateEngine": "go",
                            "patches": [],
                        }
                    ]
                }
            }
        },
        "polling": {"enabled": True, "interval": "60s"},
        "agent": {"repoSizeLimit": "2Gi"},
        "paused": False,
    }


def test_shared_fields_stand_beside_the_mappings() -> None:
    document = to_document(a_profile(sync_period=7, designer_session_policy=DesignerPolicy.WAIT))
    assert set(document) == {"mappings", "syncPeriod", "designerSessionPolicy"}
    assert document["syncPeriod"] == 7
    assert type(document["designerSessionPolicy"]) is str
    assert document["designerSessionPolicy"] == "wait"


def test_what_was_given_empty_stays_given() -> None:
    assert to_document(SyncSettings(exclude_patterns=(), vars={})) == {
        "excludePatterns": [],
        "vars": {},
    }


def test_patches_and_types() -> None:
    mapping = a_mapping(
        type=MappingType.FILE, patches=(FieldPatch(set={"a.b": "1"}, file="*.json"),)
    )
    assert to_document(mapping) == {
        "source": "projects",
        "destination": "projects",
        "type": "file",
        "required": False,
        "template": False,
        "templateEngine": "go",
        "patches": [{"set": {"a.b": "1"}, "file": "*.json"}],
    }


def test_what_is_opaque_is_passed_on_as_it_is() -> None:
    resources = {"limits": {"cpu": "1"}, "claims": (1, 2)}
    document = to_document(AgentSettings(resources=resources))
    assert document == {"resources": resources, "repoSizeLimit": "2Gi"}
    assert document["resources"] is resources


def test_conditions_are_a_list() -> None:
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    ready = Condition("Ready", ConditionStatus.TRUE, "SyncSucceeded", "3/3 synced", moment, 4)
    document = to_document(GatewaySyncStatus(conditions=Conditions.of((ready,))))
    assert document["conditions"] == [
        {
            "type": "Ready",
            "status": "True",
            "reason": "SyncSucceeded",
            "message": "3/3 synced",
            "lastTransitionTime": "2026-01-31T12:00:00Z",
            "observedGeneration": 4,
        }
    ]


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        (3, 3),
        ("x", "x"),
        ((1, (2,)), [1, [2]]),
        ({"a": MappingType.DIR}, {"a": "dir"}),
        (Duration.parse("90s"), "90s"),
    ],
)
def test_parts(value: object, plain: object) -> None:
    assert to_document(value) == plain


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC), "2026-01-31T12:00:05Z"),
        (datetime(2026, 1, 31, 12, 0, 5, 120, tzinfo=UTC), "2026-01-31T12:00:05.000120Z"),
        (datetime(2026, 1, 31, 1, tzinfo=timezone(timedelta(hours=2))), "2026-01-30T23:00:00Z"),
        (datetime(2026, 1, 31, 12), "2026-01-31T12:00:00Z"),  # noqa: DTZ001 - taken for UTC
    ],
)
def test_times(moment: datetime, text: str) -> None:
    assert rfc3339(moment) == text


def test_the_one_text() -> None:
    assert canonical({"b": [1, True, None], "a": "ü\n"}) == '{"a":"\\u00fc\\n","b":[1,true,null]}'
    assert canonical({"a": 1, "b": 2}) == canonical({"b": 2, "a": 1})
