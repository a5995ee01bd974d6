"""`Metadata`: what the controller tells the agents of a CR in `stoker-metadata-{cr}`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from attrs import field, frozen

from stoker.core.profile.resolved import ResolvedProfile

if TYPE_CHECKING:
    from stoker.core.spec import GitAuth


class AuthType(StrEnum):
    """How the agents authenticate to the git server."""

    NONE = "none"
    TOKEN = "token"  # noqa: S105 - the contract's word for the method
    SSH = "ssh"
    GITHUB_APP = "githubApp"

    @classmethod
    def of(cls, auth: GitAuth) -> AuthType:
        """The type of what a spec asks for."""
        # In the order of `auth.method`. To ask for the classes would be to import the whole spec.
        if auth.token:
            return cls.TOKEN
        if auth.ssh_key:
            return cls.SSH
        return cls.GITHUB_APP if auth.github_app else cls.NONE


@frozen(kw_only=True)
class Metadata:
    """The commit to sync, where to fetch it, and how; an empty commit is not resolved yet."""

    commit: str = ""
    ref: str = ""
    git_url: str = ""
    paused: bool = False
    auth_type: AuthType = AuthType.NONE
    gateway_port: int = 8088
    gateway_tls: bool = False
    profiles: Mapping[str, ResolvedProfile] = field(factory=dict)
    requested_at: str = ""
    """When somebody last asked for a sync; another time is another request."""
