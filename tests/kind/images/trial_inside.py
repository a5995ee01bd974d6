"""The part of `trial` that runs in the new namespaces: mounts, and then becomes the program.

trial_inside.py ROOT USER HERE:THERE,… PROGRAM ARGUMENT…
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def main(arguments: list[str]) -> None:
    """Become the program, as that user, with nothing but the image around it."""
    root, user, binds, *words = arguments
    _mount("--make-rprivate", "/")
    _mount("--bind", root, root)
    for pair in filter(None, binds.split(",")):
        here, there = pair.split(":")
        Path(f"{root}{there}").mkdir(parents=True, exist_ok=True)
        _mount("--bind", here, f"{root}{there}")
    _mount("-t", "proc", "proc", f"{root}/proc")
    _mount("-t", "tmpfs", "-o", "mode=1777,size=256m", "tmpfs", f"{root}/tmp")  # noqa: S108 - fresh
    _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", f"{root}/dev")
    for name in ("null", "zero", "full", "random", "urandom"):
        Path(f"{root}/dev/{name}").touch()
        _mount("--bind", f"/dev/{name}", f"{root}/dev/{name}")
    _mount("-o", "remount,bind,ro", root, root)
    os.chroot(root)
    os.chdir("/")
    limits = ("--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs")
    users = (f"--reuid={user}", f"--regid={user}")
    os.execv("/usr/bin/setpriv", ["setpriv", *users, *limits, "--", *words])  # noqa: S606 - no shell


def _mount(*words: str) -> None:
    subprocess.run(["/usr/bin/mount", *words], check=True)  # noqa: S603 - mount and its options


if __name__ == "__main__":
    main(sys.argv[1:])
