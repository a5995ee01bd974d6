"""The CRs as a watch tells of them, and as they are read live, from a server that is late.

Broken on purpose, and seen to fail: an older version believed after a newer one; what a live
reading did not have kept; `trouble` empty before the list; a namespace without rights waited for.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from stoker.adapters.clock import utc_now
from stoker.adapters.codec.crd import Seen
from stoker.adapters.kube.errors import ApiFailed, Unreachable
from stoker.core.errors import InvalidDocument
from stoker.entrypoints.webhook import known as module
from stoker.entrypoints.webhook.known import KnownCrs
from support.scripted_server import HANG, Asked, reply
from support.small_api import status
from support.syncs_api import SyncsApi

Begin = Callable[..., KnownCrs]


@pytest.fixture
def begin(api: SyncsApi, account: tuple[Any, Path]) -> Iterator[Begin]:
    with ExitStack() as stack:

        def make(*namespaces: str, started: bool = True) -> KnownCrs:
            client = api.client(account[1])
            stack.callback(client.close)
            known = KnownCrs(client, namespaces, utc_now, lambda *_: None)
            if started:
                known.start()
            stack.callback(known.stop)
            return known

        yield make


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def wait_on(event: threading.Event) -> None:
    assert event.wait(10)


def names(seen: tuple[Seen, ...]) -> set[str]:
    return {one.metadata.name for one in seen}


def test_what_is_there_and_what_comes_and_goes(api: SyncsApi, begin: Begin) -> None:
    api.make("one")
    api.make("two", "other")
    known = begin()
    wait_for(lambda: not known.trouble)
    assert names(known.of("plant")) == {"one"}
    assert names(known.of("other")) == {"two"}
    assert known.of("nowhere") == ()
    api.make("three")
    wait_for(lambda: names(known.of("plant")) == {"one", "three"})
    api.drop("one")
    wait_for(lambda: names(known.of("plant")) == {"three"})
    assert known.cr("plant", "one") is None
    three = known.cr("plant", "three")
    assert three is not None
    assert not isinstance(three.spec, InvalidDocument)
    assert three.spec.git.ref == "main"
    assert api.lists("plant") == 0


def test_before_everything_is_listed_nothing_is_trusted(api: SyncsApi, begin: Begin) -> None:
    go = threading.Event()
    api.before = lambda _: wait_on(go)
    known = begin()
    assert known.trouble == "the GatewaySyncs are not listed yet"
    assert not known.stuck
    go.set()
    wait_for(lambda: not known.trouble)


def test_who_is_told_of_changes(api: SyncsApi, begin: Begin) -> None:
    api.make("one")
    told: list[tuple[bool, tuple[str, str]]] = []
    known = begin(started=False)
    known.on_change = lambda seen, key: told.append((seen is not None, key))
    known.start()
    wait_for(lambda: told == [(True, ("plant", "one"))])
    api.annotate("one", requested_ref="v1")
    wait_for(lambda: len(told) == 2)
    api.drop("one")
    wait_for(lambda: told[2:] == [(False, ("plant", "one"))])


def test_a_live_reading_sees_what_no_watch_has_told(api: SyncsApi, begin: Begin) -> None:
    api.make("old")
    known = begin()
    wait_for(lambda: not known.trouble and api.watched)
    with api.silence():
        api.make("new")
        api.drop("old")
    assert names(known.of("plant")) == {"old"}
    assert names(known.read("plant")) == {"new"}
    assert names(known.of("plant")) == {"new"}
    # What the watch tells late of an older version is not believed any more; what is newer is.
    api.make("newer")
    wait_for(lambda: names(known.of("plant")) == {"new", "newer"})


def test_a_live_reading_that_is_behind_the_watch_is_not_believed(
    api: SyncsApi, begin: Begin
) -> None:
    """As it may be where several API servers answer, each from a memory of its own."""
    api.make("one")
    known = begin()
    wait_for(lambda: not known.trouble and api.watched)
    behind = {"metadata": {"resourceVersion": str(api.__dict__["_version"])}}
    with_old = {**behind, "items": [json.loads(json.dumps(api.crs["plant", "one"]))]}
    api.make("one", git={"repo": "https://git.example/new.git", "ref": "v2"})
    api.make("two")
    wait_for(lambda: names(known.of("plant")) == {"one", "two"})
    api.fault = lambda asked: reply(200, with_old) if "/namespaces/" in asked.path else None
    assert names(known.read("plant")) == {"one", "two"}
    one = known.cr("plant", "one")
    assert one is not None
    assert not isinstance(one.spec, InvalidDocument)
    assert one.spec.git.ref == "v2"


def test_a_namespace_that_became_empty_is_empty(api: SyncsApi, begin: Begin) -> None:
    api.make("one")
    known = begin()
    wait_for(lambda: known.of("plant") and api.watched)
    with api.silence():
        api.drop("one")
    assert known.read("plant") == ()
    assert known.of("plant") == ()


def test_a_spec_that_cannot_be_read_is_there_with_its_problems(api: SyncsApi, begin: Begin) -> None:
    api.make("broken", git=5)
    known = begin()
    wait_for(lambda: known.of("plant"))
    (seen,) = known.of("plant")
    assert isinstance(seen.spec, InvalidDocument)
    assert "spec.git" in str(seen.spec)
    api.make("broken")
    wait_for(lambda: not isinstance(known.of("plant")[0].spec, InvalidDocument))


def test_some_namespaces_and_one_of_them_without_rights(api: SyncsApi, begin: Begin) -> None:
    def fault(asked: Asked) -> Any:
        return status(403, "Forbidden") if "/namespaces/closed/" in asked.path else None

    api.fault = fault
    api.make("one")
    known = begin("plant", "closed")
    wait_for(lambda: not known.trouble)
    assert names(known.of("plant")) == {"one"}
    assert known.covers("plant")
    assert known.covers("closed")
    assert not known.covers("elsewhere")
    with pytest.raises(ApiFailed, match="Forbidden"):
        known.read("closed")


def test_many_who_ask_at_once_are_two_readings(api: SyncsApi, begin: Begin) -> None:
    known = begin()
    wait_for(lambda: not known.trouble)
    go = threading.Event()
    api.before = lambda asked: wait_on(go) if "/namespaces/" in asked.path else None
    api.make("one")
    first = known.ask("plant")
    wait_for(lambda: api.lists() == 1)
    others = [known.ask("plant") for _ in range(200)]
    go.set()
    assert names(first.result(10)) == {"one"}
    assert {frozenset(names(one.result(10))) for one in others} == {frozenset({"one"})}
    assert api.lists() == 2


@pytest.mark.parametrize("answer", [status(503, "ServiceUnavailable"), [HANG], [b"HTTP/1.1 200 "]])
def test_a_live_reading_that_fails_says_so_in_time_and_takes_nothing_away(
    answer: Any, api: SyncsApi, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.3)
    api.make("one")
    known = begin()
    wait_for(lambda: not known.trouble)
    api.fault = lambda asked: answer if "/namespaces/" in asked.path else None
    began = time.monotonic()
    with pytest.raises(ApiFailed):
        known.read("plant")
    assert time.monotonic() - began < 2
    assert names(known.of("plant")) == {"one"}
    assert not known.trouble


def test_a_list_that_trickles_in_is_not_waited_for(
    api: SyncsApi, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.2)
    known = begin()
    wait_for(lambda: not known.trouble)
    api.before = lambda asked: time.sleep(0.15) if "/namespaces/" in asked.path else None
    page = {"metadata": {"resourceVersion": "9", "continue": "more"}, "items": []}
    api.fault = lambda asked: reply(200, page) if "/namespaces/" in asked.path else None
    with pytest.raises(Unreachable, match="took more than"):
        known.read("plant")
    assert api.lists() == 2


def test_memory_stays_while_the_api_server_is_away(api: SyncsApi, begin: Begin) -> None:
    api.make("one")
    known = begin()
    wait_for(lambda: not known.trouble and api.watched)
    api.fault = lambda _: status(503, "ServiceUnavailable")
    for told in api.__dict__["_watching"]:
        told.put(None)
    time.sleep(0.2)
    assert names(known.of("plant")) == {"one"}
    assert not known.trouble
    assert not known.stuck


def test_a_watch_that_has_ended_is_told(begin: Begin) -> None:
    known = begin()
    wait_for(lambda: not known.trouble)
    known.stop()
    wait_for(lambda: known.stuck == "the watch of GatewaySyncs hangs")
    assert known.trouble
