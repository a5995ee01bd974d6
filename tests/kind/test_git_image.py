"""The git server's image, and the product's image as its client, both as strict clusters run them.

The client is a user that stands in no /etc/passwd, for whom ssh does not run by itself.

Broken on purpose, and seen to fail: libnss-wrapper taken out of the product's image (SSH alone), a
server that takes the password for reading from who wants to write, one that ends an answer and does
not say so in TLS.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest
from attrs import frozen
from images import build
from images.trial import Trial

from support.authority import authority
from support.git_servers import make_key, public
from support.server_processes import QUIET, free_port, program

READ, WRITE = "sesame", "open-sesame"
AGENT, SERVER = 2003, 1000


@frozen
class Served:
    """A git server that runs, and what its clients need."""

    folder: Path
    https_port: int
    ssh_port: int

    @classmethod
    def prepared(cls, folder: Path) -> Self:
        settings = folder / "settings"
        settings.mkdir()
        authority().context(folder)
        (pem,) = folder.glob("server-*.pem")
        (settings / "tls.crt").write_bytes(pem.read_bytes())
        (settings / "tls.key").write_bytes(pem.read_bytes())
        (settings / "read-password").write_text(READ)
        (settings / "write-password").write_text(f"{WRITE}\n")
        make_key(settings / "ssh_host_key").chmod(0o644)  # as files of a Secret are
        make_key(folder / "user_key")
        (settings / "authorized_keys").write_bytes(public(folder / "user_key"))
        (folder / "repositories").mkdir(mode=0o777)
        (folder / "repositories").chmod(0o777)
        return cls(folder, free_port(), free_port())

    def url(self, scheme: str, repository: str, password: str = "") -> str:
        if scheme == "ssh":
            return f"ssh://git@127.0.0.1:{self.ssh_port}/{repository}"
        who = f"anybody:{password}@" if password else ""
        return f"https://{who}127.0.0.1:{self.https_port}/{repository}"

    def git(self, *words: str) -> subprocess.CompletedProcess[str]:
        """This machine's git as a client, in a repository with one commit."""
        environment = QUIET | {"GIT_SSL_CAINFO": str(self.folder / "ca.pem")}
        command = [program("git", "git"), "-C", str(self.folder / "work"), *words]
        return subprocess.run(  # noqa: S603 - no shell, and the tests' own words
            command, env=environment, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("git")
    served = Served.prepared(folder)
    binds = ((folder / "settings", "/etc/git-server"), (folder / "repositories", "/srv/git"))
    trial = Trial.of(build("git"), folder).but(SERVER, *binds)
    ports = ("--https-port", str(served.https_port), "--ssh-port", str(served.ssh_port))
    with _running(trial, *ports) as ready:
        assert ready == {"https": served.https_port, "ssh": served.ssh_port}
        authority().write(folder / "ca.pem")
        (folder / "work/projects").mkdir(parents=True)
        (folder / "work/projects/project.json").write_text('{"title": "Plant"}')
        author = ("-c", "user.name=Ada", "-c", "user.email=ada@plant.example")
        for words in (("init", "-q", "-b", "main"), ("add", "-A"),
                      (*author, "commit", "-q", "-m", "Begin")):  # fmt: skip
            assert served.git(*words).returncode == 0
        yield served


@contextmanager
def _running(trial: Trial, *words: str) -> Iterator[object]:
    command = ("python3", "-s", "-m", "git_server", *words)
    with trial.start(*command) as process:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            pytest.fail(process.communicate(timeout=10)[1])
        yield json.loads(line)


@pytest.fixture
def pushed(server: Served) -> str:
    url = server.url("https", "site/plant.git", WRITE)
    done = server.git("push", "-q", url, "main")
    assert done.returncode == 0, done.stderr
    return "site/plant.git"


@pytest.mark.parametrize("password", ["", READ, "wrong"])
def test_only_who_may_write_pushes(server: Served, password: str) -> None:
    done = server.git("push", "-q", server.url("https", "other.git", password or "none"), "main")
    assert done.returncode != 0
    assert "Authentication failed" in done.stderr
    assert not (server.folder / "repositories/other.git").exists()


@pytest.mark.parametrize(("password", "status"), [(READ, 0), (WRITE, 0), ("wrong", 128)])
def test_who_may_read_fetches(server: Served, pushed: str, password: str, status: int) -> None:
    done = server.git("ls-remote", server.url("https", pushed, password))
    assert done.returncode == status, done.stderr
    assert ("refs/heads/main" in done.stdout) == (status == 0)


def test_a_changed_password_counts_at_once(server: Served, pushed: str) -> None:
    file = server.folder / "settings/read-password"
    file.write_text("changed")
    try:
        assert server.git("ls-remote", server.url("https", pushed, READ)).returncode == 128
        assert server.git("ls-remote", server.url("https", pushed, "changed")).returncode == 0
    finally:
        file.write_text(READ)


@pytest.mark.parametrize("path", ["../settings/x.git", "plant", "a/../b.git", ".git"])
def test_other_paths_are_nothing(server: Served, path: str) -> None:
    done = server.git("ls-remote", server.url("https", path, WRITE))
    assert done.returncode != 0


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return Trial.of(build("stoker"), tmp_path_factory.mktemp("product"))


@pytest.fixture
def site(server: Served, tmp_path: Path) -> Path:
    """What a pod has: an empty data directory, and its Secrets."""
    (tmp_path / "data").mkdir()
    (tmp_path / "secrets").mkdir()
    files = {
        "token": READ,
        "ca.pem": (server.folder / "ca.pem").read_text(),
        "key": (server.folder / "user_key").read_text(),
        "known_hosts": f"[127.0.0.1]:{server.ssh_port} "
        + public(server.folder / "settings/ssh_host_key").decode(),
        "profile.yaml": "mappings: [{source: projects, destination: projects}]\n",
    }
    for name, text in files.items():
        (tmp_path / "secrets" / name).write_text(text)
    for folder in (tmp_path, tmp_path / "data", tmp_path / "secrets"):
        folder.chmod(0o777)
    return tmp_path


@pytest.mark.parametrize("scheme", ["https", "ssh"])
def test_the_product_syncs_from_it(
    server: Served, product: Trial, pushed: str, site: Path, scheme: str
) -> None:
    trial = product.but(AGENT, (site / "data", "/data"), (site / "secrets", "/etc/stoker"))
    access = {
        "https": ("--token-file", "/etc/stoker/token", "--ca-file", "/etc/stoker/ca.pem"),
        "ssh": (
            *("--ssh-key-file", "/etc/stoker/key"),
            *("--known-hosts-file", "/etc/stoker/known_hosts"),
        ),
    }[scheme]
    words = ("--repo", server.url(scheme, pushed), "--ref", "main", "--data", "/data", "--quiet",
             "--profile", "/etc/stoker/profile.yaml", "--repo-dir", "/data/.repo")  # fmt: skip
    done = trial.run("stoker", "sync", *words, *access)
    assert done.returncode == 0, done.stderr
    file = site / "data/projects/project.json"
    assert json.loads(file.read_text()) == {"title": "Plant"}
    assert file.stat().st_uid == AGENT
