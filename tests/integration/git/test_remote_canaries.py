"""Programs that a repository, a server, an address or this machine could name, and that never run.

Each would leave a file behind. Seen to fail with `core.hooksPath` left out (hooks), with the
environment inherited (variables and the user's configuration), with `GIT_ALLOW_PROTOCOL` left out
(remote helpers), and with `--end-of-options` left out (addresses that are options).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from stoker.adapters.git.credentials import Access
from stoker.adapters.git.errors import GitError
from stoker.adapters.git.process import Call, run
from stoker.adapters.git.remote import Remote
from stoker.core.refs import CommitId, RepoUrl
from stoker.testing.repositories import Upstream
from stoker.testing.repositories.stream import Gitlink
from support.served import PROTOCOLS, Served

HOOKS = (
    *("reference-transaction", "post-checkout", "post-merge", "pre-auto-gc", "post-rewrite"),
    *("fsmonitor-watchman", "post-index-change", "post-update"),
)


class Canary:
    """A program that leaves a trace."""

    def __init__(self, folder: Path) -> None:
        self.trace = folder / "trace of the canary"
        self.script = folder / "canary"
        self.script.write_text(f'#!/bin/sh\necho "$0 $*" >> "{self.trace}"\n')
        self.script.chmod(0o755)

    @property
    def is_silent(self) -> bool:
        return not self.trace.exists()


@pytest.fixture
def canary(tmp_path: Path) -> Canary:
    folder = tmp_path / "canary"
    folder.mkdir()
    return Canary(folder)


def test_the_canary_sings(canary: Canary, mine: Path, served: Served) -> None:
    Upstream.at(mine).hook("reference-transaction", f'exec "{canary.script}"\n')
    Upstream.at(mine).git("fetch", "--quiet", str(served.path), "+main:refs/heads/main")
    assert not canary.is_silent


def test_hooks_do_not_run(by_https: Remote, canary: Canary, mine: Path, served: Served) -> None:
    for name in HOOKS:
        Upstream.at(mine).hook(name, f'#!/bin/sh\nexec "{canary.script}" {name}\n')
    by_https.fetch(mine, served.last, "main")
    # Whatever this package does to the repository goes the same way.
    kept = ("update-ref", "refs/heads/kept", served.last)
    assert run(Call(arguments=kept, git_dir=mine)).status == 0
    assert canary.is_silent


def test_the_repositorys_own_configuration_runs_nothing(
    by_https: Remote, by_ssh: Remote, canary: Canary, mine: Path, served: Served
) -> None:
    repository = Upstream.at(mine)
    for key in ("core.sshCommand", "core.askPass", "core.fsmonitor", "core.hooksPath"):
        repository.configure(key, str(canary.script))
    repository.configure("credential.helper", f"!{canary.script}")
    repository.configure("gc.auto", "1")
    repository.configure("fetch.recurseSubmodules", "true")
    by_https.fetch(mine, served.first, "main")
    by_ssh.fetch(mine, served.last, "main")
    assert canary.is_silent


def test_submodules_attributes_and_filters_of_a_commit_do_nothing(
    by_https: Remote, canary: Canary, mine: Path, served: Served
) -> None:
    modules = (
        f'[submodule "x"]\n\tpath = x\n\turl = ext::{canary.script}\n\tupdate = !{canary.script}\n'
    )
    files: dict[str, bytes | Gitlink] = {
        ".gitmodules": modules.encode(),
        ".gitattributes": b"* filter=canary diff=canary merge=canary\n",
        "x": Gitlink("1" * 40),
        "file": b"content",
    }
    commit = served.upstream.commit(files)
    repository = Upstream.at(mine)
    for key in ("filter.canary.smudge", "filter.canary.process", "diff.canary.command"):
        repository.configure(key, str(canary.script))
    by_https.fetch(mine, commit, "main")
    assert canary.is_silent


def test_the_environment_of_this_process_runs_nothing(
    by_https: Remote,
    by_ssh: Remote,
    canary: Canary,
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = canary.script.parent
    helper = f"[credential]\n\thelper = !{canary.script}\n[core]\n\tsshCommand = {canary.script}\n"
    (home / ".gitconfig").write_text(helper)
    told = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "GIT_CONFIG_PARAMETERS": f"'core.sshCommand={canary.script}'",
        "GIT_EXEC_PATH": str(home),
        "LD_PRELOAD": str(canary.script),
    }
    programs = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "SSH_ASKPASS", "GIT_PROXY_COMMAND")
    for name, value in {**told, **dict.fromkeys(programs, str(canary.script))}.items():
        monkeypatch.setenv(name, value)
    assert by_https.advertisement().commit_of("HEAD") == served.last
    assert by_ssh.advertisement().commit_of("HEAD") == served.last
    with pytest.raises(GitError):
        evolve(by_https, access=evolve(by_https.access, token=None)).advertisement()
    assert canary.is_silent


@pytest.mark.parametrize("scheme", ["ext", "EXT", "fd", "file", "http", "git"])
def test_an_address_of_a_kind_that_is_not_allowed(
    by_https: Remote, canary: Canary, mine: Path, served: Served, scheme: str
) -> None:
    texts = {
        "ext": f"ext::sh -c {canary.script}%",
        "EXT": f"EXT::sh -c {canary.script}%",
        "fd": "fd::0",
        "file": f"file://{served.path}",
        "http": "http://127.0.0.1:1/site.git",
        "git": "git://127.0.0.1:1/site.git",
    }
    # What the core refuses is given to git all the same: there are two locks.
    address = RepoUrl(texts[scheme], "https", "")
    remote = evolve(by_https, url=address, access=Access())
    with pytest.raises(GitError, match=r"not allowed|remote helper"):
        remote.advertisement()
    with pytest.raises(GitError, match=r"not allowed|remote helper"):
        remote.fetch(mine, served.last, "main")
    assert canary.is_silent


@pytest.mark.parametrize("option", ["--upload-pack", "-u", "--exec"])
def test_an_address_that_is_an_option(
    by_https: Remote, canary: Canary, mine: Path, served: Served, option: str
) -> None:
    remote = evolve(
        by_https,
        url=RepoUrl(f"{option}={canary.script}", "file", ""),
        access=Access(protocols=PROTOCOLS),
    )
    # Taken for an option, the address would leave git with these to work on.
    Upstream.at(mine).configure("remote.origin.url", str(served.path))
    with pytest.raises(GitError):
        remote.advertisement([str(served.path)])
    with pytest.raises(GitError):
        remote.fetch(mine, served.last, "main")
    assert canary.is_silent


def test_a_ref_that_is_an_option(by_https: Remote, canary: Canary, mine: Path) -> None:
    """The core refuses such a ref; what does not come through the core is no option either."""
    assert not by_https.advertisement([f"--upload-pack={canary.script}"]).refs
    commit = str.__new__(CommitId, f"--upload-pack={canary.script}")
    with pytest.raises(GitError):
        by_https.fetch(mine, commit, "main")
    assert canary.is_silent
