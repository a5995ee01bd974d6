"""A standalone agent as a service runs it: a process with a configuration file."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

from attrs import define, field

from stoker.testing.gateway import FakeGateway
from stoker.testing.repositories import Upstream
from support.command import STOKER, environment
from support.server_processes import end, eventually, free_port

PATIENCE = 20.0
VIEW = "projects/line/com.inductiveautomation.perspective/views/Main"


def project(view: str = '{"root": {}}') -> dict[str, str]:
    """A project with one view."""
    document = {
        "scope": "G",
        "version": 1,
        "restricted": False,
        "overridable": True,
        "files": ["view.json"],
        "attributes": {},
    }
    return {
        "projects/line/project.json": '{"title": "Line", "enabled": true, "inheritable": false}',
        f"{VIEW}/resource.json": json.dumps(document),
        f"{VIEW}/view.json": view,
    }


@define
class Agent:
    """The process, and the lines that it has printed so far."""

    process: subprocess.Popen[bytes]
    reader: threading.Thread
    lines: list[dict[str, Any]]

    @property
    def audits(self) -> list[dict[str, Any]]:
        """The records of its syncs."""
        return [line for line in self.lines if line["logger"] == "audit"]

    def ends(self, number: signal.Signals = signal.SIGTERM) -> int:
        """The exit code after a signal."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self.reader.join()
        return code


@define
class Station:
    """A machine with a gateway's data directory, and a repository that the agent may reach."""

    folder: Path
    port: int = field(factory=free_port)
    agents: list[Agent] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        """Make the folders and an empty repository."""
        self.data.mkdir()
        Upstream.create(self.folder / "plant.git")

    @property
    def data(self) -> Path:
        """The gateway's data directory."""
        return self.folder / "data"

    @property
    def upstream(self) -> Upstream:
        """The repository."""
        return Upstream.at(self.folder / "plant.git")

    def start(self, gateway: FakeGateway | None = None, **profile: Any) -> Agent:
        """An agent with this configuration."""
        beside: dict[str, Any] = {"name": "line-4"}
        if gateway is not None:
            key = self.folder / "api-key"
            key.write_text(gateway.token)
            beside |= {"url": gateway.url, "apiKeyFile": str(key)}
        mappings = [{"source": "projects", "destination": "projects"}]
        config = {
            "gateway": beside,
            # So long that nothing in a test comes from the clock.
            "git": {
                "repo": f"file://{self.upstream.git_dir}",
                "ref": "main",
                "pollInterval": "1h",
            },
            "dataDir": str(self.data),
            "repoDir": str(self.folder / "agent"),
            "profile": {"mappings": mappings, **profile},
            "listen": f"127.0.0.1:{self.port}",
        }
        file = self.folder / "agent.yaml"
        file.write_text(json.dumps(config))
        return self.run(file)

    def run(self, file: Path) -> Agent:
        """An agent with the configuration that stands in the file."""
        with (self.folder / "stderr").open("ab") as complaints:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [*STOKER, "agent", "--config", str(file)],
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=complaints,
            )
        out, lines = cast("IO[bytes]", process.stdout), list[dict[str, Any]]()

        def read() -> None:
            with out:
                lines.extend(map(json.loads, out))

        reader = threading.Thread(target=read)
        reader.start()
        agent = Agent(process, reader, lines)
        self.agents.append(agent)
        return agent

    def close(self) -> None:
        """End what still runs."""
        for agent in self.agents:
            end(agent.process)
            agent.reader.join()

    def ask(self, path: str, *, post: bool = False) -> tuple[int, str]:
        """Status and text of an answer; status 0 where nobody answers."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", method="POST" if post else "GET"
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - as above
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def status(self) -> dict[str, Any]:
        """What the agent tells of its gateway."""
        code, text = self.ask("/status")
        return json.loads(text) if code == 200 else {}

    def wait(self, what: Callable[[], bool]) -> None:
        """Until it is so; fails with what the agents have said."""
        if not eventually(what, PATIENCE):
            said = [line for agent in self.agents for line in agent.lines][-20:]
            told = (self.folder / "stderr").read_text()
            raise AssertionError(f"it did not come: {said} {self.status()} {told}")

    def has_synced(self, commit: str) -> bool:
        """Whether the agent says so of this commit."""
        status = self.status()
        return status.get("syncStatus") == "Synced" and status.get("syncedCommit") == commit

    def wait_for(self, commit: str) -> None:
        """Until the agent says that the gateway has this commit."""
        self.wait(lambda: self.has_synced(commit))

    def differing(self, files: dict[str, str]) -> list[str]:
        """Which of the files are not in the data directory just so."""
        return [name for name, text in files.items() if self.text(name) != text]

    def text(self, name: str) -> str | None:
        """What a file of the gateway holds, if it is there."""
        try:
            return (self.data / name).read_text()
        except FileNotFoundError:
            return None
