"""What the agents of a CR are told, and what they may touch.

The metadata follows the spec, with one rule: commit, ref and address belong together, and only a
resolution changes them. While the ref cannot be resolved, other settings still reach the agents,
as long as the address is the same. An invalid spec reaches nobody: agents keep what they have. A
pause always reaches them.

The Role names every object that the agents may touch. Kubernetes reads an empty list of names as
"all objects", so a rule that would name none is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, frozen

from stoker.core.names import (
    changes_config_map,
    metadata_config_map,
    status_config_map,
)
from stoker.core.profile import AuthType, Metadata
from stoker.core.spec.document import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stoker.core.profile import ResolvedProfile
    from stoker.core.refs import Request, Resolution
    from stoker.core.spec import GatewaySyncSpec


@frozen
class Rule:
    """One rule of a Role; no names means that the verbs need none."""

    resource: str
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()


def agent_rules(cr: str, pods: Iterable[str]) -> tuple[Rule, ...]:
    """What the agents in these pods of `cr` may do, and nothing else."""
    written = tuple(
        sorted(
            name
            for pod in set(pods)
            for name in (status_config_map(cr, pod), changes_config_map(cr, pod))
        )
    )
    own = (Rule("configmaps", ("get", "update", "patch"), written),) if written else ()
    return (
        Rule("configmaps", ("get", "list", "watch"), (metadata_config_map(cr),)),
        *own,
        Rule("events", ("create",)),
    )


def agents_metadata(
    spec: GatewaySyncSpec,
    profiles: Mapping[str, ResolvedProfile],
    resolution: Resolution | None,
    request: Request | None,
    told: Metadata | None,
) -> Metadata | None:
    """What agents should be told by a valid CR that is not paused, or None to leave it as it is.

    `told` is what they know. That somebody asks for a sync they hear together with what came of
    it, and it stays said when the request is gone.
    """
    requested = told.requested_at if told is not None else ""
    if request is not None and resolution is not None:
        requested = rfc3339(request.at)
    fresh = Metadata(
        git_url=spec.git.repo,
        paused=False,
        auth_type=AuthType.of(spec.git.auth),
        gateway_port=spec.gateway.port,
        gateway_tls=spec.gateway.tls,
        profiles=profiles,
        requested_at=requested,
    )
    if resolution is not None:
        return evolve(fresh, commit=resolution.commit, ref=resolution.ref)
    if told is None or not told.commit:
        return None
    if told.git_url == spec.git.repo:
        return evolve(fresh, commit=told.commit, ref=told.ref)
    return evolve(told, paused=False)


def paused_metadata(spec: GatewaySyncSpec, told: Metadata | None) -> Metadata:
    """What agents are told by a paused CR: what they know, and to keep it.

    A pod that starts meanwhile waits for its metadata, so there has to be one, if without commit.
    """
    if told is not None:
        return evolve(told, paused=True)
    return Metadata(
        git_url=spec.git.repo,
        paused=True,
        auth_type=AuthType.of(spec.git.auth),
        gateway_port=spec.gateway.port,
        gateway_tls=spec.gateway.tls,
    )
