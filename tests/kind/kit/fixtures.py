"""Fixtures for tests in a cluster; docs/testing-cluster-fixtures.md shows them in use.

No test is skipped for want of a cluster: it fails, with the reason why there is none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from cluster import Cluster, Problem, given, in_docker, open_cluster, opening

from kit import (
    Helm,
    Kubectl,
    Space,
    Spaces,
    controllers,
    eventually,
    gateways,
    loading,
    webhooks,
    works,
)
from kit import git_here as git_on_this_machine
from kit import (
    ledger as ledgers,
)
from kit.api import Api, connected
from kit.control_plane import ControlPlane, only_where
from kit.controllers import Controllers
from kit.gateways import Gateway
from kit.git_here import GitHere
from kit.git_server import GitServer, serving
from kit.local_controller import LocalController
from kit.posts import Posts
from kit.webhooks import Webhooks
from kit.works import Works
from stoker.adapters.codec.crd_schema import custom_resource_definition
from stoker.entrypoints.cli.invoking import answer_to
from support.git_servers import GitDaemon

Found = TypeVar("Found")

_DEFINITION: Final = "gatewaysyncs.stoker.io"
_SPACES = pytest.StashKey[Spaces]()
_PROCESSES = pytest.StashKey[list[Controllers | Webhooks]]()


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


@pytest.fixture
def control_plane(cluster: Cluster) -> ControlPlane:
    """The API server and etcd of a node of our own, to be killed and compacted."""
    only_where(cluster.mode == "node", "the API server is killed, or etcd compacted")
    return ControlPlane(cluster)


@pytest.fixture(scope="session")
def definition(cluster: Cluster, api: Api) -> dict[str, Any]:
    """What `stoker crd` prints, applied; it stays, as other tests may have CRs by now."""
    printed = str(answer_to(["crd"]).out)
    words = ("apply", "--server-side", "--force-conflicts", "--filename", "-")
    Kubectl.of(cluster, "default")(*words, stdin=printed)

    def established() -> Any:
        found: Any = api.kinds.read_custom_resource_definition(_DEFINITION)
        states = {one.type: one.status for one in found.status.conditions or ()}
        return states.get("Established") == "True" and states

    states = eventually(established, what="the definition is established")
    assert states["NamesAccepted"] == "True"
    assert "NonStructuralSchema" not in states
    return custom_resource_definition()


@pytest.fixture
def local_controllers(
    space: Space, definition: dict[str, Any], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Controllers]:
    """Controllers that run here and watch the test's namespace; `start()` begins one."""
    assert definition
    with controllers.controllers(space, tmp_path / "controllers") as made:
        known = request.config.stash.setdefault(_PROCESSES, [])
        known.append(made)
        yield made
        known.remove(made)


@pytest.fixture(scope="module")
def shared_controllers(
    shared_space: Space,
    definition: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Controllers]:
    """Controllers that run here, for all tests of a file; they watch its namespace."""
    assert definition
    folder = tmp_path_factory.mktemp("controllers")
    with controllers.controllers(shared_space, folder) as made:
        known = request.config.stash.setdefault(_PROCESSES, [])
        known.append(made)
        yield made
        known.remove(made)


@pytest.fixture(scope="module")
def shared_controller(shared_controllers: Controllers) -> LocalController:
    """One of them, that runs."""
    return shared_controllers.start()


@pytest.fixture(scope="module")
def new_webhooks(
    shared_controllers: Controllers, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Webhooks]]:
    """A function that has the API server ask webhooks about the file's namespace; none runs yet."""
    known = request.config.stash.setdefault(_PROCESSES, [])
    with ExitStack() as stack:

        def make(**how: Any) -> Webhooks:
            made = stack.enter_context(webhooks.webhooks(shared_controllers, **how))
            known.append(made)
            stack.callback(known.remove, made)
            return made

        yield make


@pytest.fixture(scope="module")
def admission(new_webhooks: Callable[..., Webhooks]) -> Webhooks:
    """Webhooks of which one runs, and is asked; the image that it injects is not to be had."""
    made = new_webhooks()
    made.start()
    made.is_asked()
    return made


@pytest.fixture(scope="module")
def controller(
    shared_space: Space, definition: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalController]:
    """A controller that runs here and watches all namespaces, for repositories of `git`."""
    assert definition
    folder = tmp_path_factory.mktemp("controller")
    with controllers.controllers(shared_space, folder, everywhere=True) as made:
        yield made.start(allowed_protocols="git,https")


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitDaemon]:
    """A git daemon on this machine, for all tests of a file."""
    with GitDaemon(tmp_path_factory.mktemp("git")) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def git_here(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHere]:
    """A git server on this machine, for the tests of a file, which may break it."""
    with git_on_this_machine.git_here(cluster, tmp_path_factory.mktemp("git")) as made:
        yield made


@pytest.fixture(scope="session")
def injecting(
    spaces: Spaces,
    definition: dict[str, Any],
    product: str,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Webhooks]:
    """A webhook of the run that injects agents which run, where it is told to `cover`.

    Without it no pod that asks for an agent starts there, so none starts without.
    """
    assert definition
    known = request.config.stash.setdefault(_PROCESSES, [])
    strict = {"webhook": {"failurePolicy": "Fail"}}
    with (
        spaces.new("injecting") as space,
        controllers.controllers(
            space, tmp_path_factory.mktemp("injecting"), everywhere=True
        ) as account,
        webhooks.webhooks(
            account,
            image=product,
            selector=webhooks.by_label(space),
            pods_only=True,
            values=strict,
        ) as made,
    ):
        known.append(made)
        made.start()
        yield made
        known.remove(made)


@pytest.fixture(scope="module")
def new_works(  # noqa: PLR0913, PLR0917 - a works needs all of it
    shared_space: Space,
    shared_controller: LocalController,
    injecting: Webhooks,
    git_here: GitHere,
    product: str,
    gateway_image: str,
) -> Callable[..., Works]:
    """A function that makes a GatewaySync in the file's namespace, with a repository of its own."""
    injecting.cover(shared_space)

    def make(name: str, **spec: Any) -> Works:
        shared_controller.ready()
        return works.works(
            shared_space, name, git_here, product, gateway_image, is_asked=True, **spec
        )

    return make


@pytest.fixture(scope="module")
def posts(
    shared_space: Space,
    shared_controller: LocalController,
    git_here: GitHere,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Posts]:
    """`posts.new("site", gateway=…)` makes a GatewaySync with an agent that is a process here."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("posts")
        yield Posts(shared_space, git_here, shared_controller, folder, stack)


def _is_our_own() -> bool:
    """Whether these tests run on a node that they start themselves."""
    return opening.choose(None, given.kubeconfig(os.environ), in_docker.available) == "node"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker of the faults known, and let one warning pass.

    An API server that is killed between a connection and its TLS has urllib3 forget a socket, which
    is closed, with a warning, as soon as nobody knows it any more: in whatever test that is.
    """
    ledgers.begun(config)
    config.addinivalue_line(
        "filterwarnings",
        "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what is in the namespaces, while they are there, with the test that failed.

    A test that is skipped where the cluster is a node of our own is one that failed.
    """
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _is_our_own():
        report.outcome = "failed"
        report.longrepr = f"skipped on a node of our own: {report.longrepr}"
    if report.failed and call.when in ("setup", "call"):
        spaces = item.config.stash.get(_SPACES, None)
        for name, story in spaces.stories() if spaces else ():
            report.sections.append((f"namespace {name}", story))
        for made in item.config.stash.get(_PROCESSES, []):
            for name, story in made.stories():
                report.sections.append((f"process {name}", story))
    return report
