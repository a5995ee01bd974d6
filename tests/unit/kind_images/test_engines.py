"""The command lines of the programs that build, as programs of the same names receive them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from cluster.problems import Problem
from images import archives, engines, machine
from images.base import PACKAGES
from images.buildah import TIMESTAMP, Buildah
from images.docker import Docker
from images.engines import Order
from images.inputs import ROOT

_PROGRAM = """#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    log.write(json.dumps([{name!r}, *sys.argv[1:]]) + "\\n")
words = " ".join(sys.argv[1:])
for part in {fails!r}:
    if part in words:
        sys.stderr.write("it said why\\n")
        sys.exit(3)
for word in sys.argv[1:]:
    if word.endswith(".tar") and "mmdebstrap" in sys.argv[0]:
        open(word, "w").write("root")
print("made-up")
"""


class Programs:
    """A PATH with programs that write down how they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "calls"
        folder.mkdir()

    def add(self, name: str, *fails: str) -> None:
        path = self.folder / name
        path.write_text(
            _PROGRAM.format(python=sys.executable, log=str(self.log), name=name, fails=fails)
        )
        path.chmod(0o755)

    @property
    def calls(self) -> list[list[str]]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines]

    def called(self, *words: str) -> list[list[str]]:
        return [call for call in self.calls if set(words) <= set(call)]


_UNSHARE = """#!/bin/sh
shift
exec "$@"
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    found = Programs(tmp_path / "bin")
    (found.folder / "unshare").write_text(_UNSHARE)
    (found.folder / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", str(found.folder))
    monkeypatch.setenv("STOKER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BASE_IMAGE", raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return found


def _order(tmp_path: Path) -> Order:
    return Order(
        context=tmp_path / "context",
        dockerfile="sub/Dockerfile",
        tag="localhost/x:1",
        arguments=("A=1", "B=two words"),
        secrets={"pip.conf": tmp_path / "pip.conf"},
    )


def test_docker_is_taken_if_its_engine_answers(programs: Programs) -> None:
    programs.add("docker")
    assert engines.choose() == Docker(None)


def test_docker_without_an_engine_is_none(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.add("docker", "version")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Problem, match="no Docker engine answers, and buildah needs root"):
        engines.choose()


def test_docker_builds_and_saves(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.add("docker")
    monkeypatch.setenv("https_proxy", "http://proxy")
    docker = Docker()
    docker.build(_order(tmp_path))
    docker.save("localhost/x:1", tmp_path / "x.tar")
    build, save = programs.calls
    assert build == [
        *("docker", "build", "--quiet", "--build-arg", "https_proxy"),
        *("--build-arg", "A=1", "--build-arg", "B=two words"),
        *("--secret", f"id=pip.conf,src={tmp_path}/pip.conf"),
        *("--file", f"{tmp_path}/context/sub/Dockerfile", "--tag", "localhost/x:1"),
        f"{tmp_path}/context",
    ]
    assert save == ["docker", "save", "--output", f"{tmp_path}/x.tar", "localhost/x:1"]


def test_docker_has_the_base_that_the_dockerfile_names() -> None:
    base = Docker().base
    assert f"ARG BASE_IMAGE={base}\n" in (ROOT / "Dockerfile").read_text()
    assert base.startswith("python:3.")
    assert Docker("mirror.example/python:3").base == "mirror.example/python:3"


def test_docker_loads_a_parent_that_it_has_not(programs: Programs, tmp_path: Path) -> None:
    programs.add("docker", "inspect")
    Docker().know("localhost/x:1", tmp_path / "x.tar")
    assert programs.called("load", f"{tmp_path}/x.tar")


def test_a_build_that_fails_says_what_it_said(programs: Programs, tmp_path: Path) -> None:
    programs.add("docker", "build")
    with pytest.raises(Problem, match="it said why"):
        Docker().build(_order(tmp_path))


@pytest.fixture
def buildah(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> Buildah:
    programs.add("buildah", "inspect")
    programs.add("mmdebstrap")
    sources = programs.folder / "debian.sources"
    sources.write_text("Types: deb\nURIs: http://mirror.example\n")
    monkeypatch.setattr(machine, "debian_sources", lambda: sources)
    monkeypatch.setattr(machine, "codename", lambda: "bookworm")
    return Buildah.ready(None)


def test_buildah_makes_its_base_of_debian_packages(
    programs: Programs, buildah: Buildah, tmp_path: Path
) -> None:
    buildah.build(_order(tmp_path))
    (made,) = programs.called("mmdebstrap")
    assert f"--include={','.join(PACKAGES)}" in made
    assert made[-1].endswith("debian.sources")
    assert made[-3] == "bookworm"
    archive = archives.root() / f"base-{buildah.base.partition(':')[2]}.tar"
    assert archive.read_text() == "root"
    (added,) = programs.called("add")
    assert added[-2:] == [str(archive), "/"]
    (commit,) = programs.called("commit")
    assert commit[-1] == buildah.base
    (build,) = programs.called("bud")
    assert {"--pull-never", "--layers", "chroot", "A=1"} <= set(build)
    assert build[build.index("--timestamp") + 1] == TIMESTAMP


def test_the_container_that_takes_the_base_in_is_removed_however_it_ends(
    programs: Programs, buildah: Buildah, tmp_path: Path
) -> None:
    programs.add("buildah", "inspect", "commit")
    with pytest.raises(Problem):
        buildah.build(_order(tmp_path))
    assert programs.called("rm", "made-up")


def test_the_base_changes_with_the_sources(
    programs: Programs, buildah: Buildah, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = buildah.base
    (programs.folder / "debian.sources").write_text("Types: deb\nURIs: http://other.example\n")
    second = Buildah.ready(None).base
    assert first != second
    monkeypatch.setattr(machine, "codename", lambda: "trixie")
    assert Buildah.ready(None).base not in {first, second}


def test_a_given_base_is_pulled_if_it_is_not_there(programs: Programs, tmp_path: Path) -> None:
    programs.add("buildah")
    buildah = Buildah.ready("mirror.example/python:3")
    buildah.build(_order(tmp_path))
    (build,) = programs.called("bud")
    assert "--pull=false" in build
    assert not programs.called("mmdebstrap")
    assert buildah.base == "mirror.example/python:3"


def test_all_calls_use_the_store_in_the_cache(
    programs: Programs, buildah: Buildah, tmp_path: Path
) -> None:
    buildah.build(_order(tmp_path))
    buildah.save("localhost/x:1", tmp_path / "x.tar")
    store = archives.root() / "buildah"
    for call in programs.called("buildah"):
        assert call[1:5] == ["--root", f"{store}/root", "--runroot", f"{store}/runroot"]


def test_containers_of_a_killed_build_go_and_layers_when_they_are_many(
    programs: Programs, buildah: Buildah, tmp_path: Path
) -> None:
    layers = archives.root() / "buildah/root/overlay"
    layers.mkdir(parents=True)
    buildah.save("localhost/x:1", tmp_path / "x.tar")
    assert programs.called("rm", "--all")
    assert not programs.called("rmi")
    for number in range(400):
        (layers / str(number)).mkdir()
    buildah.save("localhost/x:1", tmp_path / "x.tar")
    assert programs.called("rmi", "--all")
