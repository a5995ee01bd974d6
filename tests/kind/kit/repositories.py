"""Repositories of a git server in the cluster, which a test commits to.

The test has each of them in a folder of its own, as somebody's work place, and pushes all refs of
it over HTTPS after every change. So a history can also be rewritten, and branches taken away.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster import Problem

from stoker.core.refs import CommitId
from stoker.testing.repositories import Item, Site, Upstream

if TYPE_CHECKING:
    from kit.git_server import GitServer

_PATIENCE: Final = 300.0


@dataclass(frozen=True)
class Repository:
    """One repository: here, and on the server."""

    server: GitServer
    name: str
    upstream: Upstream
    """The one that is here; `push` after changing it by hand."""

    @property
    def https(self) -> str:
        """Its URL over HTTPS, as pods see it."""
        return f"https://{self.server.host}/{self.name}.git"

    @property
    def ssh(self) -> str:
        """Its URL over SSH, as pods see it."""
        return f"ssh://git@{self.server.host}/{self.name}.git"

    def commit(
        self,
        files: Mapping[str, Item],
        message: str = "Change files",
        *,
        delete: Collection[str] = (),
        branch: str | None = None,
    ) -> CommitId:
        """Write files over the branch's own and push; the new commit."""
        return self._pushed(
            lambda: self.upstream.commit(files, message, delete=delete, branch=branch)
        )

    def commit_site(self, site: Site) -> CommitId:
        """Commit a whole generated site and push."""
        return self._pushed(lambda: site.commit(self.upstream))

    def change_site(self, site: Site, count: int, revision: int = 1) -> CommitId:
        """Commit a change of that many files of a generated site and push."""
        return self._pushed(lambda: site.change(self.upstream, count, revision))

    def tag(self, name: str, commit: str) -> None:
        """Put a tag on a commit and push."""
        self.upstream.tag(name, commit)
        self.push()

    def push(self) -> None:
        """Have the server hold exactly the refs that are here."""
        server = self.server
        host, port = server.way()
        named = f"{server.host}:{port}"
        words = [
            *("git", "-c", f"http.curloptResolve={named}:{host}"),
            *("--git-dir", str(self.upstream.git_dir), "push", "--quiet", "--mirror"),
            f"https://test:{server.write_password}@{named}/{self.name}.git",
        ]
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_SSL_CAINFO": str(server.ca_file),
        }
        done = subprocess.run(  # noqa: S603 - no shell, and the tests' own words
            words, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
        if done.returncode != 0:
            raise Problem(f"cannot push to {self.https} by {host}:{port}: {done.stderr.strip()}")

    def _pushed(self, commit: Callable[[], CommitId]) -> CommitId:
        made = commit()
        self.push()
        return made


def create(server: GitServer, name: str, folder: Path) -> Repository:
    """A new and empty repository; the server makes its own at the first push."""
    return Repository(server, name, Upstream.create(folder / f"{name}.git"))
