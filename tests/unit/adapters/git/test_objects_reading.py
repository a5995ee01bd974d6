"""Commits, trees and blobs, read from a repository on this disk."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from stoker.adapters.git.errors import RepositoryCorrupt
from stoker.adapters.git.objects import STREAMED, ObjectMissing, Objects, UnsupportedHash
from stoker.adapters.git.trees import MalformedObject
from stoker.core.errors import Permanent
from stoker.core.manifest import Digest, Mode, digest_of
from stoker.core.paths import RelPath
from stoker.core.refs import CommitId
from stoker.core.tree import Blob, Link, Submodule, changes
from stoker.testing.repositories import Executable, Gitlink, Item, Site, Size, Symlink, Upstream

NOWHERE = "1234567890123456789012345678901234567890"
ATTRIBUTES = "* filter=c diff=c text eol=crlf\n"
ELSEWHERE = "2234567890123456789012345678901234567890"


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return Upstream.create(tmp_path / "up.git")


def opened(upstream: Upstream) -> Objects:
    """What the repository holds, all of it in one more pack."""
    ids = upstream.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    upstream.git(
        "pack-objects", "-q", "--window=0", str(upstream.git_dir / "objects/pack/pack"), stdin=ids
    )
    return Objects(upstream.git_dir)


def pack_of(upstream: Upstream, end: str) -> Path:
    """The only pack, or its index, ready to be damaged."""
    (path,) = (upstream.git_dir / "objects/pack").glob(f"*.{end}")
    path.chmod(0o644)
    return path


def swap(upstream: Upstream, one: str, other: str) -> None:
    """Let the index say of each of two objects that it stands where the other does."""
    index = pack_of(upstream, "idx")
    raw = bytearray(index.read_bytes())
    count = int.from_bytes(raw[1028:1032], "big")
    offsets = 1032 + count * 24
    ids = [raw[1032 + n * 20 :][:20].hex() for n in range(count)]
    first, second = (
        slice(offsets + 4 * n, offsets + 4 * n + 4) for n in map(ids.index, (one, other))
    )
    raw[first], raw[second] = raw[second], raw[first]
    index.write_bytes(raw)


def test_a_commit_comes_out_as_it_went_in(upstream: Upstream) -> None:
    files: dict[str, Item] = {
        "projects/Line 1/project.json": b"{}",
        "run.sh": Executable("#!/bin/sh\n"),
        "link": Symlink("/etc/passwd"),
        "vendor": Gitlink(NOWHERE),
        "empty": b"",
    }
    commit = upstream.commit(files)
    objects = opened(upstream)
    tree = objects.tree(commit)
    assert set(tree.entries) == {"projects", "run.sh", "link", "vendor", "empty"}
    project = tree.find(RelPath("projects/Line 1/project.json"))
    assert project == Blob(digest_of(b"{}"))
    assert tree.entries["run.sh"] == Blob(digest_of(b"#!/bin/sh\n"), Mode.EXECUTABLE)
    assert tree.entries["link"] == Link(digest_of(b"/etc/passwd"))
    assert tree.entries["vendor"] == Submodule(NOWHERE)
    assert objects.read(digest_of(b"")) == b""
    assert list(objects.chunks(digest_of(b""))) == []
    assert objects.author(commit) == "Ada Example <ada@example.com>"
    assert objects.has(commit)
    assert not objects.has(NOWHERE)
    objects.close()


def test_every_file_of_a_site_comes_out_and_a_change_is_found(upstream: Upstream) -> None:
    site = Site(Size(300, 900_000))
    first, second = site.commit(upstream), site.change(upstream, 7)
    objects = opened(upstream)
    tree = objects.tree(first)
    for path, content in site.files():
        node = tree.find(RelPath(path))
        assert isinstance(node, Blob)
        assert objects.read(node.id) == content
        assert b"".join(objects.chunks(node.id, 1_000)) == content
        assert objects.size(node.id) == len(content)
    changed = set(changes(tree, objects.tree(second)))
    assert changed == {RelPath(path) for path, _ in site.changed(7, revision=1)}
    objects.close()


def children() -> set[str]:
    """The processes that this thread has started and not seen the end of."""
    return set(Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split())


def test_a_large_file_comes_in_pieces(upstream: Upstream) -> None:
    content = os.urandom(STREAMED + 12_345)
    commit = upstream.commit({"large": content, "small": content[:100]})
    objects = opened(upstream)
    entries = objects.tree(commit).entries
    large, small = entries["large"], entries["small"]
    assert isinstance(large, Blob)
    assert isinstance(small, Blob)
    pieces = list(objects.chunks(large.id, 1 << 20))
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) == 1 << 20
    assert objects.read(large.id) == content
    assert [len(piece) for piece in objects.chunks(small.id, 40)] == [40, 40, 20]
    others = children()
    begun = objects.chunks(large.id)
    assert next(begun) == content[: 1 << 20]
    assert children() - others
    begun.close()  # type: ignore[attr-defined]
    assert not children() - others
    objects.close()


def test_a_large_file_without_git_is_an_error(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytes(STREAMED + 1)
    upstream.commit({"large": content})
    objects = opened(upstream)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RepositoryCorrupt, match="git is not installed"):
        list(objects.chunks(digest_of(content)))
    objects.close()


def test_damage_to_a_pack_is_met_wherever_it_is(upstream: Upstream) -> None:
    """Broken on purpose: without the check of whole packs libgit2 reads one of these for ever."""
    site = Site(Size(40, 30_000))
    commit = site.commit(upstream)
    contents = [content for _, content in site.files()]
    opened(upstream).close()
    pack = pack_of(upstream, "pack")
    whole = pack.read_bytes()
    for place in range(0, len(whole), len(whole) // 150):
        pack.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        objects = Objects(upstream.git_dir)
        for content in contents:
            with pytest.raises(RepositoryCorrupt, match=f"{pack.name} is damaged"):
                objects.read(digest_of(content))
        objects.close()
    pack.write_bytes(whole)
    objects = Objects(upstream.git_dir)
    pack.unlink()
    with pytest.raises(RepositoryCorrupt, match=f"{pack.name} is damaged"):
        objects.size(digest_of(contents[0]))
    pack.write_bytes(whole)
    assert objects.author(commit)
    objects.close()


def test_bytes_of_another_object_are_not_taken_for_it(upstream: Upstream) -> None:
    """Broken on purpose: without the check of the digest the one is given for the other."""
    small = [b"some words\n" * 9, b"other word\n" * 9]
    large = [bytes(STREAMED + 9), bytes(STREAMED + 8) + b"!"]
    upstream.commit({str(n): content for n, content in enumerate(small + large)})
    opened(upstream).close()
    for one, other in (small, large):
        swap(upstream, digest_of(one), digest_of(other))
    objects = Objects(upstream.git_dir)
    for content in small + large:
        with pytest.raises(RepositoryCorrupt, match="not those that it had"):
            objects.read(digest_of(content))
    objects.close()


def test_a_disk_that_fails_while_it_is_read_is_damage_too(upstream: Upstream) -> None:
    commit = upstream.commit({"a": b"some words\n" * 9})
    objects = opened(upstream)
    assert objects.author(commit)
    pack = pack_of(upstream, "pack")
    with pack.open("r+b") as file:
        # No object is of the kind that zeros say.
        file.seek(12)
        file.write(bytes(pack.stat().st_size - 32))
    blob = digest_of(b"some words\n" * 9)
    for ask in (objects.read, objects.size):
        with pytest.raises(RepositoryCorrupt, match=f"{blob} cannot be read"):
            ask(blob)
    with pytest.raises(RepositoryCorrupt):
        objects.tree(commit)
    objects.close()


def test_what_is_missing_is_said_to_be_missing(upstream: Upstream) -> None:
    commit = upstream.commit_tree(NOWHERE)
    objects = opened(upstream)
    with pytest.raises(ObjectMissing, match=f"{ELSEWHERE} is not here"):
        objects.tree(CommitId(ELSEWHERE))
    with pytest.raises(ObjectMissing):
        objects.size(Digest(ELSEWHERE))
    tree = objects.tree(commit)
    with pytest.raises(ObjectMissing):
        len(tree.entries)
    objects.close()


def test_single_objects_are_not_looked_at(upstream: Upstream) -> None:
    """libgit2 never returns from one that was cut off, so none may be asked for."""
    commit = upstream.commit({"a": b"x" * 10_000})
    assert not Objects(upstream.git_dir).has(commit)


def test_an_object_of_another_kind_is_not_taken_for_it(upstream: Upstream) -> None:
    commit = upstream.commit({"a": b"x"})
    objects = opened(upstream)
    for ask in (
        lambda: objects.tree(CommitId(digest_of(b"x"))),
        lambda: objects.author(CommitId(objects.tree_id(commit))),
        lambda: objects.read(Digest(commit)),
        lambda: objects.size(Digest(commit)),
        lambda: objects.tree_bytes(commit),
    ):
        with pytest.raises(MalformedObject, match="is expected") as caught:
            ask()
        assert caught.value.disposition == Permanent()
    objects.close()


@pytest.mark.parametrize(
    ("line", "author"),
    [
        (b"author Jane <jane@example.com> 1 +0000", "Jane <jane@example.com>"),
        ("author Jörg <j@example.com> -1 -0730".encode(), "Jörg <j@example.com>"),
        (b"author J\xf6rg <j@example.com> 1 +0000", "J\ufffdrg <j@example.com>"),
        (b"author \x1b[31mred <r@example.com> 1 +0000", "[31mred <r@example.com>"),
        (b"author  <> 1 +0000", "<>"),
        (b"author no date <x>", "no date <x>"),
        (b"author " + b"x" * 9_000 + b" <x> 1 +0000", "x" * 256),
        (b"nobody", ""),
    ],
)
def test_the_author_is_one_line_that_can_be_shown(
    upstream: Upstream, line: bytes, author: str
) -> None:
    tree = upstream.write_object("tree", b"")
    body = b"tree %s\n%s\ncommitter C <c> 1 +0000\n\nauthor of this: me\n" % (tree.encode(), line)
    commit = CommitId(upstream.write_object("commit", body))
    objects = opened(upstream)
    assert objects.author(commit) == author
    assert dict(objects.tree(commit).entries) == {}
    objects.close()


@pytest.mark.parametrize("body", [b"", b"tree 123\n", b"parent 12\n", b"tree " + b"G" * 40 + b"\n"])
def test_a_commit_without_a_tree_is_an_error(upstream: Upstream, body: bytes) -> None:
    commit = CommitId(upstream.write_object("commit", body))
    objects = opened(upstream)
    with pytest.raises(MalformedObject, match="names no tree"):
        objects.tree(commit)
    objects.close()


def test_sha256_is_refused_with_a_cure(tmp_path: Path, upstream: Upstream) -> None:
    wide = Upstream.create(tmp_path / "wide.git", object_format="sha256")
    commit = wide.commit({"a": "1"})
    upstream.commit({"a": "1"})
    objects = opened(upstream)
    for ask in (
        lambda: objects.has(commit),
        lambda: objects.tree(commit),
        lambda: objects.size(Digest(commit)),
    ):
        with pytest.raises(UnsupportedHash, match="SHA-256") as caught:
            ask()
        assert caught.value.disposition == Permanent()
        assert caught.value.cure
    objects.close()


def test_trees_outlive_a_look_at_the_disk_anew_and_not_the_end(upstream: Upstream) -> None:
    commit = upstream.commit({"a/b": "1", "c/d": "2"})
    objects = opened(upstream)
    tree = objects.tree(commit)
    assert set(tree.entries) == {"a", "c"}
    upstream.git("repack", "-a", "-d", "-q")
    objects.reopen()
    assert tree.find(RelPath("c/d")) == Blob(digest_of(b"2"))
    objects.close()
    with pytest.raises(RepositoryCorrupt, match="closed"):
        tree.find(RelPath("a/b"))


def test_what_comes_by_a_fetch_is_seen_without_being_told(upstream: Upstream) -> None:
    upstream.commit({"a": "1"})
    objects = opened(upstream)
    commit = upstream.commit({"b": "2"})
    opened(upstream).close()
    assert objects.has(commit)
    assert set(objects.tree(commit).entries) == {"a", "b"}
    objects.close()


def test_no_configuration_but_the_repositorys_own_is_read_and_no_owner_asked_for(
    upstream: Upstream, tmp_path: Path
) -> None:
    """Broken on purpose: with the environment of this process git reads the broken file."""
    content = bytes(STREAMED + 1)
    commit = upstream.commit({"large": content})
    opened(upstream).close()
    (tmp_path / ".gitconfig").write_text("[broken")
    (upstream.git_dir / "config").write_text("[core]\nbare = true\n")
    (tmp_path / "git").mkdir()
    (tmp_path / "git/config").write_text("[broken")
    if os.geteuid() == 0:
        for path in (upstream.git_dir, *upstream.git_dir.rglob("*")):
            os.chown(path, 65534, 65534)
    script = (
        "import sys; from pathlib import Path; from stoker.adapters.git.objects import Objects\n"
        "objects = Objects(Path(sys.argv[1])); tree = objects.tree(sys.argv[2])\n"
        "print(sum(map(len, objects.chunks(tree.entries['large'].id))))"
    )
    told = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script, str(upstream.git_dir), commit],
        env={**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    assert told.stdout.split() == [str(len(content)).encode()], told.stderr


def test_attributes_filters_and_replacements_change_nothing(
    upstream: Upstream, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    content = bytes(STREAMED + 1)
    files: dict[str, Item] = {"a.json": b"plain", "large": content, ".gitattributes": ATTRIBUTES}
    commit = upstream.commit(files)
    for key in ("filter.c.smudge", "filter.c.process", "diff.c.textconv"):
        upstream.configure(key, f"touch {canary}")
    opened(upstream).close()
    for blob in (digest_of(b"plain"), digest_of(content)):
        upstream.git("replace", blob, upstream.write_object("blob", b"other"))
    objects = Objects(upstream.git_dir)
    assert set(objects.tree(commit).entries) == {"a.json", "large", ".gitattributes"}
    assert objects.read(digest_of(b"plain")) == b"plain"
    assert b"".join(objects.chunks(digest_of(content))) == content
    assert not canary.exists()
    objects.close()
