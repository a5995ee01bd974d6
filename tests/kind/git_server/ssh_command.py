"""What sshd runs in place of what a client asks for: git's own two services, and nothing else.

The path is that of the HTTPS server, so `ssh://git@host/plant.git` and `https://host/plant.git`
are one repository.
"""

from __future__ import annotations

import os
import shlex
import sys

from git_server import repositories

_SERVICES = ("git-upload-pack", "git-receive-pack")


def main() -> None:
    """Become the service."""
    words = shlex.split(os.environ.get("SSH_ORIGINAL_COMMAND", ""))
    if len(words) != 2 or words[0] not in _SERVICES:
        sys.exit(f"only git is served here: {' or '.join(_SERVICES)}")
    service, path = words
    found = repositories.named(path)
    if found is None or found[1]:
        sys.exit(f"{path}: no path of a repository, which is NAME.git")
    if service == "git-receive-pack":
        repositories.make(found[0])
    protocol = os.environ.get("GIT_PROTOCOL", "")
    environment = repositories.ENVIRONMENT | {"GIT_PROTOCOL": protocol}
    os.execvpe(service, [service, str(found[0])], environment)  # noqa: S606 - a list, no shell


if __name__ == "__main__":
    main()
