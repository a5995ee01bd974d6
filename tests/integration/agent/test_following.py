"""Following the metadata: what is told to the machine, and what is said while there is none.

Seen to fail: metadata that is dropped when the next cannot be read, a ConfigMap that is gone
before it ever was, an owner that is forgotten, and a trouble that stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stoker.adapters.codec.metadata import encode_metadata
from stoker.core.agent import events as ev
from stoker.core.profile import Metadata
from stoker.entrypoints.agent.following import Follower, Owner
from support.scripted_server import HANG
from support.small_api import SmallApi, status

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NAME = "stoker-metadata-site"
OWNERS = [
    {"kind": "Other", "name": "x", "uid": "1"},
    {"apiVersion": "stoker.io/v1alpha1", "kind": "GatewaySync", "name": "site", "uid": "2"},
]


@pytest.fixture
def api(account: tuple[Any, Path]) -> Iterator[SmallApi]:
    with SmallApi(account[0]) as made:
        yield made


class Told:
    """A follower, and what it told."""

    def __init__(self, api: SmallApi, folder: Path, **more: Any) -> None:
        self.events: list[ev.Event] = []
        self.complaints: list[str] = []
        self.now = NOW
        self.client = api.client(folder)
        self.follower = Follower(
            self.client,
            "plant",
            "site",
            self.events.append,
            now=lambda: self.now,
            complain=lambda what, error: self.complaints.append(f"{what}: {error}"),
            **more,
        )

    @property
    def commits(self) -> list[str]:
        return [
            one.metadata.commit if isinstance(one, ev.MetadataChanged) else "gone"
            for one in self.events
            if isinstance(one, ev.MetadataChanged | ev.MetadataGone)
        ]


@pytest.fixture
def follow(api: SmallApi, account: tuple[Any, Path]) -> Iterator[Callable[..., Told]]:
    made: list[Told] = []

    def one(**more: Any) -> Told:
        told = Told(api, account[1], **more)
        made.append(told)
        told.follower.start()
        return told

    yield one
    for each in made:
        each.follower.stop()
        each.client.close()


def data(commit: str, **more: Any) -> dict[str, str]:
    return encode_metadata(Metadata(commit=commit, ref="main", git_url="https://a/b", **more))


def soon(what: Callable[[], object], within: float = 4.0) -> float:
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < within, "it has not come"
        time.sleep(0.002)
    return time.monotonic() - began


def test_what_is_there_and_what_changes_is_told(api: SmallApi, follow: Callable[..., Told]) -> None:
    api.make(NAME, data("a"), ownerReferences=OWNERS)
    api.make("another", data("z"))
    told = follow()
    soon(lambda: told.commits == ["a"])
    soon(lambda: api._watching)  # noqa: SLF001 - it listens
    api.make(NAME, data("b"), ownerReferences=OWNERS)
    assert soon(lambda: told.commits == ["a", "b"]) < 0.1
    api.drop(NAME)
    soon(lambda: told.commits == ["a", "b", "gone"])
    assert "there is no ConfigMap stoker-metadata-site" in told.follower.trouble
    assert told.follower.owner == Owner("site", "2")
    api.make(NAME, data("c"), ownerReferences=OWNERS)
    soon(lambda: told.commits[-1] == "c")
    assert told.follower.trouble == ""
    assert all(isinstance(one, ev.MetadataChanged | ev.MetadataGone) for one in told.events)


def test_it_asks_for_that_one_and_seldom(api: SmallApi, follow: Callable[..., Told]) -> None:
    api.make(NAME, data("a"))
    told = follow()
    soon(lambda: api._watching)  # noqa: SLF001 - it listens
    time.sleep(0.5)
    listed, watched = api.server.asked
    for asked in (listed, watched):
        assert asked.path == "/api/v1/namespaces/plant/configmaps"
        assert "fieldSelector=metadata.name%3Dstoker-metadata-site" in asked.target
    assert "timeoutSeconds=" in watched.target
    assert told.follower.alive


def test_what_cannot_be_read_changes_nothing(api: SmallApi, follow: Callable[..., Told]) -> None:
    api.make(NAME, data("a"))
    told = follow()
    soon(lambda: told.commits == ["a"] and api._watching)  # noqa: SLF001 - it listens
    api.make(NAME, {"commit": "b", "paused": "perhaps"})
    soon(lambda: told.complaints)
    assert "paused" in told.follower.trouble
    assert told.commits == ["a"]
    api.make(NAME, data("c"))
    soon(lambda: told.commits == ["a", "c"])
    assert told.follower.trouble == ""


def test_what_is_not_there_yet_is_not_gone(api: SmallApi, follow: Callable[..., Told]) -> None:
    told = follow()
    soon(lambda: "has not made it" in told.follower.trouble)
    soon(lambda: api._watching)  # noqa: SLF001 - it listens
    assert told.events == []
    api.make(NAME, data("a"))
    assert soon(lambda: told.commits == ["a"]) < 0.1


def test_what_it_waits_for_is_said(api: SmallApi, follow: Callable[..., Told]) -> None:
    api.make(NAME, data("a"))
    api.fault = lambda _: status(403, "Forbidden")
    told = follow()
    soon(lambda: "has not made its Role" in told.follower.trouble)
    api.fault = lambda _: status(503, "not now")
    soon(lambda: "has not been heard for 0 s" in told.follower.trouble)
    told.now = NOW + timedelta(seconds=90)
    assert "has not been heard for 90 s" in told.follower.trouble
    api.fault = lambda _: None
    soon(lambda: told.commits == ["a"], within=20)
    assert told.follower.trouble == ""


def test_a_stream_that_goes_on_is_no_trouble(api: SmallApi, follow: Callable[..., Told]) -> None:
    """Though nothing is told on it: perhaps nothing has changed."""
    api.make(NAME, data("a"))
    told = follow()
    soon(lambda: api._watching)  # noqa: SLF001 - it listens
    api.fault = lambda _: status(503, "not now")
    api.cut()
    soon(lambda: "has not been heard" in told.follower.trouble)
    api.fault = lambda _: None
    soon(lambda: not told.follower.trouble, within=8)
    assert told.commits == ["a"]


def test_a_server_that_says_nothing(api: SmallApi, follow: Callable[..., Told]) -> None:
    api.fault = lambda _: [HANG]
    told = follow()
    assert "has not been asked" in told.follower.trouble
    told.follower.stop()


def test_it_is_read_again_now_and_then(api: SmallApi, follow: Callable[..., Told]) -> None:
    """A server that misses an event, as none should, is found out."""
    api.make(NAME, data("a"))
    told = follow(resync=0.5, lasting=(1, 1))
    soon(lambda: api._watching)  # noqa: SLF001 - it listens
    api.maps[NAME]["data"] = data("b")
    time.sleep(1.1)
    api.cut()
    soon(lambda: told.commits == ["a", "b"])
    lists = [asked for asked in api.server.asked if "watch=1" not in asked.target]
    assert len(lists) == 2


def test_without_that_time_a_stream_is_followed_by_another(
    api: SmallApi, follow: Callable[..., Told]
) -> None:
    api.make(NAME, data("a"))
    follow()
    soon(lambda: api._watching)  # noqa: SLF001 - it listens
    time.sleep(1.1)
    api.cut()
    soon(lambda: api._watching)  # noqa: SLF001 - it listens
    lists = [asked for asked in api.server.asked if "watch=1" not in asked.target]
    assert len(lists) == 1
