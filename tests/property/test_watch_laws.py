"""Watches: whatever happens to lists and streams, the sink ends with what the server has.

A model of an API server with a history that can be compacted, and of a network that ends streams
anywhere and in any way, repeats old events, swaps two, and brings what is no event. The decisions
are those of `stoker.adapters.kube.following`; the sink is as simple as a dict.

Seen to fail: when a lower version was applied like any other, when a 410 kept its version, when a
list did not clear away what is gone, and, for the second law, when a list that works counted as a
success.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from stoker.adapters.kube.errors import (
    ApiFailed,
    Busy,
    Forbidden,
    Gone,
    Silent,
    Unreachable,
    Unreadable,
)
from stoker.adapters.kube.following import (
    LONGEST,
    MAX_ASKED,
    Dropped,
    Followed,
    Listed,
    NotListed,
    Position,
    Put,
    Strange,
    after,
    hear,
)
from stoker.core.errors import Retryable

KEYS = ("a", "b")
GARBAGE: list[tuple[str, dict[str, Any]]] = [
    ("MODIFIED", {}),
    ("ADDED", {"metadata": None}),
    ("ADDED", {"metadata": {"resourceVersion": "999999"}}),
    ("EXPLODED", {"metadata": {"name": "a", "resourceVersion": "999999"}}),
    ("BOOKMARK", {"metadata": {"name": ""}}),
]
ENDINGS: list[ApiFailed | None] = [
    None,
    Unreachable("reset"),
    Silent("nothing came"),
    Gone("expired"),
    Busy("later", retry=Retryable(7.0)),
    Unreadable("half a line"),
    Forbidden("no"),
]

endings = st.none() | st.sampled_from(ENDINGS)
chances = st.floats(0, 1)


@define
class Server:
    """Objects, and how they came to be."""

    version: int = 10
    objects: dict[str, str] = field(factory=dict)
    history: list[tuple[int, str, str]] = field(factory=list)
    compacted: int = 0

    def change(self, key: str, *, deletes: bool) -> None:
        if deletes and key not in self.objects:
            return
        self.version += 1
        kind = "DELETED" if deletes else "MODIFIED" if key in self.objects else "ADDED"
        self.history.append((self.version, kind, key))
        if deletes:
            del self.objects[key]
        else:
            self.objects[key] = str(self.version)

    def since(self, version: str) -> list[tuple[str, dict[str, Any]]] | None:
        if int(version) < self.compacted:
            return None
        return [event(*each) for each in self.history if each[0] > int(version)]


def event(version: int, kind: str, key: str) -> tuple[str, dict[str, Any]]:
    return kind, {"metadata": {"name": key, "resourceVersion": str(version)}}


@define
class Watcher:
    """What `watch.Watch` does with the decisions, without the waiting."""

    server: Server
    position: Position = field(factory=Position)
    sink: dict[str, str] = field(factory=dict)
    waits: list[float] = field(factory=list)

    def relist(self, error: ApiFailed | None, chance: float) -> None:
        if error is not None:
            self._after(NotListed(error), chance)
            return
        self.sink = dict(self.server.objects)
        self._after(Listed(str(self.server.version)), chance)

    def follow(
        self,
        events: list[tuple[str, dict[str, Any]]],
        error: ApiFailed | None,
        lasted: float,
        chance: float,
    ) -> None:
        last, heard = self.position.version, False
        for kind, document in events:
            said = hear(last, kind, document)
            match said:
                case Strange(why):
                    error = Unreadable(why)
                    break
                case Put():
                    self.sink[document["metadata"]["name"]] = said.version
                case Dropped():
                    self.sink.pop(document["metadata"]["name"], None)
            last, heard = said.version, True
        self._after(Followed(last, heard, lasted, error), chance)

    def _after(self, outcome: Listed | NotListed | Followed, chance: float) -> None:
        self.position = after(self.position, outcome, chance)
        self.waits.append(self.position.wait)


@st.composite
def disturbed(
    draw: st.DrawFn, sound: list[tuple[str, dict[str, Any]]], server: Server, version: int
) -> list[tuple[str, dict[str, Any]]]:
    """A stream of `sound` events as a bad network brings it: cut off, repeated, swapped."""
    events = sound[: len(sound) - draw(st.integers(0, len(sound)))]

    def known(before: list[tuple[str, dict[str, Any]]]) -> int:
        told = [each["metadata"] for _, each in before if each.get("metadata")]
        heard = [int(each["resourceVersion"]) for each in told if "resourceVersion" in each]
        return max([version, *(each for each in heard if each <= server.version)])

    for trouble in draw(
        st.lists(st.sampled_from(["again", "again", "swap", "garbage", "mark"]), max_size=3)
    ):
        place = draw(st.integers(0, len(events)))
        match trouble:
            case "again" if old := [
                each for each in server.history if each[0] <= known(events[:place])
            ]:
                events.insert(place, event(*draw(st.sampled_from(old))))
            case "swap" if place + 1 < len(events):
                events[place], events[place + 1] = events[place + 1], events[place]
            case "garbage":
                events.insert(place, draw(st.sampled_from(GARBAGE)))
            case "mark" if place:
                told = events[place - 1][1].get("metadata") or {}
                if "resourceVersion" in told:
                    mark = {"metadata": {"resourceVersion": told["resourceVersion"]}}
                    events.insert(place, ("BOOKMARK", mark))
    return events


@given(st.data())
def test_the_sink_ends_with_what_the_server_has(data: st.DataObject) -> None:
    """The one thing that a watch is for."""
    server = Server()
    watcher = Watcher(server)
    watcher.relist(None, 0.0)
    for _ in range(data.draw(st.integers(1, 12))):
        for key, deletes in data.draw(
            st.lists(st.tuples(st.sampled_from(KEYS), st.booleans()), min_size=2, max_size=8)
        ):
            server.change(key, deletes=deletes)
        if data.draw(st.integers(0, 5)) == 0:
            server.compacted = data.draw(st.integers(0, server.version))
        step(data, server, watcher)
    calm(server, watcher)
    assert watcher.sink == server.objects


def step(data: st.DataObject, server: Server, watcher: Watcher) -> None:
    chance, error = data.draw(chances), data.draw(endings)
    if not watcher.position.version:
        watcher.relist(error, chance)
        return
    sound = server.since(watcher.position.version)
    if sound is None:
        watcher.follow([], Gone("compacted"), 0.0, chance)
    else:
        watcher.follow(
            data.draw(disturbed(sound, server, int(watcher.position.version))), error, 5.0, chance
        )


def calm(server: Server, watcher: Watcher) -> None:
    """Everything works again, for as long as it takes."""
    for _ in range(3):
        if not watcher.position.version:
            watcher.relist(None, 0.5)
        elif (sound := server.since(watcher.position.version)) is None:
            watcher.follow([], Gone("compacted"), 0.0, 0.5)
        else:
            watcher.follow(sound, None, 300.0, 0.5)


one_again_and_again = st.tuples(st.sampled_from(ENDINGS), st.just(0.0)).flatmap(
    lambda failure: st.just([failure] * 20)
)


@given(one_again_and_again | st.lists(st.tuples(endings, chances), min_size=2, max_size=30))
def test_a_server_of_which_nothing_comes_is_not_stormed(
    failures: list[tuple[ApiFailed | None, float]],
) -> None:
    """Lists that work make no difference: what is asked for is a watch."""
    watcher, tries = Watcher(Server()), 0
    for error, chance in failures:
        if not watcher.position.version:
            watcher.relist(None, chance)
        else:
            tries += not isinstance(error, Silent)  # silence has taken its time
            watcher.follow([], error, 0.2, chance)
    assert sum(watcher.waits) >= tries - 1
    assert max(watcher.waits) <= LONGEST


@given(chances, st.floats(0, 1e9), st.integers(0, 10))
def test_a_server_is_given_the_time_that_it_asks_for(
    chance: float, asked: float, failures: int
) -> None:
    """Seen to fail without the cap."""
    position = Position("10", failures=failures)
    busy = Busy("later", retry=Retryable(asked))
    resumed = after(position, Followed("10", heard=False, lasted=5, error=busy), chance)
    assert resumed.version == "10"
    assert min(asked, MAX_ASKED) <= resumed.wait <= MAX_ASKED
    assert resumed.wait <= max(LONGEST, asked)
