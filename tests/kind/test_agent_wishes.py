"""What is wished for while a gateway runs, each without a restart of its pod.

By annotations of the pod, which the kubelet passes on at once: profile, ref, period, excludes. By
the GatewaySync: a dry run, a pause of a profile or of everything, another repository.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kit import eventually
from kit.works import Injected, Works, digest, digests, profiles

from support.standalone import VIEW, project

VIEW_FILE = f"{VIEW}/view.json"
OTHER = "projects/other/project.json"


@pytest.fixture(scope="module")
def works(new_works: Callable[..., Works]) -> Works:
    default = profiles(syncPeriod=5)["profiles"]["default"]
    other = {**default, "mappings": [{"source": "more", "destination": "projects/other"}]}
    made = new_works("site", sync={"profiles": {"default": default, "other": other}})
    made.push({**project(), "more/project.json": "{}"})
    return made


@pytest.fixture(scope="module")
def agent(works: Works) -> Injected:
    made = works.start("gw-0").ready()
    made.will_say("Synced", works.source.head())
    return made


@pytest.fixture(autouse=True)
def _as_before(works: Works, agent: Injected) -> Iterator[None]:
    """Each test begins with nothing wished for."""
    yield
    agent.annotate(profile=None, ref_override=None, sync_period=None, exclude_patterns=None)
    works.change(paused=False)
    change(works, dryRun=False, paused=False)


class TestAnnotations:
    """Of the pod that runs."""

    def test_another_profile(self, works: Works, agent: Injected) -> None:
        agent.annotate(profile="other")
        eventually(lambda: agent.says("Synced")["profile"] == "other", what="it says so")
        eventually(lambda: agent.holds(OTHER, "{}"), what="the gateway has the other project")
        agent.annotate(profile="absent")
        report = agent.will_say("Error", text="absent")
        assert report["syncedCommit"] == works.source.head()
        assert OTHER in agent.files()
        agent.annotate(profile=None)
        eventually(lambda: agent.says("Synced")["profile"] == "default", what="it is back")
        assert {**digests(project())}.items() <= agent.files().items()

    def test_another_ref(self, works: Works, agent: Injected) -> None:
        trial = '{"root": {"trial": 1}}'
        works.source.upstream.branch("trial", works.source.head())
        wanted = works.source.commit({VIEW_FILE: trial}, branch="trial")
        agent.annotate(ref_override="trial")
        report = agent.will_say("Synced", wanted)
        assert report["syncedRef"] == "trial"
        assert agent.holds(VIEW_FILE, trial)
        works.says("RefSkew", "False")
        # Nobody tells an agent that such a ref moves on: it looks at its regular looks.
        moved = works.source.commit({VIEW_FILE: '{"root": {"trial": 2}}'}, branch="trial")
        agent.will_say("Synced", moved, within=25)
        agent.annotate(ref_override=None)
        eventually(lambda: agent.says("Synced")["syncedRef"] == "main", what="it is back")
        assert agent.report()["syncedCommit"] == works.source.head()

    def test_another_period(self, agent: Injected) -> None:
        agent.annotate(sync_period="3600")
        time.sleep(6)
        looks = agent.skipped("commit_unchanged")
        time.sleep(6)
        assert agent.skipped("commit_unchanged") == looks
        agent.annotate(sync_period="5")
        eventually(
            lambda: agent.skipped("commit_unchanged") > looks, what="it looks again", within=15
        )
        agent.annotate(sync_period=None)

    def test_more_excludes(self, works: Works, agent: Injected) -> None:
        syncs = len(agent.audits())
        agent.annotate(exclude_patterns="**/notes.txt, **/drafts/")
        eventually(lambda: len(agent.audits()) > syncs, what="it has heard")
        text = {"projects/line/notes.txt": "a", "projects/line/drafts/b.txt": "b"}
        commit = works.push({**text, "projects/line/kept.txt": "c"})
        agent.will_say("Synced", commit)
        found = agent.files()
        assert found["projects/line/kept.txt"] == digest("c")
        assert not {*text} & {*found}
        agent.annotate(exclude_patterns=None)
        eventually(lambda: digests(text).items() <= agent.files().items(), what="they come")

    def test_no_restart(self, agent: Injected) -> None:
        assert agent.restarts == 0


class TestPausesAndDryRuns:
    """By the GatewaySync."""

    def test_a_dry_run_writes_nothing_and_tells_what_it_would(
        self, works: Works, agent: Injected
    ) -> None:
        before = agent.files()
        old = agent.says("Synced")["syncedCommit"]
        change(works, dryRun=True)
        agent.will_say("DryRun")
        text = '{"root": {"dry": true}}'
        commit = works.push(
            {VIEW_FILE: text, "projects/line/new.json": "{}"}, delete=["projects/line/kept.txt"]
        )

        def compared() -> Any:
            changes = agent.changes()
            assert (changes["commit"], changes["dryRun"]) == (commit, True), changes
            return changes

        changes = eventually(compared, what="the changes of the dry run")
        assert (changes["added"], changes["modified"], changes["deleted"]) == (
            ["projects/line/new.json"],
            [VIEW_FILE],
            ["projects/line/kept.txt"],
        )
        report = agent.will_say("DryRun")
        told = [report[f"dryRunDiff{kind}"] for kind in ("Added", "Modified", "Deleted")]
        assert told == [1, 1, 1]
        assert report["syncedCommit"] == old
        assert agent.files() == before
        works.says("Ready", "False")
        change(works, dryRun=False)
        agent.will_say("Synced", commit)
        assert agent.holds(VIEW_FILE, text)
        assert agent.changes()["dryRun"] is False

    def test_a_paused_profile_keeps_what_is_there(self, works: Works, agent: Injected) -> None:
        change(works, paused=True)
        agent.will_say("Paused")
        before = agent.files()
        commit = works.push({VIEW_FILE: '{"root": {"paused": "profile"}}'})
        time.sleep(3)
        assert agent.says("Paused")["syncedCommit"] != commit
        assert agent.files() == before
        change(works, paused=False)
        agent.will_say("Synced", commit)

    def test_a_paused_gateway_sync_also_across_a_restart(self, works: Works) -> None:
        """A gateway that restarts during a pause comes up on what its volume holds."""
        agent = works.start("paused-0").ready()
        agent.will_say("Synced", works.source.head())
        works.change(paused=True)
        agent.will_say("Paused")
        works.says("Ready", "False", "Paused")
        works.source.commit({VIEW_FILE: '{"root": {"paused": "all"}}'})
        agent.pod.delete()
        again = works.start("paused-0").ready()
        again.will_say("Paused")
        assert again.files() == {}, "the pod's volume is a new one, and nothing was synced to it"
        assert again.probe("/startupz") == 200
        works.change(paused=False)
        works.resolve()
        again.will_say("Synced", works.source.head())
        again.pod.delete(wait=False)


def change(works: Works, **profile: Any) -> None:
    works.change(sync={"profiles": {"default": profile}})
