"""Servers to ask, and somebody who asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.asking.scene import CA, Scene
from stoker.entrypoints.controller.asking import Asker
from stoker.testing.repositories import Upstream
from support.git_servers import HttpsGit, authority
from support.served import Served


@pytest.fixture
def served(tmp_path: Path) -> Served:
    upstream = Upstream.create(tmp_path / "served" / "site.git")
    first = upstream.commit({"a": b"1"})
    upstream.tag("v1.0.0", first, "The first")
    return Served(upstream, first, upstream.commit({"a": b"2"}))


@pytest.fixture
def plain(served: Served) -> Iterator[HttpsGit]:
    """A server without a certificate, and open to everybody."""
    with HttpsGit(root=served.root, tls=None) as server:
        yield server


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene()
    pem = authority().write(tmp_path / "ca.pem").read_bytes()
    for namespace in ("one", "two"):
        scene.secrets.put(namespace, CA, pem)
    return scene


@pytest.fixture
def asker(scene: Scene) -> Iterator[Asker]:
    with scene.asker() as asker:
        yield asker
        assert not scene.heard.complaints
