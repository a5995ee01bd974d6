"""However a call ends, nothing of it goes on.

Seen to fail with only the first process ended instead of its group, and without the kernel's
promise to end git with the agent.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from attrs import evolve

from stoker.adapters.git.errors import GitTimeout
from stoker.adapters.git.process import Call, run
from stoker.adapters.git.remote import Remote
from support.git_servers import Hang, HttpsGit, SshGit, Trickle, children, eventually
from support.served import Served
from support.watched import watching


def runs(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def left_of(pids: set[int]) -> list[int]:
    return [pid for pid in pids if runs(pid)]


@pytest.mark.parametrize("limit", ["deadline", "stall"])
def test_a_hanging_https_server_leaves_no_process(
    by_https: Remote, https: HttpsGit, served: Served, mine: Path, limit: str
) -> None:
    https.fault = Hang()
    patience = {"deadline": (0.7, 60.0), "stall": (60.0, 0.7)}[limit]
    impatient = evolve(by_https, deadline=patience[0], stall=patience[1])
    with watching() as watch, pytest.raises(GitTimeout) as caught:
        impatient.fetch(mine, served.last, "main")
    assert caught.value.limit == limit
    assert any("git-remote-https" in command for command in watch.commands)
    assert left_of({pid for pid, _ in watch.sights}) == []


def test_a_hanging_ssh_server_leaves_no_process(by_ssh: Remote, sshd: SshGit) -> None:
    sshd.command = "cat > /dev/null"
    sshd.restart()
    servers = frozenset(children(os.getpid()))
    with watching(servers) as watch, pytest.raises(GitTimeout):
        evolve(by_ssh, deadline=1.0).advertisement()
    clients = {pid for (pid, command) in watch.sights if "sshd" not in command}
    assert any("/ssh" in command or command.startswith("ssh ") for command in watch.commands)
    assert eventually(lambda: left_of(clients) == [], 2)


def test_a_slow_server_that_gives_signs_of_life_is_waited_for(
    by_https: Remote, https: HttpsGit, served: Served, mine: Path
) -> None:
    served.upstream.commit({"noise": os.urandom(400_000)})
    tip = served.upstream.tip()
    https.fault = Trickle(pause=0.15, size=16_000)
    assert evolve(by_https, stall=2.5, deadline=60.0).fetch(mine, tip, "main") == tip


def test_an_interrupted_call_leaves_no_process(
    by_https: Remote, https: HttpsGit, served: Served, mine: Path
) -> None:
    served.upstream.commit({"noise": os.urandom(40_000)})
    https.fault = Trickle(pause=5, after=6000)

    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    with watching() as watch, pytest.raises(KeyboardInterrupt):
        by_https.fetch(mine, served.upstream.tip(), "main", interrupted)
    assert left_of({pid for pid, _ in watch.sights}) == []


_AGENT = """
from stoker.adapters.git.process import Call, run
run(Call(arguments=("-c", "alias.wait=!sleep 30 & wait", "wait"), deadline=60))
"""


def started_agent() -> tuple[subprocess.Popen[bytes], set[int]]:
    agent = subprocess.Popen([sys.executable, "-c", _AGENT], stderr=subprocess.DEVNULL)  # noqa: S603 - our own words

    def sleeps() -> bool:
        # By its own name: the words of all who start it are in their command lines too.
        return any(_command(pid).startswith(b"sleep\0") for pid in children(agent.pid))

    assert eventually(sleeps)
    return agent, set(children(agent.pid))


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_git_ends_with_an_agent_that_is_killed() -> None:
    agent, below = started_agent()
    git = {pid for pid in below if b"/git\0" in _command(pid)}
    assert git
    agent.kill()
    agent.wait()
    assert eventually(lambda: left_of(git) == [], 3)
    for pid in left_of(below):
        os.kill(pid, signal.SIGKILL)


def test_git_and_all_its_children_end_with_an_agent_that_is_interrupted() -> None:
    agent, below = started_agent()
    agent.send_signal(signal.SIGINT)
    agent.wait(timeout=10)
    assert left_of(below) == []


def test_whatever_git_leaves_running_is_ended() -> None:
    # The child lets go of the pipes, so that git's own end is all there is to see.
    alias = "alias.leave=!sleep 30 >/dev/null 2>&1 & echo $!"
    finished = run(Call(arguments=("-c", alias, "leave")))
    assert finished.status == 0
    assert not runs(int(finished.output))


def test_a_child_that_keeps_the_pipes_does_not_keep_us() -> None:
    begun = time.monotonic()
    finished = run(Call(arguments=("-c", "alias.leave=!sleep 30 & echo $!", "leave")))
    assert time.monotonic() - begun < 5
    assert not runs(int(finished.output))


def test_a_child_that_ignores_a_friendly_end_is_killed() -> None:
    alias = "alias.stay=!trap '' TERM; sleep 30 & wait; sleep 30"
    begun = time.monotonic()
    with watching() as watch, pytest.raises(GitTimeout):
        run(Call(arguments=("-c", alias, "stay"), deadline=0.5))
    assert time.monotonic() - begun < 6
    assert left_of({pid for pid, _ in watch.sights}) == []


def test_nothing_waits_for_ever_to_be_reaped() -> None:
    """Process 1 of a container, which an agent may be, gets the children of those who died."""
    become_first = "import ctypes; assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0"
    look = "import os\nfor pid in os.waitpid(-1, os.WNOHANG): print(pid)"
    call = "run(Call(arguments=('-c', 'alias.leave=!sleep 30 & sleep 30 &', 'leave')))"
    first = "from stoker.adapters.git.process import Call, run"
    script = f"{become_first}\n{first}\n{call}\n{look}"
    agent = [sys.executable, "-c", script]
    found = subprocess.run(agent, capture_output=True, check=False)  # noqa: S603 - our own words
    assert b"ChildProcessError" in found.stderr
    assert found.stdout == b""


def test_calls_from_many_threads_do_not_disturb_each_other() -> None:
    found: list[bytes] = []

    def call() -> None:
        found.append(run(Call(arguments=("version",))).output)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
