"""A watch of some namespaces: what it tells, what it leaves unread, and how it lists anew.

Broken on purpose, and seen to fail: skipped lines that are no sign of life, a list that is not
filtered, events that are judged by their lines alone, and a stream that goes on when it is to list.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define, field

from stoker.adapters.clock import utc_now
from stoker.adapters.kube.part import Part
from stoker.adapters.kube.resources import CONFIG_MAPS
from stoker.adapters.kube.watch import Watch
from support.answering import STREAM, Plays, answered, soon
from support.scripted_server import HANG, Step, reply

END = b"0\r\n\r\n"


def document(place: str, version: int) -> dict[str, Any]:
    space, name = place.split("/")
    return {"metadata": {"name": name, "namespace": space, "resourceVersion": str(version)}}


def listed(*places: str, version: int = 5) -> list[Step]:
    items = [document(place, version) for place in places]
    return reply(200, {"metadata": {"resourceVersion": str(version)}, "items": items})


def line(text: str) -> bytes:
    data = text.encode() + b"\n"
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def event(kind: str, place: str, version: int, compact: bool = True) -> bytes:  # noqa: FBT001, FBT002 - how it is written
    told = {"type": kind, "object": document(place, version)}
    return line(json.dumps(told, separators=(",", ":") if compact else None))


@define
class Sink:
    """What there is."""

    there: set[str] = field(factory=set)
    lock: threading.Lock = field(factory=threading.Lock)

    def put(self, document: dict[str, Any]) -> None:
        self.there.add("/".join(_key(document)))

    def gone(self, document: dict[str, Any]) -> None:
        self.there.discard("/".join(_key(document)))

    def keep_only(self, namespace: str, keys: Any) -> None:
        assert not namespace
        self.there &= {"/".join(key) for key in keys}


def _key(document: dict[str, Any]) -> tuple[str, str]:
    return document["metadata"]["namespace"], document["metadata"]["name"]


@contextmanager
def watching(folder: Path, plays: Plays, sink: Sink, ours: set[str]) -> Iterator[Watch]:
    complaints: list[Exception] = []
    with answered(folder, plays) as client:
        watch = Watch(
            client,
            CONFIG_MAPS,
            sink,
            now=utc_now,
            complain=lambda _, error: complaints.append(error),
            chance=lambda: 0.0,
            part=Part.where(ours.__contains__, lambda: not ours),
        )
        watch.start()
        try:
            yield watch
        finally:
            watch.stop()
    assert complaints == []


def test_only_what_is_ours_is_told(tmp_path: Path) -> None:
    changes: list[Step] = [
        STREAM,
        event("ADDED", "theirs/b", 6),
        event("ADDED", "theirs/c", 7, compact=False),
        event("ADDED", "ours/b", 8),
        event("DELETED", "ours/a", 9),
        event("MODIFIED", "theirs/b", 10),
        # What is skipped is not read.
        line('{"type":"ADDED","object":{"metadata":{"namespace":"theirs", oh!'),
        event("ADDED", "ours/c", 12),
        HANG,
    ]
    plays, sink = Plays([listed("ours/a", "theirs/a")], [changes]), Sink()
    with watching(tmp_path, plays, sink, {"ours"}):
        soon(lambda: sink.there == {"ours/b", "ours/c"})


def test_what_is_skipped_is_a_sign_of_life_and_no_place_to_go_on_from(tmp_path: Path) -> None:
    first: list[Step] = [STREAM, event("ADDED", "ours/b", 6), event("ADDED", "theirs/b", 9), 1.1]
    first.append(END)
    second: list[Step] = [STREAM, 0.3, event("ADDED", "theirs/b", 9), HANG]
    plays, sink = Plays([listed()], [first, second]), Sink()
    with watching(tmp_path, plays, sink, {"ours"}) as watch:
        soon(lambda: len(plays.asked) == 3)
        before = utc_now()
        soon(lambda: watch.last_event is not None and watch.last_event > before, within=2)
        assert sink.there == {"ours/b"}
    versions = [target.partition("resourceVersion=")[2].partition("&")[0] for target in plays.asked]
    assert versions == ["", "5", "6"]


def test_a_part_that_grows_is_listed_at_once_in_the_middle_of_a_stream(tmp_path: Path) -> None:
    lists = [listed("ours/a", "more/a"), listed("ours/a", "more/a", "more/b", version=9)]
    streams: list[Iterable[Step]] = [[STREAM, HANG], [STREAM, HANG]]
    plays, sink, ours = Plays(lists, streams), Sink(), {"ours"}
    with watching(tmp_path, plays, sink, ours) as watch:
        soon(lambda: len(plays.asked) == 2)
        assert sink.there == {"ours/a"}
        ours.add("more")
        number = watch.list_anew()
        assert not watch.has_listed(number)
        soon(lambda: watch.has_listed(number), within=1)
        assert sink.there == {"ours/a", "more/a", "more/b"}
        soon(lambda: len(plays.asked) == 4)
    assert "resourceVersion=9" in plays.asked[3]


def test_nothing_is_listed_for_nobody(tmp_path: Path) -> None:
    """One object, to see whether it may be listed, and from where to follow."""
    plays, sink = Plays([listed("theirs/a")], [[STREAM, HANG]]), Sink()
    with watching(tmp_path, plays, sink, set()) as watch:
        soon(lambda: len(plays.asked) == 2)
        assert watch.synced
    assert "limit=1" in plays.asked[0].partition("?")[2].split("&")
    assert sink.there == set()
