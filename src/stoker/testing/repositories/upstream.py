"""A repository that somebody pushes to, made without anybody's git configuration.

Every commit goes through one `git fast-import`, so a commit of three files and one of a hundred
thousand are made the same way. Identity and dates are fixed unless given: the same calls make the
same commit ids on every machine.

What well-behaved programs cannot write (a tree with an entry called `..`, odd modes) is written as
a raw object, by `write_object` and `commit_tree`.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Final, Self, cast

from attrs import define

from stoker.core.errors import StokerError
from stoker.core.refs import CommitId
from stoker.testing.repositories.stream import Header, Item, commit_stream

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

IDENTITY: Final = "Ada Example <ada@example.com>"
EPOCH: Final = 1_767_225_600
"""When everything happens unless somebody says otherwise: the first second of 2026, UTC."""

NOTHING: Final[Mapping[str, Item]] = MappingProxyType({})

_QUIET: Final = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


@define
class Upstream:
    """A repository at `path`; its git directory is `git_dir`."""

    path: Path
    git_dir: Path
    identity: str = IDENTITY
    head: str = "main"

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        bare: bool = True,
        head: str = "main",
        object_format: str = "sha1",
        identity: str = IDENTITY,
    ) -> Self:
        """A new and empty repository; with `bare=False` one whose files stand beside `.git`."""
        upstream = cls.at(path, bare=bare, head=head, identity=identity)
        path.mkdir(parents=True, exist_ok=True)
        kind = ["--bare"] if bare else []
        _git(
            *("init", "--quiet", "--template=", *kind, f"--object-format={object_format}"),
            *(f"--initial-branch={head}", "--", str(path)),
        )
        # Commits are made by the hundred; none of them should start a clean-up in the background.
        upstream.configure("gc.auto", "0")
        upstream.configure("core.compression", "1")
        return upstream

    @classmethod
    def at(
        cls, path: Path, *, bare: bool = True, head: str = "main", identity: str = IDENTITY
    ) -> Self:
        """A repository that was made before."""
        return cls(path, path if bare else path / ".git", identity, head)

    def commit(
        self,
        files: Mapping[str, Item] = NOTHING,
        message: str = "Change files",
        *,
        delete: Collection[str] = (),
        branch: str | None = None,
        at: int = EPOCH,
    ) -> CommitId:
        """Write `files` over the branch's own, without the paths to `delete`; the new commit.

        Take the branch away first (`delete_ref`) to begin it anew, as a rewritten history does.
        """
        header = self._header(message, branch, at)
        return self._committed(commit_stream(header, files.items(), delete), header.branch)

    def commit_all(
        self, files: Iterable[tuple[str, Item]], message: str, branch: str | None = None
    ) -> CommitId:
        """As `commit`, for files that come one after the other and are never together in memory."""
        header = self._header(message, branch, EPOCH)
        return self._committed(commit_stream(header, files), header.branch)

    def tip(self, branch: str | None = None) -> CommitId | None:
        """The branch's last commit; None where it has none."""
        name = f"refs/heads/{branch or self.head}"
        found = self.git("for-each-ref", "--format=%(objectname)", name).strip()
        return CommitId(found.decode()) if found else None

    def branch(self, name: str, commit: str) -> None:
        """Put the branch on `commit`, wherever it was before."""
        self.git("update-ref", f"refs/heads/{name}", commit)

    def tag(self, name: str, commit: str, message: str | None = None) -> None:
        """Put the tag on `commit`: a tag of its own with a message, a plain ref without."""
        if message is not None:
            body = f"object {commit}\ntype commit\ntag {name}\n"
            body += f"tagger {self.identity} {EPOCH} +0000\n\n{message}\n"
            commit = self.write_object("tag", body.encode())
        self.git("update-ref", f"refs/tags/{name}", commit)

    def delete_ref(self, name: str) -> None:
        """Take away a ref, named in full."""
        self.git("update-ref", "-d", name)

    def configure(self, key: str, value: str) -> None:
        """Set a value in the repository's own configuration."""
        self.git("config", "--local", key, value)

    def hook(self, name: str, script: str) -> None:
        """Put a hook in place, ready to run."""
        folder = self.git_dir / "hooks"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)

    def write_object(self, kind: str, body: bytes) -> str:
        """Write any object, well formed or not; its id."""
        written = self.git(*("hash-object", "-t", kind, "-w", "--literally", "--stdin"), stdin=body)
        return written.decode().strip()

    def commit_tree(
        self, tree: str, message: str = "Change files", branch: str | None = None
    ) -> CommitId:
        """A commit of a tree that was written before, at the tip of the branch."""
        parent = self.tip(branch)
        above = f"parent {parent}\n" if parent else ""
        who = f"{self.identity} {EPOCH} +0000"
        body = f"tree {tree}\n{above}author {who}\ncommitter {who}\n\n{message}\n"
        made = CommitId(self.write_object("commit", body.encode()))
        self.branch(branch or self.head, made)
        return made

    def git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What a git command in this repository prints."""
        place = [f"--git-dir={self.git_dir}"]
        if self.path != self.git_dir:
            place.append(f"--work-tree={self.path}")
        return _git(*place, *arguments, stdin=stdin)

    def _header(self, message: str, branch: str | None, at: int) -> Header:
        branch = branch or self.head
        parent = self.tip(branch)
        return Header(branch=branch, parent=parent, identity=self.identity, at=at, message=message)

    def _committed(self, stream: Iterable[bytes], branch: str) -> CommitId:
        made = self._import(stream)
        if self.path != self.git_dir and branch == self.head:
            self.git("reset", "--hard", "--quiet")
        return made

    def _import(self, stream: Iterable[bytes]) -> CommitId:
        # No deltas: they cost more than they save in what is thrown away soon.
        command = ("git", f"--git-dir={self.git_dir}", "fast-import", "--quiet", "--force")
        with _started(*command, "--depth=0") as process:
            # Where git gives up early, its own words say why.
            with suppress(BrokenPipeError):
                for part in stream:
                    cast("IO[bytes]", process.stdin).write(part)
            answer, complaint = process.communicate()
        _check(command, process.returncode, complaint)
        return CommitId(answer.decode().strip())


def _git(*arguments: str, stdin: bytes = b"") -> bytes:
    command = ("git", *arguments)
    with _started(*command) as process:
        answer, complaint = process.communicate(stdin)
    _check(command, process.returncode, complaint)
    return answer


def _started(*command: str) -> subprocess.Popen[bytes]:
    # A hook or an editor that runs the tests tells git of its own repository.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.Popen(  # noqa: S603 - no shell, and the caller's own words
        command,
        env={**plain, **_QUIET},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _check(command: tuple[str, ...], code: int, complaint: bytes) -> None:
    if code != 0:
        told = complaint.decode(errors="replace").strip()
        raise StokerError(f"'{shlex.join(command)}' failed with {code}: {told}")
