"""Watches on the real API server: what they are told, and what they go on through.

Broken on purpose, and seen to fail: an expired version that is kept, what passes that lists anew,
a `Retry-After` and silences that are ignored, no limit for a wait, no bookmarks, events that do not
move the version on, a sink's error that ends the thread, a list that clears nothing away or does
not begin anew, and a stop that leaves the stream alone.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field
from cluster import Cluster
from kit import Space, eventually
from kit.breaking import Way, refusal, way_to
from kit.control_plane import ControlPlane
from kit.ledger import Ledger

from stoker.adapters.clock import utc_now
from stoker.adapters.kube.client import Client, Document, connect
from stoker.adapters.kube.following import key_of
from stoker.adapters.kube.resources import CONFIG_MAPS, Resource
from stoker.adapters.kube.watch import Watch

OURS = {"stoker.io/test": "watch"}
SELECTED = "stoker.io/test=watch"


@define
class Mirror:
    """A sink as simple as can be, and what it was told."""

    objects: dict[tuple[str, str], str] = field(factory=dict)
    lists: int = 0
    puts: int = 0
    refuses: str = ""

    def put(self, document: Document) -> None:
        key = key_of(document)
        assert key is not None
        if key[1] == self.refuses:
            raise ValueError(self.refuses)
        self.puts += 1
        self.objects[key] = document["metadata"]["resourceVersion"]

    def gone(self, document: Document) -> None:
        key = key_of(document)
        assert key is not None
        self.objects.pop(key, None)

    def keep_only(self, namespace: str, keys: AbstractSet[tuple[str, str]]) -> None:
        assert all(namespace in ("", key[0]) for key in keys)
        self.objects = {key: text for key, text in self.objects.items() if key in keys}
        self.lists += 1


@define
class Asked:
    """An observer that remembers."""

    requests: list[tuple[str, int]] = field(factory=list)
    times: list[float] = field(factory=list)

    def __call__(self, method: str, _resource: Resource | None, status: int, _took: float) -> None:
        self.requests.append((method, status))
        self.times.append(time.monotonic())

    def has(self, method: str, times: int) -> bool:
        return self.count(method) >= times

    def count(self, method: str, status: int = 200) -> int:
        return self.requests.count((method, status))


@pytest.fixture
def client(cluster: Cluster) -> Iterator[Client]:
    made = connect(cluster.kubeconfig, user_agent="stoker-test", pool=8)
    yield made
    made.close()


@pytest.fixture
def way(cluster: Cluster, tmp_path: Path) -> Iterator[Way]:
    with way_to(cluster.kubeconfig, tmp_path) as made:
        yield made


@contextmanager
def watching(
    kubeconfig: Path, space: Space, sink: Mirror, **how: Any
) -> Iterator[tuple[Watch, Asked, list[Exception]]]:
    """A watch of the namespace, with a client of its own."""
    client, asked, complaints = connect(kubeconfig, user_agent="stoker-test", pool=4), Asked(), []
    client.observer = asked

    def complain(_what: str, error: Exception) -> None:
        complaints.append(error)

    given: dict[str, Any] = {
        "namespace": space.name,
        "labels": SELECTED,
        "now": utc_now,
        "complain": complain,
    }
    watch = Watch(client, CONFIG_MAPS, sink, **(given | how))
    watch.start()
    try:
        eventually(lambda: watch.synced, what="the first list is complete", within=20)
        yield watch, asked, complaints
    finally:
        watch.stop()
        client.close()
    assert not watch.alive


def config_map(client: Client, space: Space, name: str, value: str = "", **more: Any) -> Document:
    body = {"metadata": {"labels": OURS, **more}, "data": {"value": value}}
    return client.apply(CONFIG_MAPS, space.name, name, body)


def on_server(client: Client, space: Space) -> dict[tuple[str, str], str]:
    found = {}
    for page in client.pages(CONFIG_MAPS, space.name, labels=SELECTED):
        for item in page.items:
            found[space.name, item["metadata"]["name"]] = item["metadata"]["resourceVersion"]
    return found


def agrees(client: Client, space: Space, sink: Mirror, within: float = 10) -> None:
    eventually(
        lambda: sink.objects == on_server(client, space),
        what="the sink has what the server has",
        within=within,
    )


# --- What it is told ---


def test_it_lists_and_then_hears_of_every_change(
    cluster: Cluster, client: Client, space: Space
) -> None:
    config_map(client, space, "there")
    sink, began = Mirror(), utc_now()
    with watching(cluster.kubeconfig, space, sink) as (watch, asked, complaints):
        assert set(sink.objects) == {(space.name, "there")}
        config_map(client, space, "new")
        config_map(client, space, "there", "changed")
        client.apply(CONFIG_MAPS, space.name, "unrelated", {"data": {}})
        assert client.delete(CONFIG_MAPS, space.name, "new")
        config_map(client, space, "last")
        agrees(client, space, sink)
        assert set(sink.objects) == {(space.name, "there"), (space.name, "last")}
        # What is not selected any more is as good as gone.
        client.merge(CONFIG_MAPS, space.name, "there", {"metadata": {"labels": None}})
        agrees(client, space, sink)
        assert set(sink.objects) == {(space.name, "last")}
        assert (asked.count("GET"), asked.count("WATCH"), complaints) == (1, 1, [])
        assert watch.last_event is not None
        assert began <= watch.last_event <= utc_now()
        assert time.monotonic() - watch.progress < 10


def test_fields_select_and_all_namespaces_are_one_watch(
    cluster: Cluster, client: Client, space: Space
) -> None:
    sink = Mirror()
    how = {"namespace": "", "labels": "", "fields": "metadata.name=chosen"}
    with watching(cluster.kubeconfig, space, sink, **how):
        config_map(client, space, "other")
        config_map(client, space, "chosen")
        eventually(lambda: (space.name, "chosen") in sink.objects, what="it comes", within=5)
        assert {name for _, name in sink.objects} == {"chosen"}


def test_a_sink_that_raises_is_complained_about_and_told_the_rest(
    cluster: Cluster, client: Client, space: Space
) -> None:
    sink = Mirror(refuses="bad")
    with watching(cluster.kubeconfig, space, sink) as (_, asked, complaints):
        config_map(client, space, "bad")
        config_map(client, space, "good")
        eventually(lambda: (space.name, "good") in sink.objects, what="it goes on", within=5)
        assert [type(each) for each in complaints] == [ValueError]
        assert asked.count("WATCH") == 1


# --- What it goes on through ---


def test_of_objects_that_only_count_by_name_nothing_else_is_sent(
    cluster: Cluster, client: Client, space: Space
) -> None:
    class Keeping(Mirror):
        def put(self, document: Document) -> None:
            super().put(document)
            contents.append(document.get("data"))

    contents: list[object] = []
    config_map(client, space, "there", "much")
    sink = Keeping()
    with watching(cluster.kubeconfig, space, sink, metadata_only=True):
        config_map(client, space, "new", "much")
        agrees(client, space, sink)
    assert contents == [None, None]


def test_streams_that_end_are_resumed_without_a_list(
    cluster: Cluster, client: Client, space: Space
) -> None:
    sink = Mirror()
    with watching(cluster.kubeconfig, space, sink, lasting=(2, 2)) as (_, asked, complaints):
        for number in range(10):
            config_map(client, space, f"number-{number}")
            time.sleep(0.5)
        agrees(client, space, sink)
        assert asked.count("WATCH") >= 3
        assert (asked.count("GET"), sink.puts, complaints) == (1, 10, [])


def test_bookmarks_move_the_version_on(client: Client, space: Space) -> None:
    """The API server sends one shortly before a stream ends."""
    (page,) = client.pages(CONFIG_MAPS, space.name, labels=SELECTED)
    how: dict[str, Any] = {"labels": SELECTED, "resource_version": page.resource_version}
    with client.watch(CONFIG_MAPS, space.name, **how, timeout_seconds=6, idle=20) as stream:
        other = client.apply(CONFIG_MAPS, space.name, "unrelated", {"data": {}})
        events = list(stream)
    assert {event.type for event in events} == {"BOOKMARK"}
    told = int(events[-1].object["metadata"]["resourceVersion"])
    assert told >= int(other["metadata"]["resourceVersion"]) > int(page.resource_version)


def test_an_api_server_that_is_killed_twice_is_followed_again(
    cluster: Cluster, client: Client, space: Space, control_plane: ControlPlane
) -> None:
    sink = Mirror()
    with watching(cluster.kubeconfig, space, sink) as (watch, _, complaints):
        for number in range(2):
            config_map(client, space, f"before-{number}")
            control_plane.kill_api_server()
            control_plane.back()
            write = partial(config_map, client, space, f"after-{number}")
            eventually(write, what="it can be written to", within=60)
            agrees(client, space, sink, within=40)
        assert len(sink.objects) == 4
        assert complaints
        assert watch.alive


def test_a_version_that_has_expired_is_listed_anew(
    client: Client, space: Space, way: Way, control_plane: ControlPlane
) -> None:
    """While the watch is cut off, etcd is compacted and the API server's memory is lost."""
    config_map(client, space, "stays")
    config_map(client, space, "goes")
    sink = Mirror()
    with watching(way.kubeconfig, space, sink, chance=lambda: 0.0) as (_, asked, _complaints):
        way.does = refusal(503)
        way.reset()
        eventually(lambda: asked.count("WATCH", 503), what="the watch is refused", within=20)
        client.delete(CONFIG_MAPS, space.name, "goes")
        control_plane.compact(churned(client, space, "stays"))
        control_plane.kill_api_server()
        control_plane.back()
        way.does = way.passing
        agrees(client, space, sink, within=60)
        assert set(sink.objects) == {(space.name, "stays")}
        assert sink.lists == 2


def test_a_way_that_breaks_off_is_taken_again_without_a_list(
    client: Client, space: Space, way: Way
) -> None:
    sink = Mirror()
    with watching(way.kubeconfig, space, sink) as (_, asked, complaints):
        for number in range(2):
            eventually(partial(asked.has, "WATCH", number + 1), what="it watches", within=10)
            way.reset()
            config_map(client, space, f"number-{number}")
            agrees(client, space, sink, within=10)
        assert asked.count("GET") == 1
        assert complaints


@pytest.mark.fault("api-server", "watch that dies silently", "liveness depends on the last event")
@pytest.mark.fault("api-server", "watches have an inactivity limit and re-list")
def test_a_way_that_goes_silent_is_noticed(
    client: Client, space: Space, way: Way, ledger: Ledger
) -> None:
    sink = Mirror()
    with watching(way.kubeconfig, space, sink, inactivity=2.0) as (watch, _, _complaints):
        way.does = way.silent
        time.sleep(0.2)
        config_map(client, space, "unheard")
        time.sleep(5)
        assert sink.objects == {}
        assert time.monotonic() - watch.progress < 5
        way.does = way.passing
        agrees(client, space, sink, within=15)
    ledger.did("a watch dies silently")
    ledger.checked("changes that were not heard of in the end; signs of life by which it is judged")


def test_a_stream_that_is_silent_twice_is_not_believed(
    cluster: Cluster, client: Client, space: Space
) -> None:
    """Nothing but bookmarks would come here, and those are too seldom for this limit."""
    sink = Mirror()
    with watching(cluster.kubeconfig, space, sink, inactivity=0.5) as (_, asked, _complaints):
        eventually(lambda: sink.lists == 3, what="it lists again and again", within=10)
        methods = [method for method, _ in asked.requests]
        assert methods[:7] == ["GET", "WATCH", "WATCH", "GET", "WATCH", "WATCH", "GET"]
        config_map(client, space, "heard")
        agrees(client, space, sink)


@pytest.mark.parametrize(("answer", "pause"), [(refusal(429, after=3), 3.0), (refusal(500), 1.0)])
def test_a_busy_server_is_left_alone_and_nothing_is_missed(
    client: Client, space: Space, way: Way, answer: bytes, pause: float
) -> None:
    sink = Mirror()
    with watching(way.kubeconfig, space, sink, chance=lambda: 0.0) as (_, asked, _complaints):
        way.does = answer
        way.reset()
        config_map(client, space, "meanwhile")
        status = int(answer.split()[1])
        eventually(lambda: asked.count("WATCH", status) == 2, what="it asks twice", within=20)
        way.does = way.passing
        agrees(client, space, sink, within=20)
        refused = [
            at for (_, got), at in zip(asked.requests, asked.times, strict=True) if got == status
        ]
        assert refused[1] - refused[0] >= pause
        assert asked.count("GET") == 1


# --- The end, and what it costs ---


def test_it_stops_at_once_in_the_middle_of_a_quiet_stream(cluster: Cluster, space: Space) -> None:
    sink = Mirror()
    with watching(cluster.kubeconfig, space, sink) as (watch, asked, complaints):
        eventually(lambda: asked.count("WATCH"), what="it watches", within=5)
        began = time.monotonic()
        watch.stop()
        assert time.monotonic() - began < 0.5
        assert not watch.alive
        assert complaints == []


MEASURED = """
import sys
from pathlib import Path
from stoker.adapters.kube.client import connect
from stoker.adapters.kube.resources import CONFIG_MAPS
client = connect(Path(sys.argv[1]), user_agent="stoker-test", pool=1)
list(client.pages(CONFIG_MAPS, "default", labels="no=such"))
def kilobytes(name):
    return int(Path("/proc/self/status").read_text().split(name + ":")[1].split()[0])
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before = kilobytes("VmRSS")
count = 0
for page in client.pages(CONFIG_MAPS, sys.argv[2], limit=int(sys.argv[3])):
    count += len(page.items)
print(count, kilobytes("VmHWM") - before)
"""


def test_pages_keep_a_large_list_small(cluster: Cluster, client: Client, space: Space) -> None:
    text = "x" * 2_000
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: config_map(client, space, f"m-{number}", text), range(3_000)))

    def growth(limit: int) -> int:
        words = [sys.executable, "-c", MEASURED, str(cluster.kubeconfig), space.name, str(limit)]
        printed = subprocess.run(words, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own words
        count, grown = map(int, printed.split())
        assert count >= 3_000
        return grown

    assert growth(limit=500) * 2 < growth(limit=100_000)


def test_a_list_whose_place_has_expired_begins_anew(
    client: Client, space: Space, control_plane: ControlPlane
) -> None:
    for number in range(6):
        config_map(client, space, f"m-{number}")
    pages = client.pages(CONFIG_MAPS, space.name, labels=SELECTED, limit=2)
    seen = [next(pages)]
    assert client.delete(CONFIG_MAPS, space.name, "m-0")
    control_plane.compact(churned(client, space, "m-5"))
    control_plane.kill_api_server()
    control_plane.back()
    seen += pages
    assert [page.first for page in seen[:2]] == [True, True]
    names = [item["metadata"]["name"] for page in seen[1:] for item in page.items]
    assert names == [f"m-{number}" for number in range(1, 6)]
    assert len({page.resource_version for page in seen[1:]}) == 1


def churned(client: Client, space: Space, name: str) -> str:
    """The last of many versions of an object."""
    versions = [config_map(client, space, name, str(number)) for number in range(20)]
    return str(versions[-1]["metadata"]["resourceVersion"])


def test_threads_share_a_client(client: Client, space: Space) -> None:
    asked = Asked()
    client.observer = asked
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            for turn in range(20):
                made = config_map(client, space, f"m-{number}", str(turn))
                assert made["data"]["value"] == str(turn)
        except Exception as error:  # noqa: BLE001 - it is told to the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    assert sum(asked.count("PATCH", status) for status in (200, 201)) == 240
