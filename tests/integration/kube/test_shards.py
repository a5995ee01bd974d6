"""The electors of shards and their board, against a server that keeps leases.

Broken on purpose, and seen to fail: a look of its own for each shard, a wish that says the time of
a renewal, and a lease that is released before its loss is told.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from stoker.adapters.kube.client import Client
from stoker.adapters.kube.errors import NotLeading
from stoker.adapters.kube.shards import Lead, ShardElectors
from stoker.core.sharding import shard_of
from support.answering import answered, soon
from support.scripted_server import Asked, Step, reply

TERMS: dict[str, Any] = {"duration": 1.5, "renew_deadline": 1.0, "retry": 0.2}


@define
class Leases:
    """Leases by name; each write makes a version of its own."""

    documents: dict[str, dict[str, Any]] = field(factory=dict)
    asked: Counter[str] = field(factory=Counter)
    bodies: list[dict[str, Any]] = field(factory=list)
    away: bool = False
    version: int = 0
    _lock: threading.Lock = field(factory=threading.Lock)

    def __call__(self, asked: Asked) -> list[Step]:
        with self._lock:
            self.asked[asked.method] += 1
            if self.away:
                return reply(503, {})
            if asked.method == "GET":
                listed = {"metadata": {"resourceVersion": str(self.version)}}
                return reply(200, {**listed, "items": list(self.documents.values())})
            body = json.loads(asked.body)
            name = body["metadata"]["name"]
            there = self.documents.get(name)
            known = there["metadata"]["resourceVersion"] if there else None
            if asked.method == "POST" and known:
                return _status(409, "AlreadyExists")
            if asked.method == "PUT" and body["metadata"].get("resourceVersion") != known:
                return _status(409, "Conflict")
            self.bodies.append(json.loads(asked.body))
            self.version += 1
            body["metadata"]["resourceVersion"] = str(self.version)
            self.documents[name] = body
            return reply(200, body)

    def holders(self) -> dict[str, str]:
        return {name: one["spec"].get("holderIdentity", "") for name, one in self.documents.items()}


def _status(code: int, reason: str) -> list[Step]:
    return reply(code, {"kind": "Status", "code": code, "reason": reason})


@define
class Candidate:
    """Electors of one process, and what they said."""

    electors: ShardElectors
    told: list[tuple[int, Lead]]
    held: list[str]
    """Who held the lease of each shard when its loss was told."""

    def leads(self) -> list[int]:
        return [one for one in range(self.electors.count) if self.electors.is_leading(one)]


Begin = Callable[..., Candidate]


@pytest.fixture
def leases() -> Leases:
    return Leases()


@pytest.fixture
def begin(tmp_path: Path, leases: Leases) -> Iterator[Begin]:
    with ExitStack() as stack:
        client: Client = stack.enter_context(answered(tmp_path, leases))

        def made(identity: str, count: int = 4) -> Candidate:
            told: list[tuple[int, Lead]] = []
            held: list[str] = []

            def tell(shard: int, lead: Lead) -> None:
                told.append((shard, lead))
                if lead is Lead.UNCERTAIN:
                    held.append(leases.holders()[f"lead-{shard}-of-{count}"])

            electors = ShardElectors(
                client,
                "stoker",
                "lead",
                identity,
                count=count,
                **TERMS,
                on_change=tell,
                complain=lambda _, __: None,
            )
            electors.start()
            stack.callback(electors.stop)
            return Candidate(electors, told, held)

        yield made


def test_two_have_half_of_them_each_and_one_takes_over(begin: Begin, leases: Leases) -> None:
    one, two = begin("one"), begin("two")
    soon(lambda: len(one.leads()) == len(two.leads()) == 2)
    assert sorted(one.leads() + two.leads()) == [0, 1, 2, 3]
    for shard in range(4):
        document = leases.documents[f"lead-{shard}-of-4"]
        assert document["metadata"]["labels"] == {
            "stoker.io/shards": "4",
            "app.kubernetes.io/managed-by": "stoker-controller",
        }
    led = one.leads()
    one.electors.stop()
    assert {(each, Lead.UNCERTAIN) for each in led} <= set(one.told)
    soon(lambda: two.leads() == [0, 1, 2, 3], within=3)
    assert set(leases.holders().values()) == {"two"}
    two.electors.stop()
    assert set(leases.holders().values()) == {""}


def test_one_that_comes_later_is_given_its_share(begin: Begin, leases: Leases) -> None:
    one = begin("one")
    soon(lambda: one.leads() == [0, 1, 2, 3])
    two = begin("two")
    soon(lambda: len(one.leads()) == len(two.leads()) == 2)
    soon(lambda: one.told.count((two.leads()[0], Lead.THEIRS)) == 1)
    assert one.held == ["one", "one"]
    wishes = [
        body for body in leases.bodies if "stoker.io/wanted-by" in _notes(body) and _holder(body)
    ]
    assert {_notes(wish)["stoker.io/wanted-by"] for wish in wishes} == {"two"}
    for wish in wishes:
        # As far as its holder's words go, the lease is the one that it was written over.
        version = _notes(wish)["stoker.io/renewal"]
        assert version == wish["metadata"]["resourceVersion"]
        assert wish["spec"]["holderIdentity"] == "one"
        renewals = [each["spec"]["renewTime"] for each in leases.bodies if each is not wish]
        assert wish["spec"]["renewTime"] in renewals
    soon(lambda: not any(_notes(one) for one in leases.documents.values()))


def _notes(body: dict[str, Any]) -> dict[str, str]:
    notes: dict[str, str] = body["metadata"].get("annotations") or {}
    return notes


def _holder(body: dict[str, Any]) -> str:
    return str(body["spec"].get("holderIdentity", ""))


def test_the_fence_knows_the_shards(begin: Begin) -> None:
    one, two = begin("one", 2), begin("two", 2)
    soon(lambda: len(one.leads()) == len(two.leads()) == 1)
    spaces = {shard_of(f"site-{number}", 2): f"site-{number}" for number in range(9)}
    (mine,), (theirs,) = one.leads(), two.leads()
    one.electors.fence(spaces[mine])
    with pytest.raises(NotLeading, match=f"lease stoker/lead-{theirs}-of-2"):
        one.electors.fence(spaces[theirs])


def test_at_rest_one_look_and_a_write_for_each_lease_in_a_retry_period(
    begin: Begin, leases: Leases
) -> None:
    one, two = begin("one"), begin("two")
    soon(lambda: len(one.leads()) == len(two.leads()) == 2)
    time.sleep(0.5)
    leases.asked.clear()
    time.sleep(10 * TERMS["retry"])
    assert set(leases.asked) == {"GET", "PUT"}
    assert leases.asked["GET"] <= 2 * 11
    assert leases.asked["PUT"] <= 4 * 11
    two.electors.stop()
    soon(lambda: one.leads() == [0, 1, 2, 3])
    time.sleep(0.5)
    leases.asked.clear()
    time.sleep(5 * TERMS["retry"])
    assert set(leases.asked) == {"PUT"}


def test_an_api_server_that_is_away_ends_the_lead_and_nobody_else_has_it(
    begin: Begin, leases: Leases
) -> None:
    one = begin("one", 2)
    soon(lambda: one.leads() == [0, 1])
    leases.away = True
    soon(lambda: one.leads() == [])
    soon(lambda: {(0, Lead.UNCERTAIN), (1, Lead.UNCERTAIN)} <= set(one.told))
    leases.away = False
    soon(lambda: one.leads() == [0, 1])
    assert Lead.THEIRS not in {lead for _, lead in one.told}


def test_leases_of_others_are_left_alone_and_rivals_waited_for(
    begin: Begin, leases: Leases
) -> None:
    def lease(name: str, holder: str) -> dict[str, Any]:
        leases.version += 1
        metadata = {"name": name, "resourceVersion": str(leases.version)}
        spec = {"holderIdentity": holder, "leaseDurationSeconds": 1}
        return {"metadata": metadata, "spec": spec}

    strangers = {name: lease(name, "stranger") for name in ("other-0-of-4", "lead-webhook")}
    leases.documents |= strangers | {"lead-0-of-2": lease("lead-0-of-2", "rival")}
    one = begin("one")
    for _ in range(10):
        leases.documents["lead-0-of-2"] = lease("lead-0-of-2", "rival")
        time.sleep(0.15)
        assert leases.asked["POST"] == 0
    soon(lambda: one.leads() == [0, 1, 2, 3])
    assert {name: leases.documents[name] for name in strangers} == strangers
