"""One version everywhere: what `prepare` writes, and what `check` refuses.

Broken on purpose, and seen to fail: a chart whose `version` stays behind, a tag without `v`, notes
that run into the section before.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

import stoker
from support.tools import tool

ROOT: Final = Path(__file__).resolve().parents[3]
WORKFLOWS: Final = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
release = tool("release")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """What has to do with versions, to be written in."""
    for name in ("CHANGELOG.md", "src/stoker/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "charts", tmp_path / "charts")
    return tmp_path


def changelog(sources: Path) -> str:
    return (sources / "CHANGELOG.md").read_text()


def test_the_sources_know_their_version() -> None:
    assert release.version(ROOT) == stoker.__version__


def test_a_version_that_was_prepared_may_be_released(sources: Path) -> None:
    release.prepare(sources, "9.8.7", "2030-01-31")
    release.check(sources, "v9.8.7")
    assert release.version(sources) == "9.8.7"
    chart = yaml.safe_load((sources / "charts/stoker-operator/Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == ("9.8.7", "9.8.7")
    assert "## [9.8.7] - 2030-01-31" in changelog(sources)
    assert changelog(sources).index("[Unreleased]") < changelog(sources).index("[9.8.7]")


def test_the_next_version_begins_with_nothing_to_tell(sources: Path) -> None:
    release.prepare(sources, "9.8.7", "2030-01-31")
    told = release.notes(sources)
    assert told.startswith("### ")
    release.prepare(sources, "9.8.8", "2030-02-01")
    with pytest.raises(release.Unfit, match=r"says nothing of 9\.8\.8"):
        release.check(sources, "v9.8.8")
    filled = changelog(sources).replace("2030-02-01\n", "2030-02-01\n\n### Fixed\n\n- One.\n", 1)
    (sources / "CHANGELOG.md").write_text(filled)
    assert release.notes(sources) == "### Fixed\n\n- One."


@pytest.mark.parametrize("tag", ["9.8.7", "v9.8.6", "v9.8.7-rc.1", "main"])
def test_another_tag_is_not_released(tag: str, sources: Path) -> None:
    release.prepare(sources, "9.8.7", "2030-01-31")
    with pytest.raises(release.Unfit, match=re.escape(f"the tag is {tag}, and src/stoker")):
        release.check(sources, tag)


def test_a_chart_that_stayed_behind_is_not_released(sources: Path) -> None:
    release.prepare(sources, "9.8.7", "2030-01-31")
    chart = sources / "charts/stoker-operator/Chart.yaml"
    chart.write_text(chart.read_text().replace("\nversion: 9.8.7", "\nversion: 9.8.6"))
    with pytest.raises(release.Unfit, match=r"version is 9\.8\.6"):
        release.check(sources, "v9.8.7")


@pytest.mark.parametrize(
    ("wanted", "day", "why"),
    [
        ("v9.8.7", "2030-01-31", "v9.8.7 is no version"),
        ("9.8", "2030-01-31", "9.8 is no version"),
        ("9.8.7", "today", "today is no day"),
    ],
)
def test_what_is_malformed_changes_nothing(wanted: str, day: str, why: str, sources: Path) -> None:
    before = changelog(sources)
    with pytest.raises(release.Unfit, match=why):
        release.prepare(sources, wanted, day)
    assert changelog(sources) == before
    assert release.version(sources) == stoker.__version__


def test_the_chart_of_a_release_names_its_image(sources: Path, tmp_path: Path) -> None:
    made = release.chart(sources, "registry.example/plant/stoker", tmp_path / "made")
    values = [
        yaml.safe_load((one / "values.yaml").read_text())
        for one in (made, release.ROOT / "charts/stoker-operator")
    ]
    assert values[0].pop("image") == {
        **values[1].pop("image"),
        "repository": "registry.example/plant/stoker",
    }
    assert values[0] == values[1]


# --- The workflows; tests/kind/test_workflows.py has actionlint read them ---


def steps(workflow: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(workflow.read_text())["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda one: one.stem)
def test_foreign_code_is_pinned(workflow: Path) -> None:
    uses = re.findall(r"uses: (\S+)( # v\d+\.\d+\.\d+)?", workflow.read_text())
    assert uses
    for name, comment in uses:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", name), name
        assert comment, f"{name}: which version is that?"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda one: one.stem)
def test_a_job_has_no_right_that_it_does_not_name(workflow: Path) -> None:
    document = yaml.safe_load(workflow.read_text())
    assert document["permissions"] == {"contents": "read"}
    # What comes from outside reaches a shell by its environment, never as a part of the command.
    assert not [one for one in steps(workflow) if "${{" in one.get("run", "")]


def test_a_release_is_tested_signed_and_attested() -> None:
    (workflow,) = [one for one in WORKFLOWS if one.stem == "release"]
    jobs = yaml.safe_load(workflow.read_text())["jobs"]
    assert jobs["image"]["needs"] == jobs["python"]["needs"] == "test"
    assert "python tools/release.py check" in str(jobs["test"]["steps"])
    for job in ("image", "chart"):
        assert "cosign sign --yes" in str(jobs[job]["steps"]), job
    for job in ("image", "chart", "python"):
        assert "attest-build-provenance" in str(jobs[job]["steps"]), job
        assert jobs[job]["permissions"]["id-token"] == "write"
