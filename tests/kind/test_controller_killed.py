"""A controller that is killed, again and again, while everything around it changes.

Whenever it is killed, the next one finds out what is there and goes on: in the end all is as the
contract says (`kit.order`), and of the killed ones nothing is left.

`STOKER_CHAOS_SECONDS` makes the random one last longer, `STOKER_CHAOS_SEED` repeats its choices.
"""

from __future__ import annotations

import base64
import json
import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kit import Space, eventually
from kit.api import Api
from kit.chaos import Chaos
from kit.controllers import Controllers
from kit.doomed import Doomed
from kit.faults import LONG
from kit.git_processes import asking
from kit.ledger import Ledger
from kit.local_controller import LocalController
from kit.plants import Plant, Repository, gateway_pod, gateway_sync

from support.git_servers import GitDaemon

SECONDS = float(os.environ.get("STOKER_CHAOS_SECONDS", "300" if LONG else "60"))
SEED = int(os.environ.get("STOKER_CHAOS_SEED", "0")) or time.time_ns() % (1 << 32)


@pytest.fixture
def git(tmp_path: Path) -> Iterator[GitDaemon]:
    """A git server of the test's own, so that whoever asks it is the test's own too."""
    with GitDaemon(tmp_path) as daemon:
        yield daemon


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The controllers' folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def chaos(space: Space, api: Api, git: GitDaemon) -> Chaos:
    """A namespace, and two repositories to follow."""
    repositories = [Repository.create(git, f"r{number}") for number in range(2)]
    made = Chaos(space, api, repositories, random.Random(SEED))  # noqa: S311 - no secret
    made.begin()
    return made


def options(of: Controllers) -> dict[str, Any]:
    """Who is killed does not wait for its own lease; and it reads its CA from a file, as in a pod.

    What a kubeconfig holds in itself, the official client writes into files for temporary use.
    """
    given = json.loads(of.kubeconfig.read_text())
    for one in given["clusters"]:
        data = one["cluster"].pop("certificate-authority-data", None)
        if data is not None:
            authority = of.folder / "ca.crt"
            authority.write_bytes(base64.b64decode(data))
            one["cluster"]["certificate-authority"] = str(authority)
    kubeconfig = of.folder / "kubeconfig-with-files"
    kubeconfig.write_text(json.dumps(given))
    election = {"leader_elect": False, "kubeconfig": kubeconfig}
    return {"allowed_protocols": "git,https", **election}


def live_and_die(controller: LocalController, chance: random.Random, seconds: float) -> int:
    """Kill and start it for some time, often before it is ready; how often."""
    until, deaths = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        if chance.random() < 0.7:
            controller.ready(within=60)
        time.sleep(chance.uniform(0.0, 3.0))
        controller.kill()
        deaths += 1
        controller.start()
    return deaths


@pytest.mark.fault("controller", "killed at every write", "every write is idempotent")
def test_killed_at_random(
    chaos: Chaos,
    git: GitDaemon,
    temporary: Path,
    local_controllers: Controllers,
    ledger: Ledger,
) -> None:
    print(f"STOKER_CHAOS_SEED={SEED}")  # noqa: T201 - to repeat it
    chance = random.Random(SEED + 1)  # noqa: S311 - no secret
    controller = local_controllers.start(**options(local_controllers))
    with chaos.going_on(pause=0.25):
        deaths = live_and_die(controller, chance, SECONDS)
    print(f"killed {deaths} times; {sum(chaos.done.values())} changes: {dict(chaos.done)}")  # noqa: T201 - as above
    assert len(chaos.done) == 13
    came_right(chaos)
    ledger.did("SIGKILL of the controller at some instant, while everything changes", times=deaths)
    ledger.checked("changes that did not come right", of=sum(chaos.done.values()))
    # Who follows what is not there is told again and again when the next try will be.
    chaos.follow_what_is_there()
    came_right(chaos)
    controller.ready().comes_to_rest()
    before = controller.writes()
    time.sleep(6)
    assert controller.writes() == before
    events = chaos.events()
    print(f"{events} events")  # noqa: T201 - as above
    assert events < sum(chaos.done.values())
    # Then all are deleted, and nothing is left.
    chaos.space.kubectl("delete", "gatewaysyncs", "--all", patience=60)
    came_right(chaos)
    assert controller.stop() == 0
    assert list(temporary.iterdir()) == []
    eventually(lambda: not asking(git.host), what="no git process is left", within=5)
    told = controller.log.read_text()
    assert "Traceback" not in told


def came_right(chaos: Chaos, within: float = 90) -> None:
    def right() -> bool:
        found = chaos.wrong()
        assert not found, "\n".join(found)
        return True

    eventually(right, what="all is as it must be", within=within)


@pytest.mark.fault("git-server", "hangs", "process group killed")
def test_killed_while_git_servers_hang(
    space: Space, temporary: Path, local_controllers: Controllers, ledger: Ledger
) -> None:
    """Nobody is left who could end git then, so the kernel does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        crs = [gateway_sync(f"site-{n}", f"git://{host}/{n}.git") for n in range(3)]
        controller = local_controllers.start(**options(local_controllers))
        space.apply(*crs)
        eventually(lambda: len(asking(host)) > 1, what="git asks")
        controller.kill()
        eventually(lambda: not asking(host), what="no git process is left", within=5)
        assert list(temporary.iterdir()) == []
    ledger.did("SIGKILL of the controller while its git servers hang", times=1)
    ledger.checked("git processes and temporary files that are left", of=len(crs))


@pytest.mark.fault("controller", "killed at every write", "every write is idempotent")
@pytest.mark.parametrize("doom", [("after", 1), ("before", 2), ("after", 3)], ids=str)
def test_killed_at_every_write(  # noqa: PLR0913, PLR0917 - fixtures
    chaos: Chaos,
    git: GitDaemon,
    temporary: Path,
    local_controllers: Controllers,
    doom: tuple[str, int],
    ledger: Ledger,
) -> None:
    """With `after 1` each life makes exactly one write."""
    like = local_controllers.begin(**options(local_controllers))
    like.kill()
    doomed = Doomed(like, *doom)
    space, repository = chaos.space, chaos.repositories[0]
    plant = Plant(space, "site")

    def push_and_report() -> None:
        plant.report("gw-0", str(repository.commit('{"v": 2}')))

    def delete(kind: str, name: str) -> None:
        space.kubectl("delete", kind, name, "--wait=false")

    story: list[Callable[[], None]] = [
        lambda: space.apply(gateway_sync("site", repository.url)),
        lambda: space.apply(gateway_pod("gw-0", "site"), gateway_pod("gw-1", "site")),
        push_and_report,
        lambda: space.kubectl.patch("pod", "gw-1", elsewhere("other")),
        lambda: plant.change(git={"ref": "release"}, paused=True),
        lambda: plant.change(paused=False),
        lambda: space.apply(gateway_sync("other", repository.url)),
        lambda: delete("pod", "gw-1"),
        lambda: delete("gatewaysync", "site"),
        lambda: delete("gatewaysync", "other"),
    ]
    try:
        for chapter in story:
            chapter()
            live_until_right(doomed, chaos)
    finally:
        doomed.end()
    print(f"{doomed.lives} lives")  # noqa: T201 - a figure
    assert doomed.lives > len(story) * 2
    ledger.did("SIGKILL of the controller before or after a write", times=doomed.lives - len(story))
    ledger.checked("changes after which not all is as the contract says", of=len(story))
    assert list(temporary.iterdir()) == []
    assert asking(git.host) == []


def elsewhere(cr: str) -> dict[str, Any]:
    """The change that gives a pod to another CR."""
    return {"metadata": {"annotations": {"stoker.io/cr-name": cr}}}


def live_until_right(doomed: Doomed, chaos: Chaos, within: float = 240) -> None:
    """One life after the other, until all is as it must be and the last one lives on."""
    until = time.monotonic() + within
    while True:
        doomed.begin()
        while doomed.lives_on():
            time.sleep(0.1)
            if not chaos.wrong():
                time.sleep(0.5)
                if doomed.lives_on() and not chaos.wrong():
                    doomed.end()
                    return
            if time.monotonic() > until:
                doomed.end()
                pytest.fail("\n".join([*chaos.wrong(), doomed.like.tail(20)]))
