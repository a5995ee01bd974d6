"""The reports of all agents, by who speaks, however they arrived.

`merge` is a join: commutative, associative and idempotent, so that repeated, delayed and reordered
reports all end in the same map, the one that the newest report of each origin gives. A join never
forgets; `relist` and `forget` do, when the cluster says that a report's ConfigMap is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from stoker.core.report import GatewayReport, Origin, newer

StatusMap: TypeAlias = Mapping[Origin, GatewayReport]
"""The newest report of each origin."""


def status_map(reports: Iterable[GatewayReport]) -> StatusMap:
    """The map of these reports, whose order and repetition mean nothing."""
    newest: dict[Origin, GatewayReport] = {}
    for report in reports:
        known = newest.get(report.origin)
        newest[report.origin] = report if known is None else newer(known, report)
    return newest


def merge(a: StatusMap, b: StatusMap) -> StatusMap:
    """Everything that either knows, and of two reports of one origin the newer one."""
    return status_map((*a.values(), *b.values()))


def relist(known: StatusMap, listed: Iterable[GatewayReport]) -> StatusMap:
    """What is known after a full list: no other origins than the listed ones.

    A list may be older than what was seen before, so a numbered report yields only to a newer
    one. A Go agent's has no number; what was listed last is taken.
    """
    fresh = status_map(listed)
    numbered = {
        origin: report for origin, report in known.items() if origin in fresh and origin.pod_uid
    }
    return merge(numbered, fresh)


def forget(known: StatusMap, gone: Collection[Origin]) -> StatusMap:
    """What is known without the origins in `gone`."""
    return {origin: report for origin, report in known.items() if origin not in gone}
