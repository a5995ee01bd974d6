"""A cluster made by kind, in Docker, for machines that have both.

The same promises as for a node of our own: a name of its own, a record of it before it is made, and
`down` deletes that cluster and no other. Pods reach the host by the gateway of Docker's network,
and its name is added to the cluster's DNS, so that tests need not know which kind of cluster they
have.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from cluster import keeping, state
from cluster.addresses import HOST_NAME, free_name
from cluster.problems import Problem
from cluster.running import run, succeeds

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.node import Wishes
    from cluster.running import Steps

_PATIENCE: Final = "180s"


def available() -> bool:
    """Whether there is kind, and a Docker engine that answers."""
    if shutil.which("kind") is None or shutil.which("docker") is None:
        return False
    return succeeds(["docker", "version", "--format", "{{.Server.Version}}"], timeout=15)


def create_words(name: str, kubeconfig: Path) -> list[str]:
    """The command that makes a cluster, and writes no kubeconfig but ours."""
    return [
        *("kind", "create", "cluster", "--name", name),
        *("--kubeconfig", str(kubeconfig), "--wait", _PATIENCE),
    ]


def delete_words(name: str, kubeconfig: Path) -> list[str]:
    """The command that deletes it."""
    return ["kind", "delete", "cluster", "--name", name, "--kubeconfig", str(kubeconfig)]


def load_words(name: str, archive: Path) -> list[str]:
    """The command that loads a docker archive into its node."""
    return ["kind", "load", "image-archive", str(archive), "--name", name]


def node_words(name: str, words: list[str]) -> list[str]:
    """The words that run a command on its node."""
    return ["docker", "exec", f"{name}-control-plane", *words]


def up(root: Path, wishes: Wishes, kubectl: Path, steps: Steps) -> state.Place:
    """Make a cluster; what was begun is deleted when it fails."""
    root = state.check_root(root)
    there = set(run(["kind", "get", "clusters"]).split())
    here = {place.name for place in state.places(root)}
    name = wishes.name or free_name(there | here)
    if name in there and name not in here:
        raise Problem(f"kind has a cluster {name} that was not started here; choose another name")
    place = state.make(root, name)
    place.write(state.Record("kind", name, state.boot_id(), lifetime=wishes.lifetime))
    if wishes.lifetime is not None:
        keeping.start(place, wishes.lifetime)
    with place.locked():
        try:
            with steps.step("kind made a cluster"):
                run(create_words(name, place.kubeconfig))
            with steps.step(f"its DNS knows {HOST_NAME}"):
                _name_the_host(place, kubectl)
        except BaseException:
            _clear(place)
            raise
    return place


def host_address(networks: Any) -> str:
    """The host, as containers of Docker's network `kind` reach it."""
    for config in networks[0]["IPAM"]["Config"]:
        gateway = config.get("Gateway", "")
        if gateway and ip_address(gateway).version == 4:
            return str(gateway)
    raise Problem("Docker's network `kind` has no IPv4 gateway")


def address() -> str:
    """Ask Docker for the host's address."""
    return host_address(json.loads(run(["docker", "network", "inspect", "kind"])))


def with_host(corefile: str, host: str) -> str:
    """A Corefile that also knows the host's name."""
    lines = ["    hosts {", f"        {host} {HOST_NAME}", "        fallthrough", "    }"]
    before, found, after = corefile.partition("    kubernetes ")
    if not found:
        raise Problem("the cluster's Corefile has no plugin `kubernetes`; cannot name the host")
    return before + "\n".join(lines) + "\n" + found + after


def _name_the_host(place: state.Place, kubectl: Path) -> None:
    asked = [str(kubectl), "--kubeconfig", str(place.kubeconfig), "--namespace", "kube-system"]
    found = json.loads(run([*asked, "get", "configmap", "coredns", "-o", "json"]))
    patch = {"data": {"Corefile": with_host(found["data"]["Corefile"], address())}}
    run([*asked, "patch", "configmap", "coredns", "--type=merge", "-p", json.dumps(patch)])
    run([*asked, "rollout", "restart", "deployment/coredns"])
    run([*asked, "rollout", "status", "deployment/coredns", f"--timeout={_PATIENCE}"])


def down(place: state.Place, steps: Steps) -> None:
    """Delete the cluster and its folder."""
    with place.locked(), steps.step(f"{place.name} is down"):
        _clear(place)


def _clear(place: state.Place) -> None:
    run(delete_words(place.name, place.kubeconfig))
    shutil.rmtree(place.folder, ignore_errors=True)
    with contextlib.suppress(OSError):  # other instances live there
        place.folder.parent.rmdir()
    keeping.end(place)  # at last: it takes over when we are killed on the way
