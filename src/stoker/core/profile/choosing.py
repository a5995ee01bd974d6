"""The choice among a CR's profiles, by the name that a pod gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.core.errors import ProfileError
from stoker.core.names import DEFAULT_PROFILE
from stoker.core.spec.problems import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stoker.core.profile.resolved import ResolvedProfile

_MAX_NAMED: Final = 10


def choose_profile(profiles: Mapping[str, ResolvedProfile], name: str | None) -> ResolvedProfile:
    """The profile that a pod asks for, or `default` when it does not ask."""
    wanted = name or DEFAULT_PROFILE
    if wanted in profiles:
        return profiles[wanted]
    named = ", ".join(shown(known) for known in sorted(profiles)[:_MAX_NAMED])
    more = ", …" if len(profiles) > _MAX_NAMED else ""
    if name:
        near = nearest(name, sorted(profiles))
        hint = f"did you mean {shown(near)}? " if near else ""
        raise ProfileError(
            f"there is no profile {shown(name)}",
            where=name,
            cure=f"{hint}the profiles are: {named or 'none'}{more}",
        )
    raise ProfileError(
        "the pod names no profile, and there is none called 'default'",
        where=DEFAULT_PROFILE,
        cure=f"annotate the pod with stoker.io/profile, one of: {named or 'none'}{more}",
    )
