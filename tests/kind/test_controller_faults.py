"""A controller whose API server fails it, whose namespace goes, and whose objects others change.

In the end all is as the contract says (`kit.order`), in the same process.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cluster import Cluster
from kit import Space, Spaces, charts, eventually
from kit.api import Api
from kit.breaking import Way, refusal, way_to
from kit.chaos import Chaos
from kit.control_plane import ControlPlane
from kit.controllers import Controllers, controllers
from kit.ledger import Ledger
from kit.local_controller import LocalController
from kit.meddling import Meddler
from kit.plants import Plant, Repository, account, gateway_pod, gateway_sync
from kubernetes.client import ApiException

from support.git_servers import GitDaemon

OPTIONS: dict[str, Any] = {"allowed_protocols": "git,https"}
ALONE: dict[str, Any] = {**OPTIONS, "leader_elect": False}


@pytest.fixture
def chaos(space: Space, api: Api, git: GitDaemon) -> Chaos:
    """Six CRs with a gateway each, and the like of them to come."""
    made = Chaos(space, api, [Repository.create(git, space.name)], random.Random(7))  # noqa: S311 - no secret
    made.begin()
    populate(made, 6)
    return made


@pytest.fixture
def way(cluster: Cluster, tmp_path: Path) -> Iterator[Way]:
    with way_to(cluster.kubeconfig, tmp_path) as made:
        yield made


@pytest.fixture
def everywhere(space: Space, definition: dict[str, Any], tmp_path: Path) -> Iterator[Controllers]:
    """Controllers for all namespaces; their own is `space`."""
    assert definition
    with controllers(space, tmp_path, everywhere=True) as made:
        yield made


@pytest.fixture
def going(spaces: Spaces, api: Api, git: GitDaemon) -> Iterator[Chaos]:
    """A namespace that is about to be deleted, with twenty CRs."""
    with spaces.new("going") as space:
        repository = Repository.create(git, space.name)
        chance = random.Random(3)  # noqa: S311 - no secret
        made = Chaos(space, api, [repository], chance, most_crs=20, most_pods=40)
        made.begin()
        populate(made, 20)
        yield made


def populate(chaos: Chaos, count: int) -> None:
    url = chaos.repositories[0].url
    names = [f"cr-{number}" for number in range(count)]
    crs = [gateway_sync(name, url) for name in names]
    pods = [gateway_pod(f"first-{number}", name) for number, name in enumerate(names)]
    chaos.space.apply(*crs, *pods)


def came_right(chaos: Chaos, controller: LocalController, within: float = 90) -> None:
    def right() -> bool:
        found = chaos.wrong()
        assert not found, "\n".join(found)
        return True

    eventually(right, what="all is as it must be", within=within, tell=[controller.tail])


def steps(chaos: Chaos, count: int) -> None:
    for _ in range(count):
        chaos.step()


# --- The API server ---


@pytest.mark.fault("api-server", "restarts", "no lost or doubled action")
def test_an_api_server_that_is_killed_twice(
    chaos: Chaos, control_plane: ControlPlane, local_controllers: Controllers, ledger: Ledger
) -> None:
    controller = local_controllers.start(**OPTIONS)
    pid = controller.pid
    came_right(chaos, controller)
    for number in range(2):
        with chaos.going_on(pause=0.1):
            time.sleep(1)
            control_plane.kill_api_server()
            assert controller.probe("/healthz").status == 200
            control_plane.back()
        came_right(chaos, controller)
        space = chaos.space
        space.apply(gateway_sync(f"new-{number}", chaos.repositories[0].url))
        space.apply(gateway_pod(f"new-{number}", f"new-{number}"))
        plant = Plant(space, f"new-{number}")
        plant.can_report(f"new-{number}")
        plant.says("RefResolved", "True")
        plant.report(f"new-{number}", plant.metadata()["commit"])
        plant.says("Ready", "True", within=10)
        assert controller.probe("/healthz").status == 200
        ledger.did("SIGKILL of the API server while everything in a namespace changes")
        ledger.checked("namespaces in which not all is as the contract says afterwards")
    assert controller.pid == pid
    assert "Traceback" not in controller.log.read_text()


@pytest.mark.fault("api-server", "410 Gone", "restarts", "no lost or doubled action")
@pytest.mark.fault("api-server", "watches have an inactivity limit and re-list")
def test_what_happened_before_the_api_servers_memory_begins(
    way: Way,
    chaos: Chaos,
    control_plane: ControlPlane,
    local_controllers: Controllers,
    ledger: Ledger,
) -> None:
    """While the controller is cut off, things are made and deleted, and etcd is compacted."""
    controller = local_controllers.start(kubeconfig=way.kubeconfig, **OPTIONS)
    came_right(chaos, controller)
    way.does = refusal(503)
    way.reset()
    time.sleep(1)
    kubectl = chaos.space.kubectl
    kubectl("delete", "pods", "first-0", "first-1", "--now")
    kubectl("delete", "gatewaysync", "cr-1", "cr-2", "--wait=false")
    kubectl("delete", "configmap", "stoker-metadata-cr-0", "stoker-status-cr-3-first-3")
    kubectl("delete", "role", "stoker-agent-cr-4")
    chaos.space.apply(gateway_pod("late", "cr-0"))
    steps(chaos, 30)
    control_plane.compact()
    control_plane.kill_api_server()
    control_plane.back()
    way.does = way.passing
    came_right(chaos, controller)
    told = controller.log.read_text()
    assert "Traceback" not in told
    # What it had heard last was before that, so it had to list.
    assert "too old" in told
    ledger.did("etcd is compacted beyond what a controller that is cut off has heard")
    ledger.checked("namespaces in which not all is as the contract says afterwards")


@pytest.mark.parametrize("answer", [refusal(429, after=2), refusal(500), refusal(401)])
@pytest.mark.fault("api-server", "429", "no lost or doubled action")
def test_an_api_server_that_does_not_want_to(
    way: Way, chaos: Chaos, local_controllers: Controllers, answer: bytes, ledger: Ledger
) -> None:
    """It is left alone as well as can be, and all that was missed is made good for."""
    controller = local_controllers.start(kubeconfig=way.kubeconfig, **OPTIONS)
    came_right(chaos, controller)
    asked = controller.metric("stoker_controller_api_requests_total")
    began = time.monotonic()
    way.does = answer
    way.reset()
    chaos.commit()
    steps(chaos, 20)
    time.sleep(10)
    assert controller.probe("/healthz").status == 200
    refused = time.monotonic() - began
    way.does = way.passing
    # The answer to this question comes when its own questions are answered again.
    more = eventually(
        lambda: controller.metric("stoker_controller_api_requests_total"), what="it answers"
    )
    print(f"{(more - asked) / refused:.1f} requests a second")  # noqa: T201 - a figure
    assert (more - asked) / refused < 15
    came_right(chaos, controller)
    ledger.did(f"the API server answers everything with {answer.split()[1].decode()}")
    ledger.checked("namespaces in which not all is as the contract says afterwards")


@pytest.mark.fault("api-server", "watch that dies silently", "no lost or doubled action")
def test_a_way_that_goes_silent_for_a_while(
    way: Way, chaos: Chaos, local_controllers: Controllers, ledger: Ledger
) -> None:
    """Shorter than a watch's patience: nothing ends, and all goes on. The rest is test_watch.py."""
    controller = local_controllers.start(kubeconfig=way.kubeconfig, **OPTIONS)
    came_right(chaos, controller)
    way.does = way.silent
    steps(chaos, 20)
    time.sleep(12)
    assert controller.probe("/healthz").status == 200
    way.does = way.passing
    came_right(chaos, controller)
    ledger.did("all watches of a controller fall silent, and nothing ends them")
    ledger.checked("namespaces in which not all is as the contract says afterwards")


# --- Namespaces ---


def is_gone(api: Api, space: Space) -> bool:
    try:
        found: Any = api.core.read_namespace(space.name)
    except ApiException as error:
        if error.status == 404:
            return True
        raise
    conditions = {one.type: one.message for one in found.status.conditions or ()}
    raise AssertionError(conditions)


def goes(chaos: Chaos, within: float = 60) -> None:
    began = time.monotonic()
    gone = partial(is_gone, chaos.api, chaos.space)
    eventually(gone, what="the namespace is gone", within=within)
    print(f"gone after {time.monotonic() - began:.1f} s")  # noqa: T201 - a figure


@pytest.mark.parametrize("controller_is", ["there", "away"])
def test_a_namespace_goes_while_everything_in_it_changes(
    space: Space, everywhere: Controllers, going: Chaos, controller_is: str
) -> None:
    """With its controller there, or one that is started when it is half gone already."""
    controller = everywhere.start(**OPTIONS)
    came_right(going, controller)
    with going.going_on(pause=0.02):
        time.sleep(2)
        leave(going.space, controller, controller_is)
        goes(going)
    assert "Traceback" not in controller.log.read_text()
    # It is none the worse for it.
    space.apply(account(), gateway_sync("site", going.repositories[0].url))
    Plant(space, "site").says("RefResolved", "True")


@pytest.mark.parametrize("controller_is", ["there", "away"])
def test_a_namespace_goes_with_the_controllers_rights_in_it(
    spaces: Spaces, space: Space, everywhere: Controllers, going: Chaos, controller_is: str
) -> None:
    """With `watchNamespaces` most rights are Roles there, which go at once, before the CRs."""
    with spaces.new("staying") as staying:
        narrow(space, going.space, staying)
        both = f"{going.space.name},{staying.name}"
        controller = everywhere.start(**OPTIONS, watch_namespaces=both)
        came_right(going, controller)
        leave(going.space, controller, controller_is)
        goes(going)
        # A namespace that is not there any more keeps nobody from the work in the others.
        repository = going.repositories[0]
        staying.apply(account(), gateway_sync("site", repository.url))
        Plant(staying, "site").says("RefResolved", "True")
        assert controller.stop() == 0
        controller.start().ready()
        commit = repository.commit('{"v": 2}')
        Plant(staying, "site").says("RefResolved", "True", text=str(commit))


def leave(space: Space, controller: LocalController, controller_is: str) -> None:
    """Have the namespace deleted, without the controller for the first seconds if it is away."""
    if controller_is == "away":
        controller.kill()
    space.kubectl("delete", "namespace", space.name, "--wait=false")
    if controller_is == "away":
        time.sleep(5)
        controller.start()


def narrow(space: Space, *watched: Space) -> None:
    """Give the controllers' account what the chart gives it with `watchNamespaces`."""
    values = {"watchNamespaces": [one.name for one in watched]}
    rights = charts.render(space.helm, values, templates=charts.RIGHTS)
    for one in watched:
        of_it = [each for each in rights if each["metadata"].get("namespace") == one.name]
        one.apply(*of_it)
    there = {one.name for one in watched}
    space.apply(*(each for each in rights if each["metadata"].get("namespace") not in there))


# --- Others ---


def test_others_who_change_what_is_the_controllers(
    chaos: Chaos, local_controllers: Controllers
) -> None:
    controller = local_controllers.start(**ALONE)
    came_right(chaos, controller)
    meddler = Meddler(chaos)
    for _ in range(150):
        meddler.meddle()
        time.sleep(0.05)
    came_right(chaos, controller)
    # Once more, with the controller away meanwhile.
    controller.kill()
    for _ in range(60):
        meddler.meddle()
    controller.start()
    came_right(chaos, controller)
    assert "Traceback" not in controller.log.read_text()
    controller.comes_to_rest()
    before = controller.writes()
    time.sleep(6)
    assert controller.writes() == before
    chaos.space.kubectl("delete", "gatewaysyncs", "--all", patience=60)
    came_right(chaos, controller)
