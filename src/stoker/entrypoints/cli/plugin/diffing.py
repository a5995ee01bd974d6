"""What the last sync or dry run of each gateway has changed, as the agents have listed it.

A list says which commit it is of. Whether it is of any use depends on what is in force now, so each
comes with what speaks against it: another commit, a gateway that is elsewhere, paths left out.
"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import frozen

from stoker.adapters.clock import utc_now
from stoker.adapters.codec.report import CHANGES_KEY, decode_changes
from stoker.adapters.kube.resources import CONFIG_MAPS
from stoker.core import names
from stoker.core.errors import DecodeError, StokerError
from stoker.core.report import ChangeList
from stoker.core.spec.document import rfc3339
from stoker.core.spec.problems import nearest
from stoker.core.spec.status import DiscoveredGateway
from stoker.entrypoints.cli.answers import Answer, json_text
from stoker.entrypoints.cli.cluster.options import named_one
from stoker.entrypoints.cli.cluster.reaching import Cluster
from stoker.entrypoints.cli.cluster.reading import read_sync, target_of
from stoker.entrypoints.cli.cluster.refusals import asking
from stoker.entrypoints.cli.commanding import as_invalid_input
from stoker.entrypoints.cli.plugin import diff_text
from stoker.entrypoints.cli.standing.answering import look_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stoker.adapters.kube.client import Document
    from stoker.core.spec import GatewaySyncStatus
    from stoker.entrypoints.cli.cluster.options import Place


@frozen(kw_only=True)
class Listed:
    """What there is of one gateway."""

    row: DiscoveredGateway
    changes: ChangeList | None = None
    """None: its agent has listed nothing yet."""
    unreadable: str = ""
    """Why the list cannot be read."""
    written: datetime | None = None


def diff_answer(place: Place, gateway: str, *, full: bool, as_json: bool) -> Answer:
    """The lists of all gateways, or of one."""
    with as_invalid_input():
        one = named_one(place)
    cluster = Cluster.of(place.kubeconfig, place.context)
    target = target_of(cluster, one)
    status = read_sync(cluster, target).status
    rows = chosen(status, gateway, target)
    with asking(cluster, "list", CONFIG_MAPS, target[0]):
        maps = _maps(cluster, target)
    listed = [listing(target[1], row, maps) for row in rows]
    if as_json:
        return Answer(json_text(document(target, status, listed)))
    look = look_of(sys.stdout)
    return Answer(diff_text.text(target, status, listed, diff_text.Manner(utc_now(), look, full)))


def chosen(
    status: GatewaySyncStatus, gateway: str, target: tuple[str, str]
) -> Sequence[DiscoveredGateway]:
    """The gateways that are meant: by their name or that of their pod; raises `StokerError`."""
    rows = sorted(status.discovered_gateways, key=lambda row: (row.name, row.pod_name))
    if not gateway:
        return rows
    found = [row for row in rows if gateway in {row.name, row.pod_name}]
    if not found:
        near = nearest(gateway, (name for row in rows for name in (row.name, row.pod_name)))
        listed = ", ".join(row.pod_name for row in rows) or "none"
        raise StokerError(
            f"there is no gateway {gateway}",
            where=f"GatewaySync {'/'.join(target)}",
            cure=f"did you mean {near}?" if near else f"its gateways are: {listed}",
        )
    return found


def _maps(cluster: Cluster, target: tuple[str, str]) -> dict[str, Document]:
    labels = (
        f"{names.CR_NAME_LABEL}={names.cr_label_value(target[1])},"
        f"{names.CONTENT_LABEL}={names.CONTENT_CHANGES}"
    )
    found: dict[str, Document] = {}
    # Each may hold half a megabyte.
    for page in cluster.client.pages(CONFIG_MAPS, target[0], labels=labels, limit=20):
        found = {} if page.first else found
        found |= {one["metadata"]["name"]: one for one in page.items}
    return found


def listing(cr: str, row: DiscoveredGateway, maps: Mapping[str, Document]) -> Listed:
    """What the ConfigMap of a gateway's pod holds."""
    found = maps.get(names.changes_config_map(cr, row.pod_name), {})
    text = (found.get("data") or {}).get(CHANGES_KEY)
    if text is None:
        return Listed(row=row)
    try:
        return Listed(row=row, changes=decode_changes(text), written=_written(found))
    except DecodeError as error:
        return Listed(row=row, unreadable=str(error))


def _written(document: Document) -> datetime | None:
    """When the agent wrote it, as the API server remembers."""
    entries = document["metadata"].get("managedFields") or ()
    times = [entry.get("time") for entry in entries if "f:data" in (entry.get("fieldsV1") or {})]
    written = [datetime.fromisoformat(time) for time in times if isinstance(time, str)]
    return max(written, default=None)


def document(
    target: tuple[str, str], status: GatewaySyncStatus, listed: Sequence[Listed]
) -> dict[str, Any]:
    """The JSON; its field names are kept."""
    return {
        "result": "listed",
        "namespace": target[0],
        "name": target[1],
        "ref": status.last_sync_ref,
        "commit": status.last_sync_commit,
        "gateways": [_gateway(one, status) for one in listed],
        "error": None,
    }


def _gateway(one: Listed, status: GatewaySyncStatus) -> dict[str, Any]:
    changes = one.changes
    return {
        "name": one.row.name,
        "pod": one.row.pod_name,
        "status": one.row.sync_status.value,
        "commit": one.row.synced_commit,
        "written": None if one.written is None else rfc3339(one.written),
        "unreadable": one.unreadable or None,
        "remarks": list(diff_text.remarks(one, status)),
        "changes": None
        if changes is None
        else {
            "commit": changes.commit,
            "dryRun": changes.dry_run,
            "truncated": changes.omitted > 0,
            "totalAdded": changes.total_added,
            "totalModified": changes.total_modified,
            "totalDeleted": changes.total_deleted,
            "added": [str(path) for path in changes.added],
            "modified": [str(path) for path in changes.modified],
            "deleted": [str(path) for path in changes.deleted],
        },
    }
