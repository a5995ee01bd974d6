"""What a killed git, a power cut or a stranger leaves in the repository."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stoker.adapters.git import healing
from stoker.adapters.git.durable import told_as_git_errors
from stoker.adapters.git.errors import GitError, RepositoryFull
from stoker.adapters.git.repository import NotOurs, Repository, RepositoryBusy
from stoker.core.errors import Retryable
from stoker.core.refs import CommitId
from stoker.testing.repositories import Site, Size, Upstream
from support.fetches import brought, contents, fetch, recovered, serving

SITE = Site(Size(60, 40_000))
FILES = dict(SITE.files())


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return serving(tmp_path / "up.git")


@pytest.fixture
def commit(upstream: Upstream) -> CommitId:
    return SITE.commit(upstream)


@pytest.fixture
def held(tmp_path: Path, upstream: Upstream, commit: CommitId) -> Path:
    """A repository that has the commit, and that nobody uses."""
    path = tmp_path / "repo"
    with Repository(path) as repository:
        repository.prepare()
        brought(repository, upstream, commit).tidy()
    return path


def everything(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def script_in(canary: Path) -> str:
    return f"#!/bin/sh\ntouch {canary}\n"


def test_an_empty_directory_becomes_a_repository_that_git_knows(tmp_path: Path) -> None:
    path = tmp_path / "a/b/repo"
    with Repository(path) as repository:
        repository.prepare()
        before = everything(path)
        repository.prepare()
        repository.tidy()
        assert everything(path) == before
    told = subprocess.run(  # noqa: S603 - no shell, our own path
        ["git", f"--git-dir={path}", "rev-parse", "--is-bare-repository"],  # noqa: S607
        capture_output=True,
        check=True,
    )
    assert told.stdout == b"true\n"


def test_what_is_there_is_kept_and_nothing_is_written(held: Path, commit: CommitId) -> None:
    before = everything(held)
    with Repository(held) as repository:
        repository.prepare()
        assert repository.has(commit)
        assert contents(repository, commit) == FILES
        repository.keep([commit])
        repository.tidy()
    assert everything(held) == before


@pytest.mark.parametrize(
    "name",
    [
        "shallow.lock",
        "index.lock",
        "config.lock",
        "HEAD.lock",
        "packed-refs.lock",
        "packed-refs",
        "refs/heads/main.lock",
        "refs/stoker/1234567890123456789012345678901234567890.lock",
        "refs/stoker/main",
        "refs/heads/main",
        "refs/tags/v1",
        "refs/replace/1234567890123456789012345678901234567890",
        "objects/pack/tmp_pack_XbR2a1",
        "objects/pack/tmp_idx_XbR2a1",
        "objects/pack/.tmp-123-pack-1234.pack",
        "objects/pack/pack-1234567890123456789012345678901234567890.pack",
        "objects/pack/pack-1234567890123456789012345678901234567890.idx",
        "objects/pack/pack-1234567890123456789012345678901234567890.keep",
        "objects/pack/pack-1234567890123456789012345678901234567890.promisor",
        "objects/pack/multi-pack-index",
        "objects/pack/multi-pack-index.lock",
        "objects/12/tmp_obj_Q0aWxe",
        "objects/12/34567890123456789012345678901234567890",
        "objects/incoming-abc/pack/pack-1.pack",
        "objects/info/alternates",
        "objects/info/commit-graph",
        "objects/info/packs",
        "tmp_objdir-incoming-xyz/12/345",
        "info/grafts",
        "info/attributes",
        "hooks/post-checkout",
        "worktrees/other/gitdir",
        "modules/sub/config",
        "config.worktree",
        "FETCH_HEAD",
        "ORIG_HEAD",
        "logs/HEAD",
        "index",
        "gc.pid",
        "HEAD.new",
    ],
)
def test_whatever_does_not_belong_is_removed_and_nothing_else(
    held: Path, upstream: Upstream, commit: CommitId, name: str
) -> None:
    """Broken on purpose: with `shallow.lock` among what may stay, the next fetch fails."""
    before = everything(held)
    stray = held / name
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_bytes(b"left over\n")
    later = SITE.change(upstream, 4)
    with Repository(held) as repository:
        repository.prepare()
        assert not stray.exists()
        assert repository.has(commit)
        assert everything(held) == before
        brought(repository, upstream, later)
        assert contents(repository, later) == {**FILES, **dict(SITE.changed(4, revision=1))}


@pytest.mark.parametrize(
    "name", ["HEAD", "config", "shallow", "objects", "refs", "objects/pack", "refs/stoker"]
)
@pytest.mark.parametrize("how", ["link", "folder", "file", "gone"])
def test_something_else_in_the_place_of_what_belongs(
    held: Path, upstream: Upstream, commit: CommitId, name: str, how: str
) -> None:
    """A link is removed, never followed; broken on purpose by following it: the canary goes."""
    elsewhere = held.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "canary").write_text("stays")
    (held / name).rename(held.parent / "taken away")
    match how:
        case "link":
            (held / name).symlink_to(elsewhere)
        case "folder":
            (held / name).mkdir()
        case "file":
            (held / name).write_bytes(b"x")
    files, rebuilds = recovered(held, upstream, commit)
    assert files == FILES
    assert rebuilds == 0
    assert (elsewhere / "canary").read_text() == "stays"
    assert list(elsewhere.iterdir()) == [elsewhere / "canary"]


PLACES = {
    "mark": "refs/stoker/{commit}",
    "packed": "stoker.packed",
    "pack": "objects/pack/*.pack",
    "idx": "objects/pack/*.idx",
}
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda whole: whole[: len(whole) // 2],
    "one short": lambda whole: whole[:-1],
    "longer": lambda whole: whole + b"\0",
    "flip first": lambda whole: bytes([whole[0] ^ 1]) + whole[1:],
    "flip middle": lambda whole: (
        whole[: len(whole) // 2]
        + bytes([whole[len(whole) // 2] ^ 4])
        + whole[len(whole) // 2 + 1 :]
    ),
    "flip last": lambda whole: whole[:-1] + bytes([whole[-1] ^ 1]),
    "zeros": lambda whole: bytes(len(whole)),
    "zeros at the end": lambda whole: (
        whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2)
    ),
}


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("kind", ["HEAD", "config", "shallow", "mark", "packed", "pack", "idx"])
def test_damage_to_any_file_ends_with_the_commit(
    held: Path, upstream: Upstream, commit: CommitId, kind: str, how: str
) -> None:
    """Broken on purpose: without the check of indexes libgit2 ends the process at some of these."""
    (path,) = held.glob(PLACES.get(kind, kind).format(commit=commit))
    path.chmod(0o644)
    path.write_bytes(DAMAGES[how](path.read_bytes()))
    files, rebuilds = recovered(held, upstream, commit)
    assert files == FILES
    # Only what stands between a pack's ends is found late.
    assert rebuilds == ((kind, how) == ("pack", "flip middle"))


@pytest.mark.parametrize("kind", ["HEAD", "config", "shallow", "mark", "packed", "pack", "idx"])
def test_a_link_to_the_very_same_bytes_is_not_taken_either(
    held: Path, upstream: Upstream, commit: CommitId, kind: str
) -> None:
    """Broken on purpose: with files told by what a link leads to."""
    (path,) = held.glob(PLACES.get(kind, kind).format(commit=commit))
    path.rename(held.parent / "elsewhere")
    path.symlink_to(held.parent / "elsewhere")
    with Repository(held) as repository:
        repository.prepare()
        assert not any(each.is_symlink() for each in held.rglob("*"))
    assert recovered(held, upstream, commit) == (FILES, 0)
    assert (held.parent / "elsewhere").exists()


@pytest.mark.parametrize("end", ["pack", "idx"])
def test_a_lost_pack_is_noticed_whatever_the_marks_say(
    held: Path, upstream: Upstream, commit: CommitId, end: str
) -> None:
    """Broken on purpose: with marks that outlive what was lost, the commit is said to be here."""
    next(held.glob(f"objects/pack/*.{end}")).unlink()
    with Repository(held) as repository:
        repository.prepare()
        assert not repository.has(commit)
        fetch(held, upstream, commit)
        assert repository.has(commit)
        assert contents(repository, commit) == FILES


def test_a_lost_pack_is_noticed_though_the_commit_itself_is_in_another(
    held: Path, upstream: Upstream, commit: CommitId
) -> None:
    """Broken on purpose: with marks that stay although something was removed."""
    later = SITE.change(upstream, 2)
    with Repository(held) as repository:
        repository.prepare()
        brought(repository, upstream, later)
    (large,) = (each for each in held.glob("objects/pack/*.pack") if each.stat().st_size > 10_000)
    large.unlink()
    with Repository(held) as repository:
        repository.prepare()
        assert not repository.has(later)
        assert not repository.has(commit)


def test_a_commit_of_which_something_is_missing_is_not_here(
    tmp_path: Path, upstream: Upstream, commit: CommitId
) -> None:
    """Each object in turn is left out; broken on purpose by asking for trees alone."""
    ids = upstream.git("rev-list", "--objects", commit, "--no-object-names").split()
    for missing in ids[1 :: len(ids) // 20]:
        path = tmp_path / missing.decode()
        with Repository(path) as repository:
            repository.prepare()
            rest = b"\n".join(each for each in ids if each != missing)
            upstream.git("pack-objects", "-q", str(path / "objects/pack/pack"), stdin=rest)
            assert not repository.has(commit)
            upstream.git("pack-objects", "-q", str(path / "objects/pack/pack"), stdin=missing)
            assert repository.has(commit)


def test_a_later_commit_is_checked_against_an_earlier_one_that_lost_something(
    held: Path, upstream: Upstream, commit: CommitId
) -> None:
    later = SITE.change(upstream, 3)
    with Repository(held) as repository:
        repository.prepare()
        fetch(held, upstream, later)
        (large,) = (p for p in held.glob("objects/pack/*.pack") if p.stat().st_size > 10_000)
        for end in ("pack", "idx"):
            large.with_suffix(f".{end}").unlink()
        repository.prepare()
        # A mark says that the first commit is whole; the new one leans on it in vain.
        healing.mark(held, commit)
        assert not repository.has(later)


def test_a_commit_that_needs_nothing_of_a_lost_one_is_here(held: Path, commit: CommitId) -> None:
    """Broken on purpose: with no second look that leans on nothing."""
    with Repository(held) as repository:
        repository.prepare()
        repository.keep([])
        healing.mark(held, "12" * 20)
        assert repository.has(commit)


def test_hooks_configuration_and_alternates_of_the_repository_do_nothing(
    held: Path, upstream: Upstream
) -> None:
    """Broken on purpose: with `config` left as it is, and with alternates left in place."""
    canary = held.parent / "canary"
    other = Upstream.create(held.parent / "other.git")
    foreign = other.commit({"foreign": "1"})
    other.git("repack", "-a", "-d", "-q")
    for hook in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-index-change"):
        path = held / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(script_in(canary))
        path.chmod(0o755)
    before = everything(held)
    (held / "config").write_text(
        f"[core]\n\tbare = true\n\tfsmonitor = touch {canary}\n\thooksPath = {held}/hooks\n"
        f"\tsshCommand = touch {canary}\n\talternateRefsCommand = touch {canary}\n"
        f"[gc]\n\trecentObjectsHook = touch {canary}\n[include]\n\tpath = {held}/more\n"
        f'[filter "c"]\n\tsmudge = touch {canary}\n'
        f"[uploadpack]\n\tpackObjectsHook = touch {canary}\n"
        f"[credential]\n\thelper = !touch {canary}\n[extensions]\n\tobjectFormat = sha256\n"
    )
    (held / "info").mkdir()
    (held / "info/attributes").write_text("* filter=c\n")
    (held / "objects/info").mkdir()
    (held / "objects/info/alternates").write_text(f"{other.git_dir}/objects\n")
    with Repository(held) as repository:
        repository.prepare()
        assert everything(held)["config"] == before["config"]
        assert not repository.has(foreign)
        later = SITE.change(upstream, 2)
        brought(repository, upstream, later)
        for number in range(40):
            later = SITE.change(upstream, 2, revision=number + 2)
            brought(repository, upstream, later)
        repository.tidy()
        assert contents(repository, later).keys() == FILES.keys()
    assert not canary.exists()


def test_one_process_at_a_time_and_a_dead_one_holds_nothing(held: Path, commit: CommitId) -> None:
    """Broken on purpose: without the lock both go on."""
    script = (
        "import sys, time; from pathlib import Path\n"
        "from stoker.adapters.git.repository import Repository\n"
        "Repository(Path(sys.argv[1])).prepare(); print('ready', flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script, str(held)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"ready\n"
        (held / "shallow.lock").touch()
        with Repository(held) as repository:
            try:
                with pytest.raises(RepositoryBusy, match="cannot be had alone") as caught:
                    repository.prepare()
                assert caught.value.disposition == Retryable()
                assert (held / "shallow.lock").exists()
            finally:
                other.kill()
            other.wait()
            repository.prepare()
            assert not (held / "shallow.lock").exists()
            assert repository.has(commit)
    with Repository(held) as first, Repository(held) as second:
        first.prepare()
        with pytest.raises(RepositoryBusy):
            second.prepare()
        first.close()
        second.prepare()
        assert second.has(commit)


def test_a_directory_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    """Broken on purpose: without the refusal `prepare` removes the stranger's files."""
    (tmp_path / "precious/folder").mkdir(parents=True)
    (tmp_path / "precious/folder/file").write_text("x")
    clone = Upstream.create(tmp_path / "clone.git")
    for path in (tmp_path / "precious", clone.git_dir):
        before = everything(path)
        with pytest.raises(NotOurs, match="in use for something else"):
            Repository(path).prepare()
        assert everything(path) == before


def test_the_root_of_a_fresh_volume_is_good_enough(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    with Repository(tmp_path) as repository:
        repository.prepare()
        repository.rebuild()
    assert (tmp_path / "lost+found").is_dir()


def test_nothing_works_before_it_was_prepared_nor_after_it_was_closed(held: Path) -> None:
    repository = Repository(held)
    for _ in range(2):
        with pytest.raises(GitError, match="not open"):
            repository.has(CommitId("12" * 20))
        repository.prepare()
        repository.close()
        repository.close()


def test_a_path_that_cannot_be_a_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file/below"):
        with pytest.raises(GitError, match="cannot be kept") as caught:
            Repository(path).prepare()
        assert str(tmp_path / "file") in caught.value.where


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / healing.LOCK).symlink_to(tmp_path / "target")
    with pytest.raises(GitError):
        Repository(tmp_path / "repo").prepare()
    assert not (tmp_path / "target").exists()


def test_a_full_disk_is_told_with_the_path(tmp_path: Path) -> None:
    """The limit of a file's size stands for the disk: it needs no rights."""
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from stoker.adapters.git.repository import Repository\n"
        "from stoker.core.errors import StokerError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
        "try: Repository(Path(sys.argv[1])).prepare()\n"
        "except StokerError as error: print(error.reason, error.where, error.cure, sep='|')\n"
    )
    told = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script, str(tmp_path / "repo")], capture_output=True, check=False
    )
    reason, where, cure = told.stdout.decode().strip().split("|")
    assert reason == "RepositoryFull"
    assert where.startswith(str(tmp_path / "repo"))
    assert "make room" in cure


@pytest.mark.parametrize(
    ("number", "kind", "cure"),
    [
        (errno.ENOSPC, RepositoryFull, "make room"),
        (errno.EDQUOT, RepositoryFull, "make room"),
        (errno.EROFS, GitError, "writable"),
        (errno.EACCES, GitError, "the right to it"),
        (errno.EIO, GitError, "look after the disk"),
        (errno.EMFILE, GitError, ""),
    ],
)
def test_what_a_disk_says_comes_with_a_place_and_a_cure(
    tmp_path: Path, number: int, kind: type[GitError], cure: str
) -> None:
    for name in (None, "a/file"):
        with pytest.raises(kind) as caught, told_as_git_errors(tmp_path):
            raise OSError(number, os.strerror(number), name)
        assert type(caught.value) is kind
        assert caught.value.where == (name or str(tmp_path))
        assert os.strerror(number) in caught.value.message
        assert cure in caught.value.cure
        assert caught.value.disposition == Retryable()
