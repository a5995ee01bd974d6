"""A namespace for each test, so that tests do not meet, and an account of it when one fails.

Its name says which test it is for and is never used twice, also by two runs on one cluster. Pods
in it are held to Pod Security `restricted` by the API server. It is deleted without waiting.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from cluster import Cluster, Problem

from kit.eventually import eventually
from kit.kubectl import Helm, Kubectl
from kit.pods import Pod
from kit.reaching import Ways
from kit.story import story

if TYPE_CHECKING:
    from kit.kubectl import Document

RESTRICTED: Final[Mapping[str, str]] = {"pod-security.kubernetes.io/enforce": "restricted"}

_LONGEST: Final = 40


def name_for(test: str) -> str:
    """A name for a namespace that nobody has used before."""
    slug = re.sub(r"[^a-z0-9]+", "-", test.lower().removeprefix("test_"))[:_LONGEST].strip("-")
    return f"{slug or 'test'}-{secrets.token_hex(3)}"


@dataclass(frozen=True)
class Space:
    """A namespace, and what tests do in it."""

    cluster: Cluster
    name: str

    @cached_property
    def kubectl(self) -> Kubectl:
        """Kubectl here."""
        return Kubectl.of(self.cluster, self.name)

    @cached_property
    def helm(self) -> Helm:
        """Helm here."""
        return Helm.of(self.cluster, self.name)

    @cached_property
    def ways(self) -> Ways:
        """How to reach the pods."""
        return Ways(self.kubectl, direct=self.cluster.mode == "node")

    def apply(self, *documents: Document) -> None:
        """Make or change objects."""
        self.kubectl.apply(*documents)

    def pod(self, name: str) -> Pod:
        """A pod of that name, whether or not it is there."""
        return Pod(self, name)

    def start(self, pod: Document) -> Pod:
        """Make a pod."""
        self.kubectl.create(pod)
        return self.pod(str(pod["metadata"]["name"]))

    def story(self) -> str:
        """What is in it."""
        return story(self.kubectl)


@dataclass
class Spaces:
    """The namespaces of a run that are there now."""

    cluster: Cluster
    there: list[Space] = field(default_factory=list)

    @contextmanager
    def new(self, test: str, labels: Mapping[str, str] = RESTRICTED) -> Iterator[Space]:
        """A namespace for the `with`."""
        space = Space(self.cluster, name_for(test))
        space.kubectl.create(_namespace(space.name, labels))
        self.there.append(space)
        try:
            what = f"namespace {space.name} has its service account"
            # Before that, no pod can be made here.
            eventually(lambda: space.kubectl("get", "serviceaccount", "default"), what=what)
            yield space
        finally:
            self.there.remove(space)
            space.ways.close()
            space.kubectl("delete", "namespace", space.name, "--wait=false", "--ignore-not-found")

    def stories(self) -> Iterator[tuple[str, str]]:
        """The name of each, and what is in it."""
        for space in self.there:
            try:
                yield space.name, space.story()
            except Problem as problem:
                yield space.name, str(problem)


def _namespace(name: str, labels: Mapping[str, str]) -> Document:
    metadata = {"name": name, "labels": dict(labels)}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
