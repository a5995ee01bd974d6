"""Signals to all processes of a container, from outside of it.

Nobody inside can kill the first process, and whoever is killed may take others along: a process
that is gone before its turn is none that was missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cluster import Cluster

_SCRIPT: Final = """\
there=$(grep -ls {container} /proc/[0-9]*/cgroup | cut -d/ -f3)
for one in $there; do kill -{number} "$one" 2>/dev/null; done
test -n "$there"
"""


def strike(cluster: Cluster, container: str, number: int = 9) -> None:
    """Send them this signal; `container` is as a pod's status has it, `containerd://…`."""
    identity = container.rpartition("/")[2]
    cluster.node("sh", "-c", _SCRIPT.format(container=identity, number=number))
