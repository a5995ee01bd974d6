"""What the chart has for a Prometheus, tried with one: monitors, dashboards and alerts.

A release of the chart and three gateways with agents are scraped by a real Prometheus, which finds
them by the chart's ServiceMonitor and PodMonitor. Each question of each panel of both dashboards
has to bring something, once everything that they tell of has happened; what cannot happen here is
listed with the reason. Alerts are silent while all is well, and begin to be due when it is not.

Broken on purpose, and seen to fail: metrics without a token, `honorLabels` left out, agents without
the label `gateway`, a port of another name, a question with a label that nobody has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import yaml
from cluster import Cluster
from kit import Space, Spaces, dashboards, eventually
from kit.control_plane import only_where
from kit.git_here import GitHere
from kit.kubectl import Document
from kit.monitored import INTERVAL, RATE, WARY, Monitored, monitored
from kit.prometheus import Prometheus, prometheus
from kit.senders import github_push
from kit.works import Injected

from support.standalone import VIEW, project

GUIDE: Final = Path(__file__).resolve().parents[2] / "docs" / "guides" / "monitoring.md"
VIEW_FILE: Final = f"{VIEW}/view.json"
NOT_HERE: Final = {
    "fleet: Tokens of GitHub Apps end in (A)": "nobody here uses a GitHub App",
}
"""What brings nothing here, and why."""
BROKEN: Final = json.dumps({"scope": "G", "version": 1, "files": ["absent.json"], "attributes": {}})
ADA: Final = [{"user": "ada", "project": "line"}]


@dataclass(frozen=True)
class Plant:
    """What is monitored, with its gateways."""

    there: Monitored
    gateways: tuple[Injected, Injected, Injected]

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        return self.there.prometheus.query(expression)

    def pushed(self, files: dict[str, str]) -> str:
        """A commit, told of as GitHub does."""
        works = self.there.works
        commit = str(works.source.commit(files))
        answer = self.there.sender().send(
            works.space.name, works.name, github_push("refs/heads/main", commit)
        )
        assert answer.status == 202, answer
        return commit


@pytest.fixture(scope="module")
def plant(  # noqa: PLR0913, PLR0917 - all that an installation needs
    cluster: Cluster,
    spaces: Spaces,
    shared_space: Space,
    definition: Document,
    git_here: GitHere,
    product: str,
    gateway_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Plant]:
    assert definition
    only_where(cluster.mode == "node", "Prometheus reaches pods by their addresses")
    folder = tmp_path_factory.mktemp("prometheus")
    images = product, gateway_image
    with (
        spaces.new("monitoring-stoker") as own,
        monitored((own, shared_space), git_here, images, folder) as there,
    ):
        there.works.push(project())
        first = there.gateway("gw-0", WARY)
        made = Plant(there, (first, there.gateway("gw-1"), there.gateway("gw-2")))
        for one in made.gateways:
            one.ready()
        there.works.is_ready_at(there.works.source.head())
        yield made


# --- While all is well ---


def test_everything_that_the_chart_starts_is_scraped(plant: Plant) -> None:
    wanted = {"controller": 1, "webhook": 1, "receiver": 1, "stoker-agent": 3}

    def are_up() -> bool:
        found = plant.query("count by (container) (up == 1)")
        assert {one["container"]: int(number) for one, number in found} == wanted
        return True

    def complaints() -> str:
        listed = plant.there.prometheus.targets()
        return "\n".join(f"{one['labels']}: {one['lastError']}" for one in listed)

    eventually(are_up, what="all targets are up", within=30, tell=[complaints])


def test_the_guide_finds_the_same_without_the_operator(plant: Plant, tmp_path: Path) -> None:
    """With the documentation's own configuration, but for where API server and token are."""
    there = plant.there
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (jobs,) = (yaml.safe_load(one)["scrape_configs"] for one in blocks if "scrape_configs" in one)
    for job in jobs:
        (found,) = job["kubernetes_sd_configs"]
        where = there.space if found["role"] == "pod" else there.release.space
        found |= {**there.reaching, "namespaces": {"names": [where.name]}}
        if "authorization" in job:
            job["authorization"] = there.reaching["authorization"]
    wanted = "count by (namespace, pod, container, name, gateway) (up == 1)"
    with prometheus(tmp_path, jobs, [], INTERVAL) as second:

        def finds_the_same() -> bool:
            assert labels(second, wanted) == labels(there.prometheus, wanted) != set()
            mine = "count by (namespace, name) (stoker_controller_cr_ready)"
            assert labels(second, mine) == labels(there.prometheus, mine) != set()
            return True

        eventually(finds_the_same, what="both have the same targets", within=20, tell=[second.tail])


def labels(asked: Prometheus, expression: str) -> set[tuple[tuple[str, str], ...]]:
    return {tuple(sorted(one.items())) for one, _ in asked.query(expression)}


def test_agents_are_called_as_the_controller_calls_them(plant: Plant) -> None:
    """So that what both tell can be put side by side."""
    works = plant.there.works
    joined = """
        stoker_controller_gateway_sync_status
        and on (namespace, name, gateway) stoker_agent_last_sync_success
    """

    def are_joined() -> bool:
        found = plant.query(joined)
        assert {one["gateway"] for one, _ in found} == {one.name for one in plant.gateways}
        assert {(one["namespace"], one["name"]) for one, _ in found} == {
            (works.space.name, works.name)
        }
        return True

    eventually(are_joined, what="each gateway has both", within=15)


def test_no_alert_is_even_on_its_way_while_all_is_well(plant: Plant) -> None:
    def is_quiet() -> bool:
        assert plant.there.prometheus.alerts() == set()
        return True

    eventually(is_quiet, what="nothing is pending", within=20)
    for rule in plant.there.prometheus.rules():
        assert rule["health"] == "ok", (rule["name"], rule.get("lastError"))


# --- When something happens ---


@pytest.fixture(scope="module")
def eventful(plant: Plant) -> Plant:
    """Everything that the dashboards tell of, as far as it can be had here."""
    there, (first, second, third) = plant.there, plant.gateways
    there.refused_pod()
    stranger = there.sender("a guess").send(
        there.space.name, "line-a", github_push("main", "1" * 40)
    )
    assert stranger.status == 401
    third.write("projects/line/project.json", '{"title": "Changed by hand", "enabled": true}')
    drift = ("StokerDriftPersists", "")
    eventually(lambda: drift in there.prometheus.alerts(), what="the drift is told", within=20)
    # One whose Designer is in the way, one that does not let its agent in, and one that is well.
    first.gateway.tell("designers", ADA)
    second.gateway.change(tokens=[{"name": "another", "secret": "key"}])
    commit = plant.pushed({VIEW_FILE: '{"root": {"n": 1}}'})
    first.will_say("Blocked")
    second.will_say("Error")
    third.will_say("Synced", commit)
    # A resource that it cannot load.
    plant.pushed({f"{VIEW}/resource.json": BROKEN})
    third.will_say("RolledBack")
    return plant


def test_every_panel_has_something_to_show(eventful: Plant) -> None:
    works = eventful.there.works
    values = {
        "namespace": works.space.name, "name": works.name, "gateway": ".*", "__rate_interval": RATE,
    }  # fmt: skip
    left = {str(one): one.of(values) for one in dashboards.asked() if str(one) not in NOT_HERE}
    assert len(left) > 50

    def have_all() -> bool:
        for name, expression in list(left.items()):
            if eventful.query(expression):
                del left[name]
        assert not left, "\n".join(f"{name}: {expression}" for name, expression in left.items())
        return True

    eventually(have_all, what="every question brings something", within=30)


def test_what_is_not_to_be_had_here_is_asked_rightly(eventful: Plant) -> None:
    values = {"namespace": ".*", "name": "line-a", "gateway": ".*", "__rate_interval": RATE}
    known = {str(one): one for one in dashboards.asked()}
    for name in NOT_HERE:
        assert eventful.query(known[name].of(values)) == []


def test_alerts_begin_to_be_due(eventful: Plant) -> None:
    first, second, third = (one.name for one in eventful.gateways)
    expected = {
        ("StokerDesignersBlock", first),
        ("StokerGatewayFailing", second),
        ("StokerGatewayRolledBack", third),
    }

    def are_pending() -> bool:
        assert expected <= eventful.there.prometheus.alerts()
        return True

    eventually(are_pending, what="the alerts are pending", within=20)
