"""The images that pods run, brought into the cluster once.

A tag names everything that an image was built from, so a node that has the tag has the image. For
a cluster that images come to in another way, `STOKER_TEST_IMAGES` says where it has them from:
`stoker=registry.example/stoker:1,gateway=…,git=…`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from cluster import Cluster, Problem
from images import NAMES, build

from kit.kubectl import Kubectl

if TYPE_CHECKING:
    from typing import Any

_NAMED: Final = "STOKER_TEST_IMAGES"


def in_cluster(cluster: Cluster, name: str, environment: Mapping[str, str] = os.environ) -> str:
    """The reference of an image that pods of this cluster can run."""
    elsewhere = given(environment.get(_NAMED, ""))
    if name in elsewhere:
        return elsewhere[name]
    image = build(name)
    if image.tag not in _there(cluster):
        cluster.load(image.archive)
    return image.tag


def given(text: str) -> dict[str, str]:
    """The images that are named by `NAME=REFERENCE,…`."""
    found = {}
    for pair in filter(None, text.split(",")):
        name, equals, reference = pair.partition("=")
        if not (equals and reference and name in NAMES):
            raise Problem(
                f"{_NAMED} has {pair!r}; write NAME=REFERENCE with NAME one of {', '.join(NAMES)}"
            )
        found[name] = reference
    return found


def _there(cluster: Cluster) -> set[str]:
    """The images that the nodes say they have; a node that was just loaded may not say so yet."""
    nodes: Any = Kubectl.of(cluster, "default").json("get", "nodes")
    sets = [
        {name for image in node["status"].get("images", ()) for name in image.get("names", ())}
        for node in nodes["items"]
    ]
    return set.intersection(*sets) if sets else set()
