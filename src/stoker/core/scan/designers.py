"""Who has the Designer open, and whether that concerns a sync.

The gateway lists sessions and leaves those on the list whose Designer has gone to sleep; only the
time of their last message tells. Whatever in the list cannot be understood counts as a Designer
that is active in every project: who asks wants to be sure that nobody is disturbed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.scan.answer import Answer, whole_number
from stoker.core.spec import DesignerScope

if TYPE_CHECKING:
    from collections.abc import Collection

DORMANT_AFTER_MS: Final = 120_000
"""Silence after which a Designer counts as asleep."""


@frozen
class Designer:
    """One session; empty texts and None are what the gateway did not say."""

    id: str = ""
    user: str = ""
    project: str = ""
    last_message_ms: int | None = None


@frozen
class DesignerList:
    """The sessions that the gateway listed, and how many more it says that there are."""

    designers: tuple[Designer, ...] = ()
    unlisted: int = 0


def read_designers(answer: Answer) -> DesignerList | None:
    """The list in an answer; None if it is no list, or not allowed."""
    items = answer.items() if answer.ok else None
    if items is None:
        return None
    designers = tuple(
        Designer()
        if item is None
        else Designer(
            id=_text(item.get("id")),
            user=_text(item.get("user")),
            project=_text(item.get("project")),
            last_message_ms=whole_number(item.get("lastcomm")),
        )
        for item in items
    )
    total = _total(answer)
    return DesignerList(designers, max(total - len(designers), 0))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _total(answer: Answer) -> int:
    metadata = (answer.document() or {}).get("metadata")
    return (isinstance(metadata, dict) and whole_number(metadata.get("total"))) or 0


def active_designers(
    listed: DesignerList,
    now_ms: int,
    scope: DesignerScope,
    projects: Collection[str],
    dormant_after_ms: int = DORMANT_AFTER_MS,
) -> int:
    """How many Designers a sync of `projects` would disturb."""
    active = [
        designer
        for designer in listed.designers
        if designer.last_message_ms is None or now_ms - designer.last_message_ms <= dormant_after_ms
    ]
    if scope is DesignerScope.PROJECT:
        active = [one for one in active if not one.project or one.project in projects]
    return len(active) + listed.unlisted
