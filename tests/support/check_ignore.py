"""`git check-ignore`, asked about all files and directories of a small repository at once."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FIELDS = 4
"""What git says of a path: the file with the rule, its line, the rule, the path."""


class IgnoreRepository:
    """A repository with these empty files; its items are paths and whether each is a directory."""

    def __init__(self, root: Path, files: Iterable[str]) -> None:
        self.root = root
        self._environment = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
        }
        self._git("init", "--quiet")
        for file in files:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).touch()
        found = {
            str(path.relative_to(root)): path.is_dir()
            for path in sorted(root.rglob("*"))
            if ".git" not in path.parts
        }
        self._paths = found

    def __iter__(self) -> Iterator[tuple[str, bool]]:
        return iter(self._paths.items())

    def _git(self, *arguments: str, stdin: str = "") -> str:
        git = shutil.which("git")
        if git is None:
            raise RuntimeError("the tests need git on the PATH")
        done = subprocess.run(  # noqa: S603 - a fixed command, and no shell
            [git, *arguments],
            cwd=self.root,
            env=self._environment,
            input=stdin.encode(),
            capture_output=True,
            check=False,
        )
        return done.stdout.decode()

    def ignored(self, rules: str) -> dict[str, bool]:
        """Which of the paths git ignores with these rules in `.gitignore`."""
        (self.root / ".gitignore").write_bytes(rules.encode("utf-8", "surrogateescape"))
        asked = "".join(f"{path}\0" for path in self._paths)
        said = self._git(
            "check-ignore",
            "--stdin",
            "--no-index",
            "-z",
            "--verbose",
            "--non-matching",
            stdin=asked,
        ).split("\0")
        answers = {}
        for place in range(0, len(said) - 1, FIELDS):
            source, _, rule, path = said[place : place + FIELDS]
            answers[path] = bool(source) and not rule.startswith("!")
        return answers
