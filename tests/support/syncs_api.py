"""An API server as admission sees it: GatewaySyncs of any namespace, and reviews of tokens.

It can be late with telling its watches: what is done within `silence` they never hear of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from stoker.adapters.kube.inside import HOST, PORT
from support.crs_api import CrsApi
from support.scripted_server import Asked, Step, reply


class SyncsApi(CrsApi):
    """One of them, for the `with`."""

    silent = False

    def environ(self) -> dict[str, str]:
        """How a pod is told of it."""
        return {HOST: "127.0.0.1", PORT: str(self.server.port)}

    def lists(self, namespace: str = "plant") -> int:
        """How often the CRs of this one namespace were listed."""
        end = f"/namespaces/{namespace}/gatewaysyncs"
        return sum(one.path.endswith(end) for one in self.asked("GET", "gatewaysyncs"))

    @property
    def watched(self) -> bool:
        """Whether a watch is there."""
        return bool(self._watching)

    @contextmanager
    def silence(self) -> Iterator[None]:
        """No watch hears of what is done within it."""
        self.silent = True
        try:
            yield
        finally:
            self.silent = False

    def _moved(self, key: tuple[str, str], kind: str) -> None:
        if self.silent:
            self.crs[key]["metadata"]["resourceVersion"] = str(self._next())
        else:
            super()._moved(key, kind)

    def _answer(self, asked: Asked) -> Iterable[Step]:
        if asked.method == "POST" and asked.path.endswith("reviews"):
            user = {"username": "scraper"}
            return reply(201, {"status": {"authenticated": True, "user": user, "allowed": True}})
        return super()._answer(asked)
