"""Which cluster, and one way to talk to all three kinds of them.

- `KUBECONFIG` is set: that cluster. It has to answer; nothing else is ever used in its place.
- Docker answers and `kind` is there: a cluster made by kind.
- Otherwise: a node of our own.

`open_cluster` is what fixtures call; the command line is made of the same functions. When
`KUBECONFIG` names the kubeconfig of an instance that this tool started earlier, it is known as
such: images can be loaded into it and commands run on its node. `close` leaves it running.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from cluster import given, in_docker, node, programs, state
from cluster.addresses import HOST_NAME, Network, check_name, check_prefix
from cluster.problems import Problem
from cluster.running import Steps, run, succeeds

if TYPE_CHECKING:
    from types import TracebackType

    from cluster.running import Say

MODES: Final = ("given", "kind", "node")


def choose(forced: str | None, kubeconfig: Path | None, docker: Callable[[], bool]) -> str:
    """The kind of cluster to use."""
    if forced == "given" and kubeconfig is None:
        raise Problem("mode `given` needs KUBECONFIG to point at a cluster")
    if forced is not None:
        return forced
    if kubeconfig is not None:
        return "given"
    return "kind" if docker() else "node"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that answers, and what there is to do with it beside Kubernetes' own API."""

    name: str
    mode: str
    kubeconfig: Path
    kubectl: Path
    helm: Path
    host_name: str  # pods reach the host by this name
    host_address: str  # and by this address
    owned: bool  # whether `close` ends it
    place: state.Place | None
    say: Say

    def load(self, archive: Path) -> None:
        """Load the images of a docker archive into the cluster's node."""
        load(self.place, archive, Steps(self.say))

    def node(self, *words: str) -> str:
        """Run a command on the node, such as `pkill -9 -x kubelet`, and give what it prints."""
        return run(node_command(self.place, list(words)))

    def close(self) -> None:
        """End the cluster, if this opened it; once more does no harm."""
        if self.owned and self.place is not None and self.place.folder.exists():
            down(self.place, Steps(self.say))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_cluster(
    name: str | None = None, lifetime_of: int | None = None, say: Say = print
) -> Cluster:
    """The cluster for a test session; one that was started for it ends with `close`.

    `lifetime_of` is the number of a process at whose end it ends in any case.
    """
    watched = state.Watched.of(lifetime_of) if lifetime_of is not None else None
    return up(state.default_root(), node.Wishes(name, lifetime=watched), None, Steps(say))


def up(root: Path, wishes: node.Wishes, forced: str | None, steps: Steps) -> Cluster:
    """Bring a cluster up, or check the one that is given."""
    _check(wishes)
    file = given.kubeconfig(os.environ)
    mode = choose(forced, file, in_docker.available)
    if mode == "given" and file is not None:
        steps.say(f"using the cluster that KUBECONFIG names: {file}")
        return _opened(file, steps)
    _sweep(root, steps)
    if mode == "kind":
        steps.say("starting a cluster with kind, in Docker")
        place = in_docker.up(root, wishes, kubectl(steps), steps)
    else:
        steps.say("starting a Kubernetes node of our own")
        place = node.up(root, wishes, steps)
    steps.total(f"{place.name} is up")
    return _cluster(place, steps, owned=True)


def _check(wishes: node.Wishes) -> None:
    if wishes.name is not None:
        check_name(wishes.name)
    for prefix in filter(None, (wishes.network, wishes.services)):
        check_prefix(prefix)


def _sweep(root: Path, steps: Steps) -> None:
    """End instances whose lifetime is over, which the machine or somebody kept from ending."""
    for place in state.places(root):
        record = place.read()
        if record is None or record.lifetime is None:
            continue
        if record.boot != state.boot_id() or not record.lifetime.lives:
            steps.say(f"{place.name} was left behind by a run that is over")
            down(place, steps)


def _opened(file: Path, steps: Steps) -> Cluster:
    """The cluster of a kubeconfig."""
    tool = kubectl(steps)
    given.check(file, tool)
    place = recorded(file)
    if place is not None:
        return _cluster(place, steps, owned=False)
    address = given.host_address(file, tool, os.environ)
    # Nothing in that cluster knows a name for us.
    return Cluster(
        name="given",
        mode="given",
        kubeconfig=file,
        kubectl=tool,
        helm=helm(steps),
        host_name=address,
        host_address=address,
        owned=False,
        place=None,
        say=steps.say,
    )


def recorded(file: Path) -> state.Place | None:
    """The instance that a kubeconfig belongs to, if it is one of ours."""
    place = state.Place(file.resolve().parent)
    return place if place.kubeconfig == file.resolve() and place.read() is not None else None


def _cluster(place: state.Place, steps: Steps, *, owned: bool) -> Cluster:
    record = place.read()
    if record is None:
        raise Problem(f"{place.folder} has no record; `down --name {place.name}` clears it away")
    if record.mode == "kind":
        tools, address = (kubectl(steps), helm(steps)), in_docker.address()
    else:
        tools = (_own(programs.KUBERNETES, "kubectl", steps), _own(programs.HELM, "helm", steps))
        address = Network(record.node_prefix, record.service_prefix).host
    return Cluster(
        name=place.name,
        mode=record.mode,
        kubeconfig=place.kubeconfig,
        kubectl=tools[0],
        helm=tools[1],
        host_name=HOST_NAME,
        host_address=address,
        owned=owned,
        place=place,
        say=steps.say,
    )


def _own(program: programs.Program, name: str, steps: Steps) -> Path:
    return programs.built(program, steps) / name


def kubectl(steps: Steps) -> Path:
    """The user's kubectl if it works, else one that is built."""
    found = shutil.which("kubectl")
    if found is not None and succeeds([found, "version", "--client"]):
        return Path(found)
    return _own(programs.KUBERNETES, "kubectl", steps)


def helm(steps: Steps) -> Path:
    """The user's helm if it is of version 3, else one that is built."""
    found = shutil.which("helm")
    asked = [found or "helm", "version", "--short"]
    if found is not None and succeeds(asked) and run(asked).startswith("v3."):
        return Path(found)
    return _own(programs.HELM, "helm", steps)


def find(root: Path, name: str | None) -> state.Place | None:
    """The instance that a command is about; None for a given cluster that is not one of ours."""
    there = state.places(state.check_root(root))
    if name is not None:
        place = state.Place(root / name)
        if place not in there:
            raise Problem(f"there is no instance {name} in {root}")
        return place
    file = given.kubeconfig(os.environ)
    if file is not None:
        return recorded(file)
    if len(there) != 1:
        names = ", ".join(place.name for place in there) or "none"
        raise Problem(f"which instance? in {root} there is: {names}; choose with --name")
    return there[0]


def _mode(place: state.Place) -> str:
    record = place.read()
    return record.mode if record is not None else "node"


def load(place: state.Place | None, archive: Path, steps: Steps) -> None:
    """Load the images of a docker archive."""
    archive = archive.absolute()
    if not archive.is_file():
        raise Problem(f"there is no archive {archive}")
    with steps.step(f"loaded {archive.name}"):
        if place is None:
            run(given.load_words(archive, os.environ))
        elif _mode(place) == "kind":
            run(in_docker.load_words(place.name, archive))
        else:
            node.import_image(place, node.build(steps), archive)


def node_command(place: state.Place | None, words: list[str]) -> list[str]:
    """The words that run a command on the node."""
    if place is None:
        raise Problem("no way to run a command on a node that was not started here")
    if _mode(place) == "kind":
        return in_docker.node_words(place.name, words)
    return node.command(place, words)


def down(place: state.Place, steps: Steps) -> None:
    """End an instance, of whichever kind; somebody else may be doing it already."""
    with contextlib.suppress(state.Gone):
        if _mode(place) == "kind":
            in_docker.down(place, steps)
        else:
            node.down(place, steps)


def condition(place: state.Place) -> str:
    """One line about an instance."""
    record = place.read()
    if record is None:
        return f"{place.name}: half made; `down --name {place.name}` clears it away"
    if record.mode == "kind":
        there = place.name in run(["kind", "get", "clusters"]).split()
    else:
        there = node.alive(place)
    says = "runs" if there else f"is dead; `down --name {place.name}` clears it away"
    networks = f", {record.node_prefix}.0/24 and {record.service_prefix}.0/24"
    return f"{place.name}: {record.mode}{networks if record.node_prefix else ''}, {says}"
