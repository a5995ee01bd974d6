"""One row for each gateway: which report counts, and what it amounts to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from property.strategies.reports import COMMITS, NAMESPACE, NOW, a_gateway, a_report
from stoker.core.report import GatewayReport, Origin
from stoker.core.spec.status import DiscoveredGateway, SyncStatus
from stoker.core.status import (
    AtCommit,
    AtRef,
    forget,
    gateway_row,
    gateway_rows,
    is_met,
    merge,
    relist,
    reports_of,
    state_number,
    status_map,
    target_of,
)
from stoker.core.status.rows import MAX_ROWS_CHARACTERS

A, B, _ = COMMITS
BLUE = a_gateway()


def legacy(name: str = "blue", at: datetime | None = NOW, **fields: Any) -> GatewayReport:
    return GatewayReport(
        gateway=name,
        namespace=NAMESPACE,
        sync_status=SyncStatus.SYNCED,
        synced_commit=A,
        last_sync_time=at,
        **fields,
    )


def row_status(*reports: GatewayReport, gateway: Any = BLUE, commit: str | None = A) -> SyncStatus:
    (row,) = gateway_rows([gateway], status_map(reports), commit)
    return row.sync_status


class TestVerdict:
    """What a report amounts to."""

    @pytest.mark.parametrize("status", SyncStatus)
    def test_at_the_resolved_commit_the_report_s_state_stands(self, status: SyncStatus) -> None:
        assert row_status(a_report(status=status)) is status

    @pytest.mark.parametrize("status", SyncStatus)
    def test_at_another_commit_only_synced_is_taken_back(self, status: SyncStatus) -> None:
        expected = SyncStatus.PENDING if status is SyncStatus.SYNCED else status
        assert row_status(a_report(status=status, commit=B)) is expected

    def test_nothing_is_synced_while_no_commit_is_known(self) -> None:
        assert row_status(a_report(), commit=None) is SyncStatus.PENDING
        assert row_status(a_report(commit=""), commit=None) is SyncStatus.PENDING
        assert row_status(a_report(commit=""), commit="") is SyncStatus.PENDING

    def test_without_a_report_it_is_pending(self) -> None:
        assert row_status() is SyncStatus.PENDING

    def test_a_report_of_another_life_or_pod_does_not_count(self) -> None:
        assert row_status(a_report(uid="u2")) is SyncStatus.PENDING
        assert row_status(a_report(pod="blue-1")) is SyncStatus.PENDING

    def test_without_an_agent_no_report_counts(self) -> None:
        bare = a_gateway(has_sidecar=False)
        (row,) = gateway_rows([bare], status_map([a_report(drift=3)]), A)
        assert row.sync_status is SyncStatus.MISSING_SIDECAR
        assert (row.synced_commit, row.drift) == ("", 0)

    def test_a_synced_dry_run_is_a_dry_run(self) -> None:
        assert row_status(a_report(dry_run=True)) is SyncStatus.DRY_RUN
        failed = a_report(dry_run=True, status=SyncStatus.ERROR)
        assert row_status(failed) is SyncStatus.ERROR


class TestPinned:
    """Gateways with a ref of their own."""

    trial = a_gateway(ref_override="trial")

    @pytest.mark.parametrize(
        ("ref", "commit", "expected"),
        [
            ("trial", B, SyncStatus.SYNCED),
            ("trial", A, SyncStatus.SYNCED),
            ("trial", "", SyncStatus.PENDING),
            ("main", A, SyncStatus.PENDING),
            ("", B, SyncStatus.PENDING),
        ],
    )
    def test_is_synced_at_its_own_ref(self, ref: str, commit: str, expected: SyncStatus) -> None:
        report = a_report(synced_ref=ref, commit=commit)
        assert row_status(report, gateway=self.trial) is expected
        assert row_status(report, gateway=self.trial, commit=None) is expected

    def test_a_v_before_a_digit_makes_no_difference(self) -> None:
        pinned = a_gateway(ref_override="1.2.0")
        assert row_status(a_report(synced_ref="v1.2.0"), gateway=pinned) is SyncStatus.SYNCED

    def test_targets(self) -> None:
        assert target_of(self.trial, A) == AtRef("trial")
        assert target_of(BLUE, A) == AtCommit(A)
        assert target_of(BLUE, None) == AtCommit(None)
        assert is_met(AtCommit(A), a_report())
        assert not is_met(AtCommit(B), a_report())


class TestLegacy:
    """Go agents' reports."""

    def test_a_go_agent_s_report_counts_for_its_gateway(self) -> None:
        assert row_status(legacy()) is SyncStatus.SYNCED
        assert row_status(legacy(), commit=B) is SyncStatus.PENDING
        assert row_status(legacy("red")) is SyncStatus.PENDING

    def test_not_when_it_is_older_than_the_pod(self) -> None:
        for second, expected in ((-1, SyncStatus.PENDING), (0, SyncStatus.SYNCED)):
            at = NOW + timedelta(seconds=second)
            assert row_status(legacy(at=at), gateway=a_gateway(created=NOW)) is expected

    def test_not_when_it_does_not_say_when(self) -> None:
        assert row_status(legacy(at=None)) is SyncStatus.PENDING

    def test_not_when_two_gateways_have_the_name(self) -> None:
        two = [BLUE, a_gateway("blue-1")]
        rows = gateway_rows(two, status_map([legacy()]), A)
        assert [row.sync_status for row in rows] == [SyncStatus.PENDING] * 2

    def test_the_agent_s_own_report_comes_first(self) -> None:
        assert row_status(legacy(), a_report(status=SyncStatus.ERROR)) is SyncStatus.ERROR

    def test_reports_of_says_whose_is_whose(self) -> None:
        own, old = a_report(), legacy("red")
        gateways = [a_gateway("red-0"), BLUE, a_gateway("green-0")]
        assert reports_of(gateways, status_map([own, old])) == (old, own, None)


class TestRow:
    """What a row carries."""

    def test_carries_what_is_known(self) -> None:
        gateway = a_gateway(service_account_name="ignition", profile="edge")
        report = a_report(
            last_sync_time=NOW,
            last_sync_duration="2s",
            synced_ref="main",
            agent_version="1.0.0",
            last_scan_result="ok",
            files_changed=4,
            projects_synced=("P",),
            error_message="none",
            drift=2,
            profile="not-the-pod-s",
        )
        assert gateway_row(gateway, report, A) == DiscoveredGateway(
            name="blue",
            namespace=NAMESPACE,
            pod_name="blue-0",
            service_account_name="ignition",
            profile="edge",
            sync_status=SyncStatus.SYNCED,
            last_sync_time=NOW,
            last_sync_duration="2s",
            synced_commit=A,
            synced_ref="main",
            agent_version="1.0.0",
            last_scan_result="ok",
            files_changed=4,
            projects_synced=("P",),
            error_message="none",
            drift=2,
        )

    def test_details_are_left_out_where_they_would_not_fit(self) -> None:
        report = a_report(
            error_message="e" * 1000, last_scan_result="s" * 1000, projects_synced=("p" * 200,)
        )
        size = 2_200
        number = MAX_ROWS_CHARACTERS // size
        gateways = [a_gateway(f"g{index}-0") for index in range(number + 1)]
        reports = status_map([evolve(report, pod_name=gateway.pod_name) for gateway in gateways])
        whole = gateway_rows(gateways[:number], reports, A)
        assert whole[-1].error_message == "e" * 1000
        assert whole[-1].projects_synced == ("p" * 200,)
        for row in gateway_rows(gateways, reports, A):
            assert row.error_message == "e" * 119 + "…"
            assert (row.last_scan_result, row.projects_synced) == ("", ())
            assert row.synced_commit == A
        assert MAX_ROWS_CHARACTERS == 400_000

    def test_numbers_of_states_for_metrics(self) -> None:
        numbers = {status.value: state_number(status) for status in SyncStatus}
        assert numbers == {
            "Pending": 0, "Synced": 1, "Error": 2, "MissingSidecar": 3, "Syncing": 4,
            "Blocked": 5, "Paused": 6, "DryRun": 7, "RolledBack": 8,
        }  # fmt: skip


class TestMaps:
    """Maps of reports."""

    old, new = a_report(seq=1), a_report(seq=2)
    red = a_report(pod="red-0")

    def test_merge_takes_the_newer_of_each_origin(self) -> None:
        both = merge(status_map([self.old, self.red]), status_map([self.new]))
        assert both == {Origin("blue-0", "u1"): self.new, Origin("red-0", "u1"): self.red}

    def test_lives_of_a_pod_are_kept_apart(self) -> None:
        other = a_report(uid="u2", seq=0)
        assert set(status_map([self.new, other]).values()) == {self.new, other}

    def test_relist_forgets_what_is_not_listed(self) -> None:
        known = status_map([self.old, self.red, legacy()])
        assert relist(known, [self.red]) == status_map([self.red])

    def test_relist_keeps_the_newer_of_numbered_reports(self) -> None:
        assert relist(status_map([self.new]), [self.old]) == status_map([self.new])
        assert relist(status_map([self.old]), [self.new]) == status_map([self.new])

    def test_relist_takes_a_go_agent_s_as_it_is_listed(self) -> None:
        before, after = legacy(at=NOW), legacy(at=datetime(2020, 1, 1, tzinfo=UTC))
        assert relist(status_map([before]), [after]) == status_map([after])

    def test_forget(self) -> None:
        known = status_map([self.new, self.red])
        assert forget(known, {self.red.origin}) == status_map([self.new])
        assert forget(known, set()) == known
