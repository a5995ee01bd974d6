"""Repositories that tests and demos are made of."""

from __future__ import annotations

import json
import statistics
from itertools import pairwise
from pathlib import Path

import pytest

from stoker.core.errors import StokerError
from stoker.core.ignition import Dialect, Resource, verify
from stoker.core.paths import RelPath
from stoker.testing.repositories import (
    SIZES,
    Executable,
    Gitlink,
    Item,
    Site,
    Size,
    Symlink,
    Upstream,
)

SMALL = Size(100, 60_000)
OTHER = "1234567890123456789012345678901234567890"


def listing(upstream: Upstream, commit: str) -> dict[str, str]:
    rows = upstream.git("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")
    split = (row.split(b"\t", 1) for row in rows if row)
    return {name.decode("utf-8", "surrogateescape"): about.decode() for about, name in split}


def test_the_same_calls_make_the_same_commits_whoever_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = []
    for name in ("one", "two"):
        upstream = Upstream.create(tmp_path / name)
        ids.append((upstream.commit({"a": "1"}), upstream.commit({"b/c": b"2"}, "More")))
        monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
        monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody Else")
    assert ids[0] == ids[1]
    assert Upstream.at(tmp_path / "one").tip() == ids[0][1]


def test_everything_that_git_can_store_can_be_committed(tmp_path: Path) -> None:
    upstream = Upstream.create(tmp_path / "up")
    odd = ['sp ace/"quoted"', "back\\slash", "tab\tnew\nline", "ümläut", "not-utf8-\udcff", "-rf"]
    files: dict[str, Item] = {
        "run.sh": Executable("#!/bin/sh\n"),
        "link": Symlink("../../etc/passwd"),
        "vendor": Gitlink(OTHER),
        ".gitattributes": "* filter=canary\n",
        **dict.fromkeys(odd, b"x"),
    }
    commit = upstream.commit(files)
    rows = listing(upstream, commit)
    assert rows.keys() == {"run.sh", "link", "vendor", ".gitattributes", *odd}
    assert rows["run.sh"].startswith("100755 blob")
    assert rows["link"].startswith("120000 blob")
    assert rows["vendor"] == f"160000 commit {OTHER}"


def test_commits_build_upon_each_other_and_can_begin_anew(tmp_path: Path) -> None:
    upstream = Upstream.create(tmp_path / "up")
    first = upstream.commit({"a": "1", "b": "1"})
    second = upstream.commit({"b": "2"}, delete=["a"], at=2_000_000_000)
    assert listing(upstream, second).keys() == {"b"}
    assert upstream.git("rev-parse", f"{second}^").strip().decode() == first
    upstream.delete_ref("refs/heads/main")
    assert upstream.tip() is None
    third = upstream.commit({"c": "3"})
    assert upstream.git("rev-list", "--count", third).strip() == b"1"


def test_branches_and_tags(tmp_path: Path) -> None:
    upstream = Upstream.create(tmp_path / "up", head="trunk")
    commit = upstream.commit({"a": "1"})
    upstream.branch("release/8.3", commit)
    upstream.tag("light", commit)
    upstream.tag("v1.0.0", commit, "The first")
    shown = upstream.git("show-ref", "--dereference").decode()
    assert f"{commit} refs/heads/release/8.3" in shown
    assert f"{commit} refs/heads/trunk" in shown
    assert f"{commit} refs/tags/light" in shown
    assert f"{commit} refs/tags/v1.0.0^{{}}" in shown


def test_files_stand_beside_the_repository_where_that_is_wanted(tmp_path: Path) -> None:
    upstream = Upstream.create(tmp_path / "up", bare=False)
    upstream.commit({"a/b": "1", "gone": "1"})
    upstream.commit({"a/b": "2"}, delete=["gone"])
    upstream.commit({"elsewhere": "1"}, branch="other")
    assert (tmp_path / "up/a/b").read_text() == "2"
    assert {each.name for each in (tmp_path / "up").iterdir()} == {".git", "a"}
    assert upstream.git("status", "--porcelain") == b""


def test_what_no_program_should_write_can_be_written(tmp_path: Path) -> None:
    upstream = Upstream.create(tmp_path / "up")
    blob = upstream.write_object("blob", b"x")
    tree = upstream.write_object("tree", b"100664 ..\0" + bytes.fromhex(blob))
    commit = upstream.commit_tree(tree)
    assert upstream.commit_tree(tree) != commit
    raw = upstream.git("cat-file", "tree", f"{commit}^{{tree}}")
    assert raw == b"100664 ..\0" + bytes.fromhex(blob)


def test_sha256_hooks_and_settings(tmp_path: Path) -> None:
    upstream = Upstream.create(tmp_path / "up", object_format="sha256")
    assert len(upstream.commit({"a": "1"})) == 64
    upstream.hook("post-update", "#!/bin/sh\nexit 1\n")
    assert (upstream.git_dir / "hooks/post-update").stat().st_mode & 0o111
    upstream.configure("uploadpack.allowAnySHA1InWant", "true")
    assert upstream.git("config", "uploadpack.allowAnySHA1InWant").strip() == b"true"


def test_what_git_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    upstream = Upstream.create(tmp_path / "up")
    many = ((f"file {number}", bytes(100_000)) for number in range(100))
    with pytest.raises(StokerError, match=r"fast-import.*failed with"):
        upstream.commit_all([("vendor", Gitlink("no id")), *many], "Too much")
    with pytest.raises(StokerError, match=r"update-ref.*failed with"):
        upstream.tag("bad..name", OTHER)


def test_a_site_has_the_shape_of_real_ones() -> None:
    for name in ("S", "M", "L"):
        files = {path: len(content) for path, content in Site.of(name).files()}
        size = SIZES[name]
        assert len(files) == size.files
        assert sum(files.values()) == pytest.approx(size.bytes, rel=0.1)
        documents = sum(path.endswith("resource.json") for path in files)
        assert 0.36 < documents / len(files) < 0.38
        assert 0.1 < sum(path.endswith((".png", ".bin")) for path in files) / len(files) < 0.5
        assert 0.08 < sum(" " in path for path in files) / len(files) < 0.25
        assert max(map(len, files)) == 219
        assert max(path.count("/") + 1 for path in files) == 17
        ordered = sorted(files.values())
        assert 30 <= statistics.median(ordered) <= 4_620
        assert 2_000 <= ordered[len(ordered) * 99 // 100] <= 440_000
        assert ordered[-1] < 4_100_000
        assert all(RelPath.parse(path) == path for path in files)


def test_every_resource_is_signed_as_a_gateway_would() -> None:
    site = Site(SMALL)
    files = {**dict(site.files()), **dict(site.changed(30, revision=3))}
    documents = [path for path in files if path.endswith("resource.json")]
    assert len(documents) > 30
    for path in documents:
        folder, _, name = path.rpartition("/")
        listed = json.loads(files[path])["files"]
        beside = {each: files[f"{folder}/{each}"] for each in listed}
        assert verify(Resource(files[path], beside, name.startswith("unary"))) is Dialect.V83


def test_a_seed_gives_the_same_commits_and_another_one_others(tmp_path: Path) -> None:
    seen = []
    for number, seed in enumerate((7, 7, 8)):
        upstream = Upstream.create(tmp_path / str(number))
        site = Site(SMALL, seed)
        seen.append((site.commit(upstream), site.change(upstream, 5, revision=2)))
    assert seen[0] == seen[1]
    assert set(seen[2]).isdisjoint(seen[0])


@pytest.mark.parametrize("count", [0, 1, 2, 9, 10])
def test_a_change_changes_so_many_files(tmp_path: Path, count: int) -> None:
    upstream = Upstream.create(tmp_path / "up")
    site = Site(SMALL)
    commits = [site.commit(upstream)]
    commits += [site.change(upstream, count, revision) for revision in (1, 2)]
    for before, after in pairwise(commits):
        changed = upstream.git("diff-tree", "-r", "--name-status", before, after).splitlines()
        assert len(changed) == count
        assert all(row.startswith(b"M\t") for row in changed)
