"""A planted secret, looked for everywhere while the controller asks, and afterwards.

Seen to fail with the token in the address, and with the key written to a file.
"""

from __future__ import annotations

import base64
import os
import secrets
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from integration.asking.scene import CA, Scene, resolve, ssh, token
from stoker.core.refs import Advertisement
from stoker.core.spec import SecretKeyRef
from stoker.entrypoints.controller.asking import Limits
from support.git_servers import HttpsGit, SshGit, children, eventually
from support.served import Served
from support.watched import Watch, watching

HERE = Path("/tmp")  # noqa: S108 - where a program would leave something


def forms(secret: str) -> list[str]:
    """How a secret may be written down."""
    basic = base64.b64encode(f"x-access-token:{secret}".encode()).decode()
    return [secret, quote(secret, safe=""), basic]


def assert_unseen(watch: Watch, secret: str, program: str) -> None:
    assert any(program in command for command in watch.commands), watch.commands
    for sight in watch.sights.values():
        for form in forms(secret):
            assert form not in sight.command
            assert form not in sight.environment


def written_since(before: set[Path], secret: str) -> list[Path]:
    """New files that hold the secret, among those of everybody on this machine."""
    found: list[Path] = []
    for top in {*HERE.iterdir()} - before:
        below = [top] if top.is_file() else top.rglob("*") if top.is_dir() else []
        for path in below:
            with suppress(OSError):
                if path.is_file() and path.stat().st_size < 1 << 20:
                    content = path.read_bytes()
                    found += [path for form in forms(secret) if form.encode() in content]
    return found


def test_a_token_is_seen_nowhere(scene: Scene, https: HttpsGit, tmp_path: Path) -> None:
    planted = f"ghp_{secrets.token_hex(18)}"
    https.token = planted
    before = {*HERE.iterdir()}
    scene.secrets.put("one", SecretKeyRef("git", "token"), planted)
    with scene.asker() as asker, watching() as watch:
        for number in range(10):
            asker.ask(("one", "cr"), resolve(https.url("site.git"), auth=token(), ca=CA))
            assert scene.heard.wait(number + 1)
        https.token = "another"
        asker.ask(("one", "cr"), resolve(https.url("site.git"), auth=token(), ca=CA))
        assert scene.heard.wait(11)
        told = [outcome for _, _, outcome in scene.heard.settled]
        assert all(isinstance(one, Advertisement) for one in told[:10])
        assert planted not in repr(told) + repr(asker.__dict__) + str(told[-1])
    assert https.authorizations
    assert_unseen(watch, planted, "git-remote-http")
    assert written_since(before, planted) == []
    assert [path for path in tmp_path.rglob("*") if path.name.startswith("git")] == []
    assert planted not in repr(scene.heard.complaints)


def test_a_key_is_seen_nowhere_while_the_server_hangs(
    scene: Scene, sshd: SshGit, served: Served, tmp_path: Path
) -> None:
    sshd.command = "cat > /dev/null"
    sshd.restart()
    key = sshd.user_key.read_text()
    planted = key.splitlines()[2]
    before = {*HERE.iterdir()}
    scene.secrets.put("one", SecretKeyRef("ssh", "key"), key)
    known = sshd.known_hosts(tmp_path / "known").read_bytes()
    scene.secrets.put("one", SecretKeyRef("ssh", "known_hosts"), known)
    servers = frozenset(children(os.getpid()))
    limits = Limits(deadline=1.5, stall=1.5)
    with scene.asker(limits=limits) as asker, watching(servers) as watch:
        asker.ask(("one", "cr"), resolve(sshd.url(served.path), auth=ssh()))
        error = scene.heard.outcome()
        assert planted not in repr(error)
    assert_unseen(watch, planted, "ssh")
    assert written_since(before, planted) == []
    copies = [path for path in tmp_path.rglob("*") if path.is_file() and path != sshd.user_key]
    assert not [path for path in copies if planted.encode() in path.read_bytes()]
    left = {pid for pid, command in watch.sights if "sshd" not in command}
    assert eventually(lambda: not left & set(children(os.getpid())), 2)
