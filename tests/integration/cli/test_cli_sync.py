"""`stoker sync` and `stoker plan` as users run them: results, documents, exit codes, progress."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stoker.testing.gateway import FakeGateway, Settings
from support.command import STOKER, commit_of, environment, git, stoker

PROFILE = "mappings: [{source: projects, destination: projects}]\n"
KEYS = (
    *("result", "commit", "ref", "added", "modified", "deleted", "kept", "drifted", "projects"),
    *("scan", "durationSeconds", "error"),
)


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """A folder with a repository, a profile, a data directory and the user's cache."""
    commit_of(
        tmp_path / "repo", {"projects/p/project.json": "{}", "projects/p/a b": "x", "else": ""}
    )
    (tmp_path / "profile.yaml").write_text(PROFILE)
    (tmp_path / "data").mkdir()
    return tmp_path


def command(plant: Path, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    given = ("--repo", "repo", "--ref", "main", "--profile", "profile.yaml", "--data", "data")
    return stoker(name, *given, *options, cwd=plant, env={"XDG_CACHE_HOME": str(plant / "cache")})


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_sync_and_its_document(plant: Path) -> None:
    done = command(plant, "sync", "--output", "json")
    assert (done.returncode, done.stderr) == (0, "")
    told = document(done)
    assert tuple(told) == KEYS
    assert told["result"] == "synced"
    assert told["commit"] == git("rev-parse", "HEAD", cwd=plant / "repo")
    assert told["ref"] == "main"
    assert told["added"] == ["projects/p/a b", "projects/p/project.json"]
    assert told["projects"] == ["p"]
    assert told["error"] is None
    assert (plant / "data/projects/p/a b").read_text() == "x"
    again = document(command(plant, "sync", "--output", "json"))
    assert (again["result"], again["added"]) == ("unchanged", [])


def test_a_dry_run_writes_nothing(plant: Path) -> None:
    done = command(plant, "sync", "--dry-run", "--output", "json")
    assert done.returncode == 0
    assert document(done)["result"] == "dryRun"
    assert document(done)["added"] == ["projects/p/a b", "projects/p/project.json"]
    assert not (plant / "data/projects").exists()


def test_text_for_people_and_lines_of_progress(plant: Path) -> None:
    done = command(plant, "sync")
    assert done.returncode == 0
    assert done.stdout.startswith("Synced ")
    assert "  + projects/p/a b\n" in done.stdout
    assert done.stderr.startswith("Fetching the commit")
    assert "\x1b" not in done.stdout + done.stderr
    assert command(plant, "sync", "--quiet").stderr == ""


@pytest.mark.parametrize("output", ["text", "json", "markdown"])
def test_a_plan_and_its_exit_codes(plant: Path, output: str) -> None:
    done = command(plant, "plan", "--output", output)
    assert done.returncode == 0
    assert "a b" in done.stdout
    assert not (plant / "data/projects").exists()
    assert command(plant, "plan", "--exit-code", "--output", output).returncode == 3
    assert command(plant, "sync").returncode == 0
    assert command(plant, "plan", "--exit-code", "--output", output).returncode == 0


def test_a_failure_has_a_line_and_a_whole_document(plant: Path) -> None:
    done = command(plant, "sync", "--output", "json", "--ref", "nope")
    assert done.returncode == 1
    told = document(done)
    assert tuple(told) == KEYS
    assert told["result"] == "error"
    assert told["error"]["kind"] == "InvalidRef"
    (line,) = done.stderr.splitlines()
    assert line.startswith("stoker: error: nope: the repository has no such ref (")
    text = command(plant, "sync", "--quiet", "--ref", "nope")
    assert text.returncode == 1
    assert text.stderr == done.stderr
    assert "no such ref" not in text.stdout


def test_a_plan_that_fails_has_a_document_too(plant: Path) -> None:
    done = command(plant, "plan", "--output", "json", "--ref", "nope")
    assert done.returncode == 1
    assert document(done)["error"]["kind"] == "InvalidRef"


def test_a_gateway_sync_is_all_that_is_needed(plant: Path) -> None:
    manifest = f"""\
apiVersion: stoker.io/v1alpha1
kind: GatewaySync
metadata: {{name: plant}}
spec:
  git: {{repo: "{(plant / "repo").as_uri()}", ref: main}}
  gateway: {{api: {{secretName: key}}}}
  sync:
    profiles:
      line-a: {{mappings: [{{source: projects, destination: projects}}]}}
"""
    (plant / "sync.yaml").write_text(manifest)
    env = {"XDG_CACHE_HOME": str(plant / "cache")}
    options = ("--profile", "sync.yaml", "--data", "data")
    assert stoker("sync", *options, cwd=plant, env=env).returncode == 2
    done = stoker("sync", *options, "--profile-name", "line-a", cwd=plant, env=env)
    assert done.returncode == 0
    assert (plant / "data/projects/p/project.json").exists()


def test_a_gateway_scans_what_was_written_and_may_refuse_it(plant: Path) -> None:
    with FakeGateway(plant / "data", Settings(scan_seconds=0.05)) as gateway:
        (plant / "key").write_text(gateway.token)
        options = ("--gateway-url", gateway.url, "--api-key-file", "key", "--output", "json")
        done = command(plant, "sync", *options)
        assert done.returncode == 0, done.stderr
        assert document(done)["result"] == "synced"
        assert document(done)["scan"]
        assert set(gateway.projects) == {"p"}
        (plant / "key").write_text("name:hunter2")
        commit_of(plant / "repo", {"projects/p/project.json": '{"title": "new"}'})
        done = command(plant, "sync", *options)
    assert done.returncode == 1
    assert document(done)["error"] is not None
    assert len(done.stderr.splitlines()) == 1
    assert "hunter2" not in done.stdout + done.stderr


def test_the_demo_ends_by_itself(tmp_path: Path) -> None:
    done = stoker("demo", cwd=tmp_path, env={"TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "What happened" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_sees_a_bar_that_is_gone_in_the_end(plant: Path) -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(  # noqa: S603
        [
            *(*STOKER, "sync", "--repo", "repo", "--ref", "main", "--profile", "profile.yaml"),
            *("--data", "data", "--output", "json"),
        ],
        cwd=plant,
        env=environment(XDG_CACHE_HOME=str(plant / "cache")),
        stdout=subprocess.PIPE,
        stderr=follower,
    ) as process:
        os.close(follower)
        out, _ = process.communicate(timeout=60)
    shown = read_all(leader)
    assert json.loads(out)["result"] == "synced"
    assert "Fetching the commit" in shown
    assert "Writing files" in shown
    # The line is cleared and the cursor is shown again.
    assert "\x1b[2K" in shown
    assert "\x1b[?25h" in shown


def read_all(leader: int) -> str:
    """What the other end of a terminal has written, until it was closed."""
    shown = b""
    while True:
        try:
            shown += os.read(leader, 65536)
        except OSError:
            os.close(leader)
            return shown.decode()
