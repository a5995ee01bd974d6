"""What goes into an image, as contents: read once, hashed, and written to where it is built.

The folder that a builder sees is made anew from what was hashed. So nothing that the hash does not
know can come into an image, whatever lies about in the work tree or changes during the build.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cluster.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).resolve().parents[3]
"""The repository."""

_FORM = "1"
"""Counts up when the same inputs are built in another way."""


@dataclass(frozen=True)
class Inputs:
    """Files by their paths in the build's folder; a path that ends in `*` may be executed."""

    files: Mapping[str, bytes]

    @classmethod
    def read(cls, paths: Iterable[str], root: Path = ROOT) -> Self:
        """The files, and all files below the folders, that are named relative to `root`."""
        found: dict[str, bytes] = {}
        for name in paths:
            for file in _files(root / name):
                mark = "*" if os.access(file, os.X_OK) else ""
                found[f"{file.relative_to(root)}{mark}"] = file.read_bytes()
        return cls(found)

    def key(self, *more: str) -> str:
        """Sixteen hex digits that stand for these files and for what else decides the image."""
        digest = hashlib.sha256()
        for part in (_FORM, *more):
            _add(digest, part.encode())
        for name in sorted(self.files):
            _add(digest, name.encode())
            _add(digest, self.files[name])
        return digest.hexdigest()[:16]

    def write(self, folder: Path) -> None:
        """Make the build's folder, the same whatever umask and owner the work tree has."""
        for name, content in self.files.items():
            path = folder / name.removesuffix("*")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o755 if name.endswith("*") else 0o644)
        for path in folder.rglob("*/"):
            path.chmod(0o755)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        for child in sorted(path.iterdir()):
            if child.name != "__pycache__":
                yield from _files(child)
    else:
        raise Problem(f"{path} is not there, and an image is built from it")


def _add(digest: hashlib._Hash, part: bytes) -> None:
    digest.update(len(part).to_bytes(8, "big") + part)
