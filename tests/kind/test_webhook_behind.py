"""A webhook that has not heard of everything: what it looks up, and what it does when it cannot.

It reaches the API server through a passage of the test's, which lets nothing of a watch come back,
or nothing at all, while the API server itself asks it as ever.

Broken on purpose, and seen to fail: no live reading before a pod is refused.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from kit import Space, eventually, injected
from kit.admissions import wanting_pod
from kit.kubectl import Document, Said
from kit.passages import DEAF, PASSING, SILENT, Passage, passage
from kit.plants import gateway_sync
from kit.webhooks import Webhooks

REPO: Final = "https://localhost:1/plant.git"


@dataclass(frozen=True)
class Floor:
    """A namespace with a CR, and the webhook's way to the API server."""

    space: Space
    way: Passage

    def tried(self, **annotations: str) -> Said:
        """A pod that wants an agent."""
        words = ("create", "--dry-run=server", "--output", "json", "--filename", "-")
        pod = json.dumps(wanting_pod("gw", **annotations))
        return self.space.kubectl.tried(*words, stdin=pod)

    def agent(self, **annotations: str) -> Document:
        """The sidecar of one that is let in."""
        said = self.tried(**annotations)
        assert said.status == 0, said.err
        return injected.sidecar(json.loads(said.out))


@pytest.fixture(scope="module")
def floor(
    new_webhooks: Callable[..., Webhooks], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Floor]:
    folder: Path = tmp_path_factory.mktemp("passage")
    webhooks = new_webhooks()
    space = webhooks.space
    with passage(space.cluster, folder) as way:
        webhooks.start(kubeconfig=webhooks.by_way_of(way, folder))
        space.apply(gateway_sync("plant", REPO))
        webhooks.is_asked()
        yield Floor(space, way)


@pytest.fixture(autouse=True)
def mended(floor: Floor) -> Iterator[None]:
    yield
    floor.way.become(PASSING)


def test_a_cr_that_it_has_not_heard_of_is_looked_for(floor: Floor) -> None:
    assert floor.agent(cr_name="plant")
    floor.way.become(DEAF)
    assert floor.tried(cr_name="unheard").status == 1
    floor.space.apply(gateway_sync("unheard", REPO))
    assert {"name": "CR_NAME", "value": "unheard"} in floor.agent(cr_name="unheard")["env"]
    profiles = {"default": {"mappings": [{"source": "a", "destination": "projects"}]}}
    floor.space.apply(
        gateway_sync("unheard", REPO, sync={"profiles": profiles | {"new": profiles["default"]}})
    )
    assert {"name": "PROFILE", "value": "new"} in floor.agent(cr_name="unheard", profile="new")[
        "env"
    ]
    floor.space.kubectl("delete", "gatewaysync", "unheard")


def test_what_it_knows_is_enough_while_it_cannot_look(floor: Floor) -> None:
    assert floor.agent(cr_name="plant")
    floor.way.become(SILENT)
    began = time.monotonic()
    assert floor.agent(cr_name="plant")
    assert time.monotonic() - began < 2.0, "nothing is asked for that"


def test_what_cannot_be_decided_is_refused_with_the_reason(floor: Floor) -> None:
    """Also by the policy Ignore: a webhook that answers is not one that is away."""
    floor.way.become(SILENT)
    began = time.monotonic()
    said = floor.tried(cr_name="unheard-of")
    assert time.monotonic() - began < 9.0, "before the API server gives up"
    assert said.status == 1
    assert "cannot be read from the API server now" in said.err, said.err
    assert "GatewaySync 'unheard-of' does not exist" in said.err, "what it would have said"
    floor.way.become(PASSING)
    floor.space.apply(gateway_sync("unheard-of", REPO))
    eventually(lambda: floor.agent(cr_name="unheard-of"), what="it is let in", within=30)
    floor.space.kubectl("delete", "gatewaysync", "unheard-of")
