"""A post: a GatewaySync with one agent, a process of this machine, beside a fake gateway in it.

The API server, the controller and the git server behind HTTPS are real, and so is the agent; its
pod runs nowhere. So nothing has to be started that takes long, and a test gets at everything that a
fault can be done to: the process and its clock, the folders of its repository and of the gateway's
files, the gateway, and the ways to both servers. Each post has a GatewaySync of its own, as it is
the GatewaySync that says at which port its gateways are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crash.comparing import left_in
from kit.eventually import eventually
from kit.local_agents import LocalAgent, LocalAgents, local_agents
from kit.passages import Passage, passage
from kit.works import Works, profiles, works
from stoker.testing.gateway import FakeGateway, Settings

if TYPE_CHECKING:
    from kit.git_here import GitHere
    from kit.local_controller import LocalController
    from kit.spaces import Space

NOWHERE: Final = "nowhere:none"
"""The image of pods that nobody starts."""
QUICK: Final = Settings(scan_seconds=0.05, restart_seconds=1.0)
_TOPS: Final = ("projects", "config")
_STATE: Final = ".stoker"
_UNDER_WAY: Final = ("journal", "slots", "undo")
"""What of an agent's own state is there only while it is at work."""


@dataclass
class Post:
    """One of them; its agent does not run before it is started."""

    works: Works
    agent: LocalAgent
    passage: Passage

    @property
    def gateway(self) -> FakeGateway:
        """The gateway."""
        assert self.agent.gateway is not None
        return self.agent.gateway

    @property
    def data(self) -> Path:
        """The folder of the gateway's files."""
        return self.agent.lodging.data

    @property
    def repository(self) -> Path:
        """The agent's repository."""
        return self.agent.lodging.repo / "repository.git"

    def begin(self, files: Mapping[str, Any]) -> str:
        """Commit, start the agent, and wait until it has told of that; the commit."""
        commit = str(self.works.push(files))
        self.agent.start()
        self.agent.will_say("Synced", commit)
        return commit

    def tree(self) -> dict[str, bytes]:
        """The files of projects and configuration, but for what gateways keep for themselves."""
        return {
            str(path.relative_to(self.data)): path.read_bytes()
            for top in _TOPS
            for path in (self.data / top).rglob("*")
            if path.is_file() and ".resources" not in path.parts
        }

    def differs(self, wanted: Mapping[str, str | bytes]) -> list[str]:
        """What of the tree is not so, as words; a gateway signs each `resource.json` anew."""
        found = self.tree()
        expected = {path: _raw(content) for path, content in wanted.items()}
        told = [f"{path} is missing" for path in expected.keys() - found.keys()]
        told += [f"{path} is too many" for path in found.keys() - expected.keys()]
        told += [
            f"{path} holds {found[path][:60]!r}"
            for path in expected.keys() & found.keys()
            if found[path] != expected[path] and not path.endswith("resource.json")
        ]
        return sorted(told)

    def has(self, wanted: Mapping[str, str | bytes], within: float = 30.0) -> None:
        """Wait until the tree is so, and the gateway has loaded all of it."""

        def standing() -> bool:
            assert not (told := self.differs(wanted)), told
            loaded = self.gateway.loaded.files()
            missing = [path for path in wanted if _is_loaded(path) and path not in loaded]
            assert not missing, f"not loaded: {missing[:5]}"
            return True

        eventually(
            standing, what="the tree is that of the commit", within=within, tell=[self.agent.tail]
        )

    def is_at(self, wanted: Mapping[str, str | bytes]) -> bool:
        """Whether the tree is so; an error that says what is not."""
        assert not (told := self.differs(wanted)), told
        return True

    def left_over(self) -> list[str]:
        """Locks, temporary files and state of a sync under way, once there is none."""
        own = self.data / _STATE
        there = [f"{_STATE}/{name}" for name in _UNDER_WAY if _has_files(own / name)]
        lodging = self.agent.lodging
        places = (lodging.repo / "scratch", lodging.tmp)
        lost = [str(one.relative_to(lodging.folder)) for at in places for one in at.glob("*")]
        return [*there, *lost, *left_in(self.repository)]

    def is_clean(self) -> bool:
        """Whether nothing of that is left; an error that says what is."""
        assert not (told := self.left_over()), told
        return True

    def row(self, **said: object) -> dict[str, Any]:
        """What the CR says of the gateway, if it says that."""
        found = self.agent.row()
        for name, wanted in said.items():
            assert found.get(name) == wanted, found
        return found

    def shows(self, status: str, text: str = "", within: float = 40.0) -> dict[str, Any]:
        """The row of the CR, once it says so."""
        __tracebackhide__ = True

        def told() -> dict[str, Any]:
            found = self.row(syncStatus=status)
            assert text in found.get("errorMessage", ""), found
            return found

        what = f"the CR shows {self.agent.name} as {status} {text}".rstrip()
        return eventually(told, what=what, within=within, tell=[self.agent.tail])


@dataclass
class Posts:
    """Those of a file."""

    space: Space
    git: GitHere
    controller: LocalController
    folder: Path
    stack: ExitStack = field(repr=False)

    def new(
        self,
        name: str,
        *,
        gateway: Settings = QUICK,
        prepare: Callable[[Path], object] | None = None,
        **spec: Any,
    ) -> Post:
        """Another one; `prepare` gets the folder of its folders before there are any."""
        self.controller.ready()
        folder = self.folder / name
        (folder / f"{name}-0").mkdir(parents=True)
        if prepare is not None:
            prepare(folder / f"{name}-0")
        wish = {"sync": profiles(syncPeriod=5), **spec}
        made = works(self.space, name, self.git, NOWHERE, NOWHERE, **wish)
        way = self.stack.enter_context(passage(self.space.cluster, folder))
        agents: LocalAgents = self.stack.enter_context(local_agents(made, way, folder))
        agent = agents.prepare(f"{name}-0", gateway=gateway)
        return Post(made, agent, way)


def _raw(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _is_loaded(path: str) -> bool:
    """Whether a gateway loads such a file: one of a resource."""
    return path.endswith("view.json")


def _has_files(folder: Path) -> bool:
    if folder.is_file():
        return True
    return folder.is_dir() and any(one.is_file() for one in folder.rglob("*"))
