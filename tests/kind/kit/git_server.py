"""A git server in the cluster: `git http-backend` over HTTPS with passwords, and sshd.

It has a namespace of its own, certificates of a private authority, and host keys. What a client
needs to trust it and to be let in is there as texts, and as Secrets for a pod. A server that was
started for one module alone may also be broken: `stop`, or `space.kubectl` on the pod `git`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kit import certificates, manifests, repositories
from kit.certificates import KeyPair
from kit.kubectl import Document
from support.authority import Authority

if TYPE_CHECKING:
    from kit.pods import Pod
    from kit.repositories import Repository
    from kit.spaces import Space, Spaces

_NAME: Final = "git"
_HTTPS: Final = 8443
_SSH: Final = 2222
_USER: Final = 1000


def _password() -> str:
    return secrets.token_urlsafe(12)


@dataclass(frozen=True)
class GitServer:
    """A server in a namespace; `folder` is for what the tests' machine needs of it."""

    space: Space
    image: str
    folder: Path
    token: str = field(default_factory=_password, repr=False)
    """Who has it may fetch."""
    write_password: str = field(default_factory=_password, repr=False)
    """Who has it may push."""
    authority: Authority = field(default_factory=Authority.create, repr=False)
    user_key: KeyPair = field(default_factory=certificates.ssh_key, repr=False)
    """The key that is let in over SSH."""
    host_key: KeyPair = field(default_factory=certificates.ssh_key, repr=False)

    @property
    def host(self) -> str:
        """Its name, as pods of every namespace see it."""
        return f"{_NAME}.{self.space.name}.svc"

    @property
    def ca(self) -> str:
        """The certificate of the authority that its own is signed by."""
        return certificates.pem_of(self.authority)

    @property
    def ca_file(self) -> Path:
        """The same as a file on the tests' machine."""
        return self.folder / "ca.pem"

    @property
    def known_hosts(self) -> str:
        """The line that makes an SSH client trust it."""
        return self.known_hosts_of(self.host_key)

    def known_hosts_of(self, key: KeyPair) -> str:
        """The line for a server of its name that would have this key."""
        return f"{self.host} {key.public}\n"

    @property
    def pod(self) -> Pod:
        """The pod that serves."""
        return self.space.pod(_NAME)

    def way(self) -> tuple[str, int]:
        """Host and port where the tests' machine reaches its HTTPS."""
        return self.space.ways.to(_NAME, _HTTPS)

    def repository(self, name: str) -> Repository:
        """A new repository; the name is made one that no other test has."""
        return repositories.create(self, f"{name}-{secrets.token_hex(3)}", self.folder)

    def token_secret(self, name: str = "git-token", key: str = "token") -> Document:
        """The token, for an agent over HTTPS."""
        return manifests.secret(name, {key: self.token})

    def key_secret(self, name: str = "git-key", key: str = "ssh-privatekey") -> Document:
        """The private key, for an agent over SSH."""
        return manifests.secret(name, {key: self.user_key.private})

    def known_hosts_secret(self, name: str = "known-hosts", key: str = "known_hosts") -> Document:
        """The host key, for an agent over SSH."""
        return manifests.secret(name, {key: self.known_hosts})

    def ca_secret(self, name: str = "git-ca", key: str = "ca.crt") -> Document:
        """The authority, for an agent over HTTPS."""
        return manifests.secret(name, {key: self.ca})

    def start(self) -> None:
        """Serve; repositories of an earlier pod are gone until they are pushed again."""
        self.ca_file.write_text(self.ca)
        self.space.apply(
            manifests.secret("git-server", self._settings()),
            manifests.service(_NAME, {443: _HTTPS, 22: _SSH}),
            self._pod(),
        )
        self.pod.ready()

    def stop(self) -> None:
        """Serve no more; its Service refuses connections."""
        self.space.kubectl("delete", "pod", _NAME, "--now")

    def _settings(self) -> dict[str, str]:
        pair = certificates.certificate(self.authority, [self.host])
        return {
            "tls.crt": pair.public,
            "tls.key": pair.private,
            "read-password": self.token,
            "write-password": self.write_password,
            "ssh_host_key": self.host_key.private,
            "authorized_keys": self.user_key.public,
        }

    def _pod(self) -> Document:
        mounts = {"/etc/git-server": "settings", "/srv/git": "repositories", "/tmp": "tmp"}  # noqa: S108 - the container's own
        probes = manifests.probes(_HTTPS, "/healthz", "HTTPS")
        main = manifests.container(_NAME, self.image, mounts=mounts, **probes)
        return manifests.pod(
            _NAME,
            [main],
            volumes=[
                manifests.from_secret("settings", "git-server"),
                manifests.scratch("repositories"),
                manifests.scratch("tmp"),
            ],
            user=_USER,
            terminationGracePeriodSeconds=2,
        )


@contextmanager
def serving(spaces: Spaces, image: str, folder: Path) -> Iterator[GitServer]:
    """A server for the `with`."""
    with spaces.new("git-server") as space:
        server = GitServer(space, image, folder)
        server.start()
        yield server
