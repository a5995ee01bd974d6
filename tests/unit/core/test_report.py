"""Reports: bounds of their texts, which of two counts, numbers, and lists of changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from attrs import asdict, evolve

from stoker.core.paths import RelPath
from stoker.core.report import (
    MAX_CHANGES_BYTES,
    GatewayReport,
    Origin,
    badness,
    list_changes,
    newer,
    next_seq,
    report_text,
)
from stoker.core.spec.status import SyncStatus

COMMIT = "a" * 40
PLAIN = GatewayReport(gateway="blue", namespace="plant", pod_name="blue-0", pod_uid="u1")
LEGACY = GatewayReport(gateway="blue", namespace="plant")


def made(**fields: Any) -> GatewayReport:
    return evolve(PLAIN, **fields)


class TestText:
    """What a report may carry as text."""

    @pytest.mark.parametrize(
        ("text", "limit", "expected"),
        [
            ("", 5, ""),
            ("four", 5, "four"),
            ("fives", 5, "fives"),
            ("sixsix", 5, "sixs…"),
            ("a\nb", 5, "a\nb"),
            ("a\rb\x1b[1m", 20, "a\ufffdb\ufffd[1m"),
            ("\x00\t\x7f\x9f", 20, "\ufffd" * 4),
            ("\ud800x\udfff", 20, "\ufffdx\ufffd"),
            ("a\u202eb\u2066c\u2028d", 20, "a\ufffdb\ufffdc\ufffdd"),
            ("Größe 🙂 \u00a0", 20, "Größe 🙂 \u00a0"),
        ],
    )
    def test_is_bounded_and_free_of_controls(self, text: str, limit: int, expected: str) -> None:
        assert report_text(text, limit) == expected

    def test_limit_of_messages_is_2048(self) -> None:
        assert report_text("x" * 2048) == "x" * 2048
        assert report_text("x" * 2049) == "x" * 2047 + "…"


class TestFields:
    """What becomes of values when a report is made."""

    def test_messages_and_names_are_bounded_when_made(self) -> None:
        report = evolve(PLAIN, error_message="e" * 3000, last_scan_result="s" * 3000)
        assert len(report.error_message) == 2048
        assert len(report.last_scan_result) == 2048
        for name in ("gateway", "namespace", "pod_name", "pod_uid", "profile", "synced_commit",
                     "synced_ref", "last_sync_duration", "agent_version"):  # fmt: skip
            assert getattr(made(**{name: "n" * 256}), name) == "n" * 254 + "…"

    def test_projects_are_a_sorted_set_of_at_most_200(self) -> None:
        assert evolve(PLAIN, projects_synced=["b", "a", "b"]).projects_synced == ("a", "b")
        many = [f"p{number:03}" for number in range(201)]
        assert evolve(PLAIN, projects_synced=many).projects_synced == tuple(many[:200])
        assert len(evolve(PLAIN, projects_synced=["n" * 300]).projects_synced[0]) == 255

    @pytest.mark.parametrize(
        ("given", "kept"), [(-1, 0), (0, 0), (7, 7), (2**63 - 1, 2**63 - 1), (2**63, 2**63 - 1)]
    )
    def test_counts_stay_within_what_kubernetes_can_hold(self, given: int, kept: int) -> None:
        for name in ("seq", "files_changed", "drift", "dry_run_diff_added",
                     "dry_run_diff_modified", "dry_run_diff_deleted",
                     "designer_sessions_blocked"):  # fmt: skip
            assert getattr(made(**{name: given}), name) == kept

    def test_times_are_whole_seconds_of_utc(self) -> None:
        moment = datetime(2026, 3, 1, 12, 0, 5, 999_999, tzinfo=timezone(timedelta(hours=2)))
        expected = datetime(2026, 3, 1, 10, 0, 5, tzinfo=UTC)
        for name in ("reported_at", "last_sync_time"):
            report = made(**{name: moment})
            assert getattr(report, name) == expected
            assert getattr(report, name).tzinfo is UTC
            naive = made(**{name: moment.replace(tzinfo=None)})
            assert getattr(naive, name) == datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)

    def test_a_time_outside_the_calendar_is_unknown(self) -> None:
        first = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
        assert evolve(PLAIN, last_sync_time=first).last_sync_time is None

    def test_a_new_report_claims_nothing(self) -> None:
        bare = asdict(GatewayReport(gateway="blue", namespace="plant"))
        assert bare.pop("sync_status") is SyncStatus.PENDING
        assert {name for name, value in bare.items() if value} == {"gateway", "namespace"}


class TestOrigin:
    """Who speaks."""

    def test_is_the_life_of_the_pod(self) -> None:
        assert PLAIN.origin == Origin("blue-0", "u1")

    def test_a_go_agent_speaks_for_its_gateway_s_name(self) -> None:
        assert LEGACY.origin == Origin("blue", "")
        assert evolve(LEGACY, pod_name="blue-0").origin == Origin("blue", "")


class TestBadness:
    """The order of states."""

    def test_order_from_best_to_worst(self) -> None:
        assert sorted(SyncStatus, key=badness) == [
            SyncStatus.SYNCED,
            SyncStatus.DRY_RUN,
            SyncStatus.PAUSED,
            SyncStatus.SYNCING,
            SyncStatus.PENDING,
            SyncStatus.BLOCKED,
            SyncStatus.MISSING_SIDECAR,
            SyncStatus.ROLLED_BACK,
            SyncStatus.ERROR,
        ]

    def test_synced_is_zero_and_no_two_are_equal(self) -> None:
        assert [badness(status) for status in sorted(SyncStatus, key=badness)] == list(range(9))


class TestNewer:
    """Which of two reports counts."""

    def test_the_greater_number_counts_however_good_or_late_the_other_is(self) -> None:
        old = evolve(PLAIN, seq=9, sync_status=SyncStatus.ERROR,
                     last_sync_time=datetime(2030, 1, 1, tzinfo=UTC))  # fmt: skip
        new = evolve(PLAIN, seq=10, sync_status=SyncStatus.SYNCED, last_sync_time=None)
        assert newer(old, new) is new
        assert newer(new, old) is new

    def test_of_one_number_the_worse_state_counts(self) -> None:
        good = evolve(PLAIN, seq=3, sync_status=SyncStatus.SYNCED,
                      last_sync_time=datetime(2030, 1, 1, tzinfo=UTC))  # fmt: skip
        bad = evolve(PLAIN, seq=3, sync_status=SyncStatus.ERROR)
        assert newer(good, bad) is bad
        assert newer(bad, good) is bad

    def test_of_one_number_and_state_a_fixed_one_counts(self) -> None:
        one, two = evolve(PLAIN, seq=3, drift=1), evolve(PLAIN, seq=3, drift=2)
        assert newer(one, two) == newer(two, one)

    def test_of_two_go_reports_the_later_sync_counts(self) -> None:
        early = evolve(LEGACY, sync_status=SyncStatus.ERROR,
                       last_sync_time=datetime(2026, 1, 1, tzinfo=UTC))  # fmt: skip
        late = evolve(LEGACY, sync_status=SyncStatus.SYNCED,
                      last_sync_time=datetime(2026, 1, 2, tzinfo=UTC))  # fmt: skip
        assert newer(early, late) is late
        assert newer(late, early) is late
        assert newer(evolve(LEGACY, sync_status=SyncStatus.ERROR), early) is early


class TestNextSeq:
    """Numbers of reports."""

    now = datetime(2026, 3, 1, tzinfo=UTC)
    now_ms = 1_772_323_200_000

    def test_an_agent_without_memory_starts_at_the_time(self) -> None:
        assert next_seq(None, self.now) == self.now_ms

    def test_follows_the_clock_while_that_is_ahead(self) -> None:
        assert next_seq(self.now_ms - 2, self.now) == self.now_ms
        assert next_seq(self.now_ms - 1, self.now) == self.now_ms

    def test_grows_by_one_when_the_clock_stands_or_jumps_back(self) -> None:
        assert next_seq(self.now_ms, self.now) == self.now_ms + 1
        assert next_seq(self.now_ms + 10, self.now) == self.now_ms + 11

    def test_is_never_negative(self) -> None:
        assert next_seq(None, datetime(1960, 1, 1, tzinfo=UTC)) == 0

    def test_ends_at_what_kubernetes_can_hold(self) -> None:
        assert next_seq(2**63 - 1, self.now) == 2**63 - 1


def paths(*texts: str) -> list[RelPath]:
    return [RelPath.parse(text) for text in texts]


class TestChanges:
    """Lists of changed paths."""

    def test_a_short_list_is_complete_and_sorted(self) -> None:
        changes = list_changes(
            commit=COMMIT,
            added=paths("b", "a"),
            modified=paths("d", "c"),
            deleted=paths("f", "e"),
            dry_run=True,
        )
        assert (changes.commit, changes.dry_run) == (COMMIT, True)
        assert changes.added == ("a", "b")
        assert changes.modified == ("c", "d")
        assert changes.deleted == ("e", "f")
        assert (changes.total_added, changes.total_modified, changes.total_deleted) == (2, 2, 2)
        assert changes.omitted == 0

    @pytest.mark.parametrize(
        ("limit", "deleted", "modified", "added"),
        [
            # each path of one ASCII character takes five bytes: quotes, comma, space
            (30, ("e", "f"), ("c", "d"), ("a", "b")),
            (29, ("e", "f"), ("c", "d"), ("a",)),
            (24, ("e", "f"), ("c", "d"), ()),
            (19, ("e", "f"), ("c",), ()),
            (9, ("e",), (), ()),
            (5, ("e",), (), ()),
            (4, (), (), ()),
        ],
    )
    def test_deleted_paths_are_kept_longest(
        self,
        limit: int,
        deleted: tuple[str, ...],
        modified: tuple[str, ...],
        added: tuple[str, ...],
    ) -> None:
        changes = list_changes(
            commit=COMMIT,
            added=paths("a", "b"),
            modified=paths("c", "d"),
            deleted=paths("e", "f"),
            limit=limit,
        )
        assert (changes.deleted, changes.modified, changes.added) == (deleted, modified, added)
        assert (changes.total_added, changes.total_modified, changes.total_deleted) == (2, 2, 2)
        assert changes.omitted == 6 - len(deleted) - len(modified) - len(added)
        assert changes.dry_run is False

    def test_size_is_that_of_the_json_in_utf_8(self) -> None:
        for text, size in (("ä", 6), ("🙂", 8), ('"', 6)):
            fits = list_changes(commit="", added=paths(text), modified=[], deleted=[], limit=size)
            cut = list_changes(
                commit="", added=paths(text), modified=[], deleted=[], limit=size - 1
            )
            assert (fits.omitted, cut.omitted) == (0, 1)

    def test_after_a_cut_no_shorter_path_slips_in(self) -> None:
        changes = list_changes(
            commit="", added=[], modified=paths("z"), deleted=paths("a" * 20, "b"), limit=10
        )
        assert (changes.deleted, changes.modified) == ((), ())
        assert changes.omitted == 3

    def test_the_limit_is_512_kib(self) -> None:
        assert MAX_CHANGES_BYTES == 524_288
        name = "n" * 60  # 64 bytes each with what is around it
        many = paths(*(f"{number:04}{name[4:]}" for number in range(8_193)))
        changes = list_changes(commit="", added=many, modified=[], deleted=[])
        assert len(changes.added) == 8_192
        assert changes.omitted == 1
