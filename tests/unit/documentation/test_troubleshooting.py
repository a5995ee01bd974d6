"""The page of symptoms knows every word that the code can show.

Broken on purpose, and seen to fail: a new reason in `ConditionReason`, and a row taken out.
"""

from __future__ import annotations

import re
from typing import Final

import pytest

from stoker.core.agent.effects import AnnouncementReason
from stoker.core.conditions import ConditionReason, ConditionType
from stoker.core.errors import StokerError
from stoker.core.reconcile import decision, news
from stoker.core.spec.status import RefResolutionStatus, SyncStatus
from stoker.core.status.rows import state_number
from stoker.entrypoints.controller.acting import NameTaken
from support.pages import ROOT

PAGE: Final = (ROOT / "docs" / "troubleshooting.md").read_text()


def section(title: str) -> str:
    """What stands below a heading, up to the next one of its level."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"there is no section {title!r}"
    return found.group(1)


def words(text: str) -> set[str]:
    """What stands between backticks."""
    return set(re.findall(r"`([^`]+)`", text))


def test_every_condition_is_there_with_each_of_its_reasons() -> None:
    told = words(section("Conditions"))
    assert {*ConditionType} <= told
    assert {*ConditionReason} <= told
    assert SyncStatus.ROLLED_BACK in told, "a reason of Stalled"


def test_no_condition_is_there_that_the_code_does_not_have() -> None:
    cells = re.findall(r"^\| ([^|]*)\| ([^|]*)\|", section("Conditions"), re.MULTILINE)
    types = {word for first, _ in cells for word in words(first)}
    reasons = {word for _, second in cells for word in words(second)}
    assert types == {*ConditionType}
    assert reasons == {*ConditionReason, SyncStatus.ROLLED_BACK}


def test_every_state_of_a_gateway_is_there_with_its_number() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", section("States of a gateway"), re.MULTILINE)
    assert {name: int(number) for name, number in rows} == {
        status.value: state_number(status) for status in SyncStatus
    }


def events() -> set[str]:
    """Every reason of an event, of controller and agent."""
    turning = {
        ConditionReason.PROFILES_INVALID,
        ConditionReason.REF_RESOLUTION_FAILED,
        ConditionReason.GITHUB_APP_EXCHANGE_FAILED,
        ConditionReason.SIDECAR_MISSING,
        ConditionReason.HOST_KEY_VERIFICATION_DISABLED,
        ConditionReason.AGENT_STALE,
        ConditionReason.DRIFT_DETECTED,
    }
    written = re.findall(r'event\(\s*EventType\.\w+,\s*"(\w+)"', source(news))
    named = re.findall(r'^_\w+: Final = "([A-Z]\w+)"', source(decision), re.MULTILINE)
    ready = {ConditionReason.SYNC_SUCCEEDED, ConditionReason.PAUSED, ConditionReason.REF_RESOLVED}
    failing = {StokerError.reason, NameTaken.reason}
    return {*AnnouncementReason, *turning, *ready, *written, *named, *failing}


def source(module: object) -> str:
    """The text of a module."""
    return (ROOT / "src" / f"{module.__name__.replace('.', '/')}.py").read_text()  # type: ignore[attr-defined]


def test_every_event_is_there() -> None:
    rows = re.findall(r"^\| (`[^|]*)\|", section("Events"), re.MULTILINE)
    assert {word for row in rows for word in words(row)} == events()


def test_every_bad_turn_of_a_condition_is_among_them() -> None:
    """`news` makes an event of each of these, with the reason that the condition has then."""
    bad = {str(kind) for kind, _ in news._BAD_NEWS}  # noqa: SLF001 - what the test is about
    assert bad == {
        "ProfilesValid",
        "RefResolved",
        "SidecarInjected",
        "SSHHostKeyVerification",
        "AgentReady",
        "Drifted",
    }


@pytest.mark.parametrize("status", RefResolutionStatus)
def test_the_reference_knows_how_far_a_ref_is(status: RefResolutionStatus) -> None:
    assert f"`{status}`" in (ROOT / "docs" / "reference" / "gatewaysync.md").read_text()


RUNBOOKS: Final = (
    "A GatewaySync is not ready",
    "A sync fails",
    "A gateway has no agent",
    "A gateway does not sync",
    "A Designer holds up a sync",
    "A gateway was rolled back",
    "The ref cannot be resolved",
    "The profiles are not valid",
    "Nothing is heard of an agent",
    "Files have drifted",
    "The controller does not work",
    "Pods get no agent",
    "Pods are refused",
    "The receiver refuses requests",
    "Syncs are slow",
)
"""Headings that alerts lead to."""


@pytest.mark.parametrize("title", RUNBOOKS)
def test_alerts_have_somewhere_to_lead_to(title: str) -> None:
    assert section(title).strip()
