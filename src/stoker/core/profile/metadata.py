"""`Metadata`: what the controller tells the agents of a CR in `stoker-metadata-{cr}`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from stoker.core.profile.resolved import ResolvedProfile
from stoker.core.spec.types import GitAuth, GitHubAppAuth, SshKeyAuth, TokenAuth


class AuthType(StrEnum):
    """How the agents authenticate to the git server."""

    NONE = "none"
    TOKEN = "token"  # noqa: S105 - the contract's word for the method
    SSH = "ssh"
    GITHUB_APP = "githubApp"

    @classmethod
    def of(cls, auth: GitAuth) -> AuthType:
        """The type of what a spec asks for."""
        match auth.method:
            case TokenAuth():
                return cls.TOKEN
            case SshKeyAuth():
                return cls.SSH
            case GitHubAppAuth():
                return cls.GITHUB_APP
            case _:
                return cls.NONE


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
