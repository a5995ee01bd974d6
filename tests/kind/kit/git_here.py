"""A git server on this machine that pods and controllers reach by one URL: HTTPS, with a token.

It is `git http-backend` with the faults of `support.git_faults`, behind a `Door` at the machine's
address in the pods' network. Its certificate is of an authority of its own. So whatever can be
wrong with a git server can be tried: `fault` for what it says, `door.does` for what is on the way.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kit import certificates, manifests
from kit.doors import Does, Door
from stoker.testing.repositories import Item, Site, Upstream
from support.authority import Authority
from support.git_servers import HttpsGit

if TYPE_CHECKING:
    from cluster import Cluster

    from kit.kubectl import Document
    from stoker.core.refs import CommitId
    from support.git_faults import Fault

TOKEN: Final = "glpat-sesame"
TOKEN_SECRET: Final = "git-token"
CA_SECRET: Final = "git-ca"


@dataclass(frozen=True)
class Source:
    """A repository that this server has."""

    upstream: Upstream
    url: str

    def commit(
        self,
        files: Mapping[str, Item],
        message: str = "Change files",
        *,
        delete: Collection[str] = (),
        branch: str | None = None,
    ) -> CommitId:
        """Another commit; it is there at once."""
        return self.upstream.commit(files, message, delete=delete, branch=branch)

    def commit_site(self, site: Site) -> CommitId:
        """A whole generated site."""
        return site.commit(self.upstream)

    def head(self, branch: str = "main") -> str:
        """The last commit of a branch."""
        return str(self.upstream.tip(branch))


@dataclass
class GitHere:
    """The server; `server.seen` has what it was asked."""

    server: HttpsGit
    door: Door
    authority: Authority = field(repr=False)

    def repository(self, name: str) -> Source:
        """A new and empty one."""
        path = self.server.root / f"{name}.git"
        return Source(Upstream.create(path), f"https://{self.door.host}/{name}.git")

    @property
    def secrets(self) -> list[Document]:
        """What an agent and a controller need of it."""
        return [
            manifests.secret(TOKEN_SECRET, {"token": self.server.token or ""}),
            manifests.secret(CA_SECRET, {"ca.crt": certificates.pem_of(self.authority)}),
        ]

    @property
    def spec(self) -> dict[str, Any]:
        """The part of `spec.git` that refers to the Secrets."""
        return {
            "auth": {"token": {"secretRef": {"name": TOKEN_SECRET, "key": "token"}}},
            "caSecretRef": {"name": CA_SECRET, "key": "ca.crt"},
        }

    @contextmanager
    def failing(self, fault: Fault | Does) -> Iterator[None]:
        """A server that fails so during the `with`, or the way to it."""
        if isinstance(fault, Does):
            self.door.does = fault
        else:
            self.server.fault = fault
        try:
            yield
        finally:
            self.door.does = Does.OPEN
            self.server.fault = None

    def asked(self, of: Callable[[str], bool] = bool) -> int:
        """How many requests for such a path there have been."""
        return sum(of(one.target) for one in list(self.server.seen))


@contextmanager
def git_here(cluster: Cluster, folder: Path) -> Iterator[GitHere]:
    """A server for the `with`; `folder` is for its repositories and its certificate."""
    authority = Authority.create()
    pair = certificates.certificate(authority, [cluster.host_address, cluster.host_name])
    pem = folder / "server.pem"
    pem.write_text(pair.private + pair.public)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    root = folder / "repositories"
    root.mkdir()
    with HttpsGit(root=root, tls=tls, token=TOKEN) as server:
        port = int(server.host.rpartition(":")[2])
        with Door(cluster.host_address, port) as door:
            yield GitHere(server, door, authority)
