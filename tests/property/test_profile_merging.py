"""Profiles: a value of the profile wins, then the defaults', then the contract's.

Excludes only ever grow, variables merge key by key, and equal profiles have equal keys.
"""

from __future__ import annotations

from attrs import asdict, evolve, fields
from hypothesis import assume, given
from hypothesis import strategies as st

from property.strategies.specs import profiles, resolved_profiles, sync_settings, vars_maps
from stoker.core.profile import (
    BUILT_IN_EXCLUDES,
    ResolvedProfile,
    profile_key,
    resolve_profile,
    with_overrides,
)
from stoker.core.spec import SyncProfile, SyncSettings

CONTRACT = ResolvedProfile(name="contract")
MERGED = {"exclude_patterns", "vars"}
OVERRIDDEN = [one.name for one in fields(SyncSettings) if one.name not in MERGED]


@given(profiles, sync_settings)
def test_the_nearest_value_wins(profile: SyncProfile, defaults: SyncSettings) -> None:
    """Broken by swapping the two sides of the union in `resolve_profile`."""
    resolved = resolve_profile("x", profile, defaults)
    assert resolved.name == "x"
    assert resolved.mappings == profile.mappings
    for name in OVERRIDDEN:
        levels = (profile.settings, defaults, CONTRACT)
        values = [getattr(level, name) for level in levels]
        assert getattr(resolved, name) == next(one for one in values if one is not None)


@given(profiles, sync_settings)
def test_a_profile_never_excludes_less_than_the_defaults(
    profile: SyncProfile, defaults: SyncSettings
) -> None:
    """Law 21, as far as merging goes. Broken by letting a profile's patterns replace the others."""
    resolved = resolve_profile("x", profile, defaults)
    inherited = (
        BUILT_IN_EXCLUDES if defaults.exclude_patterns is None else defaults.exclude_patterns
    )
    assert set(resolved.exclude_patterns) == {
        *inherited,
        *(profile.settings.exclude_patterns or ()),
    }
    assert len(set(resolved.exclude_patterns)) == len(resolved.exclude_patterns)


@given(profiles, sync_settings)
def test_variables_merge_key_by_key(profile: SyncProfile, defaults: SyncSettings) -> None:
    """Broken by taking the profile's map whole when there is one."""
    resolved = resolve_profile("x", profile, defaults)
    common, own = defaults.vars or {}, profile.settings.vars or {}
    assert set(resolved.vars) == {*common, *own}
    for key, value in resolved.vars.items():
        assert value == (own[key] if key in own else common[key])


@given(resolved_profiles, st.integers(5, 3600), st.lists(st.sampled_from("abc"), min_size=1))
def test_overrides_touch_nothing_else(
    profile: ResolvedProfile, period: int, patterns: list[str]
) -> None:
    """Broken by resetting `paused` in `with_overrides`."""
    changed = with_overrides(profile, sync_period=period, exclude_patterns=patterns)
    assert changed.sync_period == period
    assert set(changed.exclude_patterns) == set(patterns)
    assert profile == evolve(
        changed, sync_period=profile.sync_period, exclude_patterns=profile.exclude_patterns
    )
    assert with_overrides(profile) == profile


@given(resolved_profiles, vars_maps)
def test_keys_are_equal_exactly_when_profiles_are(
    one: ResolvedProfile, variables: dict[str, str]
) -> None:
    """Broken by leaving `vars` out of the document that is digested."""
    other = evolve(one, vars=variables)
    assert (profile_key(one) == profile_key(other)) == (one == other)
    reversed_vars = evolve(one, vars=dict(reversed([*one.vars.items()])))
    assert profile_key(reversed_vars) == profile_key(one)


@given(resolved_profiles, st.sampled_from(fields(ResolvedProfile)), resolved_profiles)
def test_every_field_is_in_the_key(
    one: ResolvedProfile, field: object, other: ResolvedProfile
) -> None:
    """Broken by digesting the name and the mappings alone."""
    name = field.name  # type: ignore[attr-defined] # an attrs Attribute
    changed = evolve(one, **{name: getattr(other, name)})
    assume(asdict(changed) != asdict(one))
    assert profile_key(changed) != profile_key(one)
