"""Creations of pods without end, as many a second, while something is done to the webhook.

Most are dry runs, in which the API server does all but keep the pod; a few are kept, for a
scheduler that is nobody. They are sent when they are due, however long those before take, so a
webhook that hangs for a second shows as all those which were due in that second.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from typing import TYPE_CHECKING, Any, Final

from kit import manifests
from kit.injected import marks
from stoker.core import names

if TYPE_CHECKING:
    from kit.api import Api
    from kit.kubectl import Document

_THREADS: Final = 8
_MADE: Final = (200, 201, 202)
_KEPT: Final = 20
"""One of so many is kept."""


@dataclass(frozen=True)
class Creation:
    """One creation: when it was due, how long it took, and what came of it."""

    due: float
    seconds: float
    has_agent: bool
    error: str = ""


@dataclass
class Admissions:
    """What has come of the creations so far."""

    done: list[Creation] = field(default_factory=list)

    def failed(self) -> list[Creation]:
        """Those that were refused, or whose pod has no agent."""
        return [one for one in self.done if one.error or not one.has_agent]

    def will_be(self, more: int, within: float = 30.0) -> None:
        """Wait until there were so many more."""
        wanted, end = len(self.done) + more, time.monotonic() + within
        while len(self.done) < wanted:
            assert time.monotonic() < end, f"{len(self.done)} of {wanted} pods were created"
            time.sleep(0.02)


def wanting_pod(name: str, **annotations: str) -> Document:
    """A pod that asks for an agent, and that nobody will start."""
    made = manifests.pod(name, [manifests.container("gateway", "none")], schedulerName="nobody")
    return manifests.marked(made, annotations=marks(**annotations))


@contextmanager
def pods_are_created(
    api: Api, namespace: str, *, rate: float = 40.0, **annotations: str
) -> Iterator[Admissions]:
    """So many pods a second that want an agent, with these annotations, for the `with`."""
    begun = f"made-{secrets.token_hex(3)}"
    over, due, made = threading.Event(), Queue[tuple[int, float] | None](), Admissions()

    def create() -> None:
        while (job := due.get()) is not None:
            number, at = job
            pod = wanting_pod(f"{begun}-{number}", **annotations)
            made.done.append(_created(api, namespace, pod, at, kept=number % _KEPT == 0))

    workers = [threading.Thread(target=create, daemon=True) for _ in range(_THREADS)]
    for worker in workers:
        worker.start()

    def tick() -> None:
        began, number = time.monotonic(), 0
        while True:
            at = began + number / rate
            if over.wait(max(0.0, at - time.monotonic())):
                return
            due.put((number, at))
            number += 1

    ticking = threading.Thread(target=tick, daemon=True)
    ticking.start()
    try:
        yield made
    finally:
        over.set()
        ticking.join()
        for _ in workers:
            due.put(None)
        for worker in workers:
            worker.join()


def _created(api: Api, namespace: str, pod: Document, at: float, *, kept: bool) -> Creation:
    # Its types of objects take seconds to import, and as long as the rest to be made of a pod.
    client: Any = api.connection
    try:
        request = client.param_serialize(
            method="POST",
            resource_path=f"/api/v1/namespaces/{namespace}/pods",
            query_params=[] if kept else [("dryRun", "All")],
            header_params={"Content-Type": "application/json"},
            body=pod,
            auth_settings=["BearerToken"],
        )
        answer = client.call_api(*request)
        content = json.loads(answer.read())
        if answer.status not in _MADE:
            return Creation(at, time.monotonic() - at, has_agent=False, error=str(content))
        spec = content["spec"]
    except Exception as error:  # noqa: BLE001 - whatever it is, this creation has failed
        return Creation(at, time.monotonic() - at, has_agent=False, error=str(error))
    listed = [one["name"] for one in spec.get("initContainers", ())]
    has_agent = names.AGENT_CONTAINER in listed
    return Creation(at, time.monotonic() - at, has_agent=has_agent)
