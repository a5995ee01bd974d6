"""What git complains of, and the error that each kind of complaint is, with its cure."""

from __future__ import annotations

import re
from typing import Final

from attrs import field, frozen

from stoker.adapters.git.answer import Answer
from stoker.adapters.git.errors import (
    AuthenticationFailed,
    BrokenTransfer,
    CommitNotFound,
    GitError,
    GitTimeout,
    HostKeyRefused,
    NetworkUnreachable,
    ProgramMissing,
    RefNotFound,
    RepositoryCorrupt,
    RepositoryFull,
    RepositoryNotFound,
    ServerRefused,
    TlsFailed,
    TooMuch,
    redacted,
)
from stoker.core.errors import Permanent, Retryable

_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_ADVICE: Final = re.compile(
    r"hint: |Please make sure you have the correct|and the repository exists"
)


@frozen
class Complaint:
    """What git said before it failed, what HTTP said, and what must not be repeated."""

    told: str
    answer: Answer = field(factory=Answer)
    secrets: tuple[str, ...] = ()
    where: str = ""
    """The address of the repository on the server."""
    repository: str = ""
    """The path of the one on this disk."""

    @property
    def own(self) -> str:
        """The lines that are not the server's."""
        lines = self.told.splitlines()
        return "\n".join(line for line in lines if not line.startswith("remote: "))

    @property
    def brief(self) -> str:
        """The lines that say what failed, without the advice that git gives at a terminal."""
        lines = [line for line in self.told.splitlines() if not _ADVICE.match(line)]
        return redacted("; ".join(lines) or "git failed without a word", self.secrets)


def refused(complaint: Complaint, status: int, after: float | None) -> ServerRefused:
    """The server's HTTP says no."""
    if status == _TOO_MANY or after is not None:
        cure = "ask this server less often, or raise its rate limit"
    elif status >= _SERVER_ERROR:
        cure = "look after the git server"
    else:
        cure = "check spec.git.repo, and what the server says"
    return ServerRefused(
        f"the git server answered with HTTP {status}",
        where=complaint.where,
        cure=cure,
        status=status,
        retry=Retryable(after),
    )


def not_let_in(complaint: Complaint) -> AuthenticationFailed:
    """No credential, or not a good one."""
    return AuthenticationFailed(
        f"the git server does not let us in: {complaint.brief}",
        where=complaint.where,
        cure="check spec.git.auth: the credential, what it may read, and the host that it is for",
    )


def no_repository(complaint: Complaint) -> RepositoryNotFound:
    """Nothing stands at the address, as far as this credential may see."""
    return RepositoryNotFound(
        "the server has no such repository, or does not show it to this credential",
        where=complaint.where,
        cure="check spec.git.repo, and what the credential may read",
    )


def bad_key(complaint: Complaint) -> AuthenticationFailed:
    """The private key is of no use to ssh."""
    return AuthenticationFailed(
        "ssh cannot use the private key: it is damaged, or has a passphrase",
        where=complaint.where,
        cure="put a complete private key without passphrase into the Secret",
    )


def host_key_changed(complaint: Complaint) -> HostKeyRefused:
    """The server shows a key other than the known one."""
    return HostKeyRefused(
        "the server's SSH host key is not the one that is known: it changed, or this is another"
        " server",
        where=complaint.where,
        cure="make sure of the new key with the server's owner, then correct known_hosts",
        kind="changed",
    )


def host_key_unknown(complaint: Complaint) -> HostKeyRefused:
    """The server shows a key and none is known."""
    return HostKeyRefused(
        "known_hosts has no key for this SSH server",
        where=complaint.where,
        cure="add the line that ssh-keyscan prints for this host, and port, once it is checked",
        kind="unknown",
    )


def nobody(complaint: Complaint) -> ProgramMissing:
    """The user that this runs as has no name."""
    return ProgramMissing(
        "ssh refuses to run for a user number that has no entry in /etc/passwd",
        where=complaint.where,
        cure="install Debian's package libnss-wrapper in the image, or run as a user that exists",
    )


def no_program(complaint: Complaint) -> ProgramMissing:
    """A program is not installed."""
    return ProgramMissing(
        f"a program that git needs is missing: {complaint.brief}",
        where=complaint.where,
        cure="install Debian's packages git and openssh-client",
    )


def no_tls(complaint: Complaint) -> TlsFailed:
    """The server's certificate, or the way to it."""
    return TlsFailed(
        f"no trusted connection to the git server: {complaint.brief}",
        where=complaint.where,
        cure="check the server's certificate; for a private CA give spec.git.caSecretRef",
    )


def no_network(complaint: Complaint) -> NetworkUnreachable:
    """Nobody to talk to."""
    return NetworkUnreachable(
        f"no connection to the git server: {complaint.brief}",
        where=complaint.where,
        cure="check the host in spec.git.repo, DNS, network policies and proxies",
    )


def broken(complaint: Complaint) -> BrokenTransfer:
    """The server went away in the middle, or spoke nonsense."""
    return BrokenTransfer(
        f"what the git server sent is not complete: {complaint.brief}", where=complaint.where
    )


def incomplete(complaint: Complaint) -> BrokenTransfer:
    """All came, and it is not all."""
    return BrokenTransfer(
        f"objects are missing from what the git server sent: {complaint.brief}",
        where=complaint.where,
        missing=True,
    )


def too_slow(complaint: Complaint) -> GitTimeout:
    """Git gave up by itself."""
    return GitTimeout(
        "the git server stopped sending", where=complaint.where, limit="stall", seconds=0
    )


def full(complaint: Complaint) -> RepositoryFull:
    """The disk is full, or not for us to write."""
    return RepositoryFull(
        f"git cannot write the repository on this disk: {complaint.brief}",
        where=complaint.repository or complaint.where,
        cure="make room where the repository is kept, and let Stoker write there",
    )


def out_of_memory(complaint: Complaint) -> TooMuch:
    """The kernel gave git no more memory."""
    return TooMuch(
        f"git needed more memory than it may have: {complaint.brief}",
        where=complaint.where,
        cure="give the agent more memory (spec.agent.resources), or look after the git server",
    )


def corrupt(complaint: Complaint) -> RepositoryCorrupt:
    """Our own repository cannot be read."""
    return RepositoryCorrupt(
        f"the repository on this disk is damaged: {complaint.brief}",
        where=complaint.repository or complaint.where,
    )


def no_ref(complaint: Complaint) -> RefNotFound:
    """A ref that the server does not have."""
    return RefNotFound(complaint.brief, where=complaint.where, cure="push the ref, or correct it")


def no_commit(complaint: Complaint) -> CommitNotFound:
    """A commit that the server does not have."""
    return CommitNotFound(complaint.brief, where=complaint.where)


def no_commit_by_id(complaint: Complaint) -> CommitNotFound:
    """A commit that the server gives to nobody who only knows its id."""
    return CommitNotFound(complaint.brief, where=complaint.where, advertised_only=True)


def never(complaint: Complaint) -> GitError:
    """What no second try changes."""
    return GitError(complaint.brief, where=complaint.where, retry=Permanent())
