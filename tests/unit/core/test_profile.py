"""Defaults, overrides, choice, and the digest of a profile."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from stoker.core.errors import InvalidDocument, Permanent, ProfileError
from stoker.core.profile import (
    BUILT_IN_EXCLUDES,
    GLOBS,
    AuthType,
    Metadata,
    ResolvedProfile,
    choose_profile,
    profile_key,
    resolve_profile,
    resolve_profiles,
    with_overrides,
)
from stoker.core.spec import (
    DesignerPolicy,
    DesignerScope,
    DriftAction,
    FieldPatch,
    GitAuth,
    GitHubAppAuth,
    PruneMode,
    SecretKeyRef,
    SshKeyAuth,
    SyncProfile,
    SyncSettings,
    TokenAuth,
)
from stoker.core.spec.rules import Site
from support.specs import a_mapping, a_profile, a_spec, with_mappings, with_profiles

MAPPINGS = (a_mapping(),)


def test_the_contracts_defaults() -> None:
    assert resolve_profiles(a_spec()) == {
        "default": ResolvedProfile(
            name="default",
            mappings=MAPPINGS,
            exclude_patterns=("**/.git/", "**/.gitkeep", "**/.resources/**"),
            vars={},
            sync_period=30,
            designer_session_policy=DesignerPolicy.PROCEED,
            designer_session_scope=DesignerScope.PROJECT,
            dry_run=False,
            paused=False,
            prune=PruneMode.MIRROR,
            prune_limit_percent=50,
            drift_action=DriftAction.REPORT,
            rollback_on_scan_failure=True,
        )
    }


OTHERS: dict[str, tuple[Any, Any]] = {
    "sync_period": (5, 3600),
    "designer_session_policy": (DesignerPolicy.WAIT, DesignerPolicy.FAIL),
    "designer_session_scope": (DesignerScope.GATEWAY, DesignerScope.PROJECT),
    "dry_run": (True, False),
    "paused": (True, False),
    "prune": (PruneMode.OWNED, PruneMode.NONE),
    "prune_limit_percent": (0, 100),
    "drift_action": (DriftAction.OFF, DriftAction.RESTORE),
    "rollback_on_scan_failure": (False, True),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_profile_beats_the_defaults_which_beat_the_contract(name: str) -> None:
    one, other = OTHERS[name]
    inherits, overrides = a_profile(), a_profile(**{name: other})
    resolved = resolve_profiles(with_profiles({"a": inherits, "b": overrides}, **{name: one}))
    plain = ResolvedProfile(name="a", mappings=MAPPINGS)
    assert resolved == {
        "a": evolve(plain, **{name: one}),
        "b": evolve(plain, name="b", **{name: other}),
    }


@pytest.mark.parametrize(
    ("defaults", "own", "expected"),
    [
        (None, None, BUILT_IN_EXCLUDES),
        (None, (), BUILT_IN_EXCLUDES),
        (None, ("a",), (*BUILT_IN_EXCLUDES, "a")),
        (None, ("**/.gitkeep", "a", "a"), (*BUILT_IN_EXCLUDES, "a")),
        ((), None, ()),
        ((), ("a",), ("a",)),
        (("b", "a"), ("c", "a"), ("b", "a", "c")),
        ((" b ", ""), (), ("b",)),
    ],
)
def test_excludes_are_added_together(
    defaults: tuple[str, ...] | None, own: tuple[str, ...] | None, expected: tuple[str, ...]
) -> None:
    profile = a_profile(exclude_patterns=own)
    settings = SyncSettings(exclude_patterns=defaults)
    assert resolve_profile("x", profile, settings).exclude_patterns == expected


@pytest.mark.parametrize(
    ("defaults", "own", "expected"),
    [
        (None, None, {}),
        ({"a": "1"}, None, {"a": "1"}),
        (None, {"a": "2"}, {"a": "2"}),
        ({"a": "1", "b": "1"}, {"a": "2", "c": "2"}, {"a": "2", "b": "1", "c": "2"}),
        ({"a": "1"}, {}, {"a": "1"}),
    ],
)
def test_variables_merge_key_by_key(
    defaults: dict[str, str] | None, own: dict[str, str] | None, expected: dict[str, str]
) -> None:
    resolved = resolve_profile("x", a_profile(vars=own), SyncSettings(vars=defaults))
    assert resolved.vars == expected


def test_one_profile_alone() -> None:
    assert resolve_profile("x", a_profile(dry_run=True)) == ResolvedProfile(
        name="x", mappings=MAPPINGS, dry_run=True
    )


def test_every_problem_of_every_profile_at_once() -> None:
    spec = with_profiles(
        {
            "a": a_profile(a_mapping("/x")),
            "b": SyncProfile(mappings=()),
            "c": a_profile(a_mapping(patches=(FieldPatch({"x": "y"}, "[a"),))),
        },
        sync_period=1,
    )
    with pytest.raises(InvalidDocument) as caught:
        resolve_profiles(evolve(spec, git=evolve(spec.git, repo="nonsense")))
    assert [problem.path for problem in caught.value.problems] == [
        "spec.sync.profiles.a.mappings[0].source",
        "spec.sync.profiles.b.mappings",
        "spec.sync.profiles.c.mappings[0].patches[0].file",
        "spec.sync.defaults.syncPeriod",
    ]
    assert caught.value.message.startswith("spec.sync has 4 problem(s): spec.sync.profiles.a.")


def test_the_site_has_a_say() -> None:
    spec = with_mappings(a_mapping(patches=(FieldPatch({"x": "y"}, "[a"),)))
    assert set(resolve_profiles(spec, Site())) == {"default"}
    with pytest.raises(InvalidDocument):
        resolve_profiles(spec, GLOBS)


def test_overrides_of_a_gateway() -> None:
    profile = ResolvedProfile(name="x", mappings=MAPPINGS)
    assert with_overrides(profile) == profile
    assert with_overrides(profile, sync_period=7) == evolve(profile, sync_period=7)
    assert with_overrides(profile, exclude_patterns=()) == profile
    assert with_overrides(profile, exclude_patterns=("a", " a", "b")) == evolve(
        profile, exclude_patterns=("a", "b")
    )
    both = with_overrides(profile, sync_period=8, exclude_patterns=iter(("c",)))
    assert both == evolve(profile, sync_period=8, exclude_patterns=("c",))


PROFILES = {name: ResolvedProfile(name=name) for name in ("default", "blue", "red")}


@pytest.mark.parametrize(
    ("asked", "name"), [(None, "default"), ("", "default"), ("default", "default"), ("red", "red")]
)
def test_choice(asked: str | None, name: str) -> None:
    assert choose_profile(PROFILES, asked) is PROFILES[name]


@pytest.mark.parametrize(
    ("known", "asked", "message", "cure"),
    [
        (
            ("default", "blue", "red"),
            "bleu",
            'there is no profile "bleu"',
            'did you mean "blue"? the profiles are: "blue", "default", "red"',
        ),
        (
            ("b", "a"),
            "xyz",
            'there is no profile "xyz"',
            'the profiles are: "a", "b"',
        ),
        ((), "xyz", 'there is no profile "xyz"', "the profiles are: none"),
        (
            ("red",),
            None,
            "the pod names no profile, and there is none called 'default'",
            'annotate the pod with stoker.io/profile, one of: "red"',
        ),
        (
            tuple(f"p{index:02}" for index in range(10)),
            "",
            "the pod names no profile, and there is none called 'default'",
            "annotate the pod with stoker.io/profile, one of: "
            + ", ".join(f'"p{index:02}"' for index in range(10)),
        ),
        (
            tuple(f"p{index:02}" for index in range(11)),
            "xyz",
            'there is no profile "xyz"',
            "the profiles are: " + ", ".join(f'"p{index:02}"' for index in range(10)) + ", …",
        ),
    ],
)
def test_no_such_profile(
    known: tuple[str, ...], asked: str | None, message: str, cure: str
) -> None:
    with pytest.raises(ProfileError) as caught:
        choose_profile({name: ResolvedProfile(name=name) for name in known}, asked)
    error = caught.value
    assert (error.message, error.cure) == (message, cure)
    assert error.where == (asked or "default")
    assert error.reason == "ProfileNotFound"
    assert error.disposition == Permanent()


def test_the_key_is_stable_and_says_all() -> None:
    profile = ResolvedProfile(name="x", mappings=MAPPINGS, vars={"a": "1", "b": "2"})
    key = profile_key(profile)
    assert key == "db968741c9273d9d689334124b85b39c132216418b7e9cec24094cb81bfa8e1e"
    assert profile_key(evolve(profile, vars={"b": "2", "a": "1"})) == key
    others = (
        evolve(profile, name="y"),
        evolve(profile, vars={"a": "1"}),
        evolve(profile, sync_period=31),
        evolve(profile, paused=True),
        evolve(profile, mappings=(a_mapping(required=True),)),
        evolve(profile, exclude_patterns=()),
        evolve(profile, vars={"a": "\ud800", "b": "2"}),
    )
    assert len({key, *map(profile_key, others)}) == len(others) + 1


SECRET = SecretKeyRef("git", "key")


@pytest.mark.parametrize(
    ("auth", "kind", "word"),
    [
        (GitAuth(), AuthType.NONE, "none"),
        (GitAuth(token=TokenAuth(SECRET)), AuthType.TOKEN, "token"),
        (GitAuth(ssh_key=SshKeyAuth(SECRET)), AuthType.SSH, "ssh"),
        (GitAuth(github_app=GitHubAppAuth(1, 2, SECRET)), AuthType.GITHUB_APP, "githubApp"),
    ],
)
def test_types_of_auth(auth: GitAuth, kind: AuthType, word: str) -> None:
    assert AuthType.of(auth) is kind
    assert kind.value == word


def test_metadata_of_nothing() -> None:
    assert Metadata() == Metadata(
        commit="",
        ref="",
        git_url="",
        paused=False,
        auth_type=AuthType.NONE,
        gateway_port=8088,
        gateway_tls=False,
        profiles={},
    )
