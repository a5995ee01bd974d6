"""Syncs by the engine: a real repository, a real data directory, and what is on the disk after."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from attrs import evolve

from stoker.core.agent import assign
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.agent.effects import SyncResult
from stoker.core.planning import Create, KeptReason, Replace
from stoker.core.refs import CommitId
from stoker.core.spec import PruneMode, SourceMapping
from stoker.entrypoints.engine.once import Ending
from stoker.entrypoints.engine.previewing import preview
from stoker.testing.repositories import Executable, Symlink
from support.synced_gateway import SyncedGateway, profile, texts

FIRST = {
    "projects/a/project.json": '{"title": "a"}',
    "projects/a/script/code.py": "print(1)\n",
    "projects/b/project.json": '{"title": "b"}',
    "README.md": "not mapped",
}
TEMPLATED = profile(SourceMapping(source="projects", destination="projects", template=True))


@pytest.fixture
def gateway(tmp_path: Path) -> SyncedGateway:
    return SyncedGateway(tmp_path)


def result(ending: Ending) -> SyncResult | None:
    return None if ending.audit is None else ending.audit.result


def operations(ending: Ending) -> list[tuple[str, str]]:
    assert ending.prepared
    return [(type(op).__name__, op.path) for op in ending.prepared.plan.ops]


def test_a_first_sync_writes_what_is_mapped_and_nothing_else(gateway: SyncedGateway) -> None:
    ending = gateway.sync(gateway.commit(FIRST))
    assert result(ending) is SyncResult.SYNCED
    assert ending.error is None
    mapped = {path: text for path, text in FIRST.items() if path.startswith("projects/")}
    assert texts(gateway.files()) == mapped


def test_a_second_sync_of_a_commit_does_nothing(gateway: SyncedGateway) -> None:
    commit = gateway.commit(FIRST)
    gateway.sync(commit)
    before = {path: path.lstat() for path in gateway.data.rglob("projects/**/*")}
    ending = gateway.sync(commit)
    assert result(ending) is SyncResult.UNCHANGED
    assert {path: path.lstat() for path in before} == before


def test_a_change_is_planned_at_the_paths_that_differ(gateway: SyncedGateway) -> None:
    first = gateway.commit(FIRST)
    second = gateway.commit({"projects/a/script/code.py": "print(2)\n"})
    with gateway.at_work() as doers:
        gateway.sync_with(doers, first)
        ending = gateway.sync_with(doers, second)
    assert operations(ending) == [("Replace", "projects/a/script/code.py")]
    assert ending.prepared
    # A signature would cover its neighbours, so these are looked at too, and nothing else is.
    assert ending.prepared.considered == {"projects/a/script/code.py"}


def test_what_the_commit_deletes_goes_with_its_empty_folder(gateway: SyncedGateway) -> None:
    gateway.sync(gateway.commit(FIRST))
    second = gateway.commit({}, delete=("projects/a/script/code.py",))
    ending = gateway.sync(second)
    # A folder that still holds something is not removed, so it does no harm to try.
    assert operations(ending)[:2] == [
        ("Delete", "projects/a/script/code.py"),
        ("RemoveDirectory", "projects/a/script"),
    ]
    assert not (gateway.data / "projects/a/script").exists()


@pytest.mark.parametrize(
    ("prune", "stays"), [(PruneMode.MIRROR, False), (PruneMode.OWNED, True), (PruneMode.NONE, True)]
)
def test_a_stranger_beside_a_change(
    gateway: SyncedGateway, prune: PruneMode, *, stays: bool
) -> None:
    wanted = profile(prune=prune)
    first = gateway.commit(FIRST)
    second = gateway.commit({"projects/a/script/code.py": "print(2)\n"})
    with gateway.at_work() as doers:
        gateway.sync_with(doers, first, wanted)
        doers.unwatched = False
        stranger = gateway.write("projects/a/script/notes.txt", "mine")
        far = gateway.write("projects/b/notes.txt", "mine")
        gateway.sync_with(doers, second, wanted)
    assert stranger.exists() is stays
    # The whole of the disk is looked at by the next life, and by the drift check.
    gateway.sync(second, wanted)
    assert far.exists() is stays


def test_files_that_name_the_commit_follow_every_commit(gateway: SyncedGateway) -> None:
    first = gateway.commit({**FIRST, "projects/a/version.txt": "{{.Commit}} {{.Ref}}"})
    second = gateway.commit({"README.md": "nothing that is mapped"})
    gateway.sync(first, TEMPLATED)
    assert texts(gateway.files())["projects/a/version.txt"] == f"{first} main"
    ending = gateway.sync(second, TEMPLATED)
    assert operations(ending) == [("Replace", "projects/a/version.txt")]
    gateway.sync(second, TEMPLATED, ref="v1")
    assert texts(gateway.files())["projects/a/version.txt"] == f"{second} v1"


def test_another_profile_is_planned_from_scratch(gateway: SyncedGateway) -> None:
    commit = gateway.commit({**FIRST, "projects/a/name.txt": "{{.GatewayName}} {{.Vars.site}}"})
    gateway.sync(commit)
    ending = gateway.sync(commit, evolve(TEMPLATED, vars={"site": "Graz"}))
    assert operations(ending) == [("Replace", "projects/a/name.txt")]
    assert texts(gateway.files())["projects/a/name.txt"] == "line-0 Graz"


def test_an_ignore_file_that_appears_is_heeded_at_once(gateway: SyncedGateway) -> None:
    gateway.sync(gateway.commit(FIRST))
    ending = gateway.sync(gateway.commit({".stokerignore": "projects/b/\n"}))
    assert result(ending) is SyncResult.UNCHANGED
    # What is ignored is left alone, whoever wrote it.
    assert "projects/b/project.json" in gateway.files()


def test_a_sync_puts_in_order_what_was_changed_by_hand(gateway: SyncedGateway) -> None:
    commit = gateway.commit(FIRST)
    gateway.sync(commit)
    before = gateway.files()
    gateway.write("projects/a/script/code.py", "by hand")
    (gateway.data / "projects/b/project.json").unlink()
    gateway.write("projects/new/thing.txt", "by hand")
    (gateway.data / "projects/a/project.json").chmod(0o755)
    ending = gateway.sync(commit)
    assert gateway.files() == before
    assert ending.prepared
    assert ending.prepared.plan.drifted == (
        "projects/a/project.json",
        "projects/a/script/code.py",
        "projects/b/project.json",
    )


def _by_hand(gateway: SyncedGateway) -> None:
    gateway.write("projects/a/script/code.py", "by hand")
    gateway.write("projects/a/project.json", "by hand")
    (gateway.data / "projects/b/project.json").unlink()
    gateway.write("projects/new/thing.txt", "by hand")


@pytest.mark.parametrize("of", ["the same commit", "another commit", "another profile"])
def test_a_plan_that_does_not_restore_leaves_what_was_changed_by_hand(
    gateway: SyncedGateway, of: str
) -> None:
    """Broken by leaving `restores` out of `_some`, of `_everything`, and without `is_new`."""
    first = gateway.commit({**FIRST, "config/one.txt": "one"})
    drifted = {
        "projects/a/project.json",
        "projects/a/script/code.py",
        "projects/b/project.json",
        "projects/new/thing.txt",
    }
    commit, wanted = first, profile()
    planned = set[tuple[str, str]]()
    if of == "another commit":
        commit = gateway.commit({"projects/a/script/code.py": "print(2)\n"})
        planned = {("Replace", "projects/a/script/code.py")}
    if of == "another profile":
        config = SourceMapping(source="config", destination="config")
        wanted = profile(*wanted.mappings, config, prune_limit_percent=100)
        planned = {("Create", "config/one.txt"), ("Delete", "config/notes.txt")}
    with gateway.at_work() as doers:
        gateway.sync_with(doers, first)
        _by_hand(gateway)
        gateway.write("config/notes.txt", "nobody mapped this yet")
        assignment = assign(gateway.metadata(commit, wanted), gateway.pod)
        assert assignment
        preview(doers, assignment, CommitId(commit))
        assert doers.target
        made = doers.planner.prepare(doers.target, whole=True, restores=False).plan
    assert {(type(op).__name__, op.path) for op in made.ops} == planned
    assert set(made.drifted) == drifted


def test_the_drift_check_counts_and_changes_nothing(gateway: SyncedGateway) -> None:
    commit = gateway.commit(FIRST)
    with gateway.at_work() as doers:
        gateway.sync_with(doers, commit)
        assert _drift(doers.answer(ef.CheckDrift(1))) == 0
        gateway.write("projects/a/script/code.py", "by hand")
        gateway.write("projects/new/thing.txt", "by hand")
        (gateway.data / "projects/b/project.json").unlink()
        before = gateway.files()
        assert _drift(doers.answer(ef.CheckDrift(2))) == 3
        assert gateway.files() == before


def _drift(event: ev.Event) -> int:
    assert isinstance(event, ev.DriftChecked), event
    return event.count


def test_a_copied_file_is_read_once_and_known_from_then_on(gateway: SyncedGateway) -> None:
    commit = gateway.commit(FIRST)
    with gateway.at_work() as doers:
        gateway.sync_with(doers, commit)
        path = gateway.data / "projects/a/script/code.py"
        os.utime(path, ns=(10**18, 10**18))
        assert _drift(doers.answer(ef.CheckDrift(1))) == 0
        (row,) = [
            row for shard in doers.place.store.rows() for row in shard if row[0].endswith("code.py")
        ]
        assert row[3][1] == 10**18


def test_executables_and_modes(gateway: SyncedGateway) -> None:
    commit = gateway.upstream.commit({"projects/run.sh": Executable(b"#!/bin/sh\n")})
    gateway.sync(commit)
    assert gateway.files()["projects/run.sh"] == (b"#!/bin/sh\n", 0o755)


def test_a_link_in_the_commit_fails_the_sync_with_its_path(gateway: SyncedGateway) -> None:
    """THREATS: a symlink in the commit. Broken by taking links for files in `Bounds._leaf`."""
    commit = gateway.upstream.commit({**FIRST, "projects/a/link": Symlink("/etc/passwd")})
    ending = gateway.sync(commit)
    assert ending.error is not None
    assert ending.error.where == "projects/a/link"
    assert gateway.files() == {}


@pytest.mark.parametrize("place", ["projects", "projects/a", "projects/a/script"])
def test_a_link_in_the_data_directory_is_not_followed(gateway: SyncedGateway, place: str) -> None:
    """THREATS: a symlink in the data directory. Broken by opening folders without O_NOFOLLOW."""
    outside = gateway.folder / "outside"
    (outside / "a" / "script").mkdir(parents=True)
    (outside / "script").mkdir()
    (outside / "code.py").write_text("not yours")
    before = sorted(outside.rglob("*"))
    at = gateway.data / place
    at.parent.mkdir(parents=True, exist_ok=True)
    at.symlink_to(outside)
    ending = gateway.sync(gateway.commit(FIRST))
    assert ending.error is not None
    assert place in str(ending.error)
    assert sorted(outside.rglob("*")) == before
    assert (outside / "code.py").read_text() == "not yours"
    assert at.is_symlink()


@pytest.mark.parametrize("path", ["../out", "/etc/x", "a/../../out", "a\\b", "a\x01b", "a\0b"])
def test_a_path_that_leaves_after_templating_writes_nothing(
    gateway: SyncedGateway, path: str
) -> None:
    """THREATS: paths after templating. Broken by joining the rendered text unparsed."""
    wanted = profile(
        SourceMapping(source="projects", destination="{{.Vars.where}}"),
        vars={"where": path},
    )
    ending = gateway.sync(gateway.commit(FIRST), wanted)
    assert ending.error is not None
    assert "destination" in ending.error.where
    assert gateway.files() == {}
    assert not (gateway.folder / "out").exists()


def test_protected_places_are_left_alone(gateway: SyncedGateway) -> None:
    gateway.write("db/config.idb", "the gateway's")
    gateway.write("projects/.resources/cache", "the gateway's")
    commit = gateway.commit(
        {**FIRST, "projects/.resources/cache": "ours", "config/local/x": "ours", "db/x": "ours"}
    )
    everything = profile(SourceMapping(source=".", destination="."), exclude_patterns=())
    ending = gateway.sync(commit, everything)
    assert ending.error is None
    assert ending.prepared
    kept = {str(kept.path): kept.reason for kept in ending.prepared.kept}
    assert kept["config/local"] is KeptReason.PROTECTED
    assert kept["db"] is KeptReason.PROTECTED
    found = texts(gateway.files())
    assert found["db/config.idb"] == "the gateway's"
    assert found["projects/.resources/cache"] == "the gateway's"
    assert "db/x" not in found
    assert "config/local/x" not in found


def test_an_emptied_source_deletes_nothing(gateway: SyncedGateway) -> None:
    """THREATS: a source that is moved away. Broken by a policy without `held`."""
    gateway.sync(gateway.commit(FIRST))
    before = gateway.files()
    moved = {f"moved/{path}": text for path, text in FIRST.items()}
    ending = gateway.sync(gateway.commit(moved, delete=tuple(FIRST)))
    assert gateway.files() == before
    assert ending.prepared
    assert not ending.prepared.plan.ops


def test_too_many_deletions_are_refused_with_the_way_to_consent(gateway: SyncedGateway) -> None:
    """THREATS: 90 % of the files gone. Broken by counting only the paths that differ."""
    many = {f"projects/a/{number}.txt": str(number) for number in range(50)}
    gateway.sync(gateway.commit(many))
    second = gateway.commit({}, delete=tuple(list(many)[:45]))
    before = gateway.files()
    ending = gateway.sync(second)
    assert ending.error is not None
    assert type(ending.error).reason == "PruneLimitExceeded"
    assert "pruneLimitPercent" in ending.error.cure
    assert gateway.files() == before
    assert gateway.sync(second, profile(prune_limit_percent=100)).error is None
    assert len(gateway.files()) == 5


def test_the_limit_counts_the_files_that_a_change_leaves_out(gateway: SyncedGateway) -> None:
    many = {f"projects/a/{number}.txt": str(number) for number in range(100)}
    gateway.sync(gateway.commit(many))
    ending = gateway.sync(gateway.commit({}, delete=tuple(list(many)[:40])))
    assert ending.error is None
    assert len(gateway.files()) == 60


def test_a_bad_template_changes_nothing_and_names_the_file(gateway: SyncedGateway) -> None:
    gateway.sync(gateway.commit(FIRST), TEMPLATED)
    before = gateway.files()
    ending = gateway.sync(
        gateway.commit({"projects/a/x": "{{.Vars.nowhere}}", "projects/b/project.json": "{}"}),
        TEMPLATED,
    )
    assert ending.error is not None
    assert ending.error.where == "projects/a/x"
    assert gateway.files() == before
    assert ending.state.on_disk.commit != ""


def test_odd_names_arrive_as_they_are(gateway: SyncedGateway) -> None:
    names = ("a b.txt", "ünï.txt", "日本/タグ.json", "'quoted'.txt", "-dash", "tab.", "emoji 🏭.md")
    long = "projects/" + "/".join("d" * 20 for _ in range(9)) + "/" + "f" * 20
    files = {f"projects/a/{name}": name for name in names} | {long: "deep"}
    gateway.sync(gateway.commit(files))
    assert texts(gateway.files()) == files


def test_a_file_becomes_a_folder_and_back(gateway: SyncedGateway) -> None:
    first = gateway.commit({"projects/x": "file", "projects/y/deep": "file"})
    second = gateway.commit(
        {"projects/x/deep": "file", "projects/y": "file"}, delete=("projects/x", "projects/y/deep")
    )
    for commit in (first, second, first):
        gateway.sync(commit)
    assert set(gateway.files()) == {"projects/x", "projects/y/deep"}


def test_a_damaged_repository_is_fetched_anew(gateway: SyncedGateway) -> None:
    """THREATS: a corrupt object database. Broken by not rebuilding in `Doers.plan`."""
    gateway.sync(gateway.commit(FIRST))
    second = gateway.commit({"projects/a/script/code.py": "print(2)\n"})
    for pack in (gateway.site.repository / "objects").rglob("*.pack"):
        pack.chmod(0o644)
        pack.write_bytes(b"PACK" + b"\0" * 100)
    for loose in (gateway.site.repository / "objects").glob("??/*"):
        loose.chmod(0o644)
        loose.write_bytes(b"nonsense")
    ending = gateway.sync(second)
    assert ending.error is None
    assert texts(gateway.files())["projects/a/script/code.py"] == "print(2)\n"


def test_a_rewritten_history_is_followed(gateway: SyncedGateway) -> None:
    gateway.sync(gateway.commit(FIRST))
    gateway.upstream.delete_ref("refs/heads/main")
    other = gateway.commit({"projects/a/project.json": '{"title": "other"}'})
    assert gateway.sync(other).error is None
    assert set(gateway.files()) == {"projects/a/project.json"}


def test_two_at_once_are_refused(gateway: SyncedGateway) -> None:
    commit = gateway.commit(FIRST)
    with gateway.at_work() as doers:
        gateway.sync_with(doers, commit)
        ending = gateway.sync(commit)
    assert ending.error is not None
    assert str(os.getpid()) in str(ending.error)


def test_the_content_is_written_in_pieces_where_it_is_large(gateway: SyncedGateway) -> None:
    large = os.urandom(3 << 20)
    ending = gateway.sync(gateway.commit({"projects/large.bin": large, "projects/s": "small"}))
    assert ending.error is None
    assert ending.prepared
    assert len(ending.prepared.large) == 1
    assert gateway.files()["projects/large.bin"][0] == large
    assert {type(op) for op in ending.prepared.plan.ops} <= {Create, Replace}
