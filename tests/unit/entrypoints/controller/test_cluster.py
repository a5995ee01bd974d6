"""What is known of the cluster, and which CRs a change concerns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from property.strategies.reports import NOW
from stoker.adapters.codec.owned import agents_object, binding_object, metadata_object, role_object
from stoker.core import names
from stoker.core.errors import InvalidDocument
from stoker.core.profile import Metadata
from stoker.core.reconcile import Memory, ObjectName, Rule, Settings, Snapshot
from stoker.core.report import Origin
from stoker.core.spec import GatewaySyncSpec
from stoker.entrypoints.controller.cluster import Cluster
from stoker.entrypoints.controller.watching import Unlisted
from support.sightings import SPACE, SPEC, a_cr, a_pod, a_report, meta, version


class World:
    """A cluster, and which CRs were concerned since it was last asked."""

    def __init__(self) -> None:
        self.now = NOW
        self.told: list[str] = []
        self.cluster = Cluster(lambda: self.now, lambda key: self.told.append(key[1]))

    def concerned(self) -> list[str]:
        told, self.told = sorted(self.told), []
        return told

    def put(self, shelf: str, document: Mapping[str, Any]) -> list[str]:
        self.cluster.saw(getattr(self.cluster, shelf), document)
        return self.concerned()

    def lose(self, shelf: str, document: Mapping[str, Any]) -> list[str]:
        self.cluster.lost(getattr(self.cluster, shelf), document)
        return self.concerned()

    def snapshot(self, name: str) -> Snapshot:
        found = self.cluster.snapshot((SPACE, name), Memory(), Settings())
        assert found is not None
        return found


@pytest.fixture
def world() -> World:
    return World()


def test_a_cr_concerns_itself(world: World) -> None:
    assert world.put("crs", a_cr("a")) == ["a"]
    assert world.put("crs", a_cr("a")) == ["a"]  # a version of its own is a change of it
    assert world.lose("crs", a_cr("a")) == ["a"]
    assert world.cluster.snapshot((SPACE, "a"), Memory(), Settings()) is None


def test_pods_without_a_name_change_hands_when_crs_come_and_go(world: World) -> None:
    world.put("crs", a_cr("a"))
    world.put("pods", a_pod("gw-0"))
    assert len(world.snapshot("a").pods) == 1
    assert world.put("crs", a_cr("b")) == ["a", "b"]
    assert world.snapshot("a").pods == ()
    # A third one changes nothing for the others.
    assert world.put("crs", a_cr("c")) == ["c"]
    assert world.lose("crs", a_cr("c")) == ["c"]
    assert world.lose("crs", a_cr("b")) == ["a", "b"]
    assert len(world.snapshot("a").pods) == 1


def test_a_pod_concerns_the_cr_that_it_names_or_named(world: World) -> None:
    world.put("crs", a_cr("a"))
    world.put("crs", a_cr("b"))
    assert world.put("pods", a_pod("gw-0", "a")) == ["a"]
    assert world.put("pods", a_pod("gw-0", "b")) == ["a", "b"]
    assert world.lose("pods", a_pod("gw-0", "b")) == ["b"]
    assert world.put("pods", a_pod("gw-1", "nobody")) == []


def test_what_decisions_do_not_look_at_concerns_nobody(world: World) -> None:
    world.put("crs", a_cr("a"))
    world.put("pods", a_pod("gw-0", "a"))
    busy = {"phase": "Running", "podIP": "10.0.0.1", "containerStatuses": [{"restartCount": 3}]}
    assert world.put("pods", a_pod("gw-0", "a", status=busy)) == []


def test_other_peoples_pods_take_no_place(world: World) -> None:
    world.put("crs", a_cr("a"))
    other = version({"metadata": {"name": "web", "namespace": SPACE}, "spec": {"containers": []}})
    assert world.put("pods", other) == []
    assert world.cluster.pods.names() == []


def test_a_pod_without_agent_is_kept_as_long_as_it_asks_for_one(world: World) -> None:
    world.put("crs", a_cr("a"))
    assert world.put("pods", a_pod("gw-0", "a", agent=False)) == ["a"]
    assert not world.snapshot("a").pods[0].has_agent


def test_a_namespace_that_was_made_anew_is_not_about_to_go(world: World) -> None:
    """A CR of the same name in a namespace of the same name, before the old one was forgotten."""
    world.put("crs", a_cr("a"))
    world.cluster.is_ending(SPACE)
    world.put("crs", a_cr("a"))
    assert world.snapshot("a").namespace_terminating
    world.put("crs", a_cr("a", uid="another"))
    assert not world.snapshot("a").namespace_terminating


class TestUnlisted:
    """A namespace that we were not let see into."""

    def test_nothing_is_decided_about_it(self, world: World) -> None:
        world.put("crs", a_cr("a"))
        error = Unlisted("no Pods", where=SPACE)
        world.cluster.unlisted = lambda space: error if space == SPACE else None
        with pytest.raises(Unlisted):
            world.snapshot("a")
        world.cluster.unlisted = lambda _: None
        assert not world.snapshot("a").namespace_terminating

    def test_a_cr_that_is_to_go_may_go(self, world: World) -> None:
        going = a_cr("a", deletionTimestamp="2026-01-01T00:00:00Z")
        world.put("crs", going)
        world.cluster.unlisted = lambda _: Unlisted("no Pods", where=SPACE)
        assert world.snapshot("a").namespace_terminating


class TestReports:
    """What agents write."""

    def test_reach_the_cr_whose_label_they_bear(self, world: World) -> None:
        for cr in ("a", "b"):
            world.put("crs", a_cr(cr))
        world.put("pods", a_pod("gw-0", "a"))
        assert world.put("notes", a_report("a", "gw-0")) == ["a"]
        assert Origin("gw-0", "uid-gw-0") in world.snapshot("a").reports
        assert world.snapshot("b").reports == {}

    def test_a_sign_of_life_concerns_nobody_and_is_heard(self, world: World) -> None:
        world.put("crs", a_cr("a"))
        world.put("pods", a_pod("gw-0", "a"))
        world.put("notes", a_report("a", "gw-0", seq=1))
        assert world.snapshot("a").heard == {}  # it may be as old as anything
        world.now += timedelta(seconds=30)
        alive = a_report("a", "gw-0", seq=2, reportedAt="2026-01-01T00:00:30Z")
        assert world.put("notes", alive) == []
        assert world.snapshot("a").heard == {Origin("gw-0", "uid-gw-0"): world.now}
        again = world.now
        world.now += timedelta(seconds=30)
        assert world.put("notes", alive) == []
        assert world.snapshot("a").heard == {Origin("gw-0", "uid-gw-0"): again}

    def test_anything_else_that_changed_is_news(self, world: World) -> None:
        world.put("crs", a_cr("a"))
        world.put("pods", a_pod("gw-0", "a"))
        world.put("notes", a_report("a", "gw-0", seq=1))
        assert world.put("notes", a_report("a", "gw-0", seq=2, drift=1)) == ["a"]
        worse = a_report("a", "gw-0", seq=3, syncStatus="Error", errorMessage="disk full")
        assert world.put("notes", worse) == ["a"]

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", "null", '{"podUID": 5}', "[" * 5000, '{"podName": "other"}']
    )
    def test_what_cannot_be_read_counts_as_none(self, world: World, text: str) -> None:
        world.put("crs", a_cr("a"))
        world.put("pods", a_pod("gw-0", "a"))
        world.put("notes", a_report("a", "gw-0"))
        broken = a_report("a", "gw-0")
        broken["data"] = {names.STATUS_KEY: text}
        assert world.put("notes", broken) == ["a"]
        assert world.snapshot("a").reports == {}

    def test_of_another_pod_than_the_name_says_is_refused(self, world: World) -> None:
        world.put("crs", a_cr("a"))
        for pod in ("gw-0", "gw-1"):
            world.put("pods", a_pod(pod, "a"))
        forged = a_report("a", "gw-1")
        forged["metadata"]["name"] = names.status_config_map("a", "gw-0")
        world.put("notes", forged)
        assert world.snapshot("a").reports == {}

    def test_go_agents_are_read(self, world: World) -> None:
        world.put("crs", a_cr("a"))
        made = agents_object(meta("a"), names.legacy_status_config_map("a"))
        said = json.dumps({"syncStatus": "Synced", "syncedCommit": "c" * 40})
        assert world.put("notes", version({**made, "data": {"blue": said}})) == ["a"]
        assert Origin("blue", "") in world.snapshot("a").reports


class TestOwned:
    """Objects of ours."""

    def test_all_kinds_are_counted_and_read(self, world: World) -> None:
        world.put("crs", a_cr("a"))
        rules = (Rule("configmaps", ("get", "watch"), ("x",)), Rule("events", ("create",)))
        role = names.agent_role("a")
        told = Metadata(commit="c" * 40, ref="main", git_url="https://git.example.com/a.git")
        changes = names.changes_config_map("a", "gw-0")
        assert world.put("notes", version(metadata_object(meta("a"), told))) == ["a"]
        assert world.put("lists", version(agents_object(meta("a"), changes))) == ["a"]
        assert world.put("roles", version(role_object(meta("a"), role, rules))) == ["a"]
        bound = version(binding_object(meta("a"), role, role, ("default", "ignition")))
        assert world.put("bindings", bound) == ["a"]
        owned = world.snapshot("a").owned
        assert owned.metadata == told
        assert owned.rules == rules
        assert owned.service_accounts == ("default", "ignition")
        assert owned.objects == {
            ObjectName("ConfigMap", "stoker-metadata-a"),
            ObjectName("ConfigMap", changes),
            ObjectName("Role", role),
            ObjectName("RoleBinding", role),
        }

    def test_those_of_an_earlier_life_of_the_cr_are_none_of_ours(self, world: World) -> None:
        world.put("crs", a_cr("a", uid="second"))
        world.put("notes", version(metadata_object(meta("a"), Metadata(commit="c" * 40))))
        owned = world.snapshot("a").owned
        assert owned.objects == frozenset()
        assert owned.metadata is None

    def test_one_that_somebody_changed_reads_as_none(self, world: World) -> None:
        world.put("crs", a_cr("a"))
        role = names.agent_role("a")
        wide = role_object(meta("a"), role, ())
        wide["rules"] = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
        world.put("roles", version(wide))
        stolen = binding_object(meta("a"), role, role, ("default",))
        stolen["subjects"] = [{"kind": "User", "name": "eve"}]
        world.put("bindings", version(stolen))
        owned = world.snapshot("a").owned
        assert owned.rules is None
        assert owned.service_accounts is None
        assert ObjectName("Role", role) in owned.objects

    def test_what_we_deleted_is_gone_at_once(self, world: World) -> None:
        world.put("crs", a_cr("a"))
        name = names.status_config_map("a", "gw-0")
        world.put("notes", a_report("a", "gw-0"))
        world.cluster.deleted((SPACE, "a"), ObjectName("ConfigMap", name))
        assert world.snapshot("a").owned.objects == frozenset()

    def test_a_long_name_is_found_by_the_label_that_it_was_cut_to(self, world: World) -> None:
        long = "a" * 200
        world.put("crs", a_cr(long))
        told = Metadata(commit="c" * 40)
        assert world.put("notes", version(metadata_object(meta(long), told))) == [long]
        assert world.snapshot(long).owned.metadata == told


class TestMalformed:
    """CRs that an older definition, or none, let in."""

    @pytest.mark.parametrize(
        "spec", [None, 5, [], {}, {"git": []}, {**SPEC, "git": {"repo": 7}}, "x" * 100_000]
    )
    def test_specs_read_as_invalid_and_nothing_else_happens(
        self, world: World, spec: object
    ) -> None:
        assert world.put("crs", a_cr("a", spec=spec)) == ["a"]
        seen = world.snapshot("a")
        assert isinstance(seen.spec, InvalidDocument)
        assert seen.metadata.name == "a"
        assert seen.metadata.uid == "uid-a"

    def test_a_spec_that_is_too_deep_or_too_big(self, world: World) -> None:
        deep: Any = {}
        for _ in range(500):
            deep = {"x": deep}
        for spec in (deep, {"git": [0] * 60_000}):
            world.put("crs", a_cr("a", spec=spec))
            assert isinstance(world.snapshot("a").spec, InvalidDocument)

    @pytest.mark.parametrize("status", [None, 5, [], {"conditions": 7}, {"profileCount": "x"}])
    def test_a_status_that_cannot_be_read_is_an_empty_one(
        self, world: World, status: object
    ) -> None:
        world.put("crs", {**a_cr("a"), "status": status})
        seen = world.snapshot("a")
        assert isinstance(seen.spec, GatewaySyncSpec)
        assert seen.status.last_sync_commit == ""
