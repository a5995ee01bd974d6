"""The downward API volume on a disk, changed as the kubelet changes it, and otherwise.

Seen to fail: files that are read again each second, a file that is missing and takes with it what
was known, and a complaint at every look.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stoker.core.agent import events as ev
from stoker.core.pods import Pod
from stoker.entrypoints.agent.podinfo import PodInfo

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Kubelet:
    """Writes a volume: a folder for each version, and a link that is exchanged at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._version = 0

    def write(self, **files: str) -> None:
        self._version += 1
        fresh = self.folder / f"..2026_{self._version}"
        fresh.mkdir()
        for name, text in files.items():
            (fresh / name).write_text(text)
        link = self.folder / "..data_tmp"
        link.symlink_to(fresh.name)
        link.rename(self.folder / "..data")
        for name in files:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")


class Told:
    """What was heard and complained about."""

    def __init__(self, folder: Path) -> None:
        self.events: list[ev.Event] = []
        self.complaints: list[str] = []
        self.info = PodInfo(
            folder,
            "gw-0",
            "plant",
            self.events.append,
            now=lambda: NOW,
            complain=lambda what, error: self.complaints.append(f"{what}: {error}"),
            period=0.02,
        )


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    made = Told(tmp_path)
    yield made
    made.info.stop()


@pytest.fixture
def kubelet(tmp_path: Path) -> Kubelet:
    return Kubelet(tmp_path)


def soon(what: Callable[[], object]) -> None:
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < 3, "it has not come"
        time.sleep(0.005)


def test_a_pod_is_read(told: Told, kubelet: Kubelet) -> None:
    kubelet.write(
        labels='app="gw"\napps.kubernetes.io/pod-index="3"',
        annotations='note="two\\nlines"\nstoker.io/profile="line-a"\nstoker.io/sync-period="x"',
        uid="0123-4567",
    )
    pod = told.info.read()
    assert (pod.name, pod.namespace, pod.uid) == ("gw-0", "plant", "0123-4567")
    assert pod.labels == {"app": "gw", "apps.kubernetes.io/pod-index": "3"}
    assert pod.profile == "line-a"
    (problem,) = pod.annotations.problems
    assert "sync-period" in problem.path
    assert told.complaints == []


def test_a_change_is_told_once(told: Told, kubelet: Kubelet) -> None:
    kubelet.write(labels="", annotations="", uid="1")
    first = told.info.read()
    told.info.start()
    kubelet.write(labels="", annotations='stoker.io/profile="b"', uid="1")
    soon(lambda: told.events)
    kubelet.write(labels="", annotations='stoker.io/profile="b"', uid="1")
    time.sleep(0.1)
    (event,) = told.events
    assert isinstance(event, ev.PodInfoChanged)
    assert (first.profile, event.pod.profile) == ("default", "b")


def test_quiet_files_are_not_read_again(
    told: Told, kubelet: Kubelet, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubelet.write(labels="", annotations="", uid="1")
    read: list[str] = []
    real = PodInfo._text  # noqa: SLF001 - counted

    def text(info: PodInfo, file: str) -> bytes:
        read.append(file)
        return real(info, file)

    monkeypatch.setattr(PodInfo, "_text", text)
    for _ in range(5):
        told.info.look()
    assert sorted(read) == ["annotations", "labels", "uid"]


def test_without_a_volume_the_pod_has_its_name(told: Told) -> None:
    assert told.info.read() == Pod(
        name="gw-0", namespace="plant", labels={}, annotations=told.info.read().annotations
    )
    told.info.start()
    time.sleep(0.1)
    (complaint,) = told.complaints
    assert "podinfo" in complaint
    assert told.events == []


def test_what_is_half_written_is_waited_for(told: Told, kubelet: Kubelet) -> None:
    kubelet.write(labels='a="b"', annotations="", uid="1")
    before = told.info.read()
    told.info.start()
    kubelet.write(labels='a="', annotations="", uid="1")
    soon(lambda: told.complaints)
    time.sleep(0.1)
    assert told.events == []
    assert told.info.read() == before
    assert len(told.complaints) == 1
    kubelet.write(labels='a="c"', annotations="", uid="1")
    soon(lambda: told.events)
    assert told.info.read().labels == {"a": "c"}


def test_plain_files_will_do(told: Told, tmp_path: Path) -> None:
    for name, text in {"labels": 'a="b"', "annotations": "", "uid": "1\n"}.items():
        (tmp_path / name).write_text(text)
    assert told.info.read().labels == {"a": "b"}
    told.info.start()
    (tmp_path / "labels").write_text('a="bc"')
    soon(lambda: told.events)
    (tmp_path / "uid").unlink()
    soon(lambda: told.complaints)
    assert told.info.read().uid == "1"


@pytest.mark.parametrize("file", ["labels", "annotations"])
def test_a_file_without_end_is_not_read_to_it(
    told: Told, kubelet: Kubelet, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.setattr("stoker.entrypoints.agent.podinfo._MOST", 1000)
    kubelet.write(**{"labels": "", "annotations": "", "uid": "1", file: 'a="' + "x" * 2000 + '"'})
    assert told.info.read().uid == ""
    assert "larger than" in told.complaints[0]
