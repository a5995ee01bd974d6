"""The chart's NetworkPolicies, tried with packets between pods of a cluster that enforces them.

One release is changed twice: without policies, where everybody reaches everything, with them and
all in one pod, and with webhook and receiver in pods of their own. Strangers, a Prometheus, an
ingress controller and this machine, which is outside as the API server of many a cluster is, knock
at every port of it, and from inside its pods others are knocked at.

Broken on purpose, and seen to fail: probes opened to everybody, `from` of metrics, receiver and
webhook left out, no policy of egress or one for everything, no rule for the API server, for DNS or
for git, git for the webhook too, the webhook's policy about the controller's pods, and policies
about all pods of the namespace.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

import pytest
from kit import Space, Spaces, eventually, knocking
from kit.charts import Installed, installed, merged
from kit.doors import Door as Listener
from kit.git_here import GitHere, Source
from kit.isolation import Isolation, isolating
from kit.knocking import OPEN, PORT, SILENT, Door, knocked
from kit.kubectl import Document
from kit.plants import Plant, gateway_sync
from kit.pods import Pod
from kit.spaces import RESTRICTED
from test_webhook_release import is_injected

from stoker.core import names

STRANGER, GATEWAY, PROMETHEUS, INGRESS = "stranger", "gateway", "prometheus", "ingress"
HERE: Final = "this machine"
PODS: Final[dict[str, dict[str, str]]] = {
    STRANGER: {},
    PROMETHEUS: {"metrics": "enabled"},
    INGRESS: {"purpose": "ingress"},
}
"""Those of other namespaces, and their namespaces' labels."""

ALL: Final = frozenset({"probes", "metrics", "webhook", "receiver"})
OPENED: Final[dict[str, dict[str, frozenset[str]]]] = {
    "open": dict.fromkeys((STRANGER, GATEWAY, PROMETHEUS, INGRESS, HERE), ALL),
    # Where the API server is, is not known; so everybody gets to the webhook, which takes
    # reviews from everybody and gives nothing away.
    "in one pod": {
        STRANGER: frozenset({"webhook"}),
        GATEWAY: frozenset({"webhook"}),
        PROMETHEUS: frozenset({"webhook", "metrics"}),
        INGRESS: frozenset({"webhook", "receiver"}),
        HERE: frozenset({"webhook"}),
    },
    "apart": {
        STRANGER: frozenset(),
        GATEWAY: frozenset(),
        PROMETHEUS: frozenset({"metrics"}),
        INGRESS: frozenset({"receiver"}),
        HERE: frozenset({"webhook"}),
    },
}
REACHED: Final[dict[str, dict[str, set[str]]]] = {
    "open": {"controller": {"API server", "git", "machine", GATEWAY, STRANGER}},
    "in one pod": {"controller": {"API server", "git"}},
    "apart": {
        "controller": {"API server", "git"},
        "webhook": {"API server"},
        "receiver": {"API server"},
    },
}
"""By the container from which it is tried; those of one pod have one network."""


@dataclass
class Scene:
    """A release, and who is around it."""

    release: Installed
    around: dict[str, Pod]
    source: Source
    git: GitHere
    other: Listener
    engine: Isolation | None
    stage: str = "open"
    since: float = field(default_factory=time.monotonic)

    @property
    def space(self) -> Space:
        return self.release.space

    def settle(self) -> None:
        """The policies that there are now are in force."""
        if self.engine is not None:
            self.engine.now()

    def pods(self) -> list[Document]:
        return [one for one in self.release.pods() if "deletionTimestamp" not in one["metadata"]]

    def pod_with(self, container: str) -> Pod:
        found = [
            one["metadata"]["name"]
            for one in self.pods()
            if container in {each["name"] for each in one["spec"]["containers"]}
        ]
        return self.space.pod(found[0])

    def doors(self) -> list[Door]:
        """Each port of each pod, and of each Service."""
        of_pods = [
            Door(
                f"{container['name']}: {port['name']}",
                one["status"]["podIP"],
                port["containerPort"],
            )
            for one in self.pods()
            for container in one["spec"]["containers"]
            for port in container["ports"]
        ]
        of_services = [
            Door(
                f"{one['metadata']['name']}: {port['name']}", one["spec"]["clusterIP"], port["port"]
            )
            for one in self.space.kubectl.json("get", "services")["items"]
            for port in one["spec"]["ports"]
        ]
        return [*of_pods, *of_services]

    def elsewhere(self) -> list[Door]:
        """Where something listens that pods of the release may want to reach, or not."""
        host, _, port = self.git.door.host.partition(":")
        other = self.other.host.partition(":")
        return [
            Door("API server", "kubernetes.default.svc", 443),
            Door("git", host, int(port)),
            Door("machine", other[0], int(other[2])),
            *(
                Door(name, pod.status()["podIP"], PORT)
                for name, pod in self.around.items()
                if name in (STRANGER, GATEWAY)
            ),
        ]


def kind_of(door: str) -> str:
    """What a port is for, by its name."""
    container, _, port = door.partition(": ")
    for kind in ("metrics", "probes"):
        if kind in port:
            return kind
    return container.rpartition("-")[2]


def values(scene: Scene) -> Document:
    git_port = int(scene.git.door.host.rpartition(":")[2])
    base: Document = {
        "watchNamespaces": [scene.space.name],
        "webhookReceiver": {"enabled": True, "hmac": {"secret": "the key of all"}},
    }
    isolated: Document = {
        "networkPolicy": {
            "enabled": True,
            "receiver": {"from": [{"namespaceSelector": {"matchLabels": PODS[INGRESS]}}]},
            "egress": {"git": {"ports": [git_port]}},
        }
    }
    address = f"{scene.space.cluster.host_address}/32"
    apart: Document = {
        "webhook": {"replicas": 2},
        "networkPolicy": {
            "webhook": {"from": [{"ipBlock": {"cidr": address}}]},
            "egress": {"git": {"to": [{"ipBlock": {"cidr": address}}]}},
        },
    }
    stages = {"open": base, "in one pod": merged(base, isolated)}
    stages["apart"] = merged(stages["in one pod"], apart)
    return stages[scene.stage]


@pytest.fixture(scope="module")
def scene(  # noqa: PLR0913, PLR0917 - a scene needs all of it
    shared_space: Space,
    spaces: Spaces,
    definition: Document,
    product: str,
    git_here: GitHere,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    assert definition
    space, cluster = shared_space, shared_space.cluster
    source = git_here.repository("plant")
    source.commit({"projects/a/project.json": "{}"})
    space.apply(*git_here.secrets)
    with ExitStack() as stack:
        around = {
            name: stack.enter_context(spaces.new(name, {**RESTRICTED, **labels})).start(
                knocking.pod(name, product, {})
            )
            for name, labels in PODS.items()
        }
        # A gateway's, as the injection labels it, in the namespace of the release.
        around[GATEWAY] = space.start(knocking.pod(GATEWAY, product, {names.AGENT_LABEL: "true"}))
        listener = stack.enter_context(Listener(cluster.host_address, 9))
        engine = stack.enter_context(isolating(cluster, tmp_path_factory.mktemp("isolation")))
        release = stack.enter_context(installed(space, product, {"watchNamespaces": [space.name]}))
        space.apply(gateway_sync("plant", source.url, git=git_here.spec))
        # While somebody is there to take its finalizer off.
        stack.callback(space.kubectl, "delete", "gatewaysync", "plant", "--timeout", "30s")
        for pod in around.values():
            pod.ready()
        yield Scene(release, around, source, git_here, listener, engine)


@pytest.fixture(scope="module", params=OPENED)
def stage(request: pytest.FixtureRequest, scene: Scene, product: str) -> Scene:
    """The release as it is in a stage."""
    scene.stage = request.param
    scene.release.upgrade(product, values(scene))
    kubectl = scene.space.kubectl
    for one in kubectl("get", "deployments", "--output", "name").split():
        # Helm does not wait for those of before to go.
        kubectl("rollout", "status", one, "--timeout", "60s", patience=70)
    scene.settle()
    scene.since = time.monotonic()
    return scene


def comes_to_be(who: str, wanted: dict[str, str], look: Callable[[], dict[str, str]]) -> None:
    """An engine may take a moment, and a busy machine too."""

    def is_so() -> bool:
        found = look()
        wrong = {name: found[name] for name in found if found[name] != wanted[name]}
        assert not wrong, f"for {who}: {wrong}"
        return True

    eventually(is_so, what=f"each is as it has to be for {who}", within=15)


def test_who_gets_in(stage: Scene) -> None:
    """Whoever gets in gets in by the pods' addresses and by those of Services."""
    doors = stage.doors()
    assert {kind_of(one.name) for one in doors} == ALL

    def knock(who: str) -> None:
        may = OPENED[stage.stage][who]
        wanted = {one.name: OPEN if kind_of(one.name) in may else SILENT for one in doors}
        comes_to_be(who, wanted, lambda: knocked(doors, stage.around.get(who)))

    with ThreadPoolExecutor() as pool:
        list(pool.map(knock, OPENED[stage.stage]))


def test_where_it_gets_to(stage: Scene) -> None:
    """Names are resolved as well: the API server is called by its name."""
    doors = stage.elsewhere()
    for container, may in REACHED[stage.stage].items():
        pod = stage.pod_with(container)
        wanted = {one.name: OPEN if one.name in may else SILENT for one in doors}
        comes_to_be(container, wanted, lambda: knocked(doors, pod, container))  # noqa: B023 - called at once


def test_a_gateway_is_nobody_s_to_isolate(stage: Scene) -> None:
    """The release's policies are about its own pods: Prometheus scrapes agents as before."""
    gateway = stage.around[GATEWAY].status()["podIP"]
    doors = [Door("gateway", gateway, PORT)]
    for who in (STRANGER, PROMETHEUS):
        comes_to_be(who, {"gateway": OPEN}, lambda: knocked(doors, stage.around[who]))  # noqa: B023 - called at once


def test_it_does_its_work(stage: Scene) -> None:
    """The API server asks the webhook, and the controller asks the git server."""
    plant = Plant(stage.space, "plant")
    commit = stage.source.commit({"projects/a/project.json": f'{{"title": "{stage.stage}"}}'})
    eventually(lambda: is_injected(stage.space), what="a pod gets its agent", within=15)
    plant.look()

    def is_seen() -> bool:
        assert plant.status()["lastSyncCommit"] == commit
        return True

    eventually(is_seen, what="the controller has seen the commit")
    assert plant.condition("RefResolved")["status"] == "True"


def test_the_kubelet_s_probes_go_on(stage: Scene) -> None:
    """A pod whose probes get no answer three times, five seconds apart, is not ready any more."""
    if stage.stage != "open":
        time.sleep(max(0.0, stage.since + 21 - time.monotonic()))
    for pod in stage.pods():
        conditions = {one["type"]: one["status"] for one in pod["status"]["conditions"]}
        assert conditions["Ready"] == "True"
        assert [one["restartCount"] for one in pod["status"]["containerStatuses"]] == [0] * len(
            pod["spec"]["containers"]
        )
