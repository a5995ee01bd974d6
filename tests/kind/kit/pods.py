"""A pod as a test sees it: its state, its logs, commands in it, requests to it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kit.eventually import Hopeless, eventually

if TYPE_CHECKING:
    from kit.spaces import Space

_START: Final = 60.0
_REQUEST: Final = 30.0


@dataclass(frozen=True)
class Answer:
    """What an HTTP server said."""

    status: int
    text: str

    @property
    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.text)


@dataclass(frozen=True)
class Pod:
    """A pod by its name, whether or not it is there."""

    space: Space
    name: str

    def status(self) -> dict[str, Any]:
        """Its status as it is now."""
        found: dict[str, Any] = self.space.kubectl.json("get", "pod", self.name)["status"]
        return found

    def container(self, name: str) -> dict[str, Any]:
        """The status of one of its containers, of whichever kind."""
        status = self.status()
        for key in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
            for one in status.get(key, ()):
                if one["name"] == name:
                    return dict(one)
        raise KeyError(f"pod {self.name} shows no status of a container {name}")

    def logs(self, container: str, *more: str) -> str:
        """What a container has printed."""
        return self.space.kubectl("logs", self.name, "--container", container, *more)

    def lines(self, container: str, *more: str) -> list[dict[str, Any]]:
        """What a container has printed, for those that print a line of JSON for each thing."""
        said = self.logs(container, *more).splitlines()
        return [json.loads(line) for line in said if line.startswith("{")]

    def exec(self, container: str, *words: str, stdin: str = "") -> str:
        """What a command prints in a container."""
        options = ("--stdin",) if stdin else ()
        where = ("exec", *options, self.name, "--container", container, "--")
        return self.space.kubectl(*where, *words, stdin=stdin)

    def ready(self, within: float = _START) -> Pod:
        """This pod, once it is ready."""
        __tracebackhide__ = True
        what = f"pod {self.name} is ready"
        eventually(self._is_ready, what=what, within=within)
        return self

    def ended(self, within: float = _START) -> str:
        """The phase that it has ended with, `Succeeded` or `Failed`."""
        __tracebackhide__ = True

        def phase() -> str:
            found = str(self.status()["phase"])
            return found if found in ("Succeeded", "Failed") else ""

        return eventually(phase, what=f"pod {self.name} ends", within=within)

    def delete(self, *, wait: bool = True) -> None:
        """Have it end as it would in a cluster, within its grace period."""
        self.space.kubectl("delete", "pod", self.name, f"--wait={str(wait).lower()}")

    def ask(
        self,
        port: int,
        path: str,
        *,
        method: str = "GET",
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to a request to one of its ports; `OSError` where nobody answers."""
        host, number = self.space.ways.to(self.name, port)
        connection = http.client.HTTPConnection(host, number, timeout=_REQUEST)
        try:
            sent = None if body is None else json.dumps(body).encode()
            connection.request(method, path, sent, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.read().decode(errors="replace"))
        except http.client.HTTPException as error:
            raise OSError(f"no answer from {self.name}:{port}: {error!r}") from error
        finally:
            connection.close()

    def _is_ready(self) -> bool:
        status = self.status()
        if status["phase"] in ("Succeeded", "Failed"):
            raise Hopeless(f"it has ended: {status['phase']} {status.get('message', '')}")
        conditions = {one["type"]: one["status"] for one in status.get("conditions", ())}
        if conditions.get("Ready") == "True":
            return True
        raise AssertionError(_states(status))


def _states(status: dict[str, Any]) -> str:
    """What its containers are about, in a line for each."""
    lines = [f"phase {status['phase']}"]
    for key in ("initContainerStatuses", "containerStatuses"):
        lines += [
            f"{one['name']}: {one['state']}, ready {one['ready']}, {one['restartCount']} restarts"
            for one in status.get(key, ())
        ]
    return "\n".join(lines)
