"""What a repository may take: git is ended before it has more."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from stoker.adapters.git.errors import GitError, RepositoryFull
from stoker.adapters.git.growth import RepositoryTooLarge, Room, held
from stoker.adapters.git.process import Call, run

MIB = 1 << 20


def test_what_a_folder_takes(tmp_path: Path) -> None:
    assert held(tmp_path / "nothing") == 0
    (tmp_path / "a/b").mkdir(parents=True)
    before = held(tmp_path)
    (tmp_path / "a/b/large").write_bytes(b"x" * MIB)
    (tmp_path / "a/link").symlink_to("/usr")
    assert MIB <= held(tmp_path) - before < MIB + 100_000


def test_without_a_limit_nothing_is_looked_at(tmp_path: Path) -> None:
    room = Room(tmp_path / "nothing")
    room.look()
    assert room.left() is None
    full = RepositoryFull("no room", where="here")
    assert room.explained(full) is full


def test_a_part_of_the_limit_is_held_back(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * MIB)
    assert Room(tmp_path, 10 * MIB).left() == 10 * MIB - MIB // 2 - held(tmp_path)
    assert Room(tmp_path, MIB).left() == 0


def test_only_a_full_disk_is_explained_by_the_limit(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * MIB)
    full, other = RepositoryFull("no room", where="here"), GitError("something else")
    assert Room(tmp_path, 100 * MIB).explained(full) is full
    assert Room(tmp_path, MIB).explained(other) is other
    explained = Room(tmp_path, MIB).explained(full)
    assert isinstance(explained, RepositoryTooLarge)
    assert (explained.limit, explained.held) == (MIB, held(tmp_path))


def test_git_is_ended_while_it_grows(tmp_path: Path) -> None:
    """Seen to fail without `look` in `process`: then it goes on until it has written 400 MiB."""
    script = f"for n in $(seq 200); do head -c 2097152 /dev/zero >{tmp_path}/$n; sleep 0.02; done"
    room = Room(tmp_path, 20 * MIB)
    began = time.monotonic()
    with pytest.raises(RepositoryTooLarge, match=r"may have 20\.0 MiB") as caught:
        run(Call(arguments=("-c", f"alias.x=!{script}", "x"), look=room.look))
    assert time.monotonic() - began < 5
    assert caught.value.held > 19 * MIB
    assert "spec.agent.repoSizeLimit" in str(caught.value)
    assert held(tmp_path) < 100 * MIB


def test_no_file_may_become_larger_than_what_is_left(tmp_path: Path) -> None:
    """Seen to fail without `--fsize`."""
    script = f"head -c {4 * MIB} /dev/zero >{tmp_path}/file"
    finished = run(Call(arguments=("-c", f"alias.x=!{script}", "x"), largest=MIB))
    assert finished.status != 0
    assert (tmp_path / "file").stat().st_size == MIB
