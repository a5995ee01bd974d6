"""From `sync.defaults` and `sync.profiles` to profiles with a value for every field.

A profile's own value beats the defaults', which beats the contract's. Two fields are merged
instead: exclude patterns are added together, and variables override key by key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from stoker.core.errors import InvalidDocument
from stoker.core.globs import compile_glob, merge_excludes
from stoker.core.profile.resolved import BUILT_IN_EXCLUDES, ResolvedProfile
from stoker.core.spec.rules import Site, check_object
from stoker.core.spec.schema import fields_of
from stoker.core.spec.types import GatewaySyncSpec, SyncProfile, SyncSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

GLOBS: Final = Site(check_glob=compile_glob)
"""The site of rules that know what a glob is, and nothing of protected places."""


def resolve_profiles(spec: GatewaySyncSpec, site: Site = GLOBS) -> Mapping[str, ResolvedProfile]:
    """Every profile of `spec` by its name, or `InvalidDocument` with all that is wrong there."""
    if problems := check_object(spec.sync, ("spec", "sync"), site):
        raise InvalidDocument.of("spec.sync", problems)
    return {
        name: resolve_profile(name, profile, spec.sync.defaults)
        for name, profile in spec.sync.profiles.items()
    }


def resolve_profile(
    name: str, profile: SyncProfile, defaults: SyncSettings | None = None
) -> ResolvedProfile:
    """One profile over `defaults`; it is taken to be valid."""
    below = defaults or SyncSettings()
    values = _given(below) | _given(profile.settings)
    inherited = below.exclude_patterns
    if inherited is None:
        inherited = BUILT_IN_EXCLUDES
    own = profile.settings.exclude_patterns or ()
    values["exclude_patterns"] = merge_excludes((*inherited, *own))
    values["vars"] = {**(below.vars or {}), **(profile.settings.vars or {})}
    return ResolvedProfile(name=name, mappings=profile.mappings, **values)


def _given(settings: SyncSettings) -> dict[str, Any]:
    values = {field.name: getattr(settings, field.name) for field in fields_of(SyncSettings)}
    return {name: value for name, value in values.items() if value is not None}
