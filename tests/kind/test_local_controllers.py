"""Controllers on the tests' machine: what other tests rely on of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit import Space, Spaces, eventually
from kit.controllers import Controllers, controllers
from kit.kubectl import CommandFailed, Document
from kit.plants import gateway_sync


def test_a_controller_runs_with_the_rights_of_the_chart(
    local_controllers: Controllers, space: Space
) -> None:
    first = local_controllers.start("first")
    assert first.probe("/healthz").status == 200
    assert first.rss() > 1 << 20
    assert first.metric("python_info") == 1
    assert first.scrape(token="").status == 401
    assert first.scrape(token="a.b.c").status == 401
    space.apply(gateway_sync("plant", "https://localhost:1/plant.git"))
    eventually(lambda: first.metric("stoker_controller_leader") == 1, what="it leads")
    eventually(
        lambda: space.kubectl.json("get", "gs", "plant")["status"]["conditions"],
        what="it writes a status",
    )
    assert first.stop() == 0
    assert first.lines()[-1]["message"] == "stopped"
    assert not [line for line in first.lines() if line["level"] == "error"], first.tail()


def test_it_can_be_killed_paused_and_started_again(local_controllers: Controllers) -> None:
    one = local_controllers.start("one", workers=1)
    two = local_controllers.start("two")
    assert one.probe_port != two.probe_port
    one.pause()
    with pytest.raises(OSError, match="timed out"):
        one.probe("/healthz")
    one.resume()
    one.ready()
    one.kill()
    with pytest.raises(OSError, match="refused"):
        one.probe("/healthz")
    one.start().ready()
    two.stop()


def test_one_for_all_namespaces_works_with_the_chart_s_rights(
    space: Space, spaces: Spaces, definition: Document, tmp_path: Path
) -> None:
    assert definition
    with controllers(space, tmp_path, everywhere=True) as made, spaces.new("other") as other:
        one = made.start()
        other.apply(gateway_sync("plant", "https://localhost:1/plant.git"))
        eventually(
            lambda: other.kubectl.json("get", "gs", "plant")["status"]["conditions"],
            what="it writes a status",
            tell=[one.tail],
        )
        roles = "roles,rolebindings,configmaps"
        eventually(
            lambda: "stoker-agent-plant" in other.kubectl("get", roles, "--output", "name"),
            what="it makes the agents' Role",
            tell=[one.tail],
        )
        other.kubectl("delete", "gs", "plant", "--timeout", "20s")
        assert not [line for line in one.lines() if line["level"] == "error"], one.tail()


def test_the_account_may_do_nothing_in_other_namespaces(local_controllers: Controllers) -> None:
    kubectl = local_controllers.space.kubectl
    words = (kubectl.words[0], "--kubeconfig", str(local_controllers.kubeconfig))
    other = type(kubectl)((*words, "--namespace", "kube-system"))
    with pytest.raises(CommandFailed, match="cannot list resource"):
        other("get", "pods")
    own = type(kubectl)((*words, "--namespace", local_controllers.space.name))
    assert own("get", "pods") == ""
    with pytest.raises(CommandFailed, match="cannot list resource"):
        own("get", "secrets")
