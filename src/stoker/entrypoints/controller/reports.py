"""What agents wrote into their ConfigMaps, and when it last changed under our eyes.

A report is read when a decision first needs it, and kept for as long as its text stays. One that
differs from the last only in its number and its time is a sign of life and nothing to decide
anything about: `is_news` says so, and keeps thousands of quiet agents from costing a look each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from attrs import evolve, field, frozen

from stoker.adapters.codec.owned import owners
from stoker.adapters.codec.report import decode_legacy, decode_report
from stoker.core import names
from stoker.core.errors import DecodeError
from stoker.core.report import GatewayReport

_SIGNS_OF_LIFE: Final = frozenset({"seq", "reportedAt"})


@frozen
class Notes:
    """The data of one ConfigMap of agents, and what it was read as."""

    cr_label: str
    data: Mapping[str, str]
    owners: frozenset[str] = frozenset()
    """The uids of the CRs that own it."""
    changed: datetime | None = None
    """When the text changed while we watched; None as long as it is as we found it."""
    _read: dict[str, GatewayReport | DecodeError] = field(factory=dict, eq=False)

    def report_of(self, pod_name: str) -> GatewayReport | DecodeError | None:
        """The report of a pod's agent; None before the agent wrote one."""
        text = self.data.get(names.STATUS_KEY, "")
        if not text:
            return None
        if pod_name not in self._read:
            try:
                self._read[pod_name] = decode_report(text, pod_name=pod_name)
            except DecodeError as error:
                self._read[pod_name] = error
        return self._read[pod_name]

    def legacy_reports(self, namespace: str) -> tuple[GatewayReport, ...]:
        """The reports of all Go agents, if they write here."""
        return decode_legacy(self.data, namespace=namespace).reports

    def is_news(self, before: Notes) -> bool:
        """Whether it says anything else than that its agent lives."""
        if (self.cr_label, self.owners) != (before.cr_label, before.owners):
            return True
        return _news(self.data) != _news(before.data)


def notes_of(document: Mapping[str, Any], before: Notes | None, now: datetime) -> Notes:
    """What a ConfigMap says, given what it said before."""
    metadata = document["metadata"]
    labels = metadata.get("labels") or {}
    data = document.get("data") or {}
    label = labels.get(names.CR_NAME_LABEL, "")
    notes = Notes(label, data, owners(document))
    if before is None:
        return notes
    if before.data == data:
        return evolve(before, cr_label=label, owners=notes.owners)
    return evolve(notes, changed=now)


def _news(data: Mapping[str, str]) -> Mapping[str, Any]:
    text = data.get(names.STATUS_KEY)
    if text is None:
        return data
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return data
    if not isinstance(said, dict):
        return data
    return {key: value for key, value in said.items() if key not in _SIGNS_OF_LIFE}
