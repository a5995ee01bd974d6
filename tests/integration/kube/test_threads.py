"""The threads of a watch and of a lease, against a server that answers as it is told.

What the real API server does to them is tested in tests/kind/test_watch.py and test_lease.py.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from stoker.adapters.clock import utc_now
from stoker.adapters.kube.client import Client
from stoker.adapters.kube.errors import NotLeading, Unreadable
from stoker.adapters.kube.lease import Elector
from stoker.adapters.kube.resources import CONFIG_MAPS
from stoker.adapters.kube.watch import Watch
from support.answering import STREAM, Plays, answered, soon
from support.scripted_server import HANG, Asked, Step, reply

# --- A watch ---


@define
class Sink:
    """Remembers what it was told, and fails once where it shall."""

    told: list[str] = field(factory=list)
    fails: str = ""

    def put(self, document: dict[str, Any]) -> None:
        self._note(f"put {document['metadata']['name']}")

    def gone(self, document: dict[str, Any]) -> None:
        self._note(f"gone {document['metadata']['name']}")

    def keep_only(self, namespace: str, keys: AbstractSet[tuple[str, str]]) -> None:
        self._note(f"keep {namespace} {' '.join(sorted(name for _, name in keys))}")

    def _note(self, what: str) -> None:
        self.told.append(what)
        if what == self.fails:
            raise ValueError(what)


def document(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "plant", "resourceVersion": str(version)}}


def listed(*names: str, version: int = 5) -> list[Step]:
    items = [document(name, version) for name in names]
    return reply(200, {"metadata": {"resourceVersion": str(version)}, "items": items})


def event(kind: str, name: str, version: int) -> bytes:
    data = json.dumps({"type": kind, "object": document(name, version)}).encode() + b"\n"
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


@contextmanager
def watching(
    folder: Path, plays: Plays, sink: Sink, complaints: list[tuple[str, Exception]]
) -> Iterator[Watch]:
    def complain(what: str, error: Exception) -> None:
        complaints.append((what, error))

    with answered(folder, plays) as client:
        watch = Watch(
            client,
            CONFIG_MAPS,
            sink,
            namespace="plant",
            now=utc_now,
            complain=complain,
            chance=lambda: 0.0,
        )
        watch.start()
        try:
            yield watch
        finally:
            watch.stop()
        assert not watch.alive


def test_a_watch_lists_and_follows_and_resumes(tmp_path: Path) -> None:
    changes: list[Step] = [
        STREAM,
        event("ADDED", "b", 6),
        event("DELETED", "a", 7),
        1.1,
        b"0\r\n\r\n",
    ]
    plays = Plays([listed("a")], [changes, [STREAM, event("MODIFIED", "b", 8), HANG]])
    sink, complaints = Sink(), []  # type: ignore[var-annotated] # as `watching` says
    with watching(tmp_path, plays, sink, complaints) as watch:
        soon(lambda: "put b" in sink.told[4:])
        assert sink.told == ["put a", "keep plant a", "put b", "gone a", "put b"]
        assert watch.synced
        assert watch.last_event is not None
        began = time.monotonic()
    assert time.monotonic() - began < 1
    assert [target.partition("resourceVersion=")[2][:1] for target in plays.asked] == ["", "5", "7"]
    assert "timeoutSeconds=240" in plays.asked[1]
    assert complaints == []


def test_what_a_sink_raises_is_told_and_costs_one_event(tmp_path: Path) -> None:
    plays = Plays([listed("a", "b")], [[STREAM, event("ADDED", "c", 6), HANG]])
    sink, complaints = Sink(fails="put a"), []  # type: ignore[var-annotated] # as above
    with watching(tmp_path, plays, sink, complaints):
        soon(lambda: "put c" in sink.told)
    assert sink.told == ["put a", "put b", "keep plant a b", "put c"]
    assert [type(error) for _, error in complaints] == [ValueError]


def test_strange_events_and_expired_versions_list_anew(tmp_path: Path) -> None:
    status = json.dumps({"type": "ERROR", "object": {"kind": "Status", "code": 410}}).encode()
    expired = f"{len(status) + 1:x}\r\n".encode() + status + b"\n\r\n"
    plays = Plays(
        [listed("a"), listed("a", "b", version=9), listed("c", version=12)],
        [[STREAM, expired], [STREAM, event("ADDED", "d", 10), event("ADDED", "e", 8)]],
    )
    sink, complaints = Sink(), []  # type: ignore[var-annotated] # as above
    with watching(tmp_path, plays, sink, complaints) as watch:
        soon(lambda: "keep plant c" in sink.told)
        assert "put e" not in sink.told
        assert time.monotonic() - watch.progress < 2
    assert isinstance(complaints[-1][1], Unreadable)


def test_a_list_that_fails_is_tried_again_and_nothing_ends_the_thread(tmp_path: Path) -> None:
    plays = Plays([reply(403, {"kind": "Status", "code": 403}), listed("a")], [])
    sink, complaints = Sink(), []  # type: ignore[var-annotated] # as above
    with watching(tmp_path, plays, sink, complaints) as watch:
        soon(lambda: complaints)
        assert not watch.synced
        soon(lambda: watch.synced)
    assert sink.told == ["put a", "keep plant a"]


# --- A lease ---


@define
class Leases:
    """One lease, with its versions; `away` answers nothing but 503."""

    document: dict[str, Any] | None = None
    away: bool = False
    version: int = 0
    writes: int = 0
    _lock: threading.Lock = field(factory=threading.Lock)

    def __call__(self, asked: Asked) -> list[Step]:
        with self._lock:
            if self.away:
                return reply(503, {})
            if asked.method == "GET":
                return reply(200, self.document) if self.document else _status(404, "NotFound")
            body = json.loads(asked.body)
            known = self.document["metadata"]["resourceVersion"] if self.document else None
            if asked.method == "POST" and known:
                return _status(409, "AlreadyExists")
            if asked.method == "PUT" and body["metadata"].get("resourceVersion") != known:
                return _status(409, "Conflict")
            self.version, self.writes = self.version + 1, self.writes + 1
            body["metadata"]["resourceVersion"] = str(self.version)
            self.document = body
            return reply(200, body)


def _status(code: int, reason: str) -> list[Step]:
    return reply(code, {"kind": "Status", "code": code, "reason": reason})


@define
class Candidate:
    """An elector, and what it has said."""

    elector: Elector
    told: list[bool]
    complaints: list[Exception]


def candidate(client: Client, identity: str, told: list[bool] | None = None) -> Candidate:
    heard = [] if told is None else told
    complaints: list[Exception] = []
    elector = Elector(
        client,
        "plant",
        "lead",
        identity,
        duration=1.0,
        renew_deadline=0.6,
        retry=0.1,
        on_change=heard.append,
        complain=lambda _, error: complaints.append(error),
    )
    elector.start()
    return Candidate(elector, heard, complaints)


def test_one_leads_leaves_and_the_other_follows(tmp_path: Path) -> None:
    leases = Leases()
    with answered(tmp_path, leases) as client:
        one = candidate(client, "one")
        soon(lambda: one.elector.is_leading)
        two = candidate(client, "two")
        soon(lambda: two.elector.holder == "one")
        one.elector.fence()
        with pytest.raises(NotLeading, match="lease plant/lead"):
            two.elector.fence()
        one.elector.stop()
        soon(lambda: two.elector.is_leading, within=1)
        two.elector.stop()
        assert (one.told, two.told) == ([True, False], [True, False])
        assert leases.document is not None
        assert "holderIdentity" not in leases.document["spec"]
        assert leases.document["spec"]["leaseTransitions"] == 1
        one.elector.stop()  # a second time does nothing
        writes = leases.writes
        time.sleep(0.3)
        assert leases.writes == writes


def test_an_api_server_that_is_away_ends_the_lead_until_it_is_back(tmp_path: Path) -> None:
    leases = Leases()
    with answered(tmp_path, leases) as client:
        one = candidate(client, "one")
        soon(lambda: one.elector.is_leading)
        leases.away = True
        began = time.monotonic()
        soon(lambda: one.told == [True, False])
        assert 0.3 < time.monotonic() - began < 1.5
        assert one.complaints
        leases.away = False
        soon(lambda: one.told == [True, False, True])
        leases.away = True
        one.elector.stop()  # that the lease cannot be released is told, and no more
        assert not one.elector.is_leading


class Refusing(list[bool]):
    """Who cannot bear to hear it."""

    def append(self, leads: bool) -> None:  # noqa: FBT001 - as of a list
        super().append(leads)
        raise ValueError(leads)


def test_who_is_told_may_fail_and_the_lease_is_kept(tmp_path: Path) -> None:
    with answered(tmp_path, Leases()) as client:
        one = candidate(client, "one", Refusing())
        soon(lambda: one.complaints)
        time.sleep(1.2)
        assert one.elector.is_leading
        one.elector.stop()
    assert list(one.told) == [True, False]
