"""What the API server says of a kind of object, as soon as it says it.

Lines are not parsed: what is looked for is found by its shape, so that the bench, which shares two
cores with what it measures, needs little of them.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from stoker.adapters.kube.errors import ApiFailed
from stoker.adapters.kube.reasons import Broken
from stoker.adapters.kube.resources import CONFIG_MAPS, GATEWAY_SYNCS, Resource
from stoker.adapters.kube.transport import Request, Transport
from stoker.core import names

Key = tuple[str, str]

_HOUR: Final = 3600
_AGAIN: Final = 0.05
_BLOCK: Final = 1 << 16
_NAME: Final = re.compile(rb'"name":"([^"]+)","namespace":"([^"]+)","(?:uid|resourceVersion)":')
_COMMIT: Final = re.compile(rb'"(?:c|lastSyncC)ommit":"([0-9a-f]{40})"')
_REPORT: Final = re.compile(rb'"report (\d+)"')
_AGENTS: Final = f"{names.MANAGED_BY_LABEL}={names.MANAGED_BY_AGENT}"
_OURS: Final = f"{names.CR_NAME_LABEL},{names.MANAGED_BY_LABEL}={names.MANAGED_BY_CONTROLLER}"
_JSON: Final = "application/json"
_METADATA: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


@dataclass
class Seen:
    """When each object had which commit, and when each report was in a status."""

    commits: dict[str, dict[Key, float]] = field(default_factory=dict)
    reports: dict[int, float] = field(default_factory=dict)
    objects: dict[Key, float] = field(default_factory=dict)

    def take(self, line: bytes) -> None:
        """Take in a line."""
        now = time.monotonic()
        if (named := _NAME.search(line)) is None:
            return
        key = named[2].decode(), named[1].decode()
        self.objects.setdefault(key, now)
        if (commit := _COMMIT.search(line)) is not None:
            self.commits.setdefault(commit[1].decode(), {}).setdefault(key, now)
        for number in _REPORT.findall(line):
            self.reports.setdefault(int(number), now)

    def times(self, commit: str) -> list[float]:
        """When each object had this commit, the earliest first."""
        return sorted(self.commits.get(commit, {}).copy().values())


@dataclass
class Hearings:
    """The three that are listened to."""

    told: Seen = field(default_factory=Seen)
    """What agents are told."""
    shown: Seen = field(default_factory=Seen)
    """What the CRs show."""
    ready: Seen = field(default_factory=Seen)
    """What agents can write to."""
    listeners: list[_Listener] = field(default_factory=list)

    def all_are_ready(self) -> None:
        """From now on the API server need not tell what agents write."""
        self.listeners.pop().over.set()


@contextmanager
def hearings(way: Transport) -> Iterator[Hearings]:
    """All three for the `with`."""
    made = Hearings()
    made.listeners = [
        _Listener(way, CONFIG_MAPS, _OURS, made.told.take),
        _Listener(way, GATEWAY_SYNCS, "", made.shown.take),
        _Listener(way, CONFIG_MAPS, _AGENTS, made.ready.take, accept=_METADATA),
    ]
    for one in made.listeners:
        one.start()
    try:
        yield made
    finally:
        for one in made.listeners:
            one.over.set()


class _Listener(threading.Thread):
    """Follows a kind of object until the end of the process, or until it is over."""

    def __init__(
        self,
        way: Transport,
        resource: Resource,
        labels: str,
        take: Callable[[bytes], None],
        accept: str = _JSON,
    ) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self._way = way
        self._resource = resource
        self._labels = labels
        self._take = take
        self._accept = accept

    def run(self) -> None:
        while not self.over.wait(_AGAIN):
            with suppress(ApiFailed, Broken):
                self._follow(self._version())

    def _version(self) -> str:
        listed = self._way.document(self._request("GET", _JSON, limit="1"), 30)
        return str(listed["metadata"]["resourceVersion"])

    def _follow(self, version: str) -> None:
        last = str(_HOUR)
        asked = self._request(
            "WATCH", self._accept, watch="1", resourceVersion=version, timeoutSeconds=last
        )
        answer = self._way.stream(asked, _HOUR)
        kept = b""
        while block := answer.read(_BLOCK):
            if self.over.is_set():
                answer.close()
                return
            *lines, kept = (kept + block).split(b"\n")
            for line in lines:
                self._take(line)

    def _request(self, method: str, accept: str, **query: str) -> Request:
        return Request(
            method=method,
            path=self._resource.path(),
            resource=self._resource,
            query={**query, **({"labelSelector": self._labels} if self._labels else {})},
            accept=accept,
        )
