"""What the controller does about a CR: from its creation to its end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from property.strategies.reports import NOW, a_report
from property.strategies.snapshots import (
    APP,
    CR,
    INVALID,
    OTHER_REPO,
    REPO,
    SSH,
    UNREACHABLE,
    World,
    a_pod,
    a_snapshot,
    a_spec,
    advertised,
    settle,
)
from property.strategies.snapshots import A as COMMIT
from property.strategies.snapshots import B as NEXT
from stoker.core import names
from stoker.core.profile import AuthType, Metadata, resolve_profiles
from stoker.core.reconcile import (
    Action,
    AddFinalizer,
    Decision,
    DeleteObject,
    EmitEvent,
    EnsureBinding,
    EnsureConfigMap,
    EnsureRole,
    EventType,
    ObjectName,
    Owned,
    Question,
    RemoveFinalizer,
    Resolve,
    Rule,
    Settings,
    Snapshot,
    WriteMetadata,
    WriteStatus,
    agent_rules,
    decide,
    may_have_token,
)
from stoker.core.reconcile.inquiry import FRESH
from stoker.core.refs import RefName
from stoker.core.spec import (
    GatewayAccess,
    GatewayApi,
    GatewaySyncStatus,
    GitAuth,
    RefResolutionStatus,
    SourceMapping,
    SyncProfile,
    SyncSection,
    SyncStatus,
)
from stoker.core.status import status_map

MAIN = Question(REPO, GitAuth(), None, RefName("main"), None)


def of(kind: type, actions: Iterable[Action]) -> list[Any]:
    return [action for action in actions if isinstance(action, kind)]


def status_of(decision: Decision) -> GatewaySyncStatus:
    (write,) = of(WriteStatus, decision.actions)
    status: GatewaySyncStatus = write.status
    return status


def said(status: GatewaySyncStatus, kind: str) -> tuple[str, str, str]:
    condition = status.conditions.get(kind)
    assert condition is not None
    return condition.status.value, condition.reason, condition.message


def fleet(**fields: Any) -> Snapshot:
    """A CR with one gateway whose agent is at the commit of `main`."""
    return a_snapshot(
        pods=(a_pod(),),
        reports=status_map([a_report(reported_at=NOW, synced_ref="main")]),
        **fields,
    )


class TestBirth:
    """The first looks at a CR that was just made."""

    def test_the_first_decision(self) -> None:
        decision = decide(a_snapshot(finalizers=()), NOW)
        rules = agent_rules(CR, ())
        role = names.agent_role(CR)
        assert decision.actions[:4] == (
            AddFinalizer(),
            Resolve(MAIN, FRESH),
            EnsureRole(role, rules),
            EnsureBinding(role, role, ()),
        )
        status = status_of(decision)
        assert status.ref_resolution_status is RefResolutionStatus.RESOLVING
        assert (status.observed_generation, status.profile_count) == (1, 1)
        assert said(status, "RefResolved")[0] == "Unknown"
        assert said(status, "Ready")[:2] == ("False", "Reconciling")
        assert len(decision.actions) == 5

    def test_the_second_tells_the_agents(self) -> None:
        first = a_snapshot()
        after, _ = World().carry_out(first, decide(first, NOW), NOW)
        decision = decide(after, NOW)
        status = status_of(decision)
        assert decision.actions == (
            WriteMetadata(
                Metadata(
                    commit=COMMIT,
                    ref="main",
                    git_url=REPO,
                    paused=False,
                    auth_type=AuthType.NONE,
                    gateway_port=8088,
                    gateway_tls=False,
                    profiles=resolve_profiles(a_spec()),
                )
            ),
            WriteStatus(status),
            EmitEvent(EventType.NORMAL, "RefResolved", "main is now aaaaaaa"),
        )
        assert status.last_sync_ref == "main"
        assert status.last_sync_commit == COMMIT
        assert status.last_sync_commit_short == "aaaaaaa"
        assert status.last_sync_time == NOW
        assert status.ref_resolution_status is RefResolutionStatus.RESOLVED

    def test_the_third_has_nothing_to_do(self) -> None:
        settled, world = settle(a_snapshot(), NOW)
        assert len(of(Resolve, world.done)) == 1
        assert decide(settled, NOW).actions == ()

    def test_a_gateway_at_the_commit_makes_it_ready(self) -> None:
        settled, world = settle(fleet(), NOW)
        assert said(settled.status, "Ready") == ("True", "SyncSucceeded", "1/1 synced")
        assert of(EmitEvent, world.done) == [
            EmitEvent(EventType.NORMAL, "GatewaysDiscovered", "1 gateway(s), before 0"),
            EmitEvent(EventType.NORMAL, "RefResolved", "main is now aaaaaaa"),
            EmitEvent(EventType.NORMAL, "SyncSucceeded", "1/1 synced"),
        ]
        (row,) = settled.status.discovered_gateways
        assert (row.name, row.pod_name, row.sync_status) == ("blue-0", "blue-0", SyncStatus.SYNCED)

    def test_the_metadata_says_what_the_spec_says(self) -> None:
        spec = a_spec(
            auth=GitAuth(ssh_key=SSH),
            gateway=GatewayAccess(api=GatewayApi(secret_name="s"), port=8043, tls=True),
        )
        settled, _ = settle(a_snapshot(spec), NOW)
        told = settled.owned.metadata
        assert told is not None
        assert (told.auth_type, told.gateway_port, told.gateway_tls) == (AuthType.SSH, 8043, True)
        assert said(settled.status, "SSHHostKeyVerification")[0] == "True"

    @pytest.mark.parametrize(
        ("ssh", "verified"),
        [
            (SSH, "True"),
            (evolve(SSH, insecure_skip_host_key_check=True), "True"),
            (evolve(SSH, known_hosts=None), "True"),
            (evolve(SSH, known_hosts=None, insecure_skip_host_key_check=True), "False"),
        ],
    )
    def test_host_keys_are_verified_unless_switched_off(self, ssh: Any, verified: str) -> None:
        settled, _ = settle(a_snapshot(a_spec(auth=GitAuth(ssh_key=ssh))), NOW)
        assert said(settled.status, "SSHHostKeyVerification")[0] == verified


class TestUpkeep:
    """The objects that agents need."""

    def test_each_agent_gets_its_config_maps_and_access(self) -> None:
        pods = (a_pod("red-0", service_account_name=""), a_pod(), a_pod("blue-1", has_agent=False))
        actions = decide(a_snapshot(pods=pods), NOW).actions
        assert of(EnsureConfigMap, actions) == [
            EnsureConfigMap("stoker-changes-site-blue-0", "blue-0"),
            EnsureConfigMap("stoker-changes-site-red-0", "red-0"),
            EnsureConfigMap("stoker-status-site-blue-0", "blue-0"),
            EnsureConfigMap("stoker-status-site-red-0", "red-0"),
        ]
        assert of(EnsureRole, actions) == [
            EnsureRole(
                "stoker-agent-site",
                (
                    Rule("configmaps", ("get", "list", "watch"), ("stoker-metadata-site",)),
                    Rule(
                        "configmaps",
                        ("get", "update", "patch"),
                        (
                            "stoker-changes-site-blue-0",
                            "stoker-changes-site-red-0",
                            "stoker-status-site-blue-0",
                            "stoker-status-site-red-0",
                        ),
                    ),
                    Rule("events", ("create",)),
                ),
            )
        ]
        assert of(EnsureBinding, actions) == [
            EnsureBinding("stoker-agent-site", "stoker-agent-site", ("default", "ignition"))
        ]

    def test_without_pods_no_rule_names_nothing(self) -> None:
        assert agent_rules(CR, ()) == (
            Rule("configmaps", ("get", "list", "watch"), ("stoker-metadata-site",)),
            Rule("events", ("create",)),
        )

    def test_access_is_left_alone_where_it_is_given_by_hand(self) -> None:
        snapshot = a_snapshot(pods=(a_pod(),), settings=Settings(auto_bind_agent=False))
        actions = decide(snapshot, NOW).actions
        assert of(EnsureRole, actions) == of(EnsureBinding, actions) == []
        assert len(of(EnsureConfigMap, actions)) == 2

    def test_pods_of_others_get_nothing(self) -> None:
        pods = (
            a_pod(annotations={names.CR_NAME: "other"}),
            a_pod("blue-1", annotations={names.INJECT: "true"}),
            a_pod("blue-2", namespace="elsewhere"),
        )
        crs = frozenset({CR, "other"})
        actions = decide(a_snapshot(pods=pods, namespace_crs=crs), NOW).actions
        assert of(EnsureConfigMap, actions) == []
        assert status_of(Decision(actions)).discovered_gateways == ()

    def test_a_pod_that_names_none_belongs_to_the_only_cr(self) -> None:
        pods = (a_pod(annotations={names.INJECT: "true"}),)
        assert len(of(EnsureConfigMap, decide(a_snapshot(pods=pods), NOW).actions)) == 2

    def test_what_is_left_of_a_pod_is_cleared_away(self) -> None:
        settled, _ = settle(a_snapshot(pods=(a_pod(), a_pod("blue-1"))), NOW)
        actions = decide(evolve(settled, pods=(a_pod(),)), NOW).actions
        assert of(DeleteObject, actions) == [
            DeleteObject(ObjectName("ConfigMap", "stoker-changes-site-blue-1")),
            DeleteObject(ObjectName("ConfigMap", "stoker-status-site-blue-1")),
        ]
        assert of(EnsureBinding, actions) == []
        assert len(of(EnsureRole, actions)) == 1

    def test_a_pod_that_is_about_to_go_may_still_report(self) -> None:
        settled, _ = settle(a_snapshot(pods=(a_pod(),)), NOW)
        going = evolve(settled, pods=(a_pod(terminating=True),))
        actions = decide(going, NOW).actions
        assert of(DeleteObject, actions) == []
        assert status_of(Decision(actions)).discovered_gateways == ()

    def test_other_objects_with_our_label_are_left_alone(self) -> None:
        others = {
            ObjectName("ConfigMap", "stoker-metadata-site"),
            ObjectName("ConfigMap", "stoker-status-site"),
            ObjectName("ConfigMap", "dashboards"),
            ObjectName("Secret", "stoker-status-x"),
        }
        snapshot = a_snapshot(owned=Owned(objects=frozenset(others)))
        assert of(DeleteObject, decide(snapshot, NOW).actions) == []

    def test_a_token_that_nobody_needs_is_deleted(self) -> None:
        secret = ObjectName("Secret", "stoker-github-token-site")
        owned = Owned(objects=frozenset({secret}))
        assert of(DeleteObject, decide(a_snapshot(owned=owned), NOW).actions) == [
            DeleteObject(secret)
        ]
        for spec in (a_spec(auth=GitAuth(github_app=APP)), INVALID):
            assert of(DeleteObject, decide(a_snapshot(spec, owned=owned), NOW).actions) == []

    @pytest.mark.parametrize(
        ("spec", "told", "deleting", "may"),
        [
            (a_spec(), None, False, False),
            (a_spec(), AuthType.TOKEN, False, False),
            (a_spec(auth=GitAuth(github_app=APP)), None, False, True),
            (a_spec(), AuthType.GITHUB_APP, False, True),
            (INVALID, AuthType.GITHUB_APP, False, True),
            (INVALID, None, False, False),
            (a_spec(), None, True, True),
        ],
    )
    def test_a_token_is_looked_for_where_there_may_be_one(
        self, spec: Any, told: AuthType | None, *, deleting: bool, may: bool
    ) -> None:
        owned = Owned(metadata=None if told is None else Metadata(auth_type=told))
        snapshot = a_snapshot(spec, owned=owned, deleting=deleting)
        assert may_have_token(snapshot) is may


class TestChange:
    """What happens when something changes."""

    def test_a_new_commit_reaches_the_agents(self) -> None:
        settled, _ = settle(fleet(), NOW)
        later = NOW + timedelta(seconds=60)
        moved, world = settle(settled, later, World(git=advertised(main=NEXT)))
        assert moved.owned.metadata is not None
        assert moved.owned.metadata.commit == NEXT
        assert moved.status.last_sync_commit == NEXT
        assert moved.status.last_sync_time == later
        assert said(moved.status, "Ready")[:2] == ("False", "Reconciling")
        assert EmitEvent(EventType.NORMAL, "RefResolved", "main is now bbbbbbb") in world.done

    def test_the_same_commit_moves_no_time(self) -> None:
        settled, _ = settle(fleet(), NOW)
        later = NOW + timedelta(seconds=60)
        again, world = settle(settled, later)
        assert again.status == settled.status
        assert of(Resolve, world.done) == [Resolve(MAIN, 30.0)]
        assert of(WriteStatus, world.done) == []

    def test_another_ref_of_the_same_commit(self) -> None:
        settled, _ = settle(fleet(), NOW)
        metadata = evolve(settled.metadata, generation=2)
        edited = evolve(settled, spec=a_spec(ref="release"), metadata=metadata)
        later = NOW + timedelta(seconds=1)
        world = World(git=advertised(main=COMMIT, release=COMMIT))
        first = decide(edited, later)
        assert said(status_of(first), "Ready")[0] == "False"
        after, _ = settle(edited, later, world)
        assert after.status.last_sync_ref == "release"
        assert after.status.last_sync_time == NOW
        assert after.owned.metadata is not None
        assert after.owned.metadata.ref == "release"

    def test_settings_reach_the_agents_while_git_is_away(self) -> None:
        settled, _ = settle(fleet(), NOW)
        mapping = SourceMapping(source="other", destination="d")
        sync = SyncSection(profiles={"default": SyncProfile(mappings=(mapping,))})
        edited = evolve(
            settled, spec=a_spec(sync=sync), metadata=evolve(settled.metadata, generation=2)
        )
        later = NOW + timedelta(seconds=61)
        after, _ = settle(edited, later, World(git=UNREACHABLE))
        told = after.owned.metadata
        assert told is not None
        assert told.profiles["default"].mappings == (mapping,)
        assert (told.commit, told.ref) == (COMMIT, "main")

    def test_another_repository_changes_nothing_until_it_answers(self) -> None:
        settled, _ = settle(fleet(), NOW)
        told = settled.owned.metadata
        moved = evolve(
            settled,
            spec=a_spec(repo=OTHER_REPO, gateway=GatewayAccess(GatewayApi("s"), port=9)),
            metadata=evolve(settled.metadata, generation=2),
        )
        failed, _ = settle(moved, NOW, World(git=UNREACHABLE))
        assert failed.owned.metadata == told
        again, _ = settle(moved, NOW, World(git=advertised(main=NEXT)))
        assert again.owned.metadata is not None
        assert (again.owned.metadata.git_url, again.owned.metadata.commit) == (OTHER_REPO, NEXT)

    def test_a_metadata_config_map_that_was_deleted_is_written_again(self) -> None:
        settled, _ = settle(fleet(), NOW)
        told = settled.owned.metadata
        assert told is not None
        lost = evolve(settled, owned=evolve(settled.owned, metadata=None))
        assert decide(lost, NOW).actions == (WriteMetadata(told),)

    def test_a_restarted_controller_asks_again_and_upsets_nothing(self) -> None:
        settled, _ = settle(fleet(), NOW)
        restarted = evolve(settled, memory=a_snapshot().memory)
        assert decide(restarted, NOW).actions == (Resolve(MAIN, FRESH),)
        after, world = settle(restarted, NOW + timedelta(seconds=5))
        assert world.done == (Resolve(MAIN, FRESH),)
        assert said(after.status, "Ready")[0] == "True"


class TestInvalid:
    """A spec that cannot be used."""

    def test_agents_keep_what_they_have(self) -> None:
        settled, _ = settle(fleet(), NOW)
        metadata = evolve(settled.metadata, generation=2)
        broken = evolve(settled, spec=INVALID, metadata=metadata)
        decision = decide(broken, NOW)
        status = status_of(decision)
        assert of(WriteMetadata, decision.actions) == of(Resolve, decision.actions) == []
        assert said(status, "ProfilesValid") == (
            "False",
            "ProfilesInvalid",
            "spec.git.repo: is missing",
        )
        assert said(status, "RefResolved") == ("True", "RefResolved", COMMIT)
        assert said(status, "Ready")[:2] == ("False", "Reconciling")
        assert said(status, "Stalled")[:2] == ("True", "ProfilesInvalid")
        assert (status.observed_generation, status.profile_count) == (2, 1)
        assert len(status.discovered_gateways) == 1
        assert decision.actions[-1] == EmitEvent(
            EventType.WARNING, "ProfilesInvalid", "spec.git.repo: is missing"
        )

    def test_a_cr_that_was_never_valid_is_not_resolved(self) -> None:
        status = status_of(decide(a_snapshot(INVALID), NOW))
        assert status.ref_resolution_status is RefResolutionStatus.NOT_RESOLVED
        assert status.profile_count == 0

    def test_invalid_profiles_keep_the_ref_going(self) -> None:
        settled, _ = settle(fleet(), NOW)
        mapping = SourceMapping(source="../x", destination="d")
        sync = SyncSection(profiles={"default": SyncProfile(mappings=(mapping,))})
        broken = evolve(settled, spec=a_spec(sync=sync))
        after, world = settle(broken, NOW + timedelta(seconds=60), World(git=advertised(main=NEXT)))
        assert of(WriteMetadata, world.done) == []
        assert after.status.last_sync_commit == NEXT
        assert said(after.status, "ProfilesValid")[0] == "False"
        assert (
            "spec.sync.profiles.default.mappings[0].source"
            in said(after.status, "ProfilesValid")[2]
        )
        paused, world = settle(evolve(broken, spec=a_spec(sync=sync, paused=True)), NOW)
        assert paused.owned.metadata is not None
        assert paused.owned.metadata.paused


class TestPause:
    """A CR that is to be left as it is."""

    def test_pausing_and_going_on(self) -> None:
        settled, _ = settle(fleet(), NOW)
        told = settled.owned.metadata
        assert told is not None
        metadata = evolve(settled.metadata, generation=2)
        paused = evolve(settled, spec=a_spec(paused=True), metadata=metadata)
        quiet, world = settle(paused, NOW + timedelta(hours=1))
        assert of(Resolve, world.done) == []
        assert quiet.owned.metadata == evolve(told, paused=True)
        assert said(quiet.status, "Ready")[:2] == ("False", "Paused")
        assert said(quiet.status, "RefResolved") == ("True", "RefResolved", COMMIT)
        assert EmitEvent(EventType.NORMAL, "Paused", "syncing is paused") in world.done
        goes_on = evolve(
            quiet, spec=a_spec(), metadata=evolve(metadata, generation=3), reports=fleet().reports
        )
        after, world = settle(goes_on, NOW + timedelta(hours=2))
        assert after.owned.metadata == told
        assert said(after.status, "Ready")[0] == "True"
        assert EmitEvent(EventType.NORMAL, "Resumed", "syncing goes on") in world.done
        assert len(of(Resolve, world.done)) == 1

    def test_pods_of_a_cr_that_was_paused_from_the_start_can_start(self) -> None:
        settled, world = settle(a_snapshot(a_spec(paused=True)), NOW)
        assert settled.owned.metadata == Metadata(
            commit="", ref="", git_url=REPO, paused=True, gateway_port=8088, gateway_tls=False
        )
        assert settled.status.ref_resolution_status is RefResolutionStatus.NOT_RESOLVED
        assert of(Resolve, world.done) == []
        assert decide(settled, NOW).wake_at is None

    def test_a_pause_ends_also_while_git_is_away(self) -> None:
        settled, _ = settle(fleet(), NOW)
        paused, _ = settle(evolve(settled, spec=a_spec(paused=True)), NOW)
        moved = a_spec(repo=OTHER_REPO)
        after, _ = settle(evolve(paused, spec=moved), NOW, World(git=UNREACHABLE))
        assert after.owned.metadata == settled.owned.metadata


class TestEnd:
    """A CR that was told to go."""

    def test_everything_of_ours_goes_then_the_finalizer(self) -> None:
        settled, _ = settle(fleet(), NOW)
        foreign = ObjectName("ConfigMap", "dashboards")
        legacy = ObjectName("ConfigMap", "stoker-status-site")
        secret = ObjectName("Secret", "stoker-github-token-site")
        owned = evolve(settled.owned, objects=settled.owned.objects | {foreign, legacy, secret})
        leaving = evolve(settled, owned=owned, metadata=evolve(settled.metadata, deleting=True))
        assert decide(leaving, NOW) == Decision(
            (
                DeleteObject(ObjectName("ConfigMap", "stoker-changes-site-blue-0")),
                DeleteObject(ObjectName("ConfigMap", "stoker-metadata-site")),
                DeleteObject(legacy),
                DeleteObject(ObjectName("ConfigMap", "stoker-status-site-blue-0")),
                DeleteObject(ObjectName("Role", "stoker-agent-site")),
                DeleteObject(ObjectName("RoleBinding", "stoker-agent-site")),
                DeleteObject(secret),
                RemoveFinalizer(),
            )
        )

    def test_what_is_missing_is_no_obstacle(self) -> None:
        assert decide(a_snapshot(deleting=True), NOW) == Decision((RemoveFinalizer(),))

    def test_without_our_finalizer_there_is_nothing_to_do(self) -> None:
        snapshot = a_snapshot(
            deleting=True,
            finalizers=("other/f",),
            owned=Owned(objects=frozenset({ObjectName("ConfigMap", "stoker-metadata-site")})),
        )
        assert decide(snapshot, NOW) == Decision()

    def test_a_namespace_that_goes_is_not_held_up(self) -> None:
        settled, _ = settle(fleet(), NOW)
        leaving = evolve(
            settled,
            namespace_terminating=True,
            metadata=evolve(settled.metadata, deleting=True),
        )
        assert decide(leaving, NOW) == Decision((RemoveFinalizer(),))

    def test_nothing_is_made_in_a_namespace_that_goes(self) -> None:
        assert decide(fleet(namespace_terminating=True, finalizers=()), NOW) == Decision()


class TestEvents:
    """What is told once."""

    def test_bad_news_is_told_when_it_comes_and_when_its_reason_changes(self) -> None:
        settled, _ = settle(fleet(), NOW)
        bare = evolve(settled, pods=(a_pod(has_agent=False),))
        after, world = settle(bare, NOW)
        assert [(event.type, event.reason) for event in of(EmitEvent, world.done)] == [
            (EventType.WARNING, "SidecarMissing")
        ]
        assert of(EmitEvent, settle(after, NOW)[1].done) == []

    def test_drift_and_silence(self) -> None:
        settled, _ = settle(fleet(), NOW)
        drifted = status_map([a_report(reported_at=NOW, synced_ref="main", drift=2)])
        later = NOW + timedelta(seconds=91)
        _, world = settle(evolve(settled, reports=drifted), later)
        assert [event.reason for event in of(EmitEvent, world.done)] == [
            "AgentStale",
            "DriftDetected",
        ]

    def test_a_long_message_is_cut(self) -> None:
        problems = evolve(INVALID, problems=INVALID.problems * 100)
        actions = decide(a_snapshot(problems), NOW).actions
        (event,) = of(EmitEvent, actions)
        assert len(event.message) == 1024

    def test_the_two_types_that_kubernetes_has(self) -> None:
        assert [kind.value for kind in EventType] == ["Normal", "Warning"]
