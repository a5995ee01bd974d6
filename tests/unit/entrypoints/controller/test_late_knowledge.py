"""What is deleted though watches may be late: only what is as it was when that was decided.

Seen to fail: a deletion that names no version, one that does not ask for the pod, and rights of an
earlier life of a CR that are taken for its own.
"""

from __future__ import annotations

from typing import Any

import pytest
from attrs import define, evolve, field

from property.strategies.reports import NOW
from stoker.adapters.codec.owned import role_object
from stoker.adapters.kube.errors import Conflict, NotFound
from stoker.core import names
from stoker.core.reconcile import DeleteObject, Memory, ObjectName, Settings
from stoker.entrypoints.controller.acting import Hands
from stoker.entrypoints.controller.cluster import Cluster
from support.sightings import SPACE, a_cr, a_pod, a_report, meta, version

REPORT = names.status_config_map("a", "gw-0")
DELETION = DeleteObject(ObjectName("ConfigMap", REPORT))


@define
class Server:
    """An API server with some objects, by kind and name."""

    there: dict[tuple[str, str], dict[str, Any]] = field(factory=dict)
    deleted: list[tuple[str, str]] = field(factory=list)

    def get(self, resource: Any, _: str, name: str, **__: object) -> dict[str, Any]:
        try:
            return self.there[resource.plural, name]
        except KeyError:
            raise NotFound("it is not there", code="NotFound") from None

    def delete(self, resource: Any, _: str, name: str, *, resource_version: str = "") -> bool:
        one = self.there.get((resource.plural, name))
        if one is None:
            return False
        if resource_version not in ("", one["metadata"]["resourceVersion"]):
            raise Conflict("it has changed")
        self.deleted.append((name, resource_version))
        return True


@define
class World:
    """A server, and who knows of it what watches have told."""

    server: Server = field(factory=Server)
    cluster: Cluster = field(factory=lambda: Cluster(lambda: NOW, lambda _: None))

    @property
    def hands(self) -> Hands:
        client: Any = self.server
        return Hands(client, self.cluster)

    def knows(self, shelf: str, document: dict[str, Any]) -> dict[str, Any]:
        self.cluster.saw(getattr(self.cluster, shelf), document)
        return document

    def has(self, kind: str, document: dict[str, Any]) -> dict[str, Any]:
        self.server.there[kind, document["metadata"]["name"]] = document
        return document


@pytest.fixture
def world() -> World:
    """With a CR `a`, and a report of its pod, which is gone."""
    made = World()
    made.knows("crs", a_cr("a"))
    made.knows("notes", made.has("configmaps", a_report("a", "gw-0")))
    return made


def test_what_is_known_as_it_is_is_deleted(world: World) -> None:
    there = world.server.there["configmaps", REPORT]
    world.hands.write(meta("a"), DELETION)
    assert world.server.deleted == [(REPORT, there["metadata"]["resourceVersion"])]
    assert world.cluster.notes.get((SPACE, REPORT)) is None


def test_what_somebody_wrote_since_is_looked_at_again(world: World) -> None:
    newer = world.has("configmaps", a_report("a", "gw-0", seq=2))
    with pytest.raises(Conflict):
        world.hands.write(meta("a"), DELETION)
    assert world.server.deleted == []
    # Without waiting for a watch that may have died; so the next decision knows of it.
    known = world.cluster.notes.get((SPACE, REPORT))
    assert known is not None
    assert known.said is not None
    assert known.said.whole == hash(newer["data"]["status"])
    world.hands.write(meta("a"), DELETION)
    assert len(world.server.deleted) == 1


def test_what_is_gone_meanwhile_is_known_to_be_gone(world: World) -> None:
    del world.server.there["configmaps", REPORT]
    world.hands.write(meta("a"), DELETION)
    assert world.cluster.notes.get((SPACE, REPORT)) is None


def test_the_report_of_a_pod_that_was_made_anew_stays(world: World) -> None:
    world.has("pods", a_pod("gw-0", "a"))
    with pytest.raises(Conflict):
        world.hands.write(meta("a"), DELETION)
    assert world.server.deleted == []
    assert world.cluster.pods.get((SPACE, "gw-0")) is not None


def test_so_it_does_when_a_watch_tells_of_it_after_the_decision(world: World) -> None:
    world.knows("pods", world.has("pods", a_pod("gw-0", "a")))
    with pytest.raises(Conflict):
        world.hands.write(meta("a"), DELETION)


def test_that_of_a_pod_which_is_somebody_elses_by_now_goes(world: World) -> None:
    world.knows("pods", world.has("pods", a_pod("gw-0", "b")))
    world.hands.write(meta("a"), DELETION)
    assert len(world.server.deleted) == 1


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_that_of_a_pod_that_has_ended_goes(world: World, phase: str) -> None:
    """No watch tells of it."""
    world.has("pods", a_pod("gw-0", "a", status={"phase": phase}))
    world.hands.write(meta("a"), DELETION)
    assert len(world.server.deleted) == 1


def test_a_pod_that_is_no_gateways_keeps_nothing(world: World) -> None:
    other = a_pod("gw-0", "a", agent=False)
    other["metadata"]["annotations"] = {}
    world.has("pods", other)
    world.hands.write(meta("a"), DELETION)
    assert len(world.server.deleted) == 1


def test_for_a_cr_that_goes_no_pod_is_asked_about(world: World) -> None:
    world.has("pods", a_pod("gw-0", "a"))
    world.hands.write(evolve(meta("a"), deleting=True), DELETION)
    assert len(world.server.deleted) == 1


def test_rights_of_an_earlier_life_are_not_those_of_the_cr(world: World) -> None:
    role = names.agent_role("a")
    earlier = role_object(evolve(meta("a"), uid="uid-before"), role, ())
    world.knows("roles", version(earlier))
    snapshot = world.cluster.snapshot((SPACE, "a"), Memory(), Settings())
    assert snapshot is not None
    assert snapshot.owned.rules is None
    assert ObjectName("Role", role) not in snapshot.owned.objects
