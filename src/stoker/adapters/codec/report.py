"""Reports and lists of changes, to and from the JSON in their ConfigMaps.

The report stands below the key `names.STATUS_KEY`, the list of changes below `CHANGES_KEY`.

A report is read field by field from one table. Keys that the table does not know are ignored, so
that agents and controllers of different versions understand each other; a state that this version
does not know is `Pending`, which claims nothing. A known field of the wrong kind makes the whole
report unreadable: half a report could look better than the gateway is. Then `DecodeError` names
every such field.

A Go agent keeps one ConfigMap for all gateways, one key for each; one bad value there does not
hide the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from stoker.adapters.codec.sharing import shared
from stoker.core.errors import DecodeError, PathError
from stoker.core.paths import RelPath
from stoker.core.report import ChangeList, GatewayReport
from stoker.core.spec.document import rfc3339
from stoker.core.spec.status import SyncStatus

CHANGES_KEY: Final = "changes"
"""The key of a changes ConfigMap that holds the list."""
MAX_BYTES: Final = 1024 * 1024
"""What a ConfigMap can hold at all."""

_RFC3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_MAX_INT: Final = 2**63 - 1


@frozen
class LegacyReports:
    """What could be read of a Go agent's ConfigMap, and an error for each key that could not."""

    reports: tuple[GatewayReport, ...]
    unreadable: tuple[DecodeError, ...]


def encode_report(report: GatewayReport) -> str:
    """The value of `status`: one JSON object, keys in fixed order."""
    document: dict[str, Any] = {}
    for name, (attribute, _, write) in _FIELDS.items():
        value = getattr(report, attribute)
        if value is not None:
            document[name] = write(value)
    return _dump(document)


def decode_report(text: str | bytes, *, pod_name: str) -> GatewayReport:
    """Read the `status` of the ConfigMap that belongs to the pod `pod_name`.

    The name comes from the ConfigMap, which only that pod's agent may write; a report about
    another pod is refused.
    """
    document = _object(text)
    values = _read_fields(document)
    report = GatewayReport(**{"gateway": pod_name, "namespace": "", **values})
    if not report.pod_uid:
        raise DecodeError(
            "the report does not say which pod it is from", where="podUID", cure="update the agent"
        )
    if report.pod_name != pod_name:
        raise DecodeError(
            f"the report is about another pod than {pod_name}",
            where="podName",
            cure="an agent may only write its own pod's ConfigMap",
        )
    return report


def decode_legacy(data: Mapping[str, str], *, namespace: str) -> LegacyReports:
    """Read the ConfigMap `stoker-status-{cr}` of Go agents: gateway name to report.

    Whatever a value claims about pod, life and number is dropped: a Go agent does not say it, and
    everybody's agent may write to this ConfigMap.
    """
    reports: list[GatewayReport] = []
    unreadable: list[DecodeError] = []
    for gateway, text in sorted(data.items()):
        try:
            values = _read_fields(_object(text))
        except DecodeError as error:
            unreadable.append(DecodeError(error.message, where=gateway, cure=error.cure))
            continue
        values.update(gateway=gateway, namespace=namespace, pod_name="", pod_uid="", seq=0)
        reports.append(GatewayReport(**values))
    return LegacyReports(tuple(reports), tuple(unreadable))


def encode_changes(changes: ChangeList) -> str:
    """The value of `changes`: one JSON object; `truncated` says whether paths are missing."""
    return _dump(
        {
            "commit": changes.commit,
            "dryRun": changes.dry_run,
            "truncated": changes.omitted > 0,
            "totals": {
                "added": changes.total_added,
                "modified": changes.total_modified,
                "deleted": changes.total_deleted,
            },
            "added": changes.added,
            "modified": changes.modified,
            "deleted": changes.deleted,
        }
    )


def decode_changes(text: str | bytes) -> ChangeList:
    """Read the `changes` of a changes ConfigMap."""
    document = _object(text)
    try:
        totals = _members(document.get("totals", {}))
        added, modified, deleted = (
            tuple(RelPath.parse(path) for path in _texts(document.get(kind, [])))
            for kind in ("added", "modified", "deleted")
        )
        return ChangeList(
            commit=_text(document.get("commit", "")),
            dry_run=_flag(document.get("dryRun", False)),
            added=added,
            modified=modified,
            deleted=deleted,
            total_added=max(_count(totals.get("added", 0)), len(added)),
            total_modified=max(_count(totals.get("modified", 0)), len(modified)),
            total_deleted=max(_count(totals.get("deleted", 0)), len(deleted)),
        )
    except _WrongKind as kind:
        raise DecodeError(f"the list of changes is not readable: expected {kind}") from None
    except PathError as error:
        raise DecodeError(f"the list of changes is not readable: {error}") from error


class _WrongKind(Exception):
    """A value of another kind than its field has; the argument is the kind that it should be."""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _WrongKind("a string")
    return shared(value)


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise _WrongKind("a list of strings")
    return [_text(item) for item in value]


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_INT:
        raise _WrongKind("a whole number that is not negative")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _WrongKind("true or false")
    return value


def _members(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _WrongKind("an object")
    return value


def _time(value: object) -> datetime | None:
    text = _text(value)
    if not text:
        return None
    kind = "a time such as 2026-01-31T12:00:00Z"
    if not _RFC3339.fullmatch(text):
        raise _WrongKind(kind)
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        raise _WrongKind(kind) from None


def _status(value: object) -> SyncStatus:
    try:
        return SyncStatus(_text(value))
    except ValueError:
        return SyncStatus.PENDING


def _same(value: object) -> object:
    return value


_Field = tuple[str, Callable[[object], object], Callable[[Any], object]]

_FIELDS: Final[Mapping[str, _Field]] = {
    "name": ("gateway", _text, _same),
    "namespace": ("namespace", _text, _same),
    "podName": ("pod_name", _text, _same),
    "podUID": ("pod_uid", _text, _same),
    "seq": ("seq", _count, _same),
    "reportedAt": ("reported_at", _time, rfc3339),
    "profileName": ("profile", _text, _same),  # the name that Go agents write
    "profile": ("profile", _text, _same),
    "syncStatus": ("sync_status", _status, str),
    "syncedCommit": ("synced_commit", _text, _same),
    "syncedRef": ("synced_ref", _text, _same),
    "lastSyncTime": ("last_sync_time", _time, rfc3339),
    "lastSyncDuration": ("last_sync_duration", _text, _same),
    "agentVersion": ("agent_version", _text, _same),
    "lastScanResult": ("last_scan_result", _text, _same),
    "filesChanged": ("files_changed", _count, _same),
    "projectsSynced": ("projects_synced", _texts, _same),
    "errorMessage": ("error_message", _text, _same),
    "drift": ("drift", _count, _same),
    "dryRun": ("dry_run", _flag, _same),
    "dryRunDiffAdded": ("dry_run_diff_added", _count, _same),
    "dryRunDiffModified": ("dry_run_diff_modified", _count, _same),
    "dryRunDiffDeleted": ("dry_run_diff_deleted", _count, _same),
    "designerSessionsBlocked": ("designer_sessions_blocked", _count, _same),
}
"""JSON name to attribute, reader and writer, in the order in which they are written."""


def _read_fields(document: Mapping[str, object]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for name, (attribute, read, _) in _FIELDS.items():
        value = document.get(name)
        if value is None:  # Go writes null for an empty list
            continue
        try:
            values[attribute] = read(value)
        except _WrongKind as kind:
            wrong.append(f"{name} is not {kind}")
    if wrong:
        raise DecodeError(f"the report is not readable: {'; '.join(wrong)}")
    return values


def _object(text: str | bytes) -> dict[str, Any]:
    if len(text) > MAX_BYTES:
        raise DecodeError(f"the document is larger than {MAX_BYTES} bytes")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise DecodeError("the document is not JSON") from None
    if not isinstance(document, dict):
        raise DecodeError("the document is not a JSON object")
    return document


def _dump(document: Mapping[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
