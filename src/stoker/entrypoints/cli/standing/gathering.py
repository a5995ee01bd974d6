"""What is known of one GatewaySync, read with the user's own rights.

Only the GatewaySync itself has to be readable. What a missing right hides is left out, and named,
so that nobody takes half of the picture for the whole.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from stoker.adapters.codec.crd import Seen
from stoker.adapters.codec.report import decode_report
from stoker.adapters.kube.errors import NotFound
from stoker.adapters.kube.resources import CONFIG_MAPS, EVENTS, PODS
from stoker.core import names
from stoker.core.errors import DecodeError
from stoker.core.standing import Facts, Happening, PodFacts
from stoker.entrypoints.cli.cluster.reaching import Cluster
from stoker.entrypoints.cli.cluster.reading import read_sync
from stoker.entrypoints.cli.cluster.refusals import NotAllowed, asking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from stoker.adapters.kube.client import Document
    from stoker.adapters.kube.resources import Resource
    from stoker.core.report import GatewayReport

_MOST_SINGLE: Final = 20
"""How many pods without an agent are asked for by name."""
_MOST_EVENTS: Final = 20
_WITH_AGENT: Final = f"{names.AGENT_LABEL}=true"


@frozen
class Gathered:
    """All that can be seen, and what cannot."""

    facts: Facts
    hidden: tuple[str, ...] = ()
    """What is not shown for want of a right: each in words, with the cure."""


@frozen
class _Gathering:
    cluster: Cluster
    seen: Seen
    hidden: list[str] = field(factory=list)

    @property
    def namespace(self) -> str:
        return self.seen.metadata.namespace

    def listed(self, resource: Resource, *, labels: str = "", fields: str = "") -> list[Document]:
        """These objects of the namespace; none where the right to see them is missing."""
        found: list[Document] = []
        with self._allowed("list", resource):
            pages = self.cluster.client.pages(
                resource, self.namespace, labels=labels, fields=fields
            )
            for page in pages:
                found = list(page.items) if page.first else [*found, *page.items]
        return found

    def got(self, resource: Resource, name: str) -> Document | None:
        with self._allowed("get", resource), suppress(NotFound):
            return self.cluster.client.get(resource, self.namespace, name)
        return None

    @contextmanager
    def _allowed(self, verb: str, resource: Resource) -> Iterator[None]:
        try:
            with asking(self.cluster, verb, resource, self.namespace):
                yield
        except NotAllowed as error:
            told = str(error)
            if told not in self.hidden:
                self.hidden.append(told)


def gather(cluster: Cluster, target: tuple[str, str], now: datetime) -> Gathered:
    """What is known of a GatewaySync; raises `StokerError`."""
    gathering = _Gathering(cluster, read_sync(cluster, target))
    seen = gathering.seen
    facts = Facts(
        now=now,
        metadata=seen.metadata,
        spec=seen.spec,
        status=seen.status,
        reports=_reports(gathering),
        pods=_pods(gathering),
        happenings=_happenings(gathering),
    )
    return Gathered(facts, tuple(gathering.hidden))


def _reports(gathering: _Gathering) -> dict[str, GatewayReport]:
    seen = gathering.seen
    labels = (
        f"{names.CR_NAME_LABEL}={names.cr_label_value(seen.metadata.name)},"
        f"{names.CONTENT_LABEL}!={names.CONTENT_CHANGES}"
    )
    by_name = {one["metadata"]["name"]: one for one in gathering.listed(CONFIG_MAPS, labels=labels)}
    found = {}
    for row in seen.status.discovered_gateways:
        document = by_name.get(names.status_config_map(seen.metadata.name, row.pod_name), {})
        text = (document.get("data") or {}).get(names.STATUS_KEY, "")
        with suppress(DecodeError):  # the agent has not written yet, or nonsense
            found[row.pod_name] = decode_report(text, pod_name=row.pod_name)
    return found


def _pods(gathering: _Gathering) -> dict[str, PodFacts]:
    wanted = {row.pod_name for row in gathering.seen.status.discovered_gateways}
    listed = gathering.listed(PODS, labels=_WITH_AGENT) if wanted else []
    found = {one["metadata"]["name"]: one for one in listed}
    # Pods without an agent bear no label of ours.
    for name in sorted(wanted - found.keys())[:_MOST_SINGLE]:
        if (document := gathering.got(PODS, name)) is not None:
            found[name] = document
    return {name: PodFacts.of(one) for name, one in found.items() if name in wanted}


def _happenings(gathering: _Gathering) -> tuple[Happening, ...]:
    metadata = gathering.seen.metadata
    fields = f"involvedObject.name={metadata.name},involvedObject.kind={names.KIND}"
    found = [
        Happening.of(one)
        for one in gathering.listed(EVENTS, fields=fields)
        if one.get("involvedObject", {}).get("uid", metadata.uid) == metadata.uid
    ]
    dated = [(one.at, one) for one in found if one.at is not None]
    return tuple(one for _, one in sorted(dated, key=lambda pair: pair[0]))[-_MOST_EVENTS:]
