"""Fixtures for tests in a cluster; docs/testing-cluster-fixtures.md shows them in use.

No test is skipped for want of a cluster: it fails, with the reason why there is none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator
from typing import Any, TypeVar

import pytest
from cluster import Cluster, Problem, open_cluster

from kit import Helm, Kubectl, Space, Spaces, gateways, loading
from kit.api import Api, connected
from kit.gateways import Gateway
from kit.git_server import GitServer, serving

Found = TypeVar("Found")

_SPACES = pytest.StashKey[Spaces]()


def _or_fail(get: Callable[[], Found]) -> Found:
    """What it gives; a `Problem` is the test's failure, in its own words alone."""
    try:
        return get()
    except Problem as problem:
        reason = str(problem)
    pytest.fail(reason, pytrace=False)


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The cluster of this run; one that was started for it ends with it."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        # Whoever waits for the first build wants to see that it goes on.
        with capture.global_and_fixture_disabled():
            sys.stderr.write(f"\n{line}")
            sys.stderr.flush()

    opened = _or_fail(lambda: open_cluster(lifetime_of=os.getpid(), say=say))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def product(cluster: Cluster) -> str:
    """The reference of the product's image, for pods."""
    return _or_fail(lambda: loading.in_cluster(cluster, "stoker"))


@pytest.fixture(scope="session")
def gateway_image(cluster: Cluster) -> str:
    """The reference of the fake gateway's image."""
    return _or_fail(lambda: loading.in_cluster(cluster, "gateway"))


@pytest.fixture(scope="session")
def git_image(cluster: Cluster) -> str:
    """The reference of the git server's image."""
    return _or_fail(lambda: loading.in_cluster(cluster, "git"))


@pytest.fixture(scope="session")
def spaces(cluster: Cluster, request: pytest.FixtureRequest) -> Spaces:
    """The namespaces of this run; `with spaces.new("name") as space` makes another."""
    return request.config.stash.setdefault(_SPACES, Spaces(cluster))


@pytest.fixture
def space(spaces: Spaces, request: pytest.FixtureRequest) -> Iterator[Space]:
    """A namespace for the test."""
    with spaces.new(request.node.name) as made:
        yield made


@pytest.fixture(scope="module")
def shared_space(spaces: Spaces, request: pytest.FixtureRequest) -> Iterator[Space]:
    """A namespace for all tests of a file."""
    with spaces.new(request.path.stem) as made:
        yield made


@pytest.fixture
def kubectl(space: Space) -> Kubectl:
    """Kubectl in the test's namespace."""
    return space.kubectl


@pytest.fixture
def helm(space: Space) -> Helm:
    """Helm in the test's namespace."""
    return space.helm


@pytest.fixture(scope="session")
def api(cluster: Cluster) -> Iterator[Api]:
    """The official Python client."""
    with connected(cluster) as made:
        yield made


@pytest.fixture(scope="session")
def git_server(
    spaces: Spaces, git_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GitServer]:
    """The git server of this run; who wants to break one starts another."""
    with serving(spaces, git_image, tmp_path_factory.mktemp("git-server")) as server:
        yield server


@pytest.fixture
def fake_gateway(space: Space, gateway_image: str) -> Callable[..., Gateway]:
    """A function that starts a gateway in the test's namespace, and waits until it runs."""
    space.apply(gateways.api_key_secret())

    def start(name: str = "gateway", **how: Any) -> Gateway:
        return Gateway(space.start(gateways.pod(name, gateway_image, **how)).ready())

    return start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what is in the namespaces, while they are there, with the test that failed."""
    report = yield
    if report.failed and call.when in ("setup", "call"):
        spaces = item.config.stash.get(_SPACES, None)
        for name, story in spaces.stories() if spaces else ():
            report.sections.append((f"namespace {name}", story))
    return report
