"""Another repository, another token, and whom a credential is shown to, while the agent runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from kit import manifests
from kit.control_plane import only_where
from kit.git_here import TOKEN_SECRET, GitHere
from kit.local_controller import LocalController
from kit.works import Injected, Works, digest, profiles

from stoker.adapters.kube.resources import CONFIG_MAPS
from stoker.core import names
from support.standalone import VIEW, project

VIEW_FILE = f"{VIEW}/view.json"


@pytest.fixture(scope="module")
def works(new_works: Callable[..., Works]) -> Works:
    made = new_works("site", sync=profiles(syncPeriod=5))
    made.push(project())
    return made


@pytest.fixture(scope="module")
def agent(works: Works) -> Injected:
    made = works.start("gw-0").ready()
    made.will_say("Synced", works.source.head())
    return made


def test_a_token_is_rotated_while_the_agent_runs(
    works: Works, agent: Injected, git_here: GitHere
) -> None:
    rotated = "glpat-rotated"
    git_here.server.token = rotated
    secret = manifests.secret(TOKEN_SECRET, {"token": rotated})
    works.space.apply(secret)
    # The kubelet reads Secrets anew when it looks at a pod, and it looks when a pod changes.
    agent.annotate(sync_period="6")
    commit = works.push({VIEW_FILE: '{"root": {"rotated": true}}'})
    agent.will_say("Synced", commit, within=60)
    assert agent.restarts == 0


def test_another_repository(works: Works, agent: Injected) -> None:
    moved = make_moved(works)
    works.change(git={"repo": moved.source.url})
    commit = moved.source.head()
    agent.will_say("Synced", commit, within=60)
    assert agent.files()["projects/line/project.json"] == digest('{"title": "Moved"}')
    assert agent.restarts == 0


def test_a_credential_is_for_one_host_alone(
    works: Works,
    agent: Injected,
    git_here: GitHere,
    shared_controller: LocalController,
) -> None:
    """A name of the same server that is not the pod's `GIT_HOST` gets no credential."""
    only_where(works.space.cluster.mode == "node", "pods know another name of this machine")
    seen = len(git_here.server.seen)
    address, name = works.space.cluster.host_address, works.space.cluster.host_name
    # Nobody is to put right what the agents are told.
    assert shared_controller.stop() == 0
    try:
        told = works.metadata()
        other = told["gitURL"].replace(address, name)
        tell(works, gitURL=other, commit="1" * 40)
        report = agent.will_say("Error")
        assert "does not let us in" in report["errorMessage"], report
        sent = [one for one in git_here.server.seen[seen:] if name in one.headers["host"]]
        assert sent, "it has asked there"
        assert [one.authorization for one in sent if one.authorization] == []
        tell(works, gitURL=told["gitURL"], commit=told["commit"])
        agent.will_say("Synced", told["commit"])
    finally:
        shared_controller.start().ready()


def tell(works: Works, **data: str) -> None:
    name = names.metadata_config_map(works.name)
    works.admin.merge(CONFIG_MAPS, works.space.name, name, {"data": data})


def make_moved(works: Works) -> Works:
    source = works.git.repository(f"{works.space.name}-moved")
    source.commit({"projects/line/project.json": '{"title": "Moved"}'})
    return Works(works.space, works.name, works.git, source, works.agent_image, works.gateway_image)
