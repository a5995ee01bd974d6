"""What is in an image: its configuration, and its files as a container would find them."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from cluster.running import run

if TYPE_CHECKING:
    from collections.abc import Mapping

_GONE: Final = ".wh."
"""How the name begins that a layer has for a file of a lower one that is no more."""
_ALL: Final = "/.wh..opq"
"""The rest of the name that is for all files of a folder."""


@dataclass(frozen=True)
class Contents:
    """An archive that `docker save` or `buildah push` has written."""

    archive: Path

    @cached_property
    def _manifest(self) -> Mapping[str, Any]:
        (one,) = json.loads(self._member("manifest.json"))
        found: Mapping[str, Any] = one
        return found

    @cached_property
    def configuration(self) -> Mapping[str, Any]:
        """User, environment, labels and what runs, as the image says."""
        found: Mapping[str, Any] = json.loads(self._member(self._manifest["Config"]))["config"]
        return found

    @cached_property
    def files(self) -> Mapping[str, tarfile.TarInfo]:
        """All files, folders and links by their paths, which begin without a slash."""
        found: dict[str, tarfile.TarInfo] = {}
        for layer in self._layers():
            for path in [path for gone in layer.gone for path in found if _is_at(path, gone)]:
                del found[path]
            found |= layer.files
        return found

    def unpack(self, root: Path) -> None:
        """Write the files below `root`, which takes root's rights to do as they are."""
        with tarfile.open(self.archive) as archive:
            for name, layer in zip(self._manifest["Layers"], self._layers(), strict=True):
                for gone in layer.gone:
                    run(["rm", "-rf", *_covered(root, gone)])
                archive.extract(name, root.parent, filter="data")
                _extract(root.parent / name, root)
                (root.parent / name).unlink()

    def _layers(self) -> list[_Layer]:
        with tarfile.open(self.archive) as archive:
            found = []
            for name in self._manifest["Layers"]:
                with tarfile.open(fileobj=archive.extractfile(name)) as layer:
                    found.append(_Layer.read(layer))
            return found

    def _member(self, name: str) -> bytes:
        with tarfile.open(self.archive) as archive:
            member = archive.extractfile(name)
            assert member
            return member.read()


@dataclass(frozen=True)
class _Layer:
    files: Mapping[str, tarfile.TarInfo]
    gone: tuple[str, ...]

    @classmethod
    def read(cls, layer: tarfile.TarFile) -> Self:
        files: dict[str, tarfile.TarInfo] = {}
        gone = []
        for info in layer:
            path = Path(info.name.removeprefix("./"))
            if path.name.startswith(_GONE):
                gone.append(str(path.with_name(path.name.removeprefix(_GONE))))
            else:
                files[str(path)] = info
        return cls(files, tuple(gone))


def _extract(layer: Path, root: Path) -> None:
    as_they_are = ("--preserve-permissions", "--numeric-owner", f"--exclude={_GONE}*")
    run(["tar", "--extract", *as_they_are, f"--file={layer}", f"--directory={root}"])


def _is_at(path: str, gone: str) -> bool:
    if gone.endswith(_ALL):
        return path.startswith(gone.removesuffix(_ALL) + "/")
    return path == gone or path.startswith(f"{gone}/")


def _covered(root: Path, gone: str) -> list[Path]:
    if gone.endswith(_ALL):
        return list((root / gone.removesuffix(_ALL)).iterdir())
    return [root / gone]
