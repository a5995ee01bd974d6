"""From the gateway's answers to the outcome of a scan.

A scan is asked for and then runs by itself: the 200 of the request means no more than that it was
heard. It is over when the gateway says that none is running, and that the last one is later than
the one before the request. No clock but the gateway's own enters into this.

A scan that was running already when ours was asked for may have passed our files before they were
written, so its end proves nothing: `Busy`, and the scan is asked for again.

Even a finished scan may have left something out. `missing_resources` compares what was written
with what the gateway lists as loaded, and `blamed_resources` reads the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.scan.answer import Answer, whole_number
from stoker.core.scan.outcome import (
    Busy,
    Forbidden,
    NotCommissioned,
    Refused,
    ScanOutcome,
    Succeeded,
    Unauthorized,
    Unreachable,
    Unsupported,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stoker.core.ignition import ResourcePath

_COLLECTIONS: Final = "config/resources/"
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_BUSY: Final = frozenset({409, 423, 429})
_BY_STATUS: Final[Mapping[int, ScanOutcome]] = {
    400: NotCommissioned(),
    401: Unauthorized(),
    403: Forbidden(),
    404: Unsupported(),
    503: Unreachable("it is starting or stopping"),
}
_COMPLAINTS: Final = frozenset({"ERROR", "FATAL", "WARN", "WARNING"})


@frozen
class ScanStatus:
    """What the gateway says of its scans; times in milliseconds by its own clock."""

    active: bool
    timestamp: int
    duration: int = 0


@frozen
class Accepted:
    """The request was heard; the scan's end has to be waited for."""


@frozen
class Running:
    """The scan is not over yet."""


def interpret_scan_post(answer: Answer) -> Accepted | ScanOutcome:
    """What the answer to the request of a scan means."""
    refusal = _refusal(answer)
    if refusal is not None:
        return refusal
    if answer.body and answer.document() is None:
        return Refused(answer.status, "the answer is not the gateway's")
    return Accepted()


def read_scan_status(answer: Answer) -> ScanStatus | ScanOutcome:
    """What the answer to a question for the state of the scans means."""
    refusal = _refusal(answer)
    if refusal is not None:
        return refusal
    document = answer.document() or {}
    active = document.get("scanActive")
    timestamp = whole_number(document.get("lastScanTimestamp"))
    if not isinstance(active, bool) or timestamp is None:
        return Refused(answer.status, "the answer is not the gateway's")
    return ScanStatus(active, timestamp, whole_number(document.get("lastScanDuration")) or 0)


def interpret_scan_status(before: ScanStatus, after: ScanStatus) -> Running | Succeeded | Busy:
    """Whether the scan that was asked for after `before` is over in `after`."""
    if after.active or after.timestamp <= before.timestamp:
        return Running()
    return Busy() if before.active else Succeeded(after.timestamp, after.duration)


def _refusal(answer: Answer) -> ScanOutcome | None:
    if answer.ok:
        return None
    if answer.status in _BUSY:
        wait = whole_number(answer.headers.get("retry-after"))
        return Busy(None if wait is None else float(wait))
    if answer.status in _REDIRECTS and "/welcome" in answer.headers.get("location", ""):
        return NotCommissioned()
    return _BY_STATUS.get(answer.status) or Refused(answer.status, answer.why())


def loaded_names(answer: Answer) -> frozenset[str] | None:
    """The names that the gateway lists as loaded for one type; None where it lists nothing."""
    items = answer.items() if answer.ok else None
    if items is None:
        return None
    names = (item.get("name") for item in items if item)
    return frozenset(name for name in names if isinstance(name, str))


def missing_resources(
    written: Iterable[ResourcePath],
    loaded: Mapping[tuple[str, str], frozenset[str] | None],
) -> tuple[ResourcePath, ...]:
    """The resources of the configuration that were written and are not among the loaded ones.

    `loaded` has the names by module and type. A type that it does not know, and a resource that
    is the only one of its type and so has no name, are not asked about.
    """
    return tuple(
        resource
        for resource in sorted(set(written))
        if resource.name
        and resource.home.startswith(_COLLECTIONS)
        and (names := loaded.get((resource.module, resource.type))) is not None
        and resource.name not in names
    )


def blamed_resources(
    written: Iterable[ResourcePath], log: Answer
) -> tuple[tuple[ResourcePath, ...], str]:
    """The written resources that complaints in the log name, and the first such complaint."""
    texts = [text for item in (log.items() or ()) if item and (text := _complaint(item))]
    blamed = {
        resource: told
        for resource in sorted(set(written))
        if (told := next((text for text in texts if _names(text, resource)), ""))
    }
    return tuple(blamed), next(iter(blamed.values()), "")


def _complaint(item: Mapping[str, object]) -> str:
    level, message = item.get("level"), item.get("message")
    if isinstance(level, str) and isinstance(message, str) and level.upper() in _COMPLAINTS:
        return message
    return ""


def _names(text: str, resource: ResourcePath) -> bool:
    parts = (resource.module, resource.type, resource.name)
    return "/".join(part for part in parts if part) in text
