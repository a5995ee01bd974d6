"""The processes of git that run on this machine, by the server or repository that they ask."""

from __future__ import annotations

from pathlib import Path


def asking(place: str) -> list[str]:
    """Those whose words name this place: their numbers and words."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            is_git = words[0].rpartition(b"/")[2].startswith((b"git", b"ssh"))
            if is_git and any(place.encode() in word for word in words):
                found.append(f"{process.name} {b' '.join(words).decode(errors='replace')}")
    return found
