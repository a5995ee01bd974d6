"""The command line as a user runs it: a process with arguments, an environment and a directory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

STOKER = (sys.executable, "-m", "stoker")

_OURS = ("STOKER_", "GIT_", "XDG_", "NO_COLOR", "API_KEY_FILE", "PYTHON", "COLUMNS")


def environment(**more: str) -> dict[str, str]:
    """The environment without anything that changes what the command does, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {**kept, "TERM": "xterm", **more}


def stoker(
    *arguments: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    user: int | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `stoker` to its end."""
    done = subprocess.run(  # noqa: S603 - our own program
        [*STOKER, *map(str, arguments)],
        cwd=cwd,
        env=environment(**(env or {})),
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
        user=user,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def git(*arguments: str | Path, cwd: Path) -> str:
    """Run git in a repository, as nobody in particular."""
    named = ("-c", "user.name=Tess", "-c", "user.email=tess@example.org")
    done = subprocess.run(  # noqa: S603 - as above
        ["git", *named, "-c", "init.defaultBranch=main", *map(str, arguments)],  # noqa: S607
        cwd=cwd,
        env=environment(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_SYSTEM=os.devnull),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def commit_of(repository: Path, files: Mapping[str, bytes | str], message: str = "files") -> str:
    """Make `files` the whole content of a new commit on main, and return its id."""
    if not (repository / ".git").exists():
        repository.mkdir(parents=True, exist_ok=True)
        git("init", "-q", cwd=repository)
    git("rm", "-rqf", "--ignore-unmatch", ".", cwd=repository)
    for name, content in files.items():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    git("add", "-A", cwd=repository)
    git("commit", "-qm", message, "--allow-empty", cwd=repository)
    return git("rev-parse", "HEAD", cwd=repository)


def lines(text: str) -> Sequence[str]:
    """The lines of what was printed."""
    return text.splitlines()
