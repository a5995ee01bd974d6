"""From what a user wrote to what an agent does: profiles with a value for every field.

- `resolved`: the type, the contract's defaults, and one gateway's overrides
- `resolve`: the document's values over them
- `choosing`: the choice among profiles
- `metadata`: what travels to the agents
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.core.exporting import exported

if TYPE_CHECKING:
    from stoker.core.profile.choosing import choose_profile
    from stoker.core.profile.metadata import AuthType, Metadata
    from stoker.core.profile.resolve import GLOBS, resolve_profile, resolve_profiles
    from stoker.core.profile.resolved import (
        BUILT_IN_EXCLUDES,
        ResolvedProfile,
        profile_key,
        with_overrides,
    )
else:
    __getattr__ = exported(
        __name__,
        choosing="choose_profile",
        metadata="AuthType Metadata",
        resolve="GLOBS resolve_profile resolve_profiles",
        resolved="BUILT_IN_EXCLUDES ResolvedProfile profile_key with_overrides",
    )

__all__ = [
    "BUILT_IN_EXCLUDES",
    "GLOBS",
    "AuthType",
    "Metadata",
    "ResolvedProfile",
    "choose_profile",
    "profile_key",
    "resolve_profile",
    "resolve_profiles",
    "with_overrides",
]
