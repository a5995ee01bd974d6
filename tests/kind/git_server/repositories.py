"""Bare repositories below one folder: found by the path of a URL, made at the first push."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from pathlib import Path
from typing import Final

ROOT: Final = Path("/srv/git")
ENVIRONMENT: Final = {
    "PATH": os.environ.get("PATH", os.defpath),
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    # The folder is a volume, which belongs to whoever made it.
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
    "GIT_CONFIG_KEY_1": "http.receivepack",
    "GIT_CONFIG_VALUE_1": "true",
}

_NAMED: Final = re.compile(r"/?((?:[\w-][\w.-]*/)*[\w-][\w.-]*\.git)(/.*)?")
_making = threading.Lock()


def named(path: str) -> tuple[Path, str] | None:
    """The repository that a path names, and the rest of the path; None where it names none."""
    found = _NAMED.fullmatch(path)
    return (ROOT / found[1], found[2] or "") if found else None


def make(repository: Path) -> None:
    """See that the repository is there."""
    with _making:
        if not (repository / "HEAD").exists():
            words = ("init", "--quiet", "--bare", "--initial-branch=main", str(repository))
            subprocess.run(["/usr/bin/git", *words], env=ENVIRONMENT, check=True)  # noqa: S603 - the path was matched
