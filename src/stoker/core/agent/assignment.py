"""What one gateway is to be: the controller's metadata, as this gateway's pod narrows it down.

An `Assignment` holds everything that can make a sync come out differently, so two equal ones need
one sync. Whether syncs are paused is no part of it: a pause changes nothing about the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from stoker.core.profile import (
    AuthType,
    Metadata,
    ResolvedProfile,
    choose_profile,
    with_overrides,
)

if TYPE_CHECKING:
    from stoker.core.pods import Pod


@frozen(kw_only=True)
class Assignment:
    """The files that a gateway is to have, and where to get them.

    An empty `commit` means that the pod overrides the ref: then `ref` is resolved at each fetch.
    """

    gateway: str
    pod_name: str
    labels: Mapping[str, str] = field(factory=dict)
    commit: str
    ref: str
    git_url: str
    auth_type: AuthType = AuthType.NONE
    gateway_port: int
    gateway_tls: bool
    profile: ResolvedProfile

    @property
    def moves(self) -> bool:
        """Whether its commit may become another one without anybody telling the agent."""
        return not self.commit


def assign(metadata: Metadata, pod: Pod) -> Assignment | None:
    """What `pod` is to be; None while no commit is known. `ProfileError` if it has no profile."""
    annotations = pod.annotations
    profile = with_overrides(
        choose_profile(metadata.profiles, annotations.profile),
        sync_period=annotations.sync_period,
        exclude_patterns=annotations.exclude_patterns,
    )
    commit, ref = metadata.commit, metadata.ref
    if annotations.ref_override is not None:
        commit, ref = annotations.ref_override.commit or "", annotations.ref_override
    elif not commit:
        return None
    return Assignment(
        gateway=pod.gateway_name,
        pod_name=pod.name,
        labels=pod.labels,
        commit=commit,
        ref=ref,
        git_url=metadata.git_url,
        auth_type=metadata.auth_type,
        gateway_port=metadata.gateway_port,
        gateway_tls=metadata.gateway_tls,
        profile=evolve(profile, paused=False),
    )


def is_paused(metadata: Metadata, pod: Pod) -> bool:
    """Whether the whole CR, or the profile of `pod`, keeps what is on disk."""
    profile = metadata.profiles.get(pod.profile)
    return metadata.paused or (profile is not None and profile.paused)
