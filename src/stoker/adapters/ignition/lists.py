"""What a gateway tells of itself and of its Designers.

The list of Designers may come in pages. A gateway that knows no pages sends the same one again,
so what was seen already ends the list; what it counts and does not show stays counted.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.adapters.ignition.errors import refused
from stoker.core.scan import (
    Accepted,
    Answer,
    DesignerList,
    Refused,
    ScanOutcome,
    Unsupported,
    interpret_scan_post,
    read_designers,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from stoker.adapters.ignition.api import Api

_DESIGNERS: Final = "the list of Designers"
_ABOUT: Final = "the question for the gateway's name and version"
_MOST_PAGES: Final = 50
_LONGEST: Final = 255


@frozen(kw_only=True)
class GatewayInfo:
    """Who a gateway is; empty where it does not say."""

    name: str = ""
    version: str = ""
    edition: str = ""
    redundancy_role: str = ""
    deployment_mode: str = ""


def designers(api: Api, wall: Callable[[], float]) -> tuple[DesignerList, int]:
    """All sessions, and the time in milliseconds by which their last messages count."""
    answer = api.get("designers")
    page = _page(answer)
    now = _time_of(answer, wall)
    found, total = list(page.designers), len(page.designers) + page.unlisted
    for _ in range(_MOST_PAGES):
        if len(found) >= total:
            break
        seen = {one.id for one in found}
        page = _page(api.get("designers", query={"offset": len(found)}))
        fresh = [one for one in page.designers if one.id not in seen]
        if not fresh:
            break
        found += fresh
    return DesignerList(tuple(found), max(total - len(found), 0)), now


def _page(answer: Answer) -> DesignerList:
    page = read_designers(answer)
    if page is None:
        raise refused(_DESIGNERS, _refusal(answer))
    return page


def _refusal(answer: Answer) -> ScanOutcome:
    """What an answer means that is not what was asked for."""
    outcome = interpret_scan_post(answer)
    if isinstance(outcome, Accepted):
        return Refused(answer.status, "the answer is not the gateway's")
    return outcome


def _time_of(answer: Answer, wall: Callable[[], float]) -> int:
    """The gateway's own time, by which it stamps the messages; else this machine's."""
    try:
        return int(parsedate_to_datetime(answer.headers["date"]).timestamp() * 1000)
    except (KeyError, ValueError, TypeError, OverflowError):
        return int(wall() * 1000)


def info(api: Api) -> GatewayInfo:
    """Who the gateway is; of 8.1 only its part in a redundant pair can be told."""
    answer = api.get("gateway-info")
    document = answer.document() if answer.ok else None
    if document is not None:
        return GatewayInfo(
            name=_text(document.get("name")),
            version=_text(document.get("ignitionVersion")),
            edition=_text(document.get("edition")),
            redundancy_role=_text(document.get("redundancyRole")),
            deployment_mode=_text(document.get("deploymentMode")),
        )
    refusal = _refusal(answer)
    older = api.ask_openly("/system/gwinfo", api.seconds) if refusal == Unsupported() else None
    if older is None or not older.ok:
        raise refused(_ABOUT, refusal)
    return GatewayInfo(redundancy_role=_text(_pairs(older).get("RedundancyStatus")))


def _pairs(answer: Answer) -> dict[str, str]:
    """`Name=value;Name=value;` as a mapping."""
    parts = (part.partition("=") for part in answer.body.decode(errors="replace").split(";"))
    return {name.strip(): value.strip() for name, _, value in parts}


def _text(value: object) -> str:
    return value[:_LONGEST] if isinstance(value, str) and value.isprintable() else ""
