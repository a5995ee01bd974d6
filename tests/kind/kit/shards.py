"""Controllers that share namespaces, and an estate of namespaces to share.

Each replica has a passage to the API server of its own, in which is written down what it asks and
when. So who has written in which namespace is known from outside, whatever a replica says of
itself. The hash that tells whose a namespace is stands here once more, as documented.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kit import charts, eventually
from kit.controllers import Controllers
from kit.crowds import Crowd, at_once, condition
from kit.passages import Passage, passage
from kit.plants import account, gateway_pod, gateway_sync, report_of
from stoker.adapters.clock import utc_now
from stoker.adapters.kube.resources import CONFIG_MAPS, GATEWAY_SYNCS, NAMESPACES, PODS, Resource
from stoker.core import names

if TYPE_CHECKING:
    from cluster import Cluster

    from kit.local_controller import LocalController
    from kit.plants import Repository
    from kit.spaces import Space
    from stoker.adapters.kube.client import Client

ACCOUNTS: Final = Resource("v1", "serviceaccounts", "ServiceAccount")
CRS: Final = ("east", "west")
"""The GatewaySyncs of each namespace; each has one gateway."""
_WRITTEN: Final = re.compile(r"/namespaces/([^/]+)/(?!leases)([a-z]+)")
_LEADING: Final = "rbac/leader-election"
_OF_A_CR: Final = "stoker_controller_cr_ready"


def shard_of(namespace: str, shards: int) -> int:
    """Whose a namespace is: the first eight bytes of its name's SHA-256, modulo the number."""
    return int.from_bytes(hashlib.sha256(namespace.encode()).digest()[:8], "big") % shards


def spread(prefix: str, shards: int, each: int) -> list[str]:
    """Names of namespaces, `each` for every shard."""
    found: dict[int, list[str]] = {number: [] for number in range(shards)}
    for number in count():
        name = f"{prefix}-{number}"
        mine = found[shard_of(name, shards)]
        if len(mine) < each:
            mine.append(name)
        if all(len(one) == each for one in found.values()):
            return sorted(name for one in found.values() for name in one)
    raise AssertionError  # there are names enough


@dataclass(frozen=True)
class Estate:
    """Namespaces, each with GatewaySyncs and their gateways, of one repository."""

    client: Client
    repository: Repository
    namespaces: Sequence[str]

    def begin(self) -> None:
        """Make everything; who makes the namespaces takes them away."""
        for name in self.namespaces:
            self.client.create(NAMESPACES, "", {"metadata": {"name": name}})
        at_once(self._furnish, self.namespaces)

    def _furnish(self, namespace: str) -> None:
        crowd = Crowd(self.client, namespace)
        crowd.create(ACCOUNTS, [account()])
        # Nothing comes of the clock: what is looked at again was changed, or its leader did.
        slowly: dict[str, Any] = {"polling": {"interval": "300s"}}
        crowd.create(GATEWAY_SYNCS, [gateway_sync(cr, self.repository.url, **slowly) for cr in CRS])
        crowd.create(PODS, [gateway_pod(f"{cr}-0", cr) for cr in CRS])

    def end(self) -> None:
        """Take everything away, with nobody's help."""
        for name in self.namespaces:
            Crowd(self.client, name).clear()
            self.client.delete(NAMESPACES, "", name)

    def push(self) -> str:
        """A commit, of which each GatewaySync is told as by a receiver."""
        commit = str(self.repository.commit(json.dumps({"at": time.time_ns()})))
        asked = {names.REQUESTED_AT: utc_now().isoformat(), names.REQUESTED_BY: "generic"}
        for name in self.namespaces:
            for cr in CRS:
                self.client.merge(GATEWAY_SYNCS, name, cr, {"metadata": {"annotations": asked}})
        return commit

    def report(self, commit: str, spaces: Sequence[str] = ()) -> None:
        """Say for each gateway that it has this commit."""
        at_once(lambda name: self._report(name, commit), spaces or self.namespaces)

    def _report(self, namespace: str, commit: str) -> None:
        for name, pod in Crowd(self.client, namespace).listed(PODS).items():
            said = report_of(name, pod["metadata"]["uid"], commit, seq=time.time_ns() // 1000)
            cr = pod["metadata"]["annotations"][names.CR_NAME]
            change = {"data": {"status": json.dumps(said)}}
            place = names.status_config_map(cr, name)
            # As an agent does: the controller tells of a commit first, and makes the place then.
            report = partial(self.client.merge, CONFIG_MAPS, namespace, place, change)
            eventually(report, what=f"the agent of {name} can report in {namespace}")

    def is_told(self, commit: str, spaces: Sequence[str] = ()) -> bool:
        """Whether all agents are told this commit; an error that names those that are not."""
        told = {
            f"{name}/{cr}": self.told(name, cr) for name in spaces or self.namespaces for cr in CRS
        }
        assert set(told.values()) == {commit}, told
        return True

    def told(self, namespace: str, cr: str) -> str:
        """The commit that the agents of a GatewaySync are told."""
        found = self.client.get(CONFIG_MAPS, namespace, names.metadata_config_map(cr))
        return str(found["data"]["commit"])

    def is_ready(self) -> bool:
        """Whether each GatewaySync is."""
        found = {
            f"{name}/{cr}": condition(self.client.get(GATEWAY_SYNCS, name, cr), "Ready")
            for name in self.namespaces
            for cr in CRS
        }
        late = {name: one["message"] for name, one in found.items() if one["status"] != "True"}
        assert not late, late
        return True


@dataclass(frozen=True)
class Replica:
    """A controller, and its way to the API server."""

    controller: LocalController
    way: Passage = field(repr=False)
    shards: int

    @property
    def name(self) -> str:
        """What tests call it."""
        return self.controller.name

    def led(self) -> set[int]:
        """The shards that it says to lead."""
        return {
            int(one.labels["shard"])
            for one in self.controller.metrics()
            if one.name == "stoker_controller_shard_leader" and one.value == 1
        }

    def shown(self) -> set[str]:
        """The namespaces of which it has metrics."""
        return {
            one.labels["namespace"]
            for one in self.controller.metrics()
            if "namespace" in one.labels
        }

    def counted(self) -> int:
        """Of how many GatewaySyncs it says whether they are ready."""
        return sum(one.name == _OF_A_CR for one in self.controller.metrics())


@dataclass
class Replicas:
    """Those of one release; `writes` is what they have done."""

    cluster: Cluster
    space: Space
    folder: Path
    stack: ExitStack
    there: list[Replica] = field(default_factory=list)
    _rights: dict[int, Controllers] = field(default_factory=dict)
    _ways: Iterator[int] = field(default_factory=count)

    def install(self, shards: int) -> Controllers:
        """Give them the rights of a release with so many shards, as an upgrade does."""
        values: dict[str, Any] = {"sharding": {"shards": shards}}
        folder = self.folder / f"of-{shards}"
        folder.mkdir(parents=True, exist_ok=True)
        self._rights[shards] = made = Controllers(self.space, folder, values)
        return made

    def keep(self, shards: int) -> None:
        """Let those of another number have the rights to their leases too, as while it rolls."""
        rights = charts.render(self.space.helm, self._rights[shards].values, templates=[_LEADING])
        for one in rights:
            one["metadata"]["name"] += "-before"
            if "roleRef" in one:
                one["roleRef"]["name"] += "-before"
        self.space.apply(*rights)

    def begin(self, name: str, shards: int, **options: Any) -> Replica:
        """One more, without waiting for it."""
        rights = self._rights.get(shards) or self.install(shards)
        own = rights.folder / f"way-{next(self._ways)}"
        own.mkdir()
        way = self.stack.enter_context(passage(self.cluster, own))
        kubeconfig = own / "kubeconfig"
        kubeconfig.write_text(json.dumps(_through(way, json.loads(rights.kubeconfig.read_text()))))
        common: dict[str, Any] = {"allowed_protocols": "git,https", "kubeconfig": kubeconfig}
        made = Replica(rights.begin(name, **common, **options), way, shards)
        self.there.append(made)
        return made

    def end(self) -> None:
        """Have all of them end."""
        for one in self.there:
            if one.controller.process is not None and one.controller.process.poll() is None:
                assert one.controller.stop() == 0
        self.there.clear()

    def close(self) -> None:
        """Take away what is not in the namespace."""
        for one in self._rights.values():
            one.close()

    def stories(self) -> Iterator[tuple[str, str]]:
        """What each of them has logged last."""
        for one in self.there:
            yield one.name, one.controller.tail(25)

    # --- What they do ---

    def writes(self, since: float = 0.0) -> dict[str, list[str]]:
        """Who wrote in each namespace, in order, one name for all writes that follow each other."""
        found: dict[str, list[tuple[float, str]]] = {}
        for replica in self.there:
            for one in replica.way.since(since):
                if one.writes and (place := _WRITTEN.search(one.path)):
                    found.setdefault(place[1], []).append((one.at, replica.name))
        return {
            namespace: [name for name, _ in groupby(name for _, name in sorted(all_of_it))]
            for namespace, all_of_it in found.items()
        }

    def leaders(self) -> dict[int, list[str]]:
        """Who says to lead each shard."""
        led = {one.name: one.led() for one in self.there if one.controller.process is not None}
        shards = max(one.shards for one in self.there)
        return {n: sorted(name for name, some in led.items() if n in some) for n in range(shards)}


def _through(way: Passage, kubeconfig: dict[str, Any]) -> dict[str, Any]:
    cluster = kubeconfig["clusters"][0]["cluster"]
    cluster["server"] = f"https://{way.address}:{way.port}"
    cluster["certificate-authority-data"] = base64.b64encode(way.ca.encode()).decode()
    return kubeconfig


@contextmanager
def replicas(cluster: Cluster, space: Space, folder: Path) -> Iterator[Replicas]:
    """Replicas of a release in this namespace, for the `with`."""
    with ExitStack() as stack:
        made = Replicas(cluster, space, folder, stack)
        try:
            yield made
        finally:
            for one in made.there:
                one.controller.kill()
            made.close()
