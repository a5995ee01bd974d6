"""Take out of an image's root what serves to install, administer and develop, not to run.

Packages are removed by Debian's own lists: the files that no other package has, and the record, so
that what `/var/lib/dpkg` says afterwards is still true. No script of a package runs and no
dependency is asked: git works without the Perl that Debian's package wants, as long as nobody
calls the commands that are written in it, and those are removed too. Of some packages only the
programs stay that Stoker or somebody who looks into a pod calls.

What is named here and is not there is not an error: bases differ.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

UNWANTED: Final = Path(__file__).with_name("slim.toml")
"""Packages and paths that go, and programs that stay."""

_PROGRAM_FOLDERS: Final = ("usr/bin", "usr/sbin", "usr/lib/git-core")
_LINK_FOLDERS: Final = (*_PROGRAM_FOLDERS, "etc/alternatives", "usr/local/bin")


class Packages:
    """What Debian's records say is installed below a root, and which files are whose."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._info = root / "var/lib/dpkg/info"
        self._status = root / "var/lib/dpkg/status"
        text = self._status.read_text()
        self._stanzas = {_field(one, "Package"): one for one in text.split("\n\n") if one.strip()}
        self._files = {name: self._listed(name) for name in self._stanzas}

    def remove(self, patterns: Iterable[str]) -> None:
        """Take packages away: the files that are theirs alone, and what is recorded of them."""
        patterns = tuple(patterns)
        gone = [name for name in self._stanzas if any(fnmatch(name, one) for one in patterns)]
        files = {path for name in gone for path in self._files.pop(name)}
        for path in files.difference(*self._files.values()):
            _remove_file(path)
        for path in sorted(files, key=lambda one: len(one.parts), reverse=True):
            _remove_empty(path)
        for name in gone:
            del self._stanzas[name]
            for record in self._records(name, "*"):
                record.unlink()
        self._status.write_text("".join(f"{one.strip()}\n\n" for one in self._stanzas.values()))

    def keep_programs(self, name: str, programs: Iterable[str]) -> None:
        """Remove all programs of a package but these."""
        folders = [self.root / folder for folder in _PROGRAM_FOLDERS]
        for path in self._files.get(name, ()):
            if path.parent in folders and path.name not in programs:
                _remove_file(path)

    def forget_scripts(self) -> None:
        """Remove what packages would run; which files are whose stays on record."""
        for path in self._info.iterdir():
            if path.suffix not in {".list", ".md5sums"}:
                path.unlink()

    def _listed(self, name: str) -> frozenset[Path]:
        lines = [
            line for one in self._records(name, "list") for line in one.read_text().split("\n")
        ]
        return frozenset(self._real(line) for line in lines if line not in {"", "/."})

    def _real(self, line: str) -> Path:
        """Where a file is: the lists say `/bin/x` and mean `/usr/bin/x`."""
        path = self.root / line.lstrip("/")
        return path.parent.resolve() / path.name

    def _records(self, name: str, kind: str) -> Iterator[Path]:
        yield from self._info.glob(f"{name}.{kind}")
        yield from self._info.glob(f"{name}:*.{kind}")


def slim(root: Path) -> None:
    """Take out of `root` all that nobody needs."""
    unwanted = tomllib.loads(UNWANTED.read_text())
    packages = Packages(root)
    packages.remove(_words(unwanted["packages"]))
    for name, programs in unwanted["programs"].items():
        packages.keep_programs(name, programs.split())
    packages.forget_scripts()
    for pattern in _words(unwanted["paths"]):
        for path in root.glob(pattern):
            _remove_tree(path)
    _keep_copyrights(root / "usr/share/doc")
    _share_git(root)
    for folder in _LINK_FOLDERS:
        for path in (root / folder).glob("*"):
            if path.is_symlink() and not path.exists():
                path.unlink()
    _drop_privileges(root)


def _words(groups: Mapping[str, str]) -> list[str]:
    return [word for text in groups.values() for word in text.split()]


def _keep_copyrights(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.name != "copyright":
            _remove_file(path)
            _remove_empty(path)


def _share_git(root: Path) -> None:
    """Debian has git's program twice; the second becomes a link to the first."""
    second = root / "usr/lib/git-core/git"
    if second.is_file() and (root / "usr/bin/git").is_file():
        second.unlink()
        second.symlink_to("../../bin/git")


def _drop_privileges(root: Path) -> None:
    """No program runs as another user than the one who starts it."""
    for folder, folders, files in os.walk(root):
        # Not into /proc and what else is mounted while the image is built.
        folders[:] = [one for one in folders if not os.path.ismount(Path(folder, one))]
        for path in (Path(folder, name) for name in files):
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                path.chmod(stat.S_IMODE(mode) & 0o777)


def _remove_file(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()


def _remove_empty(path: Path) -> None:
    if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
        path.rmdir()


def _remove_tree(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _field(stanza: str, name: str) -> str:
    for line in stanza.splitlines():
        if line.startswith(f"{name}: "):
            return line.partition(": ")[2]
    raise SystemExit(f"var/lib/dpkg/status has an entry without {name}: {stanza[:80]!r}")


if __name__ == "__main__":
    slim(Path(sys.argv[1] if len(sys.argv) > 1 else "/"))
