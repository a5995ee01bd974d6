"""Law 18, for reports: what is encoded decodes to itself; only `DecodeError` escapes."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from property.strategies.reports import any_reports, change_lists
from stoker.adapters.codec.report import (
    decode_changes,
    decode_legacy,
    decode_report,
    encode_changes,
    encode_report,
)
from stoker.core.errors import DecodeError
from stoker.core.report import ChangeList, GatewayReport, Origin
from stoker.core.spec.status import SyncStatus

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
KEYS = (
    "name", "namespace", "podName", "podUID", "seq", "reportedAt", "profile", "profileName",
    "syncStatus", "syncedCommit", "lastSyncTime", "projectsSynced", "dryRun", "drift",
    "commit", "totals", "added", "modified", "deleted", "other",
)  # fmt: skip
documents = st.dictionaries(st.sampled_from(KEYS), json_values, max_size=8)
anything = (
    st.text(st.characters(), max_size=30)
    | st.binary(max_size=30)
    | json_values.map(json.dumps)
    | documents.map(json.dumps)
)


@given(any_reports())
def test_reports_round_trip(report: GatewayReport) -> None:
    """Seen to fail with times cut at the minute, and with `drift` missing in the table."""
    known = evolve(report, pod_name=report.pod_name or "p", pod_uid=report.pod_uid or "u")
    assert decode_report(encode_report(known), pod_name=known.pod_name) == known


@given(any_reports(), documents)
def test_keys_of_later_versions_change_nothing(
    report: GatewayReport, later: dict[str, Any]
) -> None:
    """Seen to fail with a decoder that refused the keys that it does not know."""
    known = evolve(report, pod_name="p", pod_uid="u")
    document = json.loads(encode_report(known))
    extended = {**{f"x-{key}": value for key, value in later.items()}, **document}
    assert decode_report(json.dumps(extended), pod_name="p") == known


@given(change_lists())
def test_changes_round_trip(changes: ChangeList) -> None:
    """Seen to fail with totals counted from the paths that are listed."""
    assert decode_changes(encode_changes(changes)) == changes


@given(anything)
@example("[" * 100_000)
@example('{"lastSyncTime": "2026-02-30T00:00:00Z"}')
def test_only_decode_errors_escape(data: str | bytes) -> None:
    """Seen to fail without `RecursionError` and with a bare `datetime.fromisoformat`."""
    with contextlib.suppress(DecodeError):
        assert decode_report(data, pod_name="p").pod_name == "p"
    with contextlib.suppress(DecodeError):
        decode_changes(data)


@given(
    st.dictionaries(st.sampled_from(("a", "b", "c")), anything.filter(lambda d: isinstance(d, str)))
)
def test_every_key_of_a_go_config_map_is_read_or_named(data: dict[str, str]) -> None:
    """Seen to fail with a decoder that gave up at the first bad value."""
    read = decode_legacy(data, namespace="plant")
    seen = [report.gateway for report in read.reports] + [error.where for error in read.unreadable]
    assert sorted(seen) == sorted(data)
    assert all(report.origin == Origin(report.gateway, "") for report in read.reports)
    assert all(report.sync_status in SyncStatus for report in read.reports)
