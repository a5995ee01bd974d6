"""What agents wrote into their ConfigMaps, and when it last changed under our eyes.

A report is read when a decision first needs it; after that its text is let go, as there are
thousands of them. What is kept in its place is a mark of all that it says beside its number and its
time. Reports with one mark are equal, so that of a sign of life nobody is told, and thousands of
quiet agents do not cost a look each.

The number and the time of a sign of life are not kept: what counts from then on is when it was
heard here. A time that no calendar has is passed over in one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from attrs import define, evolve, field, frozen

from stoker.adapters.codec.owned import owners
from stoker.adapters.codec.report import decode_legacy, decode_report
from stoker.adapters.codec.sharing import shared
from stoker.core import names
from stoker.core.errors import DecodeError
from stoker.core.report import GatewayReport, Origin

if TYPE_CHECKING:
    from stoker.core.pods import Pod

_SIGN_OF_LIFE: Final = re.compile(
    r'(?:, ?)?"(?:seq": ?[0-9]{1,18}(?=[,}])'
    r'|reportedAt": ?"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z")'
)
"""As agents write both. In a text of JSON the quotes would bear backslashes."""
_NOTHING: Final[Mapping[str, str]] = {}
"""Most ConfigMaps of agents hold their report alone."""


@define
class Said:
    """One report: its text until it is read, and then what it was read as."""

    mark: bytes
    """Of what it says beside that its agent lives."""
    whole: int = field(eq=False)
    """Of all of its text."""
    text: str = field(eq=False, repr=False)
    _read: GatewayReport | DecodeError | None = field(default=None, eq=False, init=False)

    @classmethod
    def of(cls, text: str) -> Said:
        """The report of this text."""
        lasting = _SIGN_OF_LIFE.sub("", text).encode("utf-8", "surrogatepass")
        return cls(blake2b(lasting, digest_size=16).digest(), hash(text), text)

    def read(self, pod_name: str) -> GatewayReport | DecodeError:
        """What the agent of this pod says; a ConfigMap is one pod's and never another's."""
        if self._read is None:
            try:
                self._read = decode_report(self.text, pod_name=pod_name)
            except DecodeError as error:
                self._read = error
            self.text = ""
        return self._read


@frozen
class Notes:
    """What one ConfigMap of agents says."""

    cr_label: str
    said: Said | None
    """The report of a pod's agent, if there is one."""
    data: Mapping[str, str]
    """All but that."""
    owners: frozenset[str] = frozenset()
    """The uids of the CRs that own it."""
    changed: datetime | None = field(default=None, eq=False)
    """When the text changed while we watched; None as long as it is as we found it."""

    def report_of(self, pod_name: str) -> GatewayReport | DecodeError | None:
        """The report of a pod's agent; None before the agent wrote one."""
        return None if self.said is None else self.said.read(pod_name)

    def legacy_reports(self, namespace: str) -> tuple[GatewayReport, ...]:
        """The reports of all Go agents, if they write here."""
        # A Go agent's gateway may be called as the key of a report is.
        said = {names.STATUS_KEY: self.said.text} if self.said is not None else {}
        return decode_legacy({**self.data, **said}, namespace=namespace).reports


def notes_of(document: Mapping[str, Any], before: Notes | None, now: datetime) -> Notes:
    """What a ConfigMap says, given what it said before; equal unless there is news in it."""
    data = dict(document.get("data") or {})
    text = data.pop(names.STATUS_KEY, "")
    label = (document["metadata"].get("labels") or {}).get(names.CR_NAME_LABEL, "")
    said = Said.of(text) if text else None
    notes = Notes(shared(label), said, data or _NOTHING, owners(document))
    if before is None:
        return notes
    if notes.said is not None and notes.said == before.said:
        # What was read stays read. What is new, if anything, is that the agent lives.
        before_whole, before.said.whole = before.said.whole, notes.said.whole
        is_same = before_whole == notes.said.whole and data == before.data
        return evolve(notes, said=before.said, changed=before.changed if is_same else now)
    is_same = notes.said == before.said and data == before.data
    return evolve(notes, changed=before.changed if is_same else now)


def gathered(
    cr: tuple[str, str], pods: Iterable[Pod], notes: Mapping[str, Notes]
) -> tuple[list[GatewayReport], dict[Origin, datetime]]:
    """The reports of the CR's agents, and when each was last heard of here."""
    reports: list[GatewayReport] = []
    heard: dict[Origin, datetime] = {}
    for pod in pods:
        note = notes.get(names.status_config_map(cr[1], pod.name))
        report = None if note is None else note.report_of(pod.name)
        if note is None or not isinstance(report, GatewayReport):
            continue
        reports.append(report)
        if note.changed is not None:
            heard[report.origin] = note.changed
    if (legacy := notes.get(names.legacy_status_config_map(cr[1]))) is not None:
        reports += legacy.legacy_reports(cr[0])
    return reports, heard
