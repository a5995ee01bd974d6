"""Real git servers on this machine: HTTPS, SSH and git's own protocol, each with ways to fail.

- `HttpsGit`: `git http-backend` behind TLS and basic authentication; `fault` says how it fails
- `SshGit`: `sshd` as the user who runs the tests, whose host key can be changed
- `GitDaemon`: `git daemon`

Each serves every repository below a folder, listens on 127.0.0.1 at a port of its own, and is gone
with all its processes at the end of its `with`.
"""

from __future__ import annotations

import getpass
import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from attrs import define

from support.authority import Authority, authority
from support.git_faults import (
    BreakOff,
    Fault,
    Flood,
    Hang,
    Redirect,
    Refuse,
    Seen,
    Swap,
    Trickle,
)
from support.https_git import HttpsGit
from support.server_processes import (
    children,
    end,
    eventually,
    free_port,
    program,
    start,
    wait_until_open,
)

__all__ = [
    "Authority",
    "BreakOff",
    "Fault",
    "Flood",
    "GitDaemon",
    "Hang",
    "HttpsGit",
    "Redirect",
    "Refuse",
    "Seen",
    "SshGit",
    "Swap",
    "Trickle",
    "authority",
    "children",
    "end",
    "eventually",
    "free_port",
    "make_key",
    "program",
    "public",
]


@define
class SshGit:
    """`sshd` as the user who runs the tests; `folder` is for its keys and configuration."""

    folder: Path
    command: str = ""
    """What runs instead of what the client asks for."""
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.port = free_port()
        make_key(self.user_key)
        # The account's own home is left alone: keys are named in the configuration.
        (self.folder / "authorized").write_bytes(public(self.user_key))
        self.new_host_key()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stop()

    @property
    def user_key(self) -> Path:
        """The private key that is let in."""
        return self.folder / "user_key"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, repository: Path) -> str:
        return f"ssh://{getpass.getuser()}@{self.host}{repository}"

    def known_hosts(self, path: Path) -> Path:
        """A file that knows the key of the server as it is now."""
        kind, text, *_ = public(self.folder / "host_key").decode().split()
        path.write_text(f"[127.0.0.1]:{self.port} {kind} {text}\n")
        return path

    def new_host_key(self) -> None:
        """Go on with another host key, at the same port."""
        self._stop()
        make_key(self.folder / "host_key")
        self.restart()

    def restart(self) -> None:
        """Begin anew, with the configuration that the fields say."""
        self._stop()
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        configuration = self.folder / "sshd_config"
        configuration.write_text(self._configuration())
        self._process = start(program("sshd", "openssh-server"), "-D", "-e", "-f", configuration)
        wait_until_open(self.port, self._process)

    def _configuration(self) -> str:
        forced = f"ForceCommand {self.command}\n" if self.command else ""
        return (
            f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {self.folder}/host_key\n"
            f"AuthorizedKeysFile {self.folder}/authorized\nPidFile none\nUsePAM no\n"
            "StrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            "PermitRootLogin prohibit-password\nAcceptEnv GIT_PROTOCOL\nLogLevel ERROR\n"
            f"SetEnv GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*\n"
            f"{forced}"
        )

    def _stop(self) -> None:
        if self._process is not None:
            end(self._process)
            self._process = None


def make_key(path: Path, passphrase: str = "") -> Path:
    """A new private key, with its public one beside it."""
    for old in (path, path.with_name(f"{path.name}.pub")):
        old.unlink(missing_ok=True)
    keygen = program("ssh-keygen", "openssh-client")
    words = (keygen, "-q", "-t", "ed25519", "-N", passphrase, "-f", path)
    subprocess.run(words, check=True)  # noqa: S603 - no shell, and the tests' own words
    return path


def public(key: Path) -> bytes:
    """The public part of a key that `make_key` made."""
    return key.with_name(f"{key.name}.pub").read_bytes()


@define
class GitDaemon:
    """`git daemon` for all repositories below `root`."""

    root: Path
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.port = free_port()
        self._process = start(
            program("git-daemon", "git"),
            *("--listen=127.0.0.1", f"--port={self.port}", "--reuseaddr", "--export-all"),
            *("--informative-errors", f"--base-path={self.root}", str(self.root)),
        )
        wait_until_open(self.port, self._process)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._process is not None:
            end(self._process)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, repository: str) -> str:
        return f"git://{self.host}/{repository}"
