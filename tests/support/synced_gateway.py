"""A repository, a data directory, and syncs between them by the engine itself."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stoker.adapters.clock import utc_now
from stoker.adapters.git.credentials import Access
from stoker.adapters.ignition import Gateway
from stoker.core.agent import Identity
from stoker.core.pods import Pod, PodAnnotations
from stoker.core.profile import Metadata, ResolvedProfile
from stoker.core.spec import SourceMapping
from stoker.entrypoints.engine.doers import Doers
from stoker.entrypoints.engine.here import opened
from stoker.entrypoints.engine.once import Ending, sync_once
from stoker.entrypoints.engine.site import Site
from stoker.testing.repositories import Upstream

Contents = dict[str, tuple[bytes, int]]


def profile(*mappings: SourceMapping, **more: Any) -> ResolvedProfile:
    """A profile; without a mapping, one that maps the projects."""
    chosen = mappings or (SourceMapping(source="projects", destination="projects"),)
    excludes = more.pop("exclude_patterns", ("**/.git/", "**/.gitkeep", "**/.resources/**"))
    return ResolvedProfile(name="default", mappings=chosen, exclude_patterns=excludes, **more)


class SyncedGateway:
    """One gateway's files, and the repository that they come from."""

    def __init__(self, folder: Path, gateway: Gateway | None = None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        path = folder / "upstream.git"
        self.upstream = Upstream.at(path) if path.exists() else Upstream.create(path)
        self.site = Site(
            identity=Identity(
                namespace="plant",
                pod_name="line-0",
                cr_name="site",
                has_gateway=gateway is not None,
            ),
            data=self.data,
            repository=folder / "repository.git",
            scratch=folder / "scratch",
            access=Access(protocols=("file",)),
            gateway=gateway,
        )
        self.pod = Pod(name="line-0", labels={}, annotations=PodAnnotations.read({}))

    def commit(self, files: Mapping[str, str | bytes], *, delete: tuple[str, ...] = ()) -> str:
        """Commit a change of the repository."""
        return self.upstream.commit(dict(files), delete=delete)

    @contextmanager
    def at_work(self) -> Iterator[Doers]:
        """The doers of one life of an agent."""
        with opened(self.site, utc_now) as doers:
            yield doers

    def metadata(self, commit: str, wanted: ResolvedProfile, ref: str = "main") -> Metadata:
        """What a controller tells."""
        return Metadata(
            commit=commit,
            ref=ref,
            git_url=f"file://{self.upstream.git_dir}",
            profiles={"default": wanted},
        )

    def sync(self, commit: str, wanted: ResolvedProfile | None = None, ref: str = "main") -> Ending:
        """One sync in a life of its own."""
        with self.at_work() as doers:
            return self.sync_with(doers, commit, wanted, ref)

    def sync_with(
        self, doers: Doers, commit: str, wanted: ResolvedProfile | None = None, ref: str = "main"
    ) -> Ending:
        """One sync by doers that live on."""
        metadata = self.metadata(commit, wanted or profile(), ref)
        return sync_once(doers, metadata, self.pod, sleep=lambda _: None)

    def write(self, path: str, content: str) -> Path:
        """Write a file of the gateway by hand."""
        file = self.data / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file

    def files(self) -> Contents:
        """Every file of the data directory with its bytes and mode, Stoker's own apart."""
        return contents(self.data)


def contents(folder: Path) -> Contents:
    """Every file below a folder, by its path; a link by where it points to."""
    found: Contents = {}
    for above, folders, names in os.walk(folder):
        if Path(above) == folder:
            folders[:] = [name for name in folders if name != ".stoker"]
        for name in (*names, *(one for one in folders if (Path(above) / one).is_symlink())):
            path = Path(above) / name
            status = path.lstat()
            held = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
            found[str(path.relative_to(folder))] = (held, stat.S_IMODE(status.st_mode))
    return found


def texts(found: Contents) -> dict[str, str]:
    """The contents alone, as text."""
    return {path: held.decode() for path, (held, _) in found.items()}
