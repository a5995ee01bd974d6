"""What an agent in a pod tells, to whom: the log, the API server, the metrics; without secrets."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from attrs import define, field
from prometheus_client.parser import text_string_to_metric_families as parsed

from property.strategies.reports import NOW, a_report
from stoker.adapters.logs.redacting import Redactor
from stoker.adapters.metrics.agent import AgentMetrics
from stoker.core.agent import effects as ef
from stoker.core.errors import StokerError
from stoker.core.ignition import ScanKind
from stoker.core.report import ChangeList
from stoker.core.scan import Verdict
from stoker.core.spec import SyncStatus
from stoker.entrypoints.agent.telling import PodTeller
from stoker.entrypoints.engine.observations import (
    DesignersSeen,
    Fetched,
    Observation,
    Operation,
    Result,
    RolledBack,
    Scanned,
)
from stoker.entrypoints.telling import Teller
from unit.adapters.test_metrics_agent import an_audit

SECRET = "s3cr3t-of-the-plant"


@define
class Told:
    """Who would write to the API server."""

    what: list[Any] = field(factory=list)

    def report(self, report: Any) -> None:
        self.what.append(report)

    def publish(self, changes: Any) -> None:
        self.what.append(changes)

    def event(self, *words: str, commit: str = "") -> None:
        self.what.append((*words, commit))


@define
class Scene:
    """Everybody who is told, but for the API server."""

    out: io.StringIO = field(factory=io.StringIO)
    desk: Told = field(factory=Told)
    metrics: AgentMetrics = field(factory=lambda: AgentMetrics(NOW))
    redactor: Redactor = field(factory=Redactor)

    @property
    def teller(self) -> PodTeller:
        log = Teller(lambda: NOW, self.out, self.redactor.text)
        return PodTeller(log, self.desk, self.metrics)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    def samples(self) -> set[str]:
        return {
            sample.name.removeprefix("stoker_agent_")
            for family in parsed(self.metrics.exposition())
            for sample in family.samples
            if sample.value
        }


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_report_is_written_counted_and_logged_when_it_is_news(scene: Scene) -> None:
    teller = scene.teller
    reports = [a_report(sync_status=SyncStatus.SYNCED, drift=drift) for drift in (0, 0, 3)]
    for report in reports:
        teller.report(report)
    assert scene.desk.what == reports
    assert [line["message"] for line in scene.lines] == ["the gateway is Synced", "drift"]
    assert "drifted_files" in scene.samples()


def test_the_audit_record_of_a_sync(scene: Scene) -> None:
    """One JSON line, CONTRACT §7.7."""
    scene.teller.audit(an_audit())
    assert scene.lines == [
        {
            "logger": "audit",
            "time": "2026-01-31T12:00:00+00:00",
            "message": "sync",
            "gateway": "gw-0",
            "cr": "plant",
            "ref": "main",
            "commit": "1" * 40,
            "author": "jane",
            "added": 1,
            "modified": 2,
            "deleted": 3,
            "scan": "projects=ok",
            "durationSeconds": 1.5,
            "result": "synced",
            "profile": "blue",
        }
    ]
    assert "files_changed" in scene.samples()


def test_news_becomes_an_event_about_the_commit_on_the_disk(scene: Scene) -> None:
    teller = scene.teller
    reason = ef.AnnouncementReason.SYNC_FAILED
    teller.announce(ef.Announce(reason, "it broke", warning=True))
    report = a_report(synced_commit="2" * 40)
    teller.report(report)
    teller.announce(ef.Announce(ef.AnnouncementReason.DRIFT_RESOLVED, "it is well"))
    first, _, second = scene.desk.what
    assert first == ("Warning", "SyncFailed", "it broke", "")
    assert second == ("Normal", "DriftResolved", "it is well", "2" * 40)


def test_changes_are_written_and_named(scene: Scene) -> None:
    changes = ChangeList(commit="1" * 40)
    scene.teller.publish(changes)
    assert scene.desk.what == [changes]


@pytest.mark.parametrize(
    ("observation", "sample"),
    [
        (Fetched(Operation.CLONE, Result.ERROR, 1.0), "git_fetch_total"),
        (Scanned(ScanKind.CONFIG, Verdict.TAKEN, 1.0), "scan_total"),
        (RolledBack(Result.SUCCESS), "rollback_total"),
        (DesignersSeen(1), "designer_sessions_active"),
    ],
)
def test_observations_are_counted(scene: Scene, observation: Observation, sample: str) -> None:
    scene.teller.observe(observation)
    assert sample in scene.samples()


def test_counts_are_counted(scene: Scene) -> None:
    scene.teller.count(ef.CountSkip(ef.SkipReason.PAUSED, "default"))
    assert "sync_skipped_total" in scene.samples()


def test_the_gate_opens(scene: Scene) -> None:
    teller = scene.teller
    assert (teller.log.gate_open, teller.log.gate_opened) == (False, None)
    teller.open_gate()
    assert (teller.log.gate_open, teller.log.gate_opened) == (True, NOW)


def test_no_secret_is_told_and_every_line_stays_one(scene: Scene) -> None:
    scene.redactor.hide(SECRET)
    teller = scene.teller
    teller.complain("read it", StokerError(f"401 for\n{SECRET}"))
    teller.complain("read it", ValueError(SECRET))
    teller.report(a_report(error_message=f"https://x:{SECRET}@host"))
    said = scene.out.getvalue()
    assert SECRET not in said
    assert len(scene.lines) == 3
    assert scene.lines[0]["error"] == "401 for\n***"
