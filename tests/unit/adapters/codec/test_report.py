"""The JSON of reports and of lists of changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from stoker.adapters.codec.report import (
    CHANGES_KEY,
    MAX_BYTES,
    decode_changes,
    decode_legacy,
    decode_report,
    encode_changes,
    encode_report,
)
from stoker.core.errors import DecodeError
from stoker.core.names import STATUS_KEY
from stoker.core.paths import RelPath
from stoker.core.report import ChangeList, GatewayReport, list_changes
from stoker.core.spec.status import SyncStatus

COMMIT = "0123456789abcdef0123456789abcdef01234567"

FULL = GatewayReport(
    gateway="blue",
    namespace="plant",
    pod_name="blue-0",
    pod_uid="5f0c",
    seq=17,
    reported_at=datetime(2026, 3, 1, 12, 0, 9, tzinfo=UTC),
    profile="edge",
    sync_status=SyncStatus.SYNCED,
    synced_commit=COMMIT,
    synced_ref="main",
    last_sync_time=datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC),
    last_sync_duration="2.5s",
    agent_version="1.2.3",
    last_scan_result="projects=200 config=200",
    files_changed=3,
    projects_synced=("Line A", "Line B"),
    error_message="größer",
    drift=1,
    dry_run=True,
    dry_run_diff_added=4,
    dry_run_diff_modified=5,
    dry_run_diff_deleted=6,
    designer_sessions_blocked=2,
)

FULL_JSON: dict[str, Any] = {
    "name": "blue",
    "namespace": "plant",
    "podName": "blue-0",
    "podUID": "5f0c",
    "seq": 17,
    "reportedAt": "2026-03-01T12:00:09Z",
    "profileName": "edge",
    "profile": "edge",
    "syncStatus": "Synced",
    "syncedCommit": COMMIT,
    "syncedRef": "main",
    "lastSyncTime": "2026-03-01T12:00:05Z",
    "lastSyncDuration": "2.5s",
    "agentVersion": "1.2.3",
    "lastScanResult": "projects=200 config=200",
    "filesChanged": 3,
    "projectsSynced": ["Line A", "Line B"],
    "errorMessage": "größer",
    "drift": 1,
    "dryRun": True,
    "dryRunDiffAdded": 4,
    "dryRunDiffModified": 5,
    "dryRunDiffDeleted": 6,
    "designerSessionsBlocked": 2,
}


def changed(**fields: object) -> str:
    return json.dumps({**FULL_JSON, **fields})


class TestReport:
    """The JSON of one report."""

    def test_keys(self) -> None:
        assert (STATUS_KEY, CHANGES_KEY) == ("status", "changes")

    def test_encodes_every_field_in_a_fixed_order(self) -> None:
        text = encode_report(FULL)
        assert json.loads(text) == FULL_JSON
        assert list(json.loads(text)) == list(FULL_JSON)
        assert text.startswith('{"name":"blue","namespace":"plant",')
        assert "größer" in text

    def test_an_unknown_time_is_left_out(self) -> None:
        text = encode_report(GatewayReport(gateway="g", namespace="n"))
        assert "lastSyncTime" not in text
        assert "reportedAt" not in text

    def test_decodes_every_field(self) -> None:
        assert decode_report(changed(), pod_name="blue-0") == FULL
        assert decode_report(changed().encode(), pod_name="blue-0") == FULL

    def test_ignores_unknown_keys_and_nulls(self) -> None:
        read = decode_report(
            changed(later={"a": [1]}, projectsSynced=None, errorMessage=None), pod_name="blue-0"
        )
        assert read.projects_synced == ()
        assert read.error_message == ""
        assert read.synced_commit == COMMIT

    def test_little_is_needed(self) -> None:
        read = decode_report('{"podName":"p-0","podUID":"u"}', pod_name="p-0")
        assert read == GatewayReport(gateway="p-0", namespace="", pod_name="p-0", pod_uid="u")

    def test_a_state_of_another_version_claims_nothing(self) -> None:
        read = decode_report(changed(syncStatus="Levitating"), pod_name="blue-0")
        assert read.sync_status is SyncStatus.PENDING

    @pytest.mark.parametrize(
        ("text", "second"),
        [
            ("2026-03-01T12:00:05Z", 5),
            ("2026-03-01t12:00:05z", 5),
            ("2026-03-01T13:30:05+01:30", 5),
            ("2026-03-01T12:00:05.9Z", 5),
            ("2026-03-01T12:00:05.999999999Z", 5),
        ],
    )
    def test_times_of_rfc_3339(self, text: str, second: int) -> None:
        read = decode_report(changed(lastSyncTime=text), pod_name="blue-0")
        assert read.last_sync_time == datetime(2026, 3, 1, 12, 0, second, tzinfo=UTC)

    def test_an_empty_time_is_unknown(self) -> None:
        assert decode_report(changed(lastSyncTime=""), pod_name="blue-0").last_sync_time is None

    @pytest.mark.parametrize(
        "text",
        ["20260301T120005Z", "2026-03-01", "2026-03-01T12:00:05", "2026-13-01T12:00:05Z",
         "2026-03-01T12:00:05+25:00", "2026-03-01T12:00:05.Z", "٢٠٢٦-03-01T12:00:05Z", "now"],
    )  # fmt: skip
    def test_other_times_are_refused(self, text: str) -> None:
        with pytest.raises(DecodeError) as caught:
            decode_report(changed(lastSyncTime=text), pod_name="blue-0")
        assert caught.value.message == (
            "the report is not readable: lastSyncTime is not a time such as 2026-01-31T12:00:00Z"
        )

    @pytest.mark.parametrize(
        ("field", "value", "kind"),
        [
            ("name", 3, "a string"),
            ("syncStatus", 3, "a string"),
            ("lastSyncTime", 3, "a string"),
            ("projectsSynced", "a", "a list of strings"),
            ("projectsSynced", [1], "a string"),
            ("seq", -1, "a whole number that is not negative"),
            ("seq", 2**63, "a whole number that is not negative"),
            ("seq", 1.5, "a whole number that is not negative"),
            ("seq", True, "a whole number that is not negative"),
            ("seq", "1", "a whole number that is not negative"),
            ("dryRun", 1, "true or false"),
        ],
    )
    def test_a_field_of_another_kind_is_named(self, field: str, value: object, kind: str) -> None:
        with pytest.raises(DecodeError) as caught:
            decode_report(changed(**{field: value}), pod_name="blue-0")
        assert caught.value.message == f"the report is not readable: {field} is not {kind}"

    def test_all_wrong_fields_are_named_at_once(self) -> None:
        with pytest.raises(DecodeError) as caught:
            decode_report(changed(name=1, dryRun="no"), pod_name="blue-0")
        assert caught.value.message == (
            "the report is not readable: name is not a string; dryRun is not true or false"
        )

    def test_the_greatest_number(self) -> None:
        assert decode_report(changed(seq=2**63 - 1), pod_name="blue-0").seq == 2**63 - 1

    @pytest.mark.parametrize(
        "text",
        ["", "{", "nul", b"\xff\xfe\x00", "[" * 100_000, '{"seq": ' + "9" * 5_000 + "}", "\ud800"],
    )
    def test_what_is_not_json(self, text: str | bytes) -> None:
        with pytest.raises(DecodeError, match=r"^the document is not JSON$"):
            decode_report(text, pod_name="blue-0")

    @pytest.mark.parametrize("text", ["[]", "null", '"a"', "3", "NaN"])
    def test_what_is_not_an_object(self, text: str) -> None:
        with pytest.raises(DecodeError, match=r"^the document is not a JSON object$"):
            decode_report(text, pod_name="blue-0")

    def test_size_is_bounded_before_anything_is_parsed(self) -> None:
        fitting = '{"podName":"p","podUID":"u"}'
        padded = fitting + " " * (MAX_BYTES - len(fitting))
        assert decode_report(padded, pod_name="p").pod_uid == "u"
        with pytest.raises(DecodeError, match=r"^the document is larger than 1048576 bytes$"):
            decode_report(padded + " ", pod_name="p")

    def test_a_report_about_another_pod_is_refused(self) -> None:
        with pytest.raises(DecodeError) as caught:
            decode_report(changed(), pod_name="red-0")
        assert caught.value.message == "the report is about another pod than red-0"
        assert caught.value.where == "podName"
        assert caught.value.cure == "an agent may only write its own pod's ConfigMap"

    def test_a_report_without_a_life_is_refused(self) -> None:
        with pytest.raises(DecodeError) as caught:
            decode_report('{"podName":"blue-0"}', pod_name="blue-0")
        assert caught.value.message == "the report does not say which pod it is from"
        assert caught.value.where == "podUID"
        assert caught.value.cure == "update the agent"


class TestLegacy:
    """A Go agent's ConfigMap."""

    GO = json.dumps(
        {
            "syncStatus": "Synced",
            "syncedCommit": COMMIT,
            "syncedRef": "v1.0.0",
            "lastSyncTime": "2026-03-01T12:00:05Z",
            "lastSyncDuration": "812ms",
            "agentVersion": "0.4.1",
            "lastScanResult": "ok",
            "filesChanged": 2,
            "projectsSynced": None,
            "profileName": "site",
            "dryRun": True,
            "dryRunDiffAdded": 1,
        }
    )

    def test_reads_what_a_go_agent_writes(self) -> None:
        read = decode_legacy({"blue": self.GO}, namespace="plant")
        assert read.unreadable == ()
        assert read.reports == (
            GatewayReport(
                gateway="blue",
                namespace="plant",
                sync_status=SyncStatus.SYNCED,
                synced_commit=COMMIT,
                synced_ref="v1.0.0",
                last_sync_time=datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC),
                last_sync_duration="812ms",
                agent_version="0.4.1",
                last_scan_result="ok",
                files_changed=2,
                profile="site",
                dry_run=True,
                dry_run_diff_added=1,
            ),
        )

    def test_one_bad_value_does_not_hide_the_others(self) -> None:
        read = decode_legacy({"b": self.GO, "a": "{", "c": self.GO, "d": "[]"}, namespace="plant")
        assert [report.gateway for report in read.reports] == ["b", "c"]
        assert [(error.where, error.message) for error in read.unreadable] == [
            ("a", "the document is not JSON"),
            ("d", "the document is not a JSON object"),
        ]

    def test_claims_about_pod_and_life_are_dropped(self) -> None:
        forged = changed(name="red", namespace="other", podName="red-0", podUID="u9", seq=99)
        (report,) = decode_legacy({"blue": forged}, namespace="plant").reports
        assert (report.gateway, report.namespace) == ("blue", "plant")
        assert (report.pod_name, report.pod_uid, report.seq) == ("", "", 0)
        assert report.synced_commit == COMMIT


class TestChanges:
    """The JSON of a list of changes."""

    CUT = ChangeList(
        commit=COMMIT,
        dry_run=True,
        added=(RelPath("a b"),),
        modified=(RelPath("m"),),
        deleted=(RelPath("d/é"),),
        total_added=3,
        total_modified=1,
        total_deleted=1,
    )

    def test_encodes_paths_totals_and_whether_it_was_cut(self) -> None:
        assert json.loads(encode_changes(self.CUT)) == {
            "commit": COMMIT,
            "dryRun": True,
            "truncated": True,
            "totals": {"added": 3, "modified": 1, "deleted": 1},
            "added": ["a b"],
            "modified": ["m"],
            "deleted": ["d/é"],
        }
        whole = list_changes(commit=COMMIT, added=[RelPath("a")], modified=[], deleted=[])
        assert json.loads(encode_changes(whole))["truncated"] is False

    def test_decodes_what_it_encoded(self) -> None:
        assert decode_changes(encode_changes(self.CUT)) == self.CUT

    def test_little_is_needed(self) -> None:
        assert decode_changes("{}") == ChangeList(commit="")

    def test_totals_are_never_less_than_what_is_listed(self) -> None:
        read = decode_changes('{"added":["a"],"modified":["b"],"deleted":["c"]}')
        assert (read.total_added, read.total_modified, read.total_deleted) == (1, 1, 1)
        assert read.omitted == 0

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ('{"totals":[]}', "an object"),
            ('{"totals":{"added":-1}}', "a whole number that is not negative"),
            ('{"added":{}}', "a list of strings"),
            ('{"modified":[null]}', "a string"),
            ('{"commit":1}', "a string"),
            ('{"dryRun":"no"}', "true or false"),
        ],
    )
    def test_refuses_other_kinds(self, text: str, why: str) -> None:
        with pytest.raises(DecodeError) as caught:
            decode_changes(text)
        assert caught.value.message == f"the list of changes is not readable: expected {why}"

    def test_refuses_a_path_that_leaves_its_root(self) -> None:
        with pytest.raises(DecodeError, match=r"^the list of changes is not readable: \.\./x: "):
            decode_changes('{"deleted":["../x"]}')

    def test_refuses_what_is_not_json(self) -> None:
        with pytest.raises(DecodeError, match=r"^the document is not JSON$"):
            decode_changes("no")
