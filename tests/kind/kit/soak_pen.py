"""Somebody who pushes all the time, and knows what each commit has to become on a gateway.

Files are added, changed, deleted and renamed, some are templates, some may be run, some are large.
A `Version` is a commit with all its files, so what a gateway must hold at any commit is computed
here, by replacing three words, and not by the product's own code.
"""

from __future__ import annotations

import hashlib
import json
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from stoker.testing.repositories import Executable

if TYPE_CHECKING:
    from kit.git_here import Source
    from stoker.testing.repositories import Item

PROJECT: Final = "projects/line"
CORE: Final = "config/resources/core"
MAPPINGS: Final[Sequence[Mapping[str, Any]]] = (
    {
        "source": PROJECT,
        "destination": PROJECT,
        "template": True,
        "patches": [{"file": "project.json", "set": {"title": "Line of {{.GatewayName}}"}}],
    },
    {"source": CORE, "destination": CORE},
)
VARS: Final = {"area": "north"}

_VIEWS: Final = f"{PROJECT}/com.inductiveautomation.perspective/views"
_SCRIPTS: Final = f"{PROJECT}/ignition/script-python"
_DATA: Final = f"{CORE}/ignition/images"
_TITLE: Final = '"title": "Line"'
_TEXT: Final = (
    '{"root": {"props": {"text": "%s, {{.GatewayName}} in {{.Vars.area}}, {{.Commit}}"}}}'
)
_FEWEST: Final = 5
_MOST: Final = 24
_LARGE: Final = 300_000

Files = Mapping[str, tuple[bytes, int]]
"""Content and mode by path, from the data directory."""


@dataclass(frozen=True)
class Version:
    """A commit, and all that stands in it."""

    commit: str
    files: Files

    def on(self, gateway: str) -> Files:
        """What it has to be in the data directory of this gateway."""
        words = {
            b"{{.GatewayName}}": gateway.encode(),
            b"{{.Vars.area}}": VARS["area"].encode(),
            b"{{.Commit}}": self.commit.encode(),
        }
        return {path: (_written(path, c, words), mode) for path, (c, mode) in self.files.items()}

    def digests(self, gateway: str) -> Mapping[str, str]:
        """The same as a gateway tells of what it has loaded."""
        return {
            path: hashlib.sha256(one).hexdigest() for path, (one, _) in self.on(gateway).items()
        }


def _written(path: str, content: bytes, words: Mapping[bytes, bytes]) -> bytes:
    if not path.startswith(PROJECT):
        return content
    if path == f"{PROJECT}/project.json":
        content = content.replace(_TITLE.encode(), b'"title": "Line of {{.GatewayName}}"')
    for word, text in words.items():
        content = content.replace(word, text)
    return content


@dataclass
class Pen:
    """The author of one repository."""

    source: Source
    chance: random.Random
    history: list[Version] = field(default_factory=list)
    """All versions, the newest last."""
    _changed: threading.Lock = field(default_factory=threading.Lock)

    @property
    def last(self) -> Version:
        """The newest."""
        return self.history[-1]

    def since(self, commit: str) -> list[Version]:
        """The version of this commit and all after it; none where nobody wrote it."""
        found = [n for n, one in enumerate(list(self.history)) if one.commit == commit]
        return self.history[found[0] :] if found else []

    def begin(self) -> Version:
        """The first commit."""
        files: dict[str, tuple[bytes, int]] = {
            f"{PROJECT}/project.json": (f'{{{_TITLE}, "enabled": true}}'.encode(), 0o644),
            f"{CORE}/config-mode.json": (b'{"title": "core", "enabled": true}', 0o644),
            f"{PROJECT}/tools/start": (b"#!/bin/sh\necho {{.GatewayName}}\n", 0o755),
        }
        for number in range(_FEWEST + 3):
            files |= self._resource(f"{_VIEWS}/View {number}", "view.json", _TEXT % number)
        return self._push(files, {})

    def write(self) -> Version:
        """Another commit."""
        before = dict(self.last.files)
        after = dict(before)
        for _ in range(self.chance.choice([1, 1, 2, 3, 8])):
            self._change(after)
        return self._push(after, before)

    # --- What somebody may do ---

    def _change(self, files: dict[str, tuple[bytes, int]]) -> None:
        folders = sorted(
            {path.rpartition("/")[0] for path in files if path.endswith("resource.json")}
        )
        ways = [self._edit, self._edit, self._rename, self._run, self._grow]
        if len(folders) < _MOST:
            ways += [self._add, self._add]
        if len(folders) > _FEWEST:
            ways += [self._delete]
        self.chance.choice(ways)(files, self.chance.choice(folders))

    def _add(self, files: dict[str, tuple[bytes, int]], _: str) -> None:
        number = self.chance.randrange(10_000)
        if self.chance.random() < 0.6:
            files |= self._resource(f"{_VIEWS}/Area/View {number}", "view.json", _TEXT % number)
        else:
            script = f"# {{{{.GatewayName}}}}\nlevel = {number}\n"
            files |= self._resource(f"{_SCRIPTS}/s{number}", "code.py", script)

    def _edit(self, files: dict[str, tuple[bytes, int]], folder: str) -> None:
        path = self.chance.choice([one for one in files if one.startswith(f"{folder}/")])
        content, mode = files[path]
        if path.endswith("resource.json"):
            document = {**json.loads(content), "documentation": str(self.chance.random())}
            files[path] = (json.dumps(document).encode(), mode)
        elif path.endswith((".json", ".py")):
            files[path] = (content + b" " * self.chance.randrange(1, 5) + b"\n", mode)
        else:
            files[path] = (self._noise(), mode)

    def _rename(self, files: dict[str, tuple[bytes, int]], folder: str) -> None:
        above = folder.rpartition("/")[0]
        target = f"{above}/Moved {self.chance.randrange(10_000)}"
        for path in [one for one in files if one.startswith(f"{folder}/")]:
            files[target + path.removeprefix(folder)] = files.pop(path)

    def _delete(self, files: dict[str, tuple[bytes, int]], folder: str) -> None:
        for path in [one for one in files if one.startswith(f"{folder}/")]:
            del files[path]

    def _run(self, files: dict[str, tuple[bytes, int]], _: str) -> None:
        """One that may be run from now on, or no more."""
        path = f"{PROJECT}/tools/start"
        content, mode = files[path]
        files[path] = (content + b"true\n", 0o644 if mode == 0o755 else 0o755)

    def _grow(self, files: dict[str, tuple[bytes, int]], _: str) -> None:
        """Something large, which takes its time on every way."""
        name = f"{_DATA}/photo {self.chance.randrange(3)}.png"
        files |= self._resource(name, "data.bin", self._noise())

    def _noise(self) -> bytes:
        return self.chance.randbytes(self.chance.randrange(_LARGE))

    def _resource(
        self, folder: str, name: str, content: str | bytes
    ) -> dict[str, tuple[bytes, int]]:
        raw = content.encode() if isinstance(content, str) else content
        document = {"scope": "G", "version": 1, "restricted": False, "overridable": True}
        document |= {"files": [name], "attributes": {}}
        return {
            f"{folder}/{name}": (raw, 0o644),
            f"{folder}/resource.json": (json.dumps(document).encode(), 0o644),
        }

    def _push(
        self, after: Mapping[str, tuple[bytes, int]], before: Mapping[str, tuple[bytes, int]]
    ) -> Version:
        changed = {path: one for path, one in after.items() if before.get(path) != one}
        with self._changed:
            commit = self.source.commit(
                {path: _item(*one) for path, one in changed.items()},
                delete=[path for path in before if path not in after],
            )
            made = Version(str(commit), dict(after))
            # Whoever sees the commit before it stands here looks again a moment later.
            self.history.append(made)
        return made


def _item(content: bytes, mode: int) -> Item:
    return Executable(content) if mode == 0o755 else content
