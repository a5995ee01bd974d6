"""Whatever a close look at the files would find, a glance has noticed."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from stoker.adapters.fs import glance as looking
from stoker.adapters.fs.drift import Drift, check_drift
from stoker.adapters.fs.glance import first_glance, looks_the_same
from stoker.adapters.fs.handles import DataDirectory
from stoker.core.manifest import Mode, digest_of
from stoker.core.paths import RelPath

FOLDERS = ("top", "top/a", "top/a/b", "top/closed", "other")
NAMES = ("x", "y")
APPLIED = [f"{folder}/{name}" for folder in FOLDERS for name in NAMES if folder != "top/closed"]
PATHS = [f"{folder}/{name}" for folder in FOLDERS for name in (*NAMES, "new")]
CLOSED = "top/closed"
"""Nobody may look into it; but what was applied there before is looked after."""

paths = st.sampled_from(PATHS)
new = st.sampled_from([f"{folder}/new" for folder in FOLDERS])
applied = st.sampled_from(APPLIED)
contents = st.sampled_from((b"", b"one", b"two"))


def write(root: Path, path: str, content: bytes) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(content)


def write_and_hide(root: Path, path: str, content: bytes) -> None:
    """Change the content, and put the time back."""
    status = (root / path).stat()
    with (root / path).open("r+b") as file:
        file.write(content)
    os.utime(root / path, ns=(status.st_atime_ns, status.st_mtime_ns))


def rename(root: Path, path: str, other: str) -> None:
    (root / other).parent.mkdir(parents=True, exist_ok=True)
    (root / path).rename(root / other)


def remove(root: Path, path: str) -> None:
    (root / path).unlink()


def remove_folder(root: Path, path: str) -> None:
    shutil.rmtree((root / path).parent)


def make_folder(root: Path, path: str) -> None:
    (root / path).unlink(missing_ok=True)
    (root / path).mkdir()


def chmod(root: Path, path: str, mode: int) -> None:
    (root / path).chmod(mode)


def link(root: Path, path: str, other: str) -> None:
    (root / path).unlink(missing_ok=True)
    (root / path).symlink_to(root / other)


def link_folder(root: Path, path: str, other: str) -> None:
    above = (root / path).parent
    above.rename(root / "moved")
    above.symlink_to((root / other).parent)


Change = Callable[[Path], None]
changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(lambda p, c: lambda root: write(root, p, c), paths, contents),
    st.builds(lambda p: lambda root: write(root, p, b"new"), new),
    st.builds(lambda p, c: lambda root: write_and_hide(root, p, c), applied, contents),
    st.builds(lambda p, q: lambda root: rename(root, p, q), paths, paths),
    st.builds(lambda p: lambda root: remove(root, p), paths),
    st.builds(lambda p: lambda root: remove_folder(root, p), paths),
    st.builds(lambda p: lambda root: make_folder(root, p), paths),
    st.builds(lambda p, q: lambda root: link(root, p, q), paths, paths),
    st.builds(lambda p, q: lambda root: link_folder(root, p, q), paths, paths),
    st.builds(lambda p, m: lambda root: chmod(root, p, m), paths, st.sampled_from((0o644, 0o755))),
)  # fmt: skip


def is_closed(path: str) -> bool:
    return path == CLOSED


def row(root: Path, path: str) -> list[object]:
    status = (root / path).stat()
    stamp = [status.st_size, status.st_mtime_ns, status.st_ino]
    return [path, digest_of((root / path).read_bytes()), int(Mode.REGULAR), stamp, None, False]


def close_look(data: DataDirectory, rows: list[list[object]], *, mirror: bool) -> Drift:
    folders = [RelPath("top")] if mirror else []
    return check_drift(data, [rows], lambda *_: None, folders, is_closed)


@given(st.lists(changes, min_size=1, max_size=2), st.booleans())
def test_what_a_close_look_finds_a_glance_has_noticed(
    made: list[Change],
    mirror: bool,  # noqa: FBT001 - drawn
) -> None:
    """Broken by a glance without folders, and by one that looks at files alone for their mode."""
    root = Path(tempfile.mkdtemp())
    try:
        for path in APPLIED:
            write(root, path, b"one")
        with patch.object(looking, "TICK_NS", 15_000_000), DataDirectory(root) as data:
            rows = [row(root, path) for path in sorted(APPLIED)]
            time.sleep(0.03)
            before = first_glance(data, ["top", "other"], is_closed=is_closed)
            assert before is not None
            found = close_look(data, rows, mirror=mirror)
            for change in made:
                try:
                    change(root)
                except OSError:
                    continue
            if close_look(data, rows, mirror=mirror) != found:
                assert not looks_the_same(data, before)
    finally:
        shutil.rmtree(root)
