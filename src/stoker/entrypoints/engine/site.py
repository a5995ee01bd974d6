"""`Site`: where one gateway's sync takes place, and what it may use.

`here.opened` works at it in this process, `apart.apart` in another one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from stoker.adapters.fs.handles import DataDirectory
from stoker.adapters.git.credentials import Access
from stoker.adapters.git.remote import Remote
from stoker.adapters.ignition import Gateway
from stoker.core.agent import Identity
from stoker.core.errors import StokerError
from stoker.core.refs import check_repo_url

if TYPE_CHECKING:
    from stoker.core.agent import Assignment


@frozen(kw_only=True)
class Site:
    """The places that a sync works at."""

    identity: Identity
    data: Path | None
    """The gateway's data directory; None where only the repository is wanted."""
    repository: Path
    """Where the bare repository is kept."""
    repository_limit: int | None = None
    """How many bytes it may ever have."""
    scratch: Path
    """For what must not outlive a call."""
    access: Access = field(factory=Access)
    gateway: Gateway | None = None

    def entered(self) -> DataDirectory:
        """The data directory, for the caller to close; raises `StokerError`."""
        if self.data is None:
            raise StokerError("no data directory was named", cure="name the gateway's, with --data")
        return DataDirectory(self.data)

    def remote_for(self, assignment: Assignment) -> Remote:
        """The way to the repository of an assignment; raises `UrlError`."""
        return self.remote_to(assignment.git_url)

    def remote_to(self, url: str) -> Remote:
        """The way to a repository; raises `UrlError` for an address that git must not be given."""
        checked = check_repo_url(url, self.access.protocols)
        try:
            self.scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StokerError(
                f"the repository cannot be kept there: {error.strerror}",
                where=str(self.scratch.parent),
                cure="name a folder that Stoker may write",
            ) from error
        return Remote(url=checked, access=self.access, scratch=self.scratch)
