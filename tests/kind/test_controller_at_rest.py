"""A controller that has nothing to do, or is not to do it, writes nothing.

Each test has a controller of its own, which watches the test's namespace alone; so what it writes
can be counted.
"""

from __future__ import annotations

import time

from kit import Space, Spaces, eventually
from kit.controllers import Controllers
from kit.local_controller import LocalController
from kit.plants import Plant, Repository, account, gateway_pod, gateway_sync

from support.git_servers import GitDaemon


def polls(controller: LocalController) -> float:
    """How often it has asked git servers."""
    return controller.metric("stoker_controller_git_requests_total", operation="ls-remote")


def test_a_quiet_fleet_makes_no_writes_at_all(
    space: Space, git: GitDaemon, local_controllers: Controllers
) -> None:
    """Polls go on, agents go on saying that they live, and nothing is written."""
    repository = Repository.create(git, space.name)
    repository.commit()
    controller = local_controllers.start(allowed_protocols="git,https")
    space.apply(account(), gateway_sync("site", repository.url))
    plant = Plant(space, "site")
    commit = repository.head()
    plant.space.apply(gateway_pod("gw-0"), gateway_pod("gw-1"))
    plant.can_report("gw-0", "gw-1")
    for pod in ("gw-0", "gw-1"):
        plant.report(pod, commit)
    plant.says("Ready", "True")
    controller.comes_to_rest()
    before = controller.writes()
    asked = polls(controller)
    for seq in range(2, 12):
        for pod in ("gw-0", "gw-1"):
            plant.report(pod, commit, seq=seq, reportedAt=f"2026-01-01T00:00:{seq:02}Z")
        time.sleep(0.5)
    assert polls(controller) > asked
    assert controller.writes() == before


def test_a_restart_writes_nothing(
    space: Space, git: GitDaemon, local_controllers: Controllers
) -> None:
    repository = Repository.create(git, space.name)
    repository.commit()
    first = local_controllers.start(allowed_protocols="git,https")
    space.apply(account(), gateway_sync("site", repository.url), gateway_pod("gw-0"))
    plant = Plant(space, "site")
    plant.can_report("gw-0")
    plant.report("gw-0", repository.head())
    plant.says("Ready", "True")
    first.comes_to_rest()
    assert first.stop() == 0
    second = local_controllers.start("second", allowed_protocols="git,https")
    eventually(lambda: polls(second) > 0, what="it has asked the git server")
    time.sleep(2)
    assert second.writes() == 0


def test_only_what_it_is_to_watch(
    space: Space, spaces: Spaces, git: GitDaemon, local_controllers: Controllers
) -> None:
    repository = Repository.create(git, space.name)
    repository.commit()
    controller = local_controllers.start(allowed_protocols="git,https")
    with spaces.new("unwatched") as elsewhere:
        elsewhere.apply(account(), gateway_sync("site", repository.url))
        space.apply(account(), gateway_sync("site", repository.url))
        Plant(space, "site").says("RefResolved", "True")
        time.sleep(2)
        assert Plant(elsewhere, "site").status() == {}
        assert controller.metric("stoker_controller_cr_ready", namespace=elsewhere.name) == 0
