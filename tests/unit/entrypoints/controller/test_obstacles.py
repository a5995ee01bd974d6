"""What we are not let do in a namespace, or find taken, and what that must not hold up."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import define, evolve, field

from property.strategies.reports import NOW
from stoker.adapters.kube.errors import AlreadyExists, ApiFailed, Busy, Forbidden
from stoker.core.reconcile import DeleteObject, EnsureConfigMap, ObjectName
from stoker.core.spec import ObjectMeta
from stoker.entrypoints.controller.acting import Hands, NameTaken
from stoker.entrypoints.controller.cluster import Cluster
from stoker.entrypoints.controller.watching import Watches
from support.sightings import SPACE, meta, version

REFUSED = Forbidden("no", status=403)
ROLE = ObjectName("Role", "stoker-agent-a")


@define
class Refusing:
    """An API server that lets nobody do anything."""

    error: ApiFailed = REFUSED

    def delete(self, *_: object, **__: object) -> bool:
        raise self.error

    def get(self, *_: object, **__: object) -> dict[str, Any]:
        raise self.error


def hands(error: ApiFailed = REFUSED) -> Hands:
    client: Any = Refusing(error)
    return Hands(client, Cluster(lambda: NOW, lambda _: None))


def deleting(cr: ObjectMeta) -> ObjectMeta:
    return evolve(cr, deleting=True)


def test_a_cr_that_is_to_go_does_not_wait_for_what_may_not_be_deleted() -> None:
    hands().write(deleting(meta("a")), DeleteObject(ROLE))
    with pytest.raises(Forbidden):
        hands().write(meta("a"), DeleteObject(ROLE))
    with pytest.raises(Busy):
        hands(Busy("later")).write(deleting(meta("a")), DeleteObject(ROLE))


def test_nor_for_a_secret_that_may_not_be_seen() -> None:
    hands().look_for_token(deleting(meta("a")))
    with pytest.raises(Forbidden):
        hands().look_for_token(meta("a"))


class TestWatches:
    """Watches of several namespaces, which are not begun here."""

    def watches(self, *namespaces: str) -> Watches:
        client: Any = Refusing()
        cluster = Cluster(lambda: NOW, lambda _: None)
        return Watches.of(client, cluster, namespaces, lambda: NOW, lambda *_: None)

    def refuse(self, watches: Watches, namespace: str, error: Exception = REFUSED) -> None:
        for ones in watches.by_kind.values():
            for one in ones:
                if one.namespace == namespace:
                    one._complained(error)  # noqa: SLF001 - as its thread does
                else:
                    one.synced = True

    def test_one_that_is_refused_is_not_waited_for(self) -> None:
        watches = self.watches(SPACE, "other")
        assert "Pod" in watches.not_synced()
        self.refuse(watches, SPACE)
        assert watches.not_synced() == []
        assert watches.unlisted("other") is None
        told = watches.unlisted(SPACE)
        assert told is not None
        assert (told.where, "Pod" in told.message) == (SPACE, True)

    def test_nor_when_it_is_to_list_anew_but_what_it_knew_does_not_count(self) -> None:
        watches = self.watches(SPACE, "other")
        for ones in watches.by_kind.values():
            for one in ones:
                one.synced = True
        lists = watches.list_anew(lambda _: True)
        assert not watches.have_listed(lists)
        assert watches.unlisted(SPACE) is None
        for ones in watches.by_kind.values():
            for one in ones:
                if one.namespace == SPACE:
                    one._complained(REFUSED)  # noqa: SLF001 - as its thread does
                else:
                    one._brought = one._wanted  # noqa: SLF001 - as its thread does
        assert watches.have_listed(lists)
        assert watches.unlisted("other") is None
        assert watches.unlisted(SPACE) is not None

    def test_one_that_is_of_no_concern_lists_nothing(self) -> None:
        watches = self.watches(SPACE, "other")
        lists = watches.list_anew(SPACE.__eq__)
        assert {space for _, space in lists} == {SPACE}
        assert {space for _, space in self.watches().list_anew(SPACE.__eq__)} == {""}

    def test_one_that_is_away_is(self) -> None:
        watches = self.watches(SPACE, "other")
        self.refuse(watches, SPACE, Busy("later"))
        assert "Pod" in watches.not_synced()

    def test_and_so_is_the_one_for_all_namespaces(self) -> None:
        watches = self.watches()
        self.refuse(watches, "")
        assert "Pod" in watches.not_synced()
        assert watches.unlisted("any") is not None


class TestNames:
    """A ConfigMap of the name that one of ours would have."""

    def made(self, **metadata: Any) -> list[dict[str, Any]]:
        taking = Taking({"metadata": {"name": "stoker-status-a-gw-0", **metadata}})
        client: Any = taking
        cluster = Cluster(lambda: NOW, lambda _: None)
        Hands(client, cluster).write(meta("a"), EnsureConfigMap("stoker-status-a-gw-0", "gw-0"))
        return taking.applied

    def test_is_ours_by_its_label_or_without_one(self) -> None:
        assert len(self.made(labels={"stoker.io/cr-name": "a"})) == 1
        assert len(self.made()) == 1

    def test_is_ours_by_its_owner_whatever_its_label_says(self) -> None:
        (applied,) = self.made(
            labels={"stoker.io/cr-name": "b"}, ownerReferences=[{"uid": meta("a").uid}]
        )
        assert applied["metadata"]["labels"]["stoker.io/cr-name"] == "a"

    def test_is_left_alone_when_it_is_anothers(self) -> None:
        with pytest.raises(NameTaken):
            self.made(labels={"stoker.io/cr-name": "b"}, ownerReferences=[{"uid": "uid-b"}])
        with pytest.raises(NameTaken):
            self.made(labels={"stoker.io/cr-name": "b"})


@define
class Taking:
    """An API server that has this ConfigMap."""

    there: dict[str, Any]
    applied: list[dict[str, Any]] = field(factory=list)

    def create(self, *_: object) -> dict[str, Any]:
        raise AlreadyExists("there")

    def get(self, *_: object) -> dict[str, Any]:
        return self.there

    def apply(self, *words: Any, **_: object) -> dict[str, Any]:
        self.applied.append(words[3])
        return version({**words[3], "metadata": {**words[3]["metadata"], "uid": "x"}})
