"""What can go wrong between Stoker and a git repository, as values.

`where` is the repository's address without its user, or the path of a repository on this disk.
Nearly everything here may go by itself or by somebody's help from outside (a token is renewed, a
server comes back, room is made), so that trying again can help; `retry` says when it cannot, and
how long a server asks to be left alone.

What git prints becomes part of a message only through `redacted`: without secrets, without
control characters, and short.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import quote

from attrs import field, frozen

from stoker.core.errors import Disposition, Retryable, StokerError

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_TOLD: Final = 400
"""How many characters of what git said an error repeats."""

HIDDEN: Final = "***"

# The user of an SSH address is no secret, unless it has a password.
_USER: Final = re.compile(r"(?<=://)(?:(?<!ssh://)[^/@\s'\"]+|[^/@\s'\"]*:[^/@\s'\"]*)@")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+")


@frozen
class GitError(StokerError):
    """Git did not do what was asked of it, for a reason that has no class of its own."""

    retry: Disposition = field(default=Retryable(), kw_only=True)

    reason: ClassVar[str] = "GitFailed"

    @property
    def disposition(self) -> Disposition:
        """Whether the same may work later."""
        return self.retry


@frozen
class ProgramMissing(GitError):
    """A program, or a part of this machine that it needs, is not there; `where` names it."""

    reason: ClassVar[str] = "ProgramMissing"


@frozen
class AuthenticationFailed(GitError):
    """The server does not take the credential, or asks for one that was not given."""

    reason: ClassVar[str] = "GitAuthenticationFailed"


@frozen
class HostKeyRefused(GitError):
    """The SSH server cannot prove that it is the one it should be.

    `kind` is `unknown` (no key of this host is known), `changed` (another key is), or `unset`
    (nobody said which keys are good, nor that none is needed).
    """

    kind: str = field(kw_only=True)

    reason: ClassVar[str] = "HostKeyRefused"


@frozen
class TlsFailed(GitError):
    """The HTTPS server's certificate is not to be trusted, or no secure connection came about."""

    reason: ClassVar[str] = "GitTLSFailed"


@frozen
class NetworkUnreachable(GitError):
    """No connection: the name is unknown, nothing listens, or it broke off before an answer."""

    reason: ClassVar[str] = "GitUnreachable"


@frozen
class GitTimeout(GitError):
    """Git took too long and was ended; `limit` is `deadline` or `stall` (no sign of life)."""

    limit: str = field(kw_only=True)
    seconds: float = field(kw_only=True)

    reason: ClassVar[str] = "GitTimeout"


@frozen
class ServerRefused(GitError):
    """The server answered with an error; `status` is that of HTTP, 0 where there is none."""

    status: int = field(default=0, kw_only=True)

    reason: ClassVar[str] = "GitServerRefused"


@frozen
class RepositoryNotFound(GitError):
    """The server has no such repository, or does not show it to this credential."""

    reason: ClassVar[str] = "RepositoryNotFound"


@frozen
class RefNotFound(GitError):
    """The server has no such ref; `where` is its name."""

    reason: ClassVar[str] = "RefNotFound"


@frozen
class CommitNotFound(GitError):
    """The server does not have, or does not give, the commit; `where` is its id.

    `advertised_only`: the server gives no commit by its id, so that it may be there all the same.
    """

    advertised_only: bool = field(default=False, kw_only=True)

    reason: ClassVar[str] = "CommitNotFound"


@frozen
class BrokenTransfer(GitError):
    """What the server sent broke off, or is not what was asked for.

    `missing`: it came whole, and objects are missing all the same.
    """

    missing: bool = field(default=False, kw_only=True)

    reason: ClassVar[str] = "GitTransferFailed"


@frozen
class TooMuch(GitError):
    """The server sent more than there may ever be; git was ended before memory was gone."""

    reason: ClassVar[str] = "GitLimitExceeded"


@frozen
class RepositoryCorrupt(GitError):
    """The repository on this disk is damaged; to fetch anew heals it."""

    reason: ClassVar[str] = "RepositoryCorrupt"


@frozen
class RepositoryFull(GitError):
    """There is no room on the disk, or none that git may use; `where` is the repository."""

    reason: ClassVar[str] = "RepositoryFull"


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without the users of addresses, `secrets` and control characters, and not long."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN).replace(quote(secret, safe=""), HIDDEN)
    plain = _UNPRINTABLE.sub(" ", _USER.sub(f"{HIDDEN}@", text)).strip()
    # The end says what failed; what stands before it is what led there.
    return plain if len(plain) <= MOST_TOLD else f"…{plain[-MOST_TOLD:]}"
